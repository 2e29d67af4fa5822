// Corners and pyramidal Lucas–Kanade on padded luma pictures. The caller lays out the memory (point-memory.ts) and gives
// addresses of pictures' first pixels; around them `pad` replicated pixels can be read. Arithmetic is in integers or
// single floats without fused operations: the same bits everywhere.

export { cornerness, peaks } from './corners.as';
export { halve, replicate } from './point-pyramid.as';

const window: i32 = 16; // pixels a side; the point is in its middle
const support: i32 = 18; // window and one pixel around for differences
const templateStride: i32 = 32; // int16 values; 24 of them are used

/**
 * Follows points from one pyramid to another, coarse to fine.
 *
 * @param levels address of int32 quadruples, finest first: address of the first pixel in the old picture, in the new one, stride, and width
 *   with height in its upper 16 bits.
 * @param from float32 pairs; `to` likewise is written; `found` uint8 is 1 where the point was followed.
 * @param scratch 3 × 18 × 64 bytes.
 */
export function follow(
  levels: usize,
  levelCount: i32,
  from: usize,
  to: usize,
  found: usize,
  count: i32,
  iterations: i32,
  epsilon: f32,
  scratch: usize,
): void {
  const gx = scratch + support * templateStride * 2;
  const gy = gx + support * templateStride * 2;
  for (let p = 0; p < count; p++) {
    const x = load<f32>(from + (p << 3));
    const y = load<f32>(from + (p << 3), 4);
    let dx: f32 = 0;
    let dy: f32 = 0;
    let ok = true;
    for (let level = levelCount - 1; level >= 0 && ok; level--) {
      const entry = levels + (level << 4);
      const old = load<u32>(entry) as usize;
      const next = load<u32>(entry, 4) as usize;
      const stride = load<i32>(entry, 8);
      const size = load<i32>(entry, 12);
      const width = size & 0xffff;
      const height = size >>> 16;
      const scale: f32 = 1 / ((1 << level) as f32);
      const cx = x * scale;
      const cy = y * scale;
      takeTemplate(old, stride, cx, cy, scratch);
      const tensor = differences(scratch, gx, gy);
      const axx = f32x4.extract_lane(tensor, 0);
      const axy = f32x4.extract_lane(tensor, 1);
      const ayy = f32x4.extract_lane(tensor, 2);
      const determinant = axx * ayy - axy * axy;
      const half = (axx + ayy) * 0.5;
      const spread = (axx - ayy) * 0.5;
      const smaller = half - sqrt<f32>(spread * spread + axy * axy);
      // In squared grey levels per pixel: differences are of twice 32 times the brightness.
      if (smaller < 0.05 * 4096 * 256 || determinant <= 0) {
        ok = level > 0; // a flat place at a coarse level says nothing; at the finest it cannot be followed
        dx = level > 0 ? dx * 2 : dx;
        dy = level > 0 ? dy * 2 : dy;
        continue;
      }
      const inverse: f32 = 2 / determinant;
      let sx: f32 = 0;
      let sy: f32 = 0;
      for (let i = 0; i < iterations; i++) {
        const nx = cx + dx;
        const ny = cy + dy;
        if (!(nx > -8 && ny > -8 && nx < ((width + 7) as f32) && ny < ((height + 7) as f32))) {
          ok = false;
          break;
        }
        const mismatch = compare(next, stride, nx, ny, scratch, gx, gy);
        const bx = f32x4.extract_lane(mismatch, 0);
        const by = f32x4.extract_lane(mismatch, 1);
        const stepX = (axy * by - ayy * bx) * inverse;
        const stepY = (axy * bx - axx * by) * inverse;
        dx += stepX;
        dy += stepY;
        if (stepX * stepX + stepY * stepY < epsilon * epsilon) break;
        // Back and forth between two places: the middle.
        if (i > 0 && abs(stepX + sx) < epsilon && abs(stepY + sy) < epsilon) {
          dx -= stepX * 0.5;
          dy -= stepY * 0.5;
          break;
        }
        sx = stepX;
        sy = stepY;
      }
      if (level > 0) {
        dx *= 2;
        dy *= 2;
      } else {
        const nx = cx + dx;
        const ny = cy + dy;
        if (!(nx >= 0 && ny >= 0 && nx <= ((width - 1) as f32) && ny <= ((height - 1) as f32))) ok = false;
      }
    }
    store<f32>(to + (p << 3), x + dx);
    store<f32>(to + (p << 3), y + dy, 4);
    store<u8>(found + p, ok ? 1 : 0);
  }
}

/** The 18×24 neighbourhood of a place, between pixels, in 1/32 grey levels. */
function takeTemplate(picture: usize, stride: i32, x: f32, y: f32, out: usize): void {
  const px = x - 8.5;
  const py = y - 8.5;
  const ix = i32(floor<f32>(px));
  const iy = i32(floor<f32>(py));
  const weights = bilinear(px - (ix as f32), py - (iy as f32));
  const top = i32x4.splat(i32x4.extract_lane(weights, 0));
  const bottom = i32x4.splat(i32x4.extract_lane(weights, 1));
  let row = picture + iy * stride + ix;
  for (let r = 0; r < support; r++) {
    const to = out + r * templateStride * 2;
    for (let c = 0; c < 24; c += 8) {
      const above = pairs(v128.load64_zero(row + c), v128.load64_zero(row + c, 1));
      const below = pairs(v128.load64_zero(row + c + stride), v128.load64_zero(row + c + stride, 1));
      v128.store(to + 2 * c, mix(above, below, top, bottom));
    }
    row += stride;
  }
}

/** Differences of the template over its inner 16×16, and sums of their products xx, xy, yy. */
function differences(values: usize, gx: usize, gy: usize): v128 {
  let xx = f32x4.splat(0);
  let xy = f32x4.splat(0);
  let yy = f32x4.splat(0);
  const line = templateStride * 2;
  for (let r = 0; r < window; r++) {
    for (let c = 0; c < window; c += 8) {
      const at = values + (r + 1) * line + 2 * (c + 1);
      const dx = i16x8.sub(v128.load(at, 2), v128.load(at - 2));
      const dy = i16x8.sub(v128.load(at + line), v128.load(at - line));
      const to = r * line + 2 * c;
      v128.store(gx + to, dx);
      v128.store(gy + to, dy);
      xx = f32x4.add(xx, f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(dx, dx)));
      xy = f32x4.add(xy, f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(dx, dy)));
      yy = f32x4.add(yy, f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(dy, dy)));
    }
  }
  return f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(total(xx)), 1, total(xy)), 2, total(yy));
}

/** Sums over the window of (new − old) times the old one's differences along x and y. */
function compare(picture: usize, stride: i32, x: f32, y: f32, values: usize, gx: usize, gy: usize): v128 {
  const px = x - 7.5;
  const py = y - 7.5;
  const ix = i32(floor<f32>(px));
  const iy = i32(floor<f32>(py));
  const weights = bilinear(px - (ix as f32), py - (iy as f32));
  const top = i32x4.splat(i32x4.extract_lane(weights, 0));
  const bottom = i32x4.splat(i32x4.extract_lane(weights, 1));
  let bx = f32x4.splat(0);
  let by = f32x4.splat(0);
  let row = picture + iy * stride + ix;
  const line = templateStride * 2;
  let left = v128.load(row);
  let right = v128.load(row, 1);
  let above0 = pairs(left, right);
  let above1 = pairsHigh(left, right);
  for (let r = 0; r < window; r++) {
    row += stride;
    left = v128.load(row);
    right = v128.load(row, 1);
    const below0 = pairs(left, right);
    const below1 = pairsHigh(left, right);
    const at = r * line;
    const d0 = i16x8.sub(mix(above0, below0, top, bottom), v128.load(values + at + line, 2));
    const d1 = i16x8.sub(mix(above1, below1, top, bottom), v128.load(values + at + line, 18));
    bx = f32x4.add(bx, f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(d0, v128.load(gx + at))));
    by = f32x4.add(by, f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(d0, v128.load(gy + at))));
    bx = f32x4.add(bx, f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(d1, v128.load(gx + at, 16))));
    by = f32x4.add(by, f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(d1, v128.load(gy + at, 16))));
    above0 = below0;
    above1 = below1;
  }
  return f32x4.replace_lane(f32x4.splat(total(bx)), 1, total(by));
}

/** Weights of the four pixels around, in 1/16384, as int16 pairs: upper left and right, lower left and right. */
function bilinear(fx: f32, fy: f32): v128 {
  const one: f32 = 16384;
  const w11 = i32(nearest<f32>(fx * fy * one));
  const w10 = i32(nearest<f32>(fy * one)) - w11;
  const w01 = i32(nearest<f32>(fx * one)) - w11;
  const w00 = 16384 - w01 - w10 - w11;
  return i32x4.replace_lane(i32x4.splat((w00 & 0xffff) | (w01 << 16)), 1, (w10 & 0xffff) | (w11 << 16));
}

/** Bytes of two vectors in turn: the first 8 of each. */
function pairs(left: v128, right: v128): v128 {
  return i8x16.shuffle(left, right, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

function pairsHigh(left: v128, right: v128): v128 {
  return i8x16.shuffle(left, right, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** 8 values between the pixels of two rows of pairs, in 1/32 grey levels. */
function mix(above: v128, below: v128, top: v128, bottom: v128): v128 {
  const round = i32x4.splat(256);
  const low = i32x4.add(
    i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(above), top),
    i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(below), bottom),
  );
  const high = i32x4.add(
    i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(above), top),
    i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(below), bottom),
  );
  return i16x8.narrow_i32x4_s(i32x4.shr_s(i32x4.add(low, round), 9), i32x4.shr_s(i32x4.add(high, round), 9));
}

function total(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}
