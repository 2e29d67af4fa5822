// Corners and pyramidal Lucas–Kanade on padded luma pictures. The caller lays out the memory (point-tracks.ts) and gives
// addresses of pictures' first pixels; around them `pad` replicated pixels can be read. Arithmetic is in integers or
// single floats without fused operations: the same bits everywhere.

const window: i32 = 16; // pixels a side; the point is in its middle
const support: i32 = 18; // window and one pixel around for differences
const templateStride: i32 = 32; // int16 values; 24 of them are used

/** Replicates the edge pixels of a picture outwards. */
export function replicate(picture: usize, width: i32, height: i32, stride: i32, pad: i32): void {
  for (let y = 0; y < height; y++) {
    const row = picture + y * stride;
    memory.fill(row - pad, load<u8>(row), pad);
    memory.fill(row + width, load<u8>(row + width - 1), stride - pad - width);
  }
  const first = picture - pad;
  const last = first + (height - 1) * stride;
  for (let y = 1; y <= pad; y++) {
    memory.copy(first - y * stride, first, stride);
    memory.copy(last + y * stride, last, stride);
  }
}

/**
 * Half the picture: weights 1 4 6 4 1 each way, centred on even pixels, rounded half up. `line` is scratch of
 * 2 (width + 32) bytes. Reads up to 16 pixels beyond the right edge.
 */
export function halve(
  from: usize,
  fromStride: i32,
  to: usize,
  toWidth: i32,
  toHeight: i32,
  toStride: i32,
  line: usize,
): void {
  const columns = 2 * toWidth + 4; // source columns -2 to 2 toWidth + 1
  const four = i16x8.splat(4);
  const six = i16x8.splat(6);
  const half = i16x8.splat(128);
  for (let y = 0; y < toHeight; y++) {
    const middle = from + 2 * y * fromStride - 2;
    for (let x = 0; x < columns; x += 8) {
      const at = middle + x;
      const a = v128.load_ext<u8>(at - 2 * fromStride);
      const b = v128.load_ext<u8>(at - fromStride);
      const c = v128.load_ext<u8>(at);
      const d = v128.load_ext<u8>(at + fromStride);
      const e = v128.load_ext<u8>(at + 2 * fromStride);
      const outer = i16x8.add(a, e);
      const inner = i16x8.mul(i16x8.add(b, d), four);
      v128.store(line + 2 * x, i16x8.add(i16x8.add(outer, inner), i16x8.mul(c, six)));
    }
    for (let x = 0; x < toWidth; x += 8) {
      const at = line + 4 * x;
      const p = v128.load(at);
      const q = v128.load(at, 16);
      const r = v128.load(at, 32);
      const even = i16x8.shuffle(p, q, 0, 2, 4, 6, 8, 10, 12, 14); // columns -2, 0, …, 12
      const odd = i16x8.shuffle(p, q, 1, 3, 5, 7, 9, 11, 13, 15);
      const evenNext = i16x8.shuffle(q, r, 0, 2, 4, 6, 8, 10, 12, 14);
      const oddNext = i16x8.shuffle(q, r, 1, 3, 5, 7, 9, 11, 13, 15);
      const centre = i16x8.shuffle(even, evenNext, 1, 2, 3, 4, 5, 6, 7, 12);
      const right = i16x8.shuffle(even, evenNext, 2, 3, 4, 5, 6, 7, 12, 13);
      const oddRight = i16x8.shuffle(odd, oddNext, 1, 2, 3, 4, 5, 6, 7, 12);
      const outer = i16x8.add(even, right);
      const inner = i16x8.mul(i16x8.add(odd, oddRight), four);
      const sum = i16x8.add(i16x8.add(outer, inner), i16x8.add(i16x8.mul(centre, six), half));
      const out = i16x8.shr_u(sum, 8);
      v128.store64_lane(to + y * toStride + x, i8x16.narrow_i16x8_u(out, out), 0);
    }
  }
}

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
