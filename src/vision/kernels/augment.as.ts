// A part of a picture at another size, mirrored and with its colours changed, in one pass: see ../augment.ts, whose twin in the tests does the same sums.

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Pixels {
  /** Three bytes, and one of no use, as floats. */
  @inline
  static load(at: usize): v128 {
    return f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at))));
  }

  /** offset + red · first + green · second + blue · third. */
  @inline
  static recolour(pixel: v128, first: v128, second: v128, third: v128, offset: v128): v128 {
    let sum = f32x4.add(offset, f32x4.mul(v128.shuffle<f32>(pixel, pixel, 0, 0, 0, 0), first));
    sum = f32x4.add(sum, f32x4.mul(v128.shuffle<f32>(pixel, pixel, 1, 1, 1, 1), second));
    return f32x4.add(sum, f32x4.mul(v128.shuffle<f32>(pixel, pixel, 2, 2, 2, 2), third));
  }

  /** Writes three values, and one that the next pixel overwrites; bytes are rounded half up and clipped. */
  @inline
  static store(at: usize, pixel: v128, floats: bool): void {
    if (floats) v128.store(at, pixel);
    else {
      const whole = i32x4.trunc_sat_f32x4_s(f32x4.floor(f32x4.add(pixel, f32x4.splat(0.5))));
      const words = i16x8.narrow_i32x4_s(whole, whole);
      v128.store32_lane(at, i8x16.narrow_i16x8_u(words, words), 0);
    }
  }

  /** `row` += `weight` · bytes at `from`, 16 at a time; the first tap of a row sets instead of adding. */
  @inline
  static addRow(from: usize, row: usize, count: i32, weight: v128, isFirst: bool): void {
    for (let i = 0; i < count; i += 16) {
      const bytes = v128.load(from + <usize>i);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      let a = f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(low)), weight);
      let b = f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(low)), weight);
      let c = f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(high)), weight);
      let d = f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(high)), weight);
      const to = row + ((<usize>i) << 2);
      if (!isFirst) {
        a = f32x4.add(v128.load(to), a);
        b = f32x4.add(v128.load(to, 16), b);
        c = f32x4.add(v128.load(to, 32), c);
        d = f32x4.add(v128.load(to, 48), d);
      }
      v128.store(to, a);
      v128.store(to, b, 16);
      v128.store(to, c, 32);
      v128.store(to, d, 48);
    }
  }
}

/**
 * Scales. `rows` and `columns`: for each output row or column `reach` pairs of (i32 place, f32 weight), weight 0 from where there are no more;
 * places of rows are byte offsets from `picture`, of columns byte offsets in `row`, a line of float32 that holds `rowBytes` values from the
 * leftmost byte any column needs. `colour`: 4 × 4 floats: what red, green and blue add to each, then the offset; 0: colours stay.
 */
export function scale(
  picture: usize,
  rows: usize,
  rowReach: i32,
  row: usize,
  rowBytes: i32,
  columns: usize,
  columnReach: i32,
  width: i32,
  height: i32,
  colour: usize,
  out: usize,
  floats: bool,
): void {
  const first = colour ? v128.load(colour) : f32x4.splat(0);
  const second = colour ? v128.load(colour, 16) : first;
  const third = colour ? v128.load(colour, 32) : first;
  const offset = colour ? v128.load(colour, 48) : first;
  const pixelBytes: usize = floats ? 12 : 3;
  for (let y = 0; y < height; y++) {
    const rowTaps = rows + <usize>(y * rowReach * 8);
    for (let k = 0; k < rowReach; k++) {
      const weight = load<f32>(rowTaps + <usize>(k * 8), 4);
      if (weight == 0 && k > 0) break;
      Pixels.addRow(picture + <usize>load<i32>(rowTaps + <usize>(k * 8)), row, rowBytes, f32x4.splat(weight), k == 0);
    }
    let taps = columns;
    for (let x = 0; x < width; x++) {
      let pixel = f32x4.mul(v128.load(row + <usize>load<i32>(taps)), v128.load32_splat(taps, 4));
      for (let k = 1; k < columnReach; k++) {
        const tap = taps + <usize>(k * 8);
        pixel = f32x4.add(pixel, f32x4.mul(v128.load(row + <usize>load<i32>(tap)), v128.load32_splat(tap, 4)));
      }
      taps += <usize>(columnReach * 8);
      if (colour) pixel = Pixels.recolour(pixel, first, second, third, offset);
      Pixels.store(out, pixel, floats);
      out += pixelBytes;
    }
  }
}

/** The same at the picture's own size: `picture` is the first pixel read of each row, `rowStep` bytes apart; `step` is 3, or -3 to mirror. */
export function copy(
  picture: usize,
  rowStep: i32,
  step: i32,
  width: i32,
  height: i32,
  colour: usize,
  out: usize,
  floats: bool,
): void {
  const first = colour ? v128.load(colour) : f32x4.splat(0);
  const second = colour ? v128.load(colour, 16) : first;
  const third = colour ? v128.load(colour, 32) : first;
  const offset = colour ? v128.load(colour, 48) : first;
  const pixelBytes: usize = floats ? 12 : 3;
  for (let y = 0; y < height; y++) {
    let from = picture + <usize>(y * rowStep);
    for (let x = 0; x < width; x++) {
      let pixel = Pixels.load(from);
      if (colour) pixel = Pixels.recolour(pixel, first, second, third, offset);
      Pixels.store(out, pixel, floats);
      from += <usize>step;
      out += pixelBytes;
    }
  }
}
