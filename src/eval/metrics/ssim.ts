import { assertAlike, type FramePixels } from './pixel-error.js';

/** What a way of computing SSIM does differently from another. */
export interface SsimVariant {
  readonly window: Float64Array;
  /** What the variance is multiplied by: 1 for that of a population, n / (n - 1) for that of a sample of n pixels. */
  readonly unbiased: number;
  /** `inside`: windows that lie in the picture; `full`: every window that touches it, zeros around. */
  readonly border: 'inside' | 'full';
  /** Range of the values that the constants are for. */
  readonly range: number;
  /** What the values are multiplied by first. */
  readonly scale: number;
  readonly lumaOnly: boolean;
}

const gaussian = gaussianWindow(11, 1.5);
const uniform = new Float64Array(7).fill(1 / 7);
const common = { border: 'inside', scale: 1, lumaOnly: false } as const;

/**
 * SSIM as published code computes it: the same two frames differ by up to 0.25 between these.
 * `gauss11`: Gaussian window of 11 pixels, sigma 1.5, whole windows only: Wang et al. 2004, TensorFlow's `tf.image.ssim`.
 * `uniform7.L1`: box of 7 pixels, variance of a sample: scikit-image's default for values in 0–1.
 * `uniform7.L2`: the same with constants for a range of 2: older scikit-image given floats, hence SVG's and OpenSTL's figures.
 * `mathieu`: Gaussian, zeros around the picture, luma only, values in 0–255: the code of Mathieu et al. 2016.
 */
export const ssimVariants = {
  gauss11: { ...common, window: gaussian, unbiased: 1, range: 1 },
  'uniform7.L1': { ...common, window: uniform, unbiased: 49 / 48, range: 1 },
  'uniform7.L2': { ...common, window: uniform, unbiased: 49 / 48, range: 2 },
  mathieu: { window: gaussian, unbiased: 1, border: 'full', range: 255, scale: 255, lumaOnly: true },
} as const satisfies Readonly<Record<string, SsimVariant>>;

/** Name of a way of computing SSIM. */
export type SsimName = keyof typeof ssimVariants;

/**
 * Structural similarity of two frames, -1–1, averaged over windows and channels; 1 for equal ones. Computed in double precision.
 *
 * @throws RangeError if the frames differ in size or are smaller than a window.
 *
 * Source: Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004.
 */
export function ssim(a: FramePixels, b: FramePixels, variant: SsimName | SsimVariant = 'gauss11'): number {
  const settings: SsimVariant = typeof variant === 'string' ? ssimVariants[variant] : variant;
  const map = ssimMap(a, b, settings);
  let sum = 0;
  for (const value of map.data) sum += value;
  return sum / map.data.length;
}

/**
 * The similarity of every window: float64 [rows, columns, channels]. With border `inside` the window of row 0 and column 0 is centred
 * half a window from the corner.
 *
 * @throws RangeError if the frames differ in size or are smaller than a window.
 */
export function ssimMap(
  a: FramePixels,
  b: FramePixels,
  settings: SsimVariant,
): { readonly data: Float64Array; readonly width: number; readonly height: number } {
  assertAlike(a, b);
  const { width, height } = a;
  const { window, border, scale, unbiased, range } = settings;
  const size = window.length;
  if (border === 'inside' && (width < size || height < size))
    throw new RangeError(`SSIM with a window of ${size} pixels needs frames as large, got ${width}×${height}.`);
  const grow = border === 'full' ? size - 1 : 1 - size;
  const [columns, rows] = [width + grow, height + grow];
  const planes = settings.lumaOnly || a.channels === 1 ? 1 : a.channels;
  const out = new Float64Array(columns * rows * planes);
  const [c1, c2] = [(0.01 * range) * (0.01 * range), (0.03 * range) * (0.03 * range)]; // prettier-ignore
  const pixels = width * height;
  for (let c = 0; c < planes; c++) {
    const [x, y] = [planeOf(a, c, settings), planeOf(b, c, settings)];
    const blur = (value: (i: number) => number) => {
      const plane = new Float64Array(pixels);
      for (let i = 0; i < pixels; i++) plane[i] = value(i);
      return convolve(plane, width, height, window, border);
    };
    const meanX = blur((i) => x[i]! * scale);
    const meanY = blur((i) => y[i]! * scale);
    const squareX = blur((i) => x[i]! * x[i]! * scale * scale);
    const squareY = blur((i) => y[i]! * y[i]! * scale * scale);
    const product = blur((i) => x[i]! * y[i]! * scale * scale);
    for (let i = 0; i < meanX.length; i++) {
      const [mx, my] = [meanX[i]!, meanY[i]!];
      const varianceX = unbiased * (squareX[i]! - mx * mx);
      const varianceY = unbiased * (squareY[i]! - my * my);
      const covariance = unbiased * (product[i]! - mx * my);
      out[i * planes + c] =
        ((2 * mx * my + c1) * (2 * covariance + c2)) / ((mx * mx + my * my + c1) * (varianceX + varianceY + c2));
    }
  }
  return { data: out, width: columns, height: rows };
}

function planeOf({ data, channels }: FramePixels, channel: number, { lumaOnly }: SsimVariant): Float64Array {
  const plane = new Float64Array(data.length / channels);
  for (let i = 0; i < plane.length; i++) {
    const at = i * channels;
    plane[i] =
      lumaOnly && channels === 3
        ? 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!
        : data[at + channel]!;
  }
  return plane;
}

/** Weighs by the window along rows, then columns. */
function convolve(
  plane: Float64Array,
  width: number,
  height: number,
  window: Float64Array,
  border: SsimVariant['border'],
): Float64Array {
  const size = window.length;
  const lead = border === 'full' ? size - 1 : 0; // zeros before the first pixel
  const grow = border === 'full' ? size - 1 : 1 - size;
  const columns = width + grow;
  const rows = height + grow;
  const narrowed = new Float64Array(columns * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      const first = x - lead;
      const from = Math.max(0, -first);
      const to = Math.min(size, width - first);
      for (let k = from; k < to; k++) sum += window[k]! * plane[y * width + first + k]!;
      narrowed[y * columns + x] = sum;
    }
  }
  const out = new Float64Array(columns * rows);
  for (let y = 0; y < rows; y++) {
    const first = y - lead;
    const from = Math.max(0, -first);
    const to = Math.min(size, height - first);
    for (let k = from; k < to; k++) {
      const weight = window[k]!;
      const source = (first + k) * columns;
      for (let x = 0; x < columns; x++) out[y * columns + x]! += weight * narrowed[source + x]!;
    }
  }
  return out;
}

function gaussianWindow(size: number, sigma: number): Float64Array {
  const weights = Float64Array.from({ length: size }, (_, i) => {
    const offset = i - (size - 1) / 2;
    return Math.exp(-(offset * offset) / (2 * sigma * sigma));
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
