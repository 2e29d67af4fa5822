/** Bits of numbers in half precision, rounded to the nearest, of two equally near ones to the even; what is too large becomes infinite. */
export function toHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (word) => {
    const sign = (word >>> 16) & 0x8000;
    const size = word & 0x7fffffff;
    if (size >= 0x47800000) return sign | (size > 0x7f800000 ? 0x7e00 : 0x7c00);
    if (size < 0x33000001) return sign; // 2^-25 and less
    if (size >= 0x38800000) return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
    const shift = 126 - (size >>> 23); // a subnormal half: its last bit is 2^-24
    const mantissa = (size & 0x7fffff) | 0x800000;
    const whole = mantissa >>> shift;
    const rest = mantissa & ((1 << shift) - 1);
    const half = 1 << (shift - 1);
    return sign | (whole + (rest > half || (rest === half && whole % 2 === 1) ? 1 : 0));
  });
}

/** The numbers whose bits in half precision are given. */
export function fromHalf(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (word) => {
    const exponent = (word >>> 10) & 31;
    const mantissa = word & 1023;
    const size =
      exponent === 31
        ? mantissa === 0
          ? Infinity
          : NaN
        : exponent === 0
          ? mantissa / 16_777_216
          : ((1024 + mantissa) * (1 << exponent)) / 33_554_432;
    return (word & 0x8000) === 0 ? size : -size;
  });
}
