// What is taken from the Fourier transforms of sounds, and those transforms in float64.

import { transform } from '../../core/kernels/fft.as';

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Lanes {
  /** Natural logarithm of numbers above 0, to 1e-7 relative; subnormal ones count as the least normal one. */
  @inline
  static log(x: v128): v128 {
    const bits = f32x4.max(x, f32x4.splat(1.1754944e-38));
    const shifted = i32x4.sub(bits, i32x4.splat(0x3f3504f3)); // the mantissa is taken from √½ to √2
    const exponent = f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
    const mantissa = i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
    const one = f32x4.splat(1);
    const t = f32x4.div(f32x4.sub(mantissa, one), f32x4.add(mantissa, one));
    const s = f32x4.mul(t, t);
    let sum = f32x4.splat(0.22222222);
    sum = f32x4.add(f32x4.mul(sum, s), f32x4.splat(0.28571429));
    sum = f32x4.add(f32x4.mul(sum, s), f32x4.splat(0.4));
    sum = f32x4.add(f32x4.mul(sum, s), f32x4.splat(0.6666667));
    sum = f32x4.add(f32x4.mul(sum, s), f32x4.splat(2));
    return f32x4.add(f32x4.mul(sum, t), f32x4.mul(exponent, f32x4.splat(0.6931471805599453)));
  }
}

/** `transform` of float64. */
export function transform64(
  re: usize,
  im: usize,
  outRe: usize,
  outIm: usize,
  scratch: usize,
  size: i32,
  lanes: i32,
  plan: usize,
): void {
  transform<f64>(re, im, outRe, outIm, scratch, size, lanes, plan);
}

/**
 * (re² + im²)^0.15 of float64 [rows, 2]: the magnitude to the power 0.3. 0 stays 0. Even rows go to `even`, odd ones to `odd`:
 * real numbers as a transform of half their number takes them.
 */
export function compress(re: usize, im: usize, even: usize, odd: usize, rows: i32): void {
  for (let at: usize = 0; at < (<usize>rows) << 4; at += 32) {
    v128.store(even + (at >> 1), power15(v128.load(re + at), v128.load(im + at)));
    v128.store(odd + (at >> 1), power15(v128.load(re + at, 16), v128.load(im + at, 16)));
  }
}

function power15(r: v128, i: v128): v128 {
  const one = f64x2.splat(1);
  const energy = f64x2.add(f64x2.mul(r, r), f64x2.mul(i, i));
  const isSome = f64x2.gt(energy, f64x2.splat(1e-300));
  const x = f64x2.max(energy, f64x2.splat(1e-300));
  // log2 x: exponent and a mantissa from √½ to √2, whose logarithm is 2 artanh((m - 1) / (m + 1)).
  const shifted = i64x2.sub(x, i64x2.splat(0x3fe6a09e667f3bcd));
  const exponent = i64x2.shr_s(shifted, 52);
  const m = i64x2.add(v128.and(shifted, i64x2.splat(0x000fffffffffffff)), i64x2.splat(0x3fe6a09e667f3bcd));
  const e = f64x2.convert_low_i32x4_s(i32x4.shuffle(exponent, exponent, 0, 2, 0, 2));
  const t = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one));
  const s = f64x2.mul(t, t);
  let log = f64x2.splat(2.0 / 15.0);
  log = f64x2.add(f64x2.mul(log, s), f64x2.splat(2.0 / 13.0));
  log = f64x2.add(f64x2.mul(log, s), f64x2.splat(2.0 / 11.0));
  log = f64x2.add(f64x2.mul(log, s), f64x2.splat(2.0 / 9.0));
  log = f64x2.add(f64x2.mul(log, s), f64x2.splat(2.0 / 7.0));
  log = f64x2.add(f64x2.mul(log, s), f64x2.splat(2.0 / 5.0));
  log = f64x2.add(f64x2.mul(log, s), f64x2.splat(2.0 / 3.0));
  log = f64x2.add(f64x2.mul(log, s), f64x2.splat(2));
  log = f64x2.mul(log, f64x2.mul(t, f64x2.splat(1.4426950408889634)));
  const power = f64x2.mul(f64x2.add(e, log), f64x2.splat(0.15));
  // 2^power: whole part into the exponent, the rest by Taylor's series of the exponential.
  const whole = f64x2.nearest(power);
  const y = f64x2.mul(f64x2.sub(power, whole), f64x2.splat(0.6931471805599453));
  let exp = f64x2.splat(1.0 / 479001600.0);
  exp = f64x2.add(f64x2.mul(exp, y), f64x2.splat(1.0 / 39916800.0));
  exp = f64x2.add(f64x2.mul(exp, y), f64x2.splat(1.0 / 3628800.0));
  exp = f64x2.add(f64x2.mul(exp, y), f64x2.splat(1.0 / 362880.0));
  exp = f64x2.add(f64x2.mul(exp, y), f64x2.splat(1.0 / 40320.0));
  exp = f64x2.add(f64x2.mul(exp, y), f64x2.splat(1.0 / 5040.0));
  exp = f64x2.add(f64x2.mul(exp, y), f64x2.splat(1.0 / 720.0));
  exp = f64x2.add(f64x2.mul(exp, y), f64x2.splat(1.0 / 120.0));
  exp = f64x2.add(f64x2.mul(exp, y), f64x2.splat(1.0 / 24.0));
  exp = f64x2.add(f64x2.mul(exp, y), f64x2.splat(1.0 / 6.0));
  exp = f64x2.add(f64x2.mul(exp, y), f64x2.splat(0.5));
  exp = f64x2.add(f64x2.mul(exp, y), one);
  exp = f64x2.add(f64x2.mul(exp, y), one);
  const n = i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(whole));
  return v128.and(i64x2.add(exp, i64x2.shl(n, 52)), isSome);
}

/**
 * Log-mel energies of 8 frames: 4 lanes, of which the real part is one frame and the imaginary part another.
 *
 * `samples` float32, frame f begins at `f * hop`; `window` float32 [length]; `room`: 6 planes of float32 [size, 4], length ≤ size;
 * `mel`: per band first bin (i32), bins (i32), then all weights (float32). Writes float32 [8, bands].
 */
export function logMel(
  samples: usize,
  hop: i32,
  window: usize,
  length: i32,
  room: usize,
  size: i32,
  plan: usize,
  mel: usize,
  bands: i32,
  floor: f32,
  out: usize,
): void {
  const plane = (<usize>size) << 4;
  const im = room + plane;
  const outRe = im + plane;
  const outIm = outRe + plane;
  const step = (<usize>hop) << 2;
  for (let i = 0; i < length; i++) {
    const at = samples + ((<usize>i) << 2);
    const weight = f32x4.splat(load<f32>(window + ((<usize>i) << 2)));
    let a = v128.load32_zero(at);
    a = v128.load_lane<f32>(at + step, a, 1);
    a = v128.load_lane<f32>(at + 2 * step, a, 2);
    a = v128.load_lane<f32>(at + 3 * step, a, 3);
    let b = v128.load32_zero(at + 4 * step);
    b = v128.load_lane<f32>(at + 5 * step, b, 1);
    b = v128.load_lane<f32>(at + 6 * step, b, 2);
    b = v128.load_lane<f32>(at + 7 * step, b, 3);
    v128.store(room + ((<usize>i) << 4), f32x4.mul(a, weight));
    v128.store(im + ((<usize>i) << 4), f32x4.mul(b, weight));
  }
  const zero = f32x4.splat(0);
  for (let i = length; i < size; i++) {
    v128.store(room + ((<usize>i) << 4), zero);
    v128.store(im + ((<usize>i) << 4), zero);
  }
  transform<f32>(room, im, outRe, outIm, outIm + plane, size, 4, plan);
  const quarter = f32x4.splat(0.25);
  for (let k = 0; k <= size >> 1; k++) {
    const here = (<usize>k) << 4;
    const mirror = (<usize>((size - k) % size)) << 4;
    const r0 = v128.load(outRe + here);
    const i0 = v128.load(outIm + here);
    const r1 = v128.load(outRe + mirror);
    const i1 = v128.load(outIm + mirror);
    const evenR = f32x4.add(r0, r1);
    const evenI = f32x4.sub(i0, i1);
    const oddR = f32x4.add(i0, i1);
    const oddI = f32x4.sub(r1, r0);
    const a = f32x4.add(f32x4.mul(evenR, evenR), f32x4.mul(evenI, evenI));
    const b = f32x4.add(f32x4.mul(oddR, oddR), f32x4.mul(oddI, oddI));
    v128.store(room + here, f32x4.mul(quarter, a));
    v128.store(im + here, f32x4.mul(quarter, b));
  }
  let weights = mel + ((<usize>bands) << 3);
  const least = f32x4.splat(floor);
  for (let band = 0; band < bands; band++) {
    let bin = (<usize>load<i32>(mel + ((<usize>band) << 3))) << 4;
    const bins = load<i32>(mel + ((<usize>band) << 3), 4);
    let a = zero;
    let b = zero;
    for (let n = 0; n < bins; n++) {
      const weight = v128.load32_splat(weights);
      a = f32x4.add(a, f32x4.mul(weight, v128.load(room + bin)));
      b = f32x4.add(b, f32x4.mul(weight, v128.load(im + bin)));
      weights += 4;
      bin += 16;
    }
    a = Lanes.log(f32x4.add(a, least));
    b = Lanes.log(f32x4.add(b, least));
    const to = out + ((<usize>band) << 2);
    const row = (<usize>bands) << 2;
    v128.store_lane<f32>(to, a, 0);
    v128.store_lane<f32>(to + row, a, 1);
    v128.store_lane<f32>(to + 2 * row, a, 2);
    v128.store_lane<f32>(to + 3 * row, a, 3);
    v128.store_lane<f32>(to + 4 * row, b, 0);
    v128.store_lane<f32>(to + 5 * row, b, 1);
    v128.store_lane<f32>(to + 6 * row, b, 2);
    v128.store_lane<f32>(to + 7 * row, b, 3);
  }
}
