/** A discrete Fourier transform of one length. Keeps scratch of its own: one call at a time. */
export interface Fft {
  readonly size: number;
  /** `X[k] = sum_n x[n] exp(-2 pi i k n / size)`, in place; float64 [size] each. */
  forward(real: Float64Array, imaginary: Float64Array): void;
  /** Undoes `forward` (it divides by `size`), in place. */
  inverse(real: Float64Array, imaginary: Float64Array): void;
}

/** A Fourier transform of real samples. */
export interface RealFft {
  readonly size: number;
  /**
   * The lower half of the spectrum, of which the upper half is the mirror image.
   *
   * @param samples [size].
   * @param real float64 [size / 2 + 1], receives the real parts of bins 0 to size / 2; `imaginary` likewise.
   */
  forward(samples: Float32Array | Float64Array, real: Float64Array, imaginary: Float64Array): void;
}

/** The passes of a transform: radices in turn, and the factors that each pass multiplies its outputs by. */
export interface FftPlan {
  readonly size: number;
  readonly radices: readonly number[];
  /** Pass by pass, block by block, for outputs 1 to radix - 1: cosine and sine of the (negative) angle. */
  readonly twiddles: Float64Array;
}

/**
 * How to transform a length: passes of radix 4, 2, 3, 5 and then of whatever primes are left, self-sorting (Stockham).
 *
 * @throws RangeError unless `size` is a positive integer.
 */
export function planFft(size: number): FftPlan {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`size must be a positive integer, got ${size}.`);
  const radices: number[] = [];
  let rest = size;
  for (let radix = 4; rest > 1; radix = radix === 4 ? 2 : radix === 2 ? 3 : radix + 2) {
    for (; rest % radix === 0; rest /= radix) radices.push(radix);
  }
  const twiddles: number[] = [];
  let length = size;
  for (const radix of radices) {
    const blocks = length / radix;
    for (let p = 0; p < blocks; p++) {
      for (let k = 1; k < radix; k++) twiddles.push(...unitCircle(-p * k, length));
    }
    length = blocks;
  }
  return { size, radices, twiddles: Float64Array.from(twiddles) };
}

/**
 * A plan as WebAssembly kernels read it (`kernels/fft.as.ts`): number of passes and radices, int32; cosines and sines, of the type of the
 * transform and aligned to it.
 *
 * @throws RangeError for lengths with prime factors above 5.
 */
export function encodeFftPlan(size: number, type: 'float32' | 'float64'): Uint8Array {
  const { radices, twiddles } = planFft(size);
  if (radices.some((radix) => radix > 5)) throw new RangeError(`size must have no prime factor above 5, got ${size}.`);
  const numbers = type === 'float32' ? Float32Array.from(twiddles) : twiddles;
  const width = numbers.BYTES_PER_ELEMENT;
  const head = Math.ceil((4 * (radices.length + 1)) / width) * width;
  const plan = new Uint8Array(head + numbers.byteLength);
  new Int32Array(plan.buffer, 0, radices.length + 1).set([radices.length, ...radices]);
  plan.set(new Uint8Array(numbers.buffer), head);
  return plan;
}

/** Transforms complex numbers of one length: any, and fast where its prime factors are small. */
export function createFft(size: number): Fft {
  const plan = planFft(size);
  const roots = new Map(plan.radices.map((radix) => [radix, rootsOf(radix)]));
  const scratch = [new Float64Array(size), new Float64Array(size)] as const;
  const transform = (real: Float64Array, imaginary: Float64Array): void => {
    if (real.length !== size || imaginary.length !== size) {
      throw new RangeError(`Both parts must hold ${size} values, got ${real.length} and ${imaginary.length}.`);
    }
    let [from, to]: Planes[] = [[real, imaginary], scratch];
    let [length, stride, at] = [size, 1, 0];
    for (const radix of plan.radices) {
      length /= radix;
      runPass(from!, to!, { radix, blocks: length, stride, roots: roots.get(radix)!, twiddles: plan.twiddles, at });
      at += 2 * length * (radix - 1);
      stride *= radix;
      [from, to] = [to, from];
    }
    if (from![0] !== real) {
      real.set(from![0]);
      imaginary.set(from![1]);
    }
  };
  return {
    size,
    forward: transform,
    inverse(real, imaginary) {
      transform(imaginary, real); // with the parts swapped, the same sums run the other way
      for (let i = 0; i < size; i++) {
        real[i]! /= size;
        imaginary[i]! /= size;
      }
    },
  };
}

/**
 * Transforms real samples with one complex transform of half the length.
 *
 * @throws RangeError unless `size` is even and positive.
 */
export function createRealFft(size: number): RealFft {
  if (!Number.isInteger(size) || size < 2 || size % 2 !== 0) {
    throw new RangeError(`size must be even and positive, got ${size}.`);
  }
  const half = size / 2;
  const fft = createFft(half);
  const [a, b] = [new Float64Array(half), new Float64Array(half)];
  const turns = Array.from({ length: half + 1 }, (_, k) => unitCircle(-k, size));
  return {
    size,
    forward(samples, real, imaginary) {
      if (samples.length !== size) throw new RangeError(`samples must hold ${size} values, got ${samples.length}.`);
      for (let i = 0; i < half; i++) {
        a[i] = samples[2 * i]!;
        b[i] = samples[2 * i + 1]!;
      }
      fft.forward(a, b);
      for (let k = 0; k <= half; k++) {
        const [i, j] = [k % half, (half - k) % half];
        const [evenRe, evenIm] = [(a[i]! + a[j]!) / 2, (b[i]! - b[j]!) / 2];
        const [oddRe, oddIm] = [(b[i]! + b[j]!) / 2, (a[j]! - a[i]!) / 2];
        const [cosine, sine] = turns[k]!;
        real[k] = evenRe + oddRe * cosine - oddIm * sine;
        imaginary[k] = evenIm + oddRe * sine + oddIm * cosine;
      }
    },
  };
}

/**
 * Cosine and sine of `part / whole` turns, to the last bit or two. By sums and products alone, so that the bits are the
 * same on every Node version; the angle is folded to an eighth of a turn while it is still a whole number.
 */
export function unitCircle(part: number, whole: number): readonly [cosine: number, sine: number] {
  const eighths = 8 * (((part % whole) + whole) % whole); // an angle in 1/(8 whole) turns
  const octant = Math.floor(eighths / whole);
  const odd = octant % 2;
  const rest = odd ? (octant + 1) * whole - eighths : eighths - octant * whole;
  const x = (rest / (8 * whole)) * 6.283185307179586; // 0 to pi / 4
  const [c, s] = [taylor(x, 18), x * taylor(x, 19)];
  const quarter = ((octant + odd) / 2) % 4; // the axis that the angle was measured from
  const [across, along] = [c, odd ? -s : s];
  const table = [
    [across, along],
    [-along, across],
    [-across, -along],
    [along, -across],
  ] as const;
  return table[quarter]!;
}

type Planes = readonly [real: Float64Array, imaginary: Float64Array];

interface Pass {
  readonly radix: number;
  readonly blocks: number;
  readonly stride: number;
  readonly roots: readonly (readonly [number, number])[];
  readonly twiddles: Float64Array;
  /** Where the twiddles of this pass begin. */
  readonly at: number;
}

/** Of every `blocks * stride`-th element, a transform of `radix` points; outputs turned and stored side by side. */
function runPass(from: Planes, to: Planes, { radix, blocks, stride, roots, twiddles, at }: Pass): void {
  const [fromRe, fromIm] = from;
  const [toRe, toIm] = to;
  const step = blocks * stride;
  for (let p = 0; p < blocks; p++) {
    for (let k = 0; k < radix; k++) {
      const twiddle = at + 2 * (p * (radix - 1) + k - 1);
      const cosine = k === 0 ? 1 : twiddles[twiddle]!;
      const sine = k === 0 ? 0 : twiddles[twiddle + 1]!;
      const out = stride * (radix * p + k);
      for (let q = 0; q < stride; q++) {
        let [re, im] = [0, 0];
        for (let j = 0; j < radix; j++) {
          const i = q + stride * p + step * j;
          const [c, s] = roots[(j * k) % radix]!;
          re += fromRe[i]! * c - fromIm[i]! * s;
          im += fromRe[i]! * s + fromIm[i]! * c;
        }
        toRe[out + q] = re * cosine - im * sine;
        toIm[out + q] = re * sine + im * cosine;
      }
    }
  }
}

function rootsOf(radix: number): (readonly [number, number])[] {
  return Array.from({ length: radix }, (_, k) => unitCircle(-k, radix));
}

/** 1 - x²/(m(m-1)) (1 - x²/((m-2)(m-3)) (…)), down to 2 or 3: cosine for even, sine over x for odd `terms`. */
function taylor(x: number, terms: number): number {
  let sum = 1;
  for (let m = terms; m >= 2; m -= 2) sum = 1 - (x * x * sum) / (m * (m - 1));
  return sum;
}
