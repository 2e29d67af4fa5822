/** How rows or columns of an output are made of those of an input. */
export interface Taps {
  /** Int32 [outputs + 1]: where each output's entries begin in the two lists. */
  readonly starts: Int32Array;
  readonly sources: Int32Array;
  readonly weights: Float32Array;
}

/** One level of Farneback's pyramid. */
export interface FarnebackLevel {
  readonly width: number;
  readonly height: number;
  /** From the full picture: smoothed, then taken between pixels. `columns` is null at the full size: weights 1/4, 1/2, 1/4. */
  readonly rows: Taps;
  readonly columns: Taps | null;
  /** From the next coarser level's flow; null at the coarsest. */
  readonly flowRows: Taps | null;
  readonly flowColumns: Taps | null;
}

/** The polynomial's weights, float32 [3, reach + 1] (g, x g, x² g), and what of the inverse normal matrix is used. */
export interface PolynomialWeights {
  readonly weights: Float32Array;
  readonly slope: number;
  readonly constant: number;
  readonly square: number;
  readonly cross: number;
}

const smallestSide = 32;

/** Sizes and weights of all levels, finest first. Each is `pyramidScale` of the one before; none but the first has a side below 32. */
export function planLevels(width: number, height: number, pyramidScale: number, levels: number): FarnebackLevel[] {
  const scales = [1];
  for (let scale = pyramidScale; scales.length <= levels; scale *= pyramidScale) {
    if (Math.min(width, height) * scale < smallestSide) break;
    scales.push(scale);
  }
  const sizes = scales.map((scale) => ({ width: roundEven(width * scale), height: roundEven(height * scale), scale }));
  return sizes.map((size, n) => {
    const kernel = smoothing(size.scale);
    const coarser = sizes[n + 1];
    return {
      width: size.width,
      height: size.height,
      rows: smoothAndScale(height, size.height, kernel),
      columns: n === 0 ? null : smoothAndScale(width, size.width, kernel),
      flowRows: coarser ? smoothAndScale(coarser.height, size.height, [1], 1 / pyramidScale) : null,
      flowColumns: coarser ? smoothAndScale(coarser.width, size.width, [1]) : null,
    };
  });
}

/** Weights of the polynomial expansion within `reach` pixels, under a Gaussian of `sigma`. */
export function polynomialWeights(reach: number, sigma: number): PolynomialWeights {
  const bell = gaussian(reach, sigma);
  const at = (x: number): number => bell[Math.abs(x)]!;
  const weights = new Float32Array(3 * (reach + 1));
  for (let x = 0; x <= reach; x++) weights.set([at(x)], x);
  for (let x = 0; x <= reach; x++) weights.set([x * at(x)], reach + 1 + x);
  for (let x = 0; x <= reach; x++) weights.set([x * x * at(x)], 2 * (reach + 1) + x);
  let [one, x2, x4, x2y2] = [0, 0, 0, 0];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const weight = at(y) * at(x);
      one += weight;
      x2 += weight * x * x;
      x4 += weight * x * x * x * x;
      x2y2 += weight * x * x * y * y;
    }
  }
  // Of 1, x² and y² the normal matrix is symmetric in x and y: its inverse comes from their sum and their difference.
  const determinant = one * (x4 + x2y2) - 2 * x2 * x2;
  return {
    weights,
    slope: 1 / x2,
    constant: -x2 / determinant,
    square: (one / determinant + 1 / (x4 - x2y2)) / 2,
    cross: 1 / x2y2,
  };
}

/** How much each of `length` pixels in a line counts: less within five of either end. */
export function borderWeights(length: number): Float32Array {
  const border = [0.14, 0.14, 0.4472, 0.4472, 0.4472];
  return Float32Array.from({ length }, (_, x) => (border[x] ?? 1) * (border[length - 1 - x] ?? 1));
}

/** Half of a symmetric smoothing kernel, from its middle outwards: what a picture needs before it shrinks to `scale`. */
function smoothing(scale: number): readonly number[] {
  if (scale === 1) return [0.5, 0.25];
  const sigma = (1 / scale - 1) / 2;
  return gaussian(Math.max(3, roundEven(sigma * 5) | 1) >> 1, sigma);
}

/** Half of a Gaussian over 2 reach + 1 pixels that sums to 1, from its middle outwards. */
function gaussian(reach: number, sigma: number): number[] {
  const half = Array.from({ length: reach + 1 }, (_, x) => exponential((x * x) / (2 * sigma * sigma)));
  const sum = half.reduce((total, value) => total + 2 * value, -1);
  return half.map((value) => value / sum);
}

/** exp(-x) to 1e-12 for x from 0 to 700, by sums and products alone: the flow's bytes must not change with Math.exp. */
function exponential(x: number): number {
  const part = x / 1024;
  let value = 1;
  for (let k = 8; k >= 1; k--) value = 1 - (part * value) / k;
  for (let k = 0; k < 10; k++) value *= value;
  return value;
}

/** Smooths with `kernel`, mirroring at the ends without repeating them, and takes `to` values between pixel centres. */
function smoothAndScale(from: number, to: number, kernel: readonly number[], gain = 1): Taps {
  const starts = new Int32Array(to + 1);
  const sources: number[] = [];
  const weights: number[] = [];
  const scale = from / to;
  for (let i = 0; i < to; i++) {
    const centre = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), from - 1);
    const left = Math.floor(centre);
    const entries = new Map<number, number>();
    for (const [source, share] of [
      [left, left + 1 - centre],
      [left + 1, centre - left],
    ] as const) {
      for (let k = 1 - kernel.length; share > 0 && k < kernel.length; k++) {
        const at = mirror(source + k, from);
        entries.set(at, (entries.get(at) ?? 0) + gain * share * kernel[Math.abs(k)]!);
      }
    }
    for (const [at, weight] of [...entries].sort(([a], [b]) => a - b)) {
      sources.push(at);
      weights.push(weight);
    }
    starts[i + 1] = sources.length;
  }
  return { starts, sources: Int32Array.from(sources), weights: Float32Array.from(weights) };
}

function mirror(at: number, length: number): number {
  if (length === 1) return 0;
  let inside = at;
  while (inside < 0 || inside >= length) inside = inside < 0 ? -inside : 2 * (length - 1) - inside;
  return inside;
}

/** To the nearest whole number; halves go to the even one, as in IEEE 754. */
function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
