// Fourier transforms of many interleaved series, float32 or float64, and what is taken from their spectra. core/fft.ts is the
// oracle. A plan is: passes (i32), their radices (i32 each), padding to 8 bytes, twiddles (pairs of the transform's type).

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Lanes {
  /** Stores (re, im) times the twiddle at `tw`. */
  @inline
  static put<T>(toRe: usize, toIm: usize, re: v128, im: v128, tw: usize): void {
    const cosine = v128.splat<T>(load<T>(tw));
    const sine = v128.splat<T>(load<T>(tw, sizeof<T>()));
    v128.store(toRe, v128.sub<T>(v128.mul<T>(re, cosine), v128.mul<T>(im, sine)));
    v128.store(toIm, v128.add<T>(v128.mul<T>(re, sine), v128.mul<T>(im, cosine)));
  }

  @inline
  static splat<T>(value: f64): v128 {
    return v128.splat<T>(<T>value);
  }

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

/**
 * Transforms `lanes` interleaved series: `re`, `im` and the outputs are [size, lanes], a row a multiple of 16 bytes. Swap real and
 * imaginary planes, of both, for the inverse times `size`. `scratch` holds two such planes; nothing may overlap.
 */
function transform<T>(
  re: usize,
  im: usize,
  outRe: usize,
  outIm: usize,
  scratch: usize,
  size: i32,
  lanes: i32,
  plan: usize,
): void {
  const passes = load<i32>(plan);
  const plane = <usize>(size * lanes) * sizeof<T>();
  let twiddles = plan + ((((<usize>(passes + 1)) << 2) + 7) & ~7);
  let fromRe = re;
  let fromIm = im;
  let blocks = size;
  let span = <usize>lanes * sizeof<T>();
  for (let i = 0; i < passes; i++) {
    const radix = load<i32>(plan + ((<usize>(i + 1)) << 2));
    const last = ((passes - i) & 1) != 0;
    const toRe = last ? outRe : scratch;
    const toIm = last ? outIm : scratch + plane;
    blocks /= radix;
    const step = <usize>blocks * span;
    for (let p = 0; p < blocks; p++) {
      const from = <usize>p * span;
      const to = from * <usize>radix;
      if (radix == 4) butterfly4<T>(fromRe + from, fromIm + from, toRe + to, toIm + to, step, span, twiddles);
      else if (radix == 2) butterfly2<T>(fromRe + from, fromIm + from, toRe + to, toIm + to, step, span, twiddles);
      else if (radix == 3) butterfly3<T>(fromRe + from, fromIm + from, toRe + to, toIm + to, step, span, twiddles);
      else butterfly5<T>(fromRe + from, fromIm + from, toRe + to, toIm + to, step, span, twiddles);
      twiddles += <usize>(radix - 1) * 2 * sizeof<T>();
    }
    span *= <usize>radix;
    fromRe = toRe;
    fromIm = toIm;
  }
}

function butterfly2<T>(re: usize, im: usize, toRe: usize, toIm: usize, step: usize, span: usize, tw: usize): void {
  for (let q: usize = 0; q < span; q += 16) {
    const r0 = v128.load(re + q);
    const i0 = v128.load(im + q);
    const r1 = v128.load(re + q + step);
    const i1 = v128.load(im + q + step);
    v128.store(toRe + q, v128.add<T>(r0, r1));
    v128.store(toIm + q, v128.add<T>(i0, i1));
    Lanes.put<T>(toRe + q + span, toIm + q + span, v128.sub<T>(r0, r1), v128.sub<T>(i0, i1), tw);
  }
}

function butterfly3<T>(re: usize, im: usize, toRe: usize, toIm: usize, step: usize, span: usize, tw: usize): void {
  const half = Lanes.splat<T>(0.5);
  const turn = Lanes.splat<T>(0.8660254037844386);
  for (let q: usize = 0; q < span; q += 16) {
    const r0 = v128.load(re + q);
    const i0 = v128.load(im + q);
    const r1 = v128.load(re + q + step);
    const i1 = v128.load(im + q + step);
    const r2 = v128.load(re + q + 2 * step);
    const i2 = v128.load(im + q + 2 * step);
    const sumR = v128.add<T>(r1, r2);
    const sumI = v128.add<T>(i1, i2);
    const sideR = v128.mul<T>(turn, v128.sub<T>(r1, r2));
    const sideI = v128.mul<T>(turn, v128.sub<T>(i1, i2));
    const restR = v128.sub<T>(r0, v128.mul<T>(half, sumR));
    const restI = v128.sub<T>(i0, v128.mul<T>(half, sumI));
    v128.store(toRe + q, v128.add<T>(r0, sumR));
    v128.store(toIm + q, v128.add<T>(i0, sumI));
    let to = q + span;
    Lanes.put<T>(toRe + to, toIm + to, v128.add<T>(restR, sideI), v128.sub<T>(restI, sideR), tw);
    to += span;
    const next = tw + 2 * sizeof<T>();
    Lanes.put<T>(toRe + to, toIm + to, v128.sub<T>(restR, sideI), v128.add<T>(restI, sideR), next);
  }
}

function butterfly4<T>(re: usize, im: usize, toRe: usize, toIm: usize, step: usize, span: usize, tw: usize): void {
  for (let q: usize = 0; q < span; q += 16) {
    const r0 = v128.load(re + q);
    const i0 = v128.load(im + q);
    const r1 = v128.load(re + q + step);
    const i1 = v128.load(im + q + step);
    const r2 = v128.load(re + q + 2 * step);
    const i2 = v128.load(im + q + 2 * step);
    const r3 = v128.load(re + q + 3 * step);
    const i3 = v128.load(im + q + 3 * step);
    const evenR = v128.add<T>(r0, r2);
    const evenI = v128.add<T>(i0, i2);
    const oddR = v128.sub<T>(r0, r2);
    const oddI = v128.sub<T>(i0, i2);
    const sumR = v128.add<T>(r1, r3);
    const sumI = v128.add<T>(i1, i3);
    const sideR = v128.sub<T>(r1, r3);
    const sideI = v128.sub<T>(i1, i3);
    v128.store(toRe + q, v128.add<T>(evenR, sumR));
    v128.store(toIm + q, v128.add<T>(evenI, sumI));
    const pair = 2 * sizeof<T>();
    let to = q + span;
    Lanes.put<T>(toRe + to, toIm + to, v128.add<T>(oddR, sideI), v128.sub<T>(oddI, sideR), tw);
    to += span;
    Lanes.put<T>(toRe + to, toIm + to, v128.sub<T>(evenR, sumR), v128.sub<T>(evenI, sumI), tw + pair);
    to += span;
    Lanes.put<T>(toRe + to, toIm + to, v128.sub<T>(oddR, sideI), v128.add<T>(oddI, sideR), tw + 2 * pair);
  }
}

function butterfly5<T>(re: usize, im: usize, toRe: usize, toIm: usize, step: usize, span: usize, tw: usize): void {
  const c1 = Lanes.splat<T>(0.30901699437494745);
  const c2 = Lanes.splat<T>(-0.8090169943749475);
  const s1 = Lanes.splat<T>(0.9510565162951535);
  const s2 = Lanes.splat<T>(0.5877852522924731);
  const pair = 2 * sizeof<T>();
  for (let q: usize = 0; q < span; q += 16) {
    const r0 = v128.load(re + q);
    const i0 = v128.load(im + q);
    const r1 = v128.load(re + q + step);
    const i1 = v128.load(im + q + step);
    const r2 = v128.load(re + q + 2 * step);
    const i2 = v128.load(im + q + 2 * step);
    const r3 = v128.load(re + q + 3 * step);
    const i3 = v128.load(im + q + 3 * step);
    const r4 = v128.load(re + q + 4 * step);
    const i4 = v128.load(im + q + 4 * step);
    const nearR = v128.add<T>(r1, r4);
    const nearI = v128.add<T>(i1, i4);
    const farR = v128.add<T>(r2, r3);
    const farI = v128.add<T>(i2, i3);
    const acrossR = v128.sub<T>(r1, r4);
    const acrossI = v128.sub<T>(i1, i4);
    const alongR = v128.sub<T>(r2, r3);
    const alongI = v128.sub<T>(i2, i3);
    v128.store(toRe + q, v128.add<T>(r0, v128.add<T>(nearR, farR)));
    v128.store(toIm + q, v128.add<T>(i0, v128.add<T>(nearI, farI)));
    const m1R = v128.add<T>(r0, v128.add<T>(v128.mul<T>(c1, nearR), v128.mul<T>(c2, farR)));
    const m1I = v128.add<T>(i0, v128.add<T>(v128.mul<T>(c1, nearI), v128.mul<T>(c2, farI)));
    const m2R = v128.add<T>(r0, v128.add<T>(v128.mul<T>(c2, nearR), v128.mul<T>(c1, farR)));
    const m2I = v128.add<T>(i0, v128.add<T>(v128.mul<T>(c2, nearI), v128.mul<T>(c1, farI)));
    const n1R = v128.add<T>(v128.mul<T>(s1, acrossR), v128.mul<T>(s2, alongR));
    const n1I = v128.add<T>(v128.mul<T>(s1, acrossI), v128.mul<T>(s2, alongI));
    const n2R = v128.sub<T>(v128.mul<T>(s2, acrossR), v128.mul<T>(s1, alongR));
    const n2I = v128.sub<T>(v128.mul<T>(s2, acrossI), v128.mul<T>(s1, alongI));
    let to = q + span;
    Lanes.put<T>(toRe + to, toIm + to, v128.add<T>(m1R, n1I), v128.sub<T>(m1I, n1R), tw);
    to += span;
    Lanes.put<T>(toRe + to, toIm + to, v128.add<T>(m2R, n2I), v128.sub<T>(m2I, n2R), tw + pair);
    to += span;
    Lanes.put<T>(toRe + to, toIm + to, v128.sub<T>(m2R, n2I), v128.add<T>(m2I, n2R), tw + 2 * pair);
    to += span;
    Lanes.put<T>(toRe + to, toIm + to, v128.sub<T>(m1R, n1I), v128.add<T>(m1I, n1R), tw + 3 * pair);
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
