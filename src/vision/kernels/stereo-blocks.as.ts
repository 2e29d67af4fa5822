// Block matching by normalised correlation. src/vision/stereo-blocks.ts lays out the memory; a slow rewrite in
// test/vision/stereo-blocks.test.ts is the oracle.

const side: i32 = 16;

class Rows {
  /** Eight bytes as words. */
  @inline
  static words(at: usize): v128 {
    return i16x8.extend_low_i8x16_u(v128.load64_zero(at));
  }

  @inline
  static sumOf(v: v128): i32 {
    return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
  }
}

/**
 * Best place in `b` of every block of 16 × 16 pixels of `a` that has texture. For each block of the grid, row by row, four floats are
 * written: the correlation, or -2 where the block has no texture, dx with its fraction, dy, and the correlation at dx = dy = 0.
 * Places that reach over the edge are passed over; of equal ones the first in the order of dy, then dx.
 *
 * `row` has room for as many floats as there are values of dx.
 */
export function matchBlocks(
  a: usize,
  b: usize,
  width: i32,
  height: i32,
  leastVariance: f64,
  dxFrom: i32,
  dxTo: i32,
  dyFrom: i32,
  dyTo: i32,
  row: usize,
  best: usize,
  out: usize,
): void {
  const n: f64 = <f64>(side * side);
  const columns = width / side;
  const rows = height / side;
  const one = i16x8.splat(1);
  const count = dxTo - dxFrom + 1;
  for (let by = 0; by < rows; by++) {
    for (let bx = 0; bx < columns; bx++) {
      const x0 = bx * side;
      const y0 = by * side;
      const from = a + <usize>(y0 * width + x0);
      let sa = i32x4.splat(0);
      let saa = i32x4.splat(0);
      for (let y = 0; y < side; y++) {
        const low = Rows.words(from + <usize>(y * width));
        const high = Rows.words(from + <usize>(y * width + 8));
        sa = i32x4.add(sa, i32x4.add(i32x4.dot_i16x8_s(low, one), i32x4.dot_i16x8_s(high, one)));
        saa = i32x4.add(saa, i32x4.add(i32x4.dot_i16x8_s(low, low), i32x4.dot_i16x8_s(high, high)));
      }
      const sumA = <f64>Rows.sumOf(sa);
      const varianceA = n * <f64>Rows.sumOf(saa) - sumA * sumA;
      if (varianceA < leastVariance * n * n || varianceA <= 0) {
        store<f32>(out, -2);
        store<f32>(out, 0, 4);
        store<f32>(out, 0, 8);
        store<f32>(out, 0, 12);
        out += 16;
        continue;
      }
      let bestValue: f32 = -2;
      let bestDx = 0;
      let bestDy = 0;
      let atZero: f32 = -2;
      for (let dy = dyFrom; dy <= dyTo; dy++) {
        if (y0 + dy < 0 || y0 + dy + side > height) continue;
        let isBest = false;
        for (let dx = dxFrom; dx <= dxTo; dx++) {
          const slot = row + ((<usize>(dx - dxFrom)) << 2);
          if (x0 + dx < 0 || x0 + dx + side > width) {
            store<f32>(slot, -2);
            continue;
          }
          const to = b + <usize>((y0 + dy) * width + x0 + dx);
          let sb = i32x4.splat(0);
          let sbb = i32x4.splat(0);
          let sab = i32x4.splat(0);
          for (let y = 0; y < side; y++) {
            const line = <usize>(y * width);
            const aLow = Rows.words(from + line);
            const aHigh = Rows.words(from + line + 8);
            const bLow = Rows.words(to + line);
            const bHigh = Rows.words(to + line + 8);
            sb = i32x4.add(sb, i32x4.add(i32x4.dot_i16x8_s(bLow, one), i32x4.dot_i16x8_s(bHigh, one)));
            sbb = i32x4.add(sbb, i32x4.add(i32x4.dot_i16x8_s(bLow, bLow), i32x4.dot_i16x8_s(bHigh, bHigh)));
            sab = i32x4.add(sab, i32x4.add(i32x4.dot_i16x8_s(aLow, bLow), i32x4.dot_i16x8_s(aHigh, bHigh)));
          }
          const sumB = <f64>Rows.sumOf(sb);
          const varianceB = n * <f64>Rows.sumOf(sbb) - sumB * sumB;
          const value: f32 =
            varianceB <= 0 ? 0 : <f32>((n * <f64>Rows.sumOf(sab) - sumA * sumB) / Math.sqrt(varianceA * varianceB));
          store<f32>(slot, value);
          if (dx == 0 && dy == 0) atZero = value;
          if (value > bestValue) {
            bestValue = value;
            bestDx = dx;
            bestDy = dy;
            isBest = true;
          }
        }
        if (isBest) memory.copy(best, row, (<usize>count) << 2);
      }
      let fraction: f32 = 0;
      const k = bestDx - dxFrom;
      if (k > 0 && k < count - 1) {
        const before = load<f32>(best + ((<usize>(k - 1)) << 2));
        const after = load<f32>(best + ((<usize>(k + 1)) << 2));
        const bend = before + after - 2 * bestValue;
        if (before > -2 && after > -2 && bend < 0) fraction = (before - after) / (2 * bend);
      }
      store<f32>(out, bestValue);
      store<f32>(out, <f32>bestDx + fraction, 4);
      store<f32>(out, <f32>bestDy, 8);
      store<f32>(out, atZero, 12);
      out += 16;
    }
  }
}
