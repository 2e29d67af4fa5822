// Small pictures as the shot detector compares them: luma, differences, and whether one picture is a mixture of two others.
// Whole numbers only: the same results everywhere. The caller lays out the memory (picture-ring.ts); rows of bytes start at
// multiples of 16 and may be read up to 16 bytes beyond their end.

/** Sum of the absolute differences of two rows of bytes. */
export function difference(a: usize, b: usize, bytes: i32): i32 {
  let sums = i32x4.splat(0);
  let i = 0;
  for (; i + 16 <= bytes; i += 16) {
    const x = v128.load(a + i);
    const y = v128.load(b + i);
    const apart = v128.sub<u8>(v128.max<u8>(x, y), v128.min<u8>(x, y));
    sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(apart)));
  }
  let sum = total(sums);
  for (; i < bytes; i++) {
    const apart = <i32>load<u8>(a + i) - <i32>load<u8>(b + i);
    sum += apart < 0 ? -apart : apart;
  }
  return sum;
}

/** Luma of RGB pixels, with the BT.601 weights in 1/256. Writes up to 15 bytes too many. */
export function toLuma(rgb: usize, luma: usize, pixels: i32): void {
  const red = i16x8.splat(77);
  const green = i16x8.splat(150);
  const blue = i16x8.splat(29);
  const half = i16x8.splat(128);
  for (let i = 0; i < pixels; i += 8) {
    const at = rgb + i * 3;
    const low = v128.load(at); // r0 g0 b0 … r5
    const high = v128.load(at + 8); // b2 r3 g3 … b7
    const r = v128.shuffle<u8>(low, high, 0, 3, 6, 9, 12, 15, 26, 29, 0, 0, 0, 0, 0, 0, 0, 0);
    const g = v128.shuffle<u8>(low, high, 1, 4, 7, 10, 13, 24, 27, 30, 0, 0, 0, 0, 0, 0, 0, 0);
    const b = v128.shuffle<u8>(low, high, 2, 5, 8, 11, 14, 25, 28, 31, 0, 0, 0, 0, 0, 0, 0, 0);
    let sum = i16x8.mul(i16x8.extend_low_i8x16_u(r), red); // at most 65,535 in all: no overflow, read as unsigned
    sum = i16x8.add(sum, i16x8.mul(i16x8.extend_low_i8x16_u(g), green));
    sum = i16x8.add(sum, i16x8.mul(i16x8.extend_low_i8x16_u(b), blue));
    sum = i16x8.shr_u(i16x8.add(sum, half), 8);
    v128.store64_lane(luma + i, i8x16.narrow_i16x8_u(sum, sum), 0);
  }
}

/** To `out`, int32: sum and sum of squares of a row of bytes (at most 32,768). */
export function moments(a: usize, bytes: i32, out: usize): void {
  let sums = i32x4.splat(0);
  let squares = i32x4.splat(0);
  let i = 0;
  for (; i + 8 <= bytes; i += 8) {
    const x = v128.load_ext<u8>(a + i);
    sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(x));
    squares = i32x4.add(squares, i32x4.dot_i16x8_s(x, x));
  }
  let sum = total(sums);
  let square = total(squares);
  for (; i < bytes; i++) {
    const x = <i32>load<u8>(a + i);
    sum += x;
    square += x * x;
  }
  store<i32>(out, sum);
  store<i32>(out + 4, square);
}

/** To `out`, int32: the sums of (b - a)², (m - a)(b - a) and (m - a)² over rows of bytes (at most 32,768). */
export function mixture(a: usize, m: usize, b: usize, bytes: i32, out: usize): void {
  let whole = i32x4.splat(0);
  let along = i32x4.splat(0);
  let part = i32x4.splat(0);
  let i = 0;
  for (; i + 8 <= bytes; i += 8) {
    const from = v128.load_ext<u8>(a + i);
    const full = i16x8.sub(v128.load_ext<u8>(b + i), from);
    const some = i16x8.sub(v128.load_ext<u8>(m + i), from);
    whole = i32x4.add(whole, i32x4.dot_i16x8_s(full, full));
    along = i32x4.add(along, i32x4.dot_i16x8_s(some, full));
    part = i32x4.add(part, i32x4.dot_i16x8_s(some, some));
  }
  let sumWhole = total(whole);
  let sumAlong = total(along);
  let sumPart = total(part);
  for (; i < bytes; i++) {
    const from = <i32>load<u8>(a + i);
    const full = <i32>load<u8>(b + i) - from;
    const some = <i32>load<u8>(m + i) - from;
    sumWhole += full * full;
    sumAlong += some * full;
    sumPart += some * some;
  }
  store<i32>(out, sumWhole);
  store<i32>(out + 4, sumAlong);
  store<i32>(out + 8, sumPart);
}

function total(lanes: v128): i32 {
  return (
    i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) +
    i32x4.extract_lane(lanes, 3)
  );
}
