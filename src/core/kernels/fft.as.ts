// Fourier transforms of many interleaved series at once, float32 or float64, for the kernels of all areas; core/fft.ts is the oracle.
// A plan is: passes (i32), their radices (i32 each), padding to the size of a number, twiddles (pairs of the transform's type).

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Lanes {
  /** Stores (re, im) times a twiddle. */
  @inline
  static put<T>(toRe: usize, toIm: usize, re: v128, im: v128, cosine: v128, sine: v128): void {
    v128.store(toRe, v128.sub<T>(v128.mul<T>(re, cosine), v128.mul<T>(im, sine)));
    v128.store(toIm, v128.add<T>(v128.mul<T>(re, sine), v128.mul<T>(im, cosine)));
  }

  /** The `n`-th number of a plan's twiddles in every lane. */
  @inline
  static twiddle<T>(turns: usize, n: usize): v128 {
    return v128.load_splat<T>(turns + n * sizeof<T>());
  }

  @inline
  static splat<T>(value: f64): v128 {
    return v128.splat<T>(<T>value);
  }
}

/**
 * Transforms `lanes` interleaved series: `re`, `im` and the outputs are [size, lanes], a row a multiple of 16 bytes. Swap real and
 * imaginary planes, of both, for the inverse times `size`. `scratch` holds two such planes; nothing may overlap.
 */
export function transform<T>(
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
  let twiddles = plan + ((((<usize>(passes + 1)) << 2) + sizeof<T>() - 1) & ~(sizeof<T>() - 1));
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

function butterfly2<T>(re: usize, im: usize, toRe: usize, toIm: usize, step: usize, span: usize, turns: usize): void {
  const c1 = Lanes.twiddle<T>(turns, 0);
  const s1 = Lanes.twiddle<T>(turns, 1);
  for (let q: usize = 0; q < span; q += 16) {
    const r0 = v128.load(re + q);
    const i0 = v128.load(im + q);
    const r1 = v128.load(re + q + step);
    const i1 = v128.load(im + q + step);
    v128.store(toRe + q, v128.add<T>(r0, r1));
    v128.store(toIm + q, v128.add<T>(i0, i1));
    Lanes.put<T>(toRe + q + span, toIm + q + span, v128.sub<T>(r0, r1), v128.sub<T>(i0, i1), c1, s1);
  }
}

function butterfly3<T>(re: usize, im: usize, toRe: usize, toIm: usize, step: usize, span: usize, turns: usize): void {
  const half = Lanes.splat<T>(0.5);
  const sin60 = Lanes.splat<T>(0.8660254037844386);
  const c1 = Lanes.twiddle<T>(turns, 0);
  const s1 = Lanes.twiddle<T>(turns, 1);
  const c2 = Lanes.twiddle<T>(turns, 2);
  const s2 = Lanes.twiddle<T>(turns, 3);
  for (let q: usize = 0; q < span; q += 16) {
    const r0 = v128.load(re + q);
    const i0 = v128.load(im + q);
    const r1 = v128.load(re + q + step);
    const i1 = v128.load(im + q + step);
    const r2 = v128.load(re + q + 2 * step);
    const i2 = v128.load(im + q + 2 * step);
    const sumR = v128.add<T>(r1, r2);
    const sumI = v128.add<T>(i1, i2);
    const sideR = v128.mul<T>(sin60, v128.sub<T>(r1, r2));
    const sideI = v128.mul<T>(sin60, v128.sub<T>(i1, i2));
    const restR = v128.sub<T>(r0, v128.mul<T>(half, sumR));
    const restI = v128.sub<T>(i0, v128.mul<T>(half, sumI));
    v128.store(toRe + q, v128.add<T>(r0, sumR));
    v128.store(toIm + q, v128.add<T>(i0, sumI));
    let to = q + span;
    Lanes.put<T>(toRe + to, toIm + to, v128.add<T>(restR, sideI), v128.sub<T>(restI, sideR), c1, s1);
    to += span;
    Lanes.put<T>(toRe + to, toIm + to, v128.sub<T>(restR, sideI), v128.add<T>(restI, sideR), c2, s2);
  }
}

function butterfly4<T>(re: usize, im: usize, toRe: usize, toIm: usize, step: usize, span: usize, turns: usize): void {
  const c1 = Lanes.twiddle<T>(turns, 0);
  const s1 = Lanes.twiddle<T>(turns, 1);
  const c2 = Lanes.twiddle<T>(turns, 2);
  const s2 = Lanes.twiddle<T>(turns, 3);
  const c3 = Lanes.twiddle<T>(turns, 4);
  const s3 = Lanes.twiddle<T>(turns, 5);
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
    let to = q + span;
    Lanes.put<T>(toRe + to, toIm + to, v128.add<T>(oddR, sideI), v128.sub<T>(oddI, sideR), c1, s1);
    to += span;
    Lanes.put<T>(toRe + to, toIm + to, v128.sub<T>(evenR, sumR), v128.sub<T>(evenI, sumI), c2, s2);
    to += span;
    Lanes.put<T>(toRe + to, toIm + to, v128.sub<T>(oddR, sideI), v128.add<T>(oddI, sideR), c3, s3);
  }
}

function butterfly5<T>(re: usize, im: usize, toRe: usize, toIm: usize, step: usize, span: usize, turns: usize): void {
  const cos72 = Lanes.splat<T>(0.30901699437494745);
  const cos144 = Lanes.splat<T>(-0.8090169943749475);
  const sin72 = Lanes.splat<T>(0.9510565162951535);
  const sin144 = Lanes.splat<T>(0.5877852522924731);
  const c1 = Lanes.twiddle<T>(turns, 0);
  const s1 = Lanes.twiddle<T>(turns, 1);
  const c2 = Lanes.twiddle<T>(turns, 2);
  const s2 = Lanes.twiddle<T>(turns, 3);
  const c3 = Lanes.twiddle<T>(turns, 4);
  const s3 = Lanes.twiddle<T>(turns, 5);
  const c4 = Lanes.twiddle<T>(turns, 6);
  const s4 = Lanes.twiddle<T>(turns, 7);
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
    const m1R = v128.add<T>(r0, v128.add<T>(v128.mul<T>(cos72, nearR), v128.mul<T>(cos144, farR)));
    const m1I = v128.add<T>(i0, v128.add<T>(v128.mul<T>(cos72, nearI), v128.mul<T>(cos144, farI)));
    const m2R = v128.add<T>(r0, v128.add<T>(v128.mul<T>(cos144, nearR), v128.mul<T>(cos72, farR)));
    const m2I = v128.add<T>(i0, v128.add<T>(v128.mul<T>(cos144, nearI), v128.mul<T>(cos72, farI)));
    const n1R = v128.add<T>(v128.mul<T>(sin72, acrossR), v128.mul<T>(sin144, alongR));
    const n1I = v128.add<T>(v128.mul<T>(sin72, acrossI), v128.mul<T>(sin144, alongI));
    const n2R = v128.sub<T>(v128.mul<T>(sin144, acrossR), v128.mul<T>(sin72, alongR));
    const n2I = v128.sub<T>(v128.mul<T>(sin144, acrossI), v128.mul<T>(sin72, alongI));
    let to = q + span;
    Lanes.put<T>(toRe + to, toIm + to, v128.add<T>(m1R, n1I), v128.sub<T>(m1I, n1R), c1, s1);
    to += span;
    Lanes.put<T>(toRe + to, toIm + to, v128.add<T>(m2R, n2I), v128.sub<T>(m2I, n2R), c2, s2);
    to += span;
    Lanes.put<T>(toRe + to, toIm + to, v128.sub<T>(m2R, n2I), v128.add<T>(m2I, n2R), c3, s3);
    to += span;
    Lanes.put<T>(toRe + to, toIm + to, v128.sub<T>(m1R, n1I), v128.add<T>(m1I, n1R), c4, s4);
  }
}
