// Inverse search on patches of 8 × 8 pixels, on one level of a pyramid; for planes and slopes see flow-pyramid.as.ts.

const pad: i32 = 16;
const side: i32 = 8;
const leftmost: f64 = -15;

/** One level, as the caller writes it: each field 4 bytes, in this order. */
@unmanaged
class Level {
  width: i32;
  height: i32;
  stride: i32;
  first: usize;
  second: usize;
  slopeX: usize;
  slopeY: usize;
  /** Pixels from one patch to the next, and how many there are. */
  step: i32;
  columns: i32;
  rows: i32;
  flowX: usize;
  flowY: usize;
  /** float32 [rows, columns]: each patch's displacement, and what is left of its difference. */
  patchX: usize;
  patchY: usize;
  patchCost: usize;
  weight: usize;
}

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Step {
  /** A patch does not leave the padded plane. */
  @inline
  static locate(o: Level, x: i32, y: i32, u: f32, v: f32): void {
    const px = min(<f64>(o.width + pad - 10), max(leftmost, <f64>x + <f64>u));
    const py = min(<f64>(o.height + pad - 10), max(leftmost, <f64>y + <f64>v));
    const left = <i32>floor(px);
    const top = <i32>floor(py);
    targetAt = o.second + ((<usize>((top + pad) * o.stride + left + pad)) << 1);
    shareX = <i16>((px - <f64>left) * 32768);
    shareY = <i16>((py - <f64>top) * 32768);
  }

  @inline
  static between(from: v128, to: v128, share: v128): v128 {
    return i16x8.add(from, i16x8.q15mulr_sat_s(i16x8.sub(to, from), share));
  }

  @inline
  static total(v: v128): i32 {
    const pairs = i32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
    return i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
  }

  @inline
  static addWeighted(o: Level, at: usize, difference: v128, trust: v128, u: v128, v: v128): void {
    const grey = f32x4.mul(f32x4.convert_i32x4_s(difference), f32x4.splat(0.015625));
    const weight = f32x4.div(trust, f32x4.max(f32x4.splat(1), f32x4.mul(grey, grey)));
    v128.store(o.weight + at, f32x4.add(v128.load(o.weight + at), weight));
    v128.store(o.flowX + at, f32x4.add(v128.load(o.flowX + at), f32x4.mul(weight, u)));
    v128.store(o.flowY + at, f32x4.add(v128.load(o.flowY + at), f32x4.mul(weight, v)));
  }
}

// The best displacement found so far for the patch at hand, and its sums: of differences in 1/64 grey level, of those × slopes.
let bestU: f32 = 0;
let bestV: f32 = 0;
let bestCost: f64 = 0;
let bestSum: f64 = 0;
let bestSumX: f64 = 0;
let bestSumY: f64 = 0;

/**
 * Finds each patch's displacement: the best of where the flow starts and of the neighbours done before, then Gauss-Newton
 * steps while they help. Even passes go down the picture, odd ones up.
 */
export function search(o: Level, pass: i32, steps: i32): void {
  const count = o.columns * o.rows;
  const isUp = (pass & 1) == 1;
  for (let n = 0; n < count; n++) {
    const k = isUp ? count - 1 - n : n;
    const column = k % o.columns;
    const row = k / o.columns;
    const x = min(o.width - side, column * o.step);
    const y = min(o.height - side, row * o.step);
    const slot = (<usize>k) << 2;
    const centre = (<usize>((y + 4) * o.width + x + 4)) << 2;
    bestCost = f64.MAX_VALUE;
    consider(
      o,
      x,
      y,
      load<f32>(pass == 0 ? o.flowX + centre : o.patchX + slot),
      load<f32>(pass == 0 ? o.flowY + centre : o.patchY + slot),
    );
    const hasBeside = isUp ? column < o.columns - 1 : column > 0;
    const hasBeyond = isUp ? row < o.rows - 1 : row > 0;
    const beside = isUp ? slot + 4 : slot - 4;
    const beyond = isUp ? slot + ((<usize>o.columns) << 2) : slot - ((<usize>o.columns) << 2);
    if (hasBeside) considerOther(o, x, y, load<f32>(o.patchX + beside), load<f32>(o.patchY + beside));
    if (hasBeyond) considerOther(o, x, y, load<f32>(o.patchX + beyond), load<f32>(o.patchY + beyond));
    descend(o, x, y, steps);
    store<f32>(o.patchX + slot, bestU);
    store<f32>(o.patchY + slot, bestV);
    store<f32>(o.patchCost + slot, <f32>bestCost);
  }
}

function considerOther(o: Level, x: i32, y: i32, u: f32, v: f32): void {
  if (u != bestU || v != bestV) consider(o, x, y, u, v);
}

/** Gauss-Newton on the best displacement, with the patch's own slopes, until a step is short or does not help. */
function descend(o: Level, x: i32, y: i32, steps: i32): void {
  let at = (<usize>((y + pad) * o.stride + x + pad)) << 1;
  let sx = i32x4.splat(0);
  let sy = i32x4.splat(0);
  let xx = i32x4.splat(0);
  let xy = i32x4.splat(0);
  let yy = i32x4.splat(0);
  for (let j = 0; j < side; j++, at += (<usize>o.stride) << 1) {
    const gx = v128.load(o.slopeX + at);
    const gy = v128.load(o.slopeY + at);
    sx = i32x4.add(sx, i32x4.dot_i16x8_s(gx, i16x8.splat(1)));
    sy = i32x4.add(sy, i32x4.dot_i16x8_s(gy, i16x8.splat(1)));
    xx = i32x4.add(xx, i32x4.dot_i16x8_s(gx, gx));
    xy = i32x4.add(xy, i32x4.dot_i16x8_s(gx, gy));
    yy = i32x4.add(yy, i32x4.dot_i16x8_s(gy, gy));
  }
  const meanX = <f64>Step.total(sx) / 64;
  const meanY = <f64>Step.total(sy) / 64;
  const a = <f64>Step.total(xx) - 64 * meanX * meanX;
  const b = <f64>Step.total(xy) - 64 * meanX * meanY;
  const c = <f64>Step.total(yy) - 64 * meanY * meanY;
  const determinant = a * c - b * b;
  if (determinant < 256) return;
  for (let step = 0; step < steps; step++) {
    // Brightness is × 64 and slopes × 8, so a step is 8 / 64 of what the sums say.
    const sumX = (bestSumX - bestSum * meanX) / 8;
    const sumY = (bestSumY - bestSum * meanY) / 8;
    const du = (c * sumX - b * sumY) / determinant;
    const dv = (a * sumY - b * sumX) / determinant;
    if (!consider(o, x, y, <f32>(<f64>bestU - du), <f32>(<f64>bestV - dv))) return;
    if (du * du + dv * dv < 0.0004) return;
  }
}

/** Compares the patch at (x, y) with the second picture there, displaced by (u, v), and keeps it if it is the best so far. */
function consider(o: Level, x: i32, y: i32, u: f32, v: f32): bool {
  const row = (<usize>o.stride) << 1;
  Step.locate(o, x, y, u, v);
  let target = targetAt;
  let template = (<usize>((y + pad) * o.stride + x + pad)) << 1;
  const fx = i16x8.splat(shareX);
  const fy = i16x8.splat(shareY);
  let above = Step.between(v128.load(target), v128.load(target, 2), fx);
  let s = i32x4.splat(0);
  let ss = i32x4.splat(0);
  let sx = i32x4.splat(0);
  let sy = i32x4.splat(0);
  for (let j = 0; j < side; j++, template += row) {
    target += row;
    const below = Step.between(v128.load(target), v128.load(target, 2), fx);
    const difference = i16x8.sub(Step.between(above, below, fy), v128.load(o.first + template));
    const coarse = i16x8.shr_s(difference, 2);
    s = i32x4.add(s, i32x4.dot_i16x8_s(difference, i16x8.splat(1)));
    ss = i32x4.add(ss, i32x4.dot_i16x8_s(coarse, coarse));
    sx = i32x4.add(sx, i32x4.dot_i16x8_s(difference, v128.load(o.slopeX + template)));
    sy = i32x4.add(sy, i32x4.dot_i16x8_s(difference, v128.load(o.slopeY + template)));
    above = below;
  }
  const sum = <f64>Step.total(s);
  const cost = (<f64>Step.total(ss) - (sum * sum) / 1024) / 256; // about the mean, in (grey levels)²
  if (!(cost < bestCost)) return false;
  bestCost = cost;
  bestU = u;
  bestV = v;
  bestSum = sum;
  bestSumX = <f64>Step.total(sx);
  bestSumY = <f64>Step.total(sy);
  return true;
}

// Where a displaced patch lies in the second plane: the address of its first pixel, and how far on in 1/32768 pixel.
let targetAt: usize = 0;
let shareX: i16 = 0;
let shareY: i16 = 0;

/**
 * The level's flow: at each pixel the mean over the patches that cover it, weighted by how well each patch matches as a whole
 * and at this pixel. `weight` is room for float32 [height, width].
 */
export function spread(o: Level): void {
  const bytes = (<usize>(o.width * o.height)) << 2;
  memory.fill(o.weight, 0, bytes);
  memory.fill(o.flowX, 0, bytes);
  memory.fill(o.flowY, 0, bytes);
  const row = (<usize>o.stride) << 1;
  for (let k = 0; k < o.columns * o.rows; k++) {
    const x = min(o.width - side, (k % o.columns) * o.step);
    const y = min(o.height - side, (k / o.columns) * o.step);
    const slot = (<usize>k) << 2;
    const u = load<f32>(o.patchX + slot);
    const v = load<f32>(o.patchY + slot);
    const trust = f32x4.splat(<f32>1 / (<f32>1 + max<f32>(0, load<f32>(o.patchCost + slot)) / <f32>64));
    Step.locate(o, x, y, u, v);
    let target = targetAt;
    let template = o.first + ((<usize>((y + pad) * o.stride + x + pad)) << 1);
    const fx = i16x8.splat(shareX);
    const fy = i16x8.splat(shareY);
    let above = Step.between(v128.load(target), v128.load(target, 2), fx);
    let out = (<usize>(y * o.width + x)) << 2;
    for (let j = 0; j < side; j++, template += row, out += (<usize>o.width) << 2) {
      target += row;
      const below = Step.between(v128.load(target), v128.load(target, 2), fx);
      const difference = i16x8.sub(Step.between(above, below, fy), v128.load(template));
      Step.addWeighted(o, out, i32x4.extend_low_i16x8_s(difference), trust, f32x4.splat(u), f32x4.splat(v));
      Step.addWeighted(o, out + 16, i32x4.extend_high_i16x8_s(difference), trust, f32x4.splat(u), f32x4.splat(v));
      above = below;
    }
  }
  for (let at: usize = 0; at < bytes; at += 16) {
    const weight = v128.load(o.weight + at);
    v128.store(o.flowX + at, f32x4.div(v128.load(o.flowX + at), weight));
    v128.store(o.flowY + at, f32x4.div(v128.load(o.flowY + at), weight));
  }
}
