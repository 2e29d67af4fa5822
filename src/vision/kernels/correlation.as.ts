// Spectral products and the Gaussian kernel of the correlation filter, with its Fourier transforms. src/vision/tracker-correlation.ts
// lays out the memory; the equations in float64, in test/vision/tracker-correlation.test.ts, are the oracle.

export { transformFeatures, transformPlane } from './fourier.as';

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Sums {
  @inline
  static sumOf(v: v128): f32 {
    return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
  }

  /** exp(-x) for x >= 0 to 2e-7, and 0 below 2^-126: a power of two times a series on half an octave to either side. */
  @inline
  static exponentialOfNegative(x: v128): v128 {
    const octaves = f32x4.mul(x, f32x4.splat(-1.44269504));
    const whole = f32x4.nearest(f32x4.max(octaves, f32x4.splat(-126)));
    const rest = f32x4.mul(f32x4.sub(f32x4.max(octaves, f32x4.splat(-126)), whole), f32x4.splat(0.69314718));
    let sum = f32x4.splat(1.984127e-4); // 1 / 7!
    sum = f32x4.add(f32x4.mul(sum, rest), f32x4.splat(1.3888889e-3));
    sum = f32x4.add(f32x4.mul(sum, rest), f32x4.splat(8.3333333e-3));
    sum = f32x4.add(f32x4.mul(sum, rest), f32x4.splat(4.1666667e-2));
    sum = f32x4.add(f32x4.mul(sum, rest), f32x4.splat(0.16666667));
    sum = f32x4.add(f32x4.mul(sum, rest), f32x4.splat(0.5));
    sum = f32x4.add(f32x4.mul(sum, rest), f32x4.splat(1));
    sum = f32x4.add(f32x4.mul(sum, rest), f32x4.splat(1));
    const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23);
    return v128.and(f32x4.mul(sum, power), f32x4.gt(octaves, f32x4.splat(-126)));
  }
}

/** `out[cell] = sum over the 16 series of a conj(b)`. */
export function multiplySpectra(a: usize, b: usize, cells: i32, outRe: usize, outIm: usize): void {
  const plane = (<usize>cells) << 6;
  for (let i: usize = 0; i < <usize>cells; i++) {
    let re = f32x4.splat(0);
    let im = f32x4.splat(0);
    const from = i << 6;
    for (let c: usize = from; c < from + 64; c += 16) {
      const aRe = v128.load(a + c),
        aIm = v128.load(a + plane + c),
        bRe = v128.load(b + c),
        bIm = v128.load(b + plane + c);
      re = f32x4.add(re, f32x4.add(f32x4.mul(aRe, bRe), f32x4.mul(aIm, bIm)));
      im = f32x4.add(im, f32x4.sub(f32x4.mul(aIm, bRe), f32x4.mul(aRe, bIm)));
    }
    store<f32>(outRe + (i << 2), Sums.sumOf(re));
    store<f32>(outIm + (i << 2), Sums.sumOf(im));
  }
}

/** Sum of squares of `count` floats, a multiple of 4; four partial sums in float64. */
export function sumOfSquares(values: usize, count: i32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let at = values; at < values + ((<usize>count) << 2); at += 16) {
    const v = v128.load(at);
    const squares = f32x4.mul(v, v);
    low = f64x2.add(low, f64x2.promote_low_f32x4(squares));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i64>(squares, squares, 1, 1)));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** In place: `exp(-rate max(0, offset - slope value))`. */
export function gaussian(values: usize, count: i32, offset: f32, slope: f32, rate: f32): void {
  const zero = f32x4.splat(0);
  for (let at = values; at < values + ((<usize>count) << 2); at += 16) {
    const distance = f32x4.max(f32x4.sub(f32x4.splat(offset), f32x4.mul(v128.load(at), f32x4.splat(slope))), zero);
    v128.store(at, Sums.exponentialOfNegative(f32x4.mul(distance, f32x4.splat(rate))));
  }
}

/** In place: both planes times real factors. */
export function multiplyReal(re: usize, im: usize, factors: usize, count: i32): void {
  for (let at: usize = 0; at < (<usize>count) << 2; at += 16) {
    const factor = v128.load(factors + at);
    v128.store(re + at, f32x4.mul(v128.load(re + at), factor));
    v128.store(im + at, f32x4.mul(v128.load(im + at), factor));
  }
}

/** `model += rate (fresh - model)`. */
export function blend(model: usize, fresh: usize, count: i32, rate: f32): void {
  const share = f32x4.splat(rate);
  for (let at: usize = 0; at < (<usize>count) << 2; at += 16) {
    const old = v128.load(model + at);
    v128.store(model + at, f32x4.add(old, f32x4.mul(share, f32x4.sub(v128.load(fresh + at), old))));
  }
}

/** In place: `kernel = target / (kernel + ridge)`. */
export function solve(kernel: usize, target: usize, count: i32, ridge: f32): void {
  for (let at: usize = 0; at < (<usize>count) << 2; at += 16) {
    const sum = f32x4.add(v128.load(kernel + at), f32x4.splat(ridge));
    v128.store(kernel + at, f32x4.div(v128.load(target + at), sum));
  }
}
