// Fourier transforms of many interleaved series at once, part of correlation.as.ts; core/fft.ts in float64 is the oracle.
// A plan is: passes (i32), their radices (i32 each), twiddles (f32 pairs).

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Lanes {
  /** Stores (re, im) times the `k`-th twiddle. */
  @inline
  static put(toRe: usize, toIm: usize, re: v128, im: v128, cosine: v128, sine: v128): void {
    v128.store(toRe, f32x4.sub(f32x4.mul(re, cosine), f32x4.mul(im, sine)));
    v128.store(toIm, f32x4.add(f32x4.mul(re, sine), f32x4.mul(im, cosine)));
  }

  @inline
  static copyElement(from: usize, to: usize): void {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
  }
}

/**
 * Transforms `lanes` interleaved series at once: `re`, `im` and the outputs are float32 [size, lanes], lanes a multiple of 4.
 * Swap real and imaginary planes, of both, for the inverse times `size`. `scratch` holds two such planes; nothing may overlap.
 */
function transform(
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
  const scratchIm = scratch + ((<usize>(size * lanes)) << 2);
  let twiddles = plan + ((<usize>(passes + 1)) << 2);
  let fromRe = re;
  let fromIm = im;
  let blocks = size;
  let span = (<usize>lanes) << 2;
  for (let i = 0; i < passes; i++) {
    const radix = load<i32>(plan + ((<usize>(i + 1)) << 2));
    const last = ((passes - i) & 1) != 0;
    const toRe = last ? outRe : scratch;
    const toIm = last ? outIm : scratchIm;
    blocks /= radix;
    const step = <usize>blocks * span;
    for (let p = 0; p < blocks; p++) {
      const from = <usize>p * span;
      const to = from * <usize>radix;
      if (radix == 4) butterfly4(fromRe + from, fromIm + from, toRe + to, toIm + to, step, span, twiddles);
      else if (radix == 2) butterfly2(fromRe + from, fromIm + from, toRe + to, toIm + to, step, span, twiddles);
      else if (radix == 3) butterfly3(fromRe + from, fromIm + from, toRe + to, toIm + to, step, span, twiddles);
      else butterfly5(fromRe + from, fromIm + from, toRe + to, toIm + to, step, span, twiddles);
      twiddles += (<usize>(radix - 1)) << 3;
    }
    span *= <usize>radix;
    fromRe = toRe;
    fromIm = toIm;
  }
}

function butterfly2(re: usize, im: usize, toRe: usize, toIm: usize, step: usize, span: usize, twiddles: usize): void {
  const c1 = v128.load32_splat(twiddles),
    s1 = v128.load32_splat(twiddles, 4);
  for (let q: usize = 0; q < span; q += 16) {
    const aRe = v128.load(re + q),
      aIm = v128.load(im + q);
    const bRe = v128.load(re + q + step),
      bIm = v128.load(im + q + step);
    v128.store(toRe + q, f32x4.add(aRe, bRe));
    v128.store(toIm + q, f32x4.add(aIm, bIm));
    Lanes.put(toRe + q + span, toIm + q + span, f32x4.sub(aRe, bRe), f32x4.sub(aIm, bIm), c1, s1);
  }
}

function butterfly3(re: usize, im: usize, toRe: usize, toIm: usize, step: usize, span: usize, twiddles: usize): void {
  const c1 = v128.load32_splat(twiddles),
    s1 = v128.load32_splat(twiddles, 4);
  const c2 = v128.load32_splat(twiddles, 8),
    s2 = v128.load32_splat(twiddles, 12);
  const half = f32x4.splat(0.5),
    sin60 = f32x4.splat(0.8660254);
  for (let q: usize = 0; q < span; q += 16) {
    const aRe = v128.load(re + q),
      aIm = v128.load(im + q);
    const bRe = v128.load(re + q + step),
      bIm = v128.load(im + q + step);
    const cRe = v128.load(re + q + 2 * step),
      cIm = v128.load(im + q + 2 * step);
    const sumRe = f32x4.add(bRe, cRe),
      sumIm = f32x4.add(bIm, cIm);
    const midRe = f32x4.sub(aRe, f32x4.mul(sumRe, half)),
      midIm = f32x4.sub(aIm, f32x4.mul(sumIm, half));
    const turnRe = f32x4.mul(f32x4.sub(bIm, cIm), sin60),
      turnIm = f32x4.mul(f32x4.sub(cRe, bRe), sin60);
    v128.store(toRe + q, f32x4.add(aRe, sumRe));
    v128.store(toIm + q, f32x4.add(aIm, sumIm));
    Lanes.put(toRe + q + span, toIm + q + span, f32x4.add(midRe, turnRe), f32x4.add(midIm, turnIm), c1, s1);
    Lanes.put(toRe + q + 2 * span, toIm + q + 2 * span, f32x4.sub(midRe, turnRe), f32x4.sub(midIm, turnIm), c2, s2);
  }
}

function butterfly4(re: usize, im: usize, toRe: usize, toIm: usize, step: usize, span: usize, twiddles: usize): void {
  const c1 = v128.load32_splat(twiddles),
    s1 = v128.load32_splat(twiddles, 4);
  const c2 = v128.load32_splat(twiddles, 8),
    s2 = v128.load32_splat(twiddles, 12);
  const c3 = v128.load32_splat(twiddles, 16),
    s3 = v128.load32_splat(twiddles, 20);
  for (let q: usize = 0; q < span; q += 16) {
    const aRe = v128.load(re + q),
      aIm = v128.load(im + q);
    const bRe = v128.load(re + q + step),
      bIm = v128.load(im + q + step);
    const cRe = v128.load(re + q + 2 * step),
      cIm = v128.load(im + q + 2 * step);
    const dRe = v128.load(re + q + 3 * step),
      dIm = v128.load(im + q + 3 * step);
    const acRe = f32x4.add(aRe, cRe),
      acIm = f32x4.add(aIm, cIm);
    const bdRe = f32x4.add(bRe, dRe),
      bdIm = f32x4.add(bIm, dIm);
    const oddRe = f32x4.sub(aRe, cRe),
      oddIm = f32x4.sub(aIm, cIm);
    const turnRe = f32x4.sub(bIm, dIm),
      turnIm = f32x4.sub(dRe, bRe); // (b - d) times -i
    v128.store(toRe + q, f32x4.add(acRe, bdRe));
    v128.store(toIm + q, f32x4.add(acIm, bdIm));
    Lanes.put(toRe + q + span, toIm + q + span, f32x4.add(oddRe, turnRe), f32x4.add(oddIm, turnIm), c1, s1);
    Lanes.put(toRe + q + 2 * span, toIm + q + 2 * span, f32x4.sub(acRe, bdRe), f32x4.sub(acIm, bdIm), c2, s2);
    Lanes.put(toRe + q + 3 * span, toIm + q + 3 * span, f32x4.sub(oddRe, turnRe), f32x4.sub(oddIm, turnIm), c3, s3);
  }
}

function butterfly5(re: usize, im: usize, toRe: usize, toIm: usize, step: usize, span: usize, twiddles: usize): void {
  const cos72 = f32x4.splat(0.309017),
    cos144 = f32x4.splat(-0.80901699);
  const sin72 = f32x4.splat(0.95105652),
    sin144 = f32x4.splat(0.58778525);
  for (let q: usize = 0; q < span; q += 16) {
    const aRe = v128.load(re + q),
      aIm = v128.load(im + q);
    const bRe = v128.load(re + q + step),
      bIm = v128.load(im + q + step);
    const cRe = v128.load(re + q + 2 * step),
      cIm = v128.load(im + q + 2 * step);
    const dRe = v128.load(re + q + 3 * step),
      dIm = v128.load(im + q + 3 * step);
    const eRe = v128.load(re + q + 4 * step),
      eIm = v128.load(im + q + 4 * step);
    const beRe = f32x4.add(bRe, eRe),
      beIm = f32x4.add(bIm, eIm),
      cdRe = f32x4.add(cRe, dRe),
      cdIm = f32x4.add(cIm, dIm);
    const bRest = f32x4.sub(bRe, eRe),
      bRestIm = f32x4.sub(bIm, eIm),
      cRest = f32x4.sub(cRe, dRe),
      cRestIm = f32x4.sub(cIm, dIm);
    const m1Re = f32x4.add(aRe, f32x4.add(f32x4.mul(beRe, cos72), f32x4.mul(cdRe, cos144)));
    const m1Im = f32x4.add(aIm, f32x4.add(f32x4.mul(beIm, cos72), f32x4.mul(cdIm, cos144)));
    const m2Re = f32x4.add(aRe, f32x4.add(f32x4.mul(beRe, cos144), f32x4.mul(cdRe, cos72)));
    const m2Im = f32x4.add(aIm, f32x4.add(f32x4.mul(beIm, cos144), f32x4.mul(cdIm, cos72)));
    const t1Re = f32x4.add(f32x4.mul(bRestIm, sin72), f32x4.mul(cRestIm, sin144));
    const t1Im = f32x4.neg(f32x4.add(f32x4.mul(bRest, sin72), f32x4.mul(cRest, sin144)));
    const t2Re = f32x4.sub(f32x4.mul(bRestIm, sin144), f32x4.mul(cRestIm, sin72));
    const t2Im = f32x4.sub(f32x4.mul(cRest, sin72), f32x4.mul(bRest, sin144));
    v128.store(toRe + q, f32x4.add(aRe, f32x4.add(beRe, cdRe)));
    v128.store(toIm + q, f32x4.add(aIm, f32x4.add(beIm, cdIm)));
    const r = toRe + q + span,
      i = toIm + q + span;
    Lanes.put(
      r,
      i,
      f32x4.add(m1Re, t1Re),
      f32x4.add(m1Im, t1Im),
      v128.load32_splat(twiddles),
      v128.load32_splat(twiddles, 4),
    );
    Lanes.put(
      r + span,
      i + span,
      f32x4.add(m2Re, t2Re),
      f32x4.add(m2Im, t2Im),
      v128.load32_splat(twiddles, 8),
      v128.load32_splat(twiddles, 12),
    );
    Lanes.put(
      r + 2 * span,
      i + 2 * span,
      f32x4.sub(m2Re, t2Re),
      f32x4.sub(m2Im, t2Im),
      v128.load32_splat(twiddles, 16),
      v128.load32_splat(twiddles, 20),
    );
    Lanes.put(
      r + 3 * span,
      i + 3 * span,
      f32x4.sub(m1Re, t1Re),
      f32x4.sub(m1Im, t1Im),
      v128.load32_splat(twiddles, 24),
      v128.load32_splat(twiddles, 28),
    );
  }
}

/**
 * Spectrum of 16 complex series over a grid: two planes [rows, columns, 16] to two planes [columns, rows, 16], turned over.
 * `scratch` holds 4 lines: 64 × 4 × the longer side, in floats.
 */
export function transformFeatures(
  features: usize,
  spectrum: usize,
  scratch: usize,
  columns: i32,
  rows: i32,
  columnPlan: usize,
  rowPlan: usize,
): void {
  const plane = (<usize>(columns * rows)) << 6;
  const across = (<usize>columns) << 6;
  const down = (<usize>rows) << 6;
  const work = scratch + across + across;
  for (let y = 0; y < rows; y++) {
    const line = features + <usize>y * across;
    transform(line, line + plane, scratch, scratch + across, work, columns, 16, columnPlan);
    const to = spectrum + ((<usize>y) << 6);
    for (let x: usize = 0; x < <usize>columns; x++) {
      Lanes.copyElement(scratch + (x << 6), to + x * down);
      Lanes.copyElement(scratch + across + (x << 6), to + plane + x * down);
    }
  }
  const workDown = scratch + down + down;
  for (let x = 0; x < columns; x++) {
    const line = spectrum + <usize>x * down;
    transform(line, line + plane, scratch, scratch + down, workDown, rows, 16, rowPlan);
    memory.copy(line, scratch, down);
    memory.copy(line + plane, scratch + down, down);
  }
}

/** Transforms one complex plane [rows, columns] to [columns, rows], turned over. `scratch` holds four such planes. */
export function transformPlane(
  re: usize,
  im: usize,
  outRe: usize,
  outIm: usize,
  scratch: usize,
  columns: i32,
  rows: i32,
  columnPlan: usize,
  rowPlan: usize,
): void {
  const plane = (<usize>(columns * rows)) << 2;
  const middle = scratch + 2 * plane;
  transform(re, im, middle, middle + plane, scratch, rows, columns, rowPlan);
  turnOver(middle, outRe, columns, rows);
  turnOver(middle + plane, outIm, columns, rows);
  memory.copy(middle, outRe, plane);
  memory.copy(middle + plane, outIm, plane);
  transform(middle, middle + plane, outRe, outIm, scratch, columns, rows, columnPlan);
}

function turnOver(from: usize, to: usize, columns: i32, rows: i32): void {
  for (let y = 0; y < rows; y++) {
    const line = from + ((<usize>(y * columns)) << 2);
    for (let x = 0; x < columns; x++)
      store<f32>(to + ((<usize>(x * rows + y)) << 2), load<f32>(line + ((<usize>x) << 2)));
  }
}
