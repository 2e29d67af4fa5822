// Corners of padded luma pictures, part of points.as.ts. Integers and single floats without fused operations: the same bits everywhere.

/**
 * Smaller eigenvalue of the structure tensor: Sobel differences, summed over 3×3. `right - left` must be a multiple of 4;
 * `rows` is scratch of 9 lines of `width + 16` floats.
 *
 * @returns the largest value between `top` and `bottom`, `left` and `right` (exclusive).
 */
export function cornerness(
  picture: usize,
  stride: i32,
  response: usize,
  width: i32,
  left: i32,
  top: i32,
  right: i32,
  bottom: i32,
  rows: usize,
): f32 {
  const line = (width + 16) << 2;
  let largest = f32x4.splat(0);
  for (let y = top - 1; y <= bottom; y++) {
    tensorRow(picture + y * stride, stride, rows + ((y + 3) % 3) * 3 * line, line, left, right);
    if (y < top + 1) continue;
    const out = response + (((y - 1) * width) << 2);
    for (let x = left; x < right; x += 4) {
      const at = rows + (x << 2);
      const xx = columnSum(at, line);
      const xy = columnSum(at + line, line);
      const yy = columnSum(at + 2 * line, line);
      const half = f32x4.splat(0.5);
      const mean = f32x4.mul(f32x4.add(xx, yy), half);
      const difference = f32x4.mul(f32x4.sub(xx, yy), half);
      const root = f32x4.sqrt(f32x4.add(f32x4.mul(difference, difference), f32x4.mul(xy, xy)));
      const value = f32x4.sub(mean, root);
      v128.store(out + (x << 2), value);
      largest = f32x4.max(largest, value);
    }
  }
  let best = f32x4.extract_lane(largest, 0);
  best = max<f32>(best, f32x4.extract_lane(largest, 1));
  best = max<f32>(best, f32x4.extract_lane(largest, 2));
  return max<f32>(best, f32x4.extract_lane(largest, 3));
}

function columnSum(at: usize, line: i32): v128 {
  return f32x4.add(f32x4.add(v128.load(at), v128.load(at + 3 * line)), v128.load(at + 6 * line));
}

/** Products of the differences of one row, already summed over 3 columns: xx, xy and yy, one line each. */
function tensorRow(row: usize, stride: i32, out: usize, line: i32, left: i32, right: i32): void {
  for (let x = left; x < right; x += 4) {
    // Six columns are needed, eight computed: x - 1 to x + 6.
    const at = row + x - 1;
    const a = v128.load_ext<u8>(at - stride - 1);
    const b = v128.load_ext<u8>(at - stride);
    const c = v128.load_ext<u8>(at - stride + 1);
    const d = v128.load_ext<u8>(at - 1);
    const f = v128.load_ext<u8>(at + 1);
    const g = v128.load_ext<u8>(at + stride - 1);
    const h = v128.load_ext<u8>(at + stride);
    const i = v128.load_ext<u8>(at + stride + 1);
    const dx = i16x8.add(i16x8.add(i16x8.sub(c, a), i16x8.sub(i, g)), i16x8.shl(i16x8.sub(f, d), 1));
    const dy = i16x8.add(i16x8.add(i16x8.sub(g, a), i16x8.sub(i, c)), i16x8.shl(i16x8.sub(h, b), 1));
    const to = out + (x << 2);
    v128.store(to, slidingSum(dx, dx));
    v128.store(to + line, slidingSum(dx, dy));
    v128.store(to + 2 * line, slidingSum(dy, dy));
  }
}

/** Sums of 3 neighbouring products, for the first 4 places. */
function slidingSum(a: v128, b: v128): v128 {
  const low = i32x4.extmul_low_i16x8_s(a, b);
  const high = i32x4.extmul_high_i16x8_s(a, b);
  const second = i32x4.shuffle(low, high, 1, 2, 3, 4);
  const third = i32x4.shuffle(low, high, 2, 3, 4, 5);
  return f32x4.convert_i32x4_s(i32x4.add(i32x4.add(low, second), third));
}

/**
 * Places where the response reaches `least` and none of the 8 neighbours is greater; of equal neighbours the last stays.
 * `right - left` must be a multiple of 4, and the response be known one pixel around.
 *
 * @returns how many; their pixel numbers are at `places` (int32) and responses at `values` (float32), `most` at most.
 */
export function peaks(
  response: usize,
  width: i32,
  left: i32,
  top: i32,
  right: i32,
  bottom: i32,
  least: f32,
  places: usize,
  values: usize,
  most: i32,
): i32 {
  let count = 0;
  const line = width << 2;
  const limit = f32x4.splat(least);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x += 4) {
      const at = response + ((y * width + x) << 2);
      const here = v128.load(at);
      const before = f32x4.max(
        f32x4.max(v128.load(at - line - 4), v128.load(at - line)),
        f32x4.max(v128.load(at - line + 4), v128.load(at - 4)),
      );
      const after = f32x4.max(
        f32x4.max(v128.load(at + 4), v128.load(at + line - 4)),
        f32x4.max(v128.load(at + line), v128.load(at + line + 4)),
      );
      const good = v128.and(v128.and(f32x4.ge(here, limit), f32x4.ge(here, before)), f32x4.gt(here, after));
      let mask = i32x4.bitmask(good);
      while (mask != 0) {
        if (count == most) return count;
        const lane = ctz<i32>(mask);
        mask &= mask - 1;
        store<i32>(places + (count << 2), y * width + x + lane);
        store<f32>(values + (count << 2), load<f32>(at + (lane << 2)));
        count++;
      }
    }
  }
  return count;
}
