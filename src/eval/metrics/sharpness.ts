import { assertAlike, type FramePixels } from './pixel-error.js';

/** Names of the ways in which published code computes the sharpness of a prediction. */
export const sharpnessVariants = ['paper', 'mathieuCode', 'tf'] as const;

/** One of them. */
export type SharpnessName = (typeof sharpnessVariants)[number];

/**
 * How near the gradients of two frames are, dB; higher is better, at most 100. It rewards blank predictions: set it beside PSNR and SSIM.
 *
 * `paper`: equation 9, values in 0–1, the first row and column left out. `mathieuCode`: what the released code computes, with differences
 * of -1–1 scaled by 128² against 255²: only this one may be set beside the tables of the paper. `tf`: as `paper`, with zeros
 * beyond the last row and column (a TensorFlow port).
 *
 * Source: Mathieu, Couprie and LeCun, "Deep multi-scale video prediction beyond mean square error", 2016, eq. 9 and released code.
 */
export function sharpness(truth: FramePixels, predicted: FramePixels, variant: SharpnessName = 'paper'): number {
  assertAlike(truth, predicted);
  const { width, height, channels } = truth;
  let sum = 0;
  let count = 0;
  const visit = (x: number, y: number, forward: boolean, apart: boolean) => {
    for (let c = 0; c < channels; c++) {
      const [tx, ty] = steps(truth, { x, y, c, forward });
      const [px, py] = steps(predicted, { x, y, c, forward });
      sum += apart ? Math.abs(tx - px) + Math.abs(ty - py) : Math.abs(tx + ty - px - py);
      count++;
    }
  };
  if (variant === 'tf') {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) visit(x, y, true, false);
    return toDecibels(sum / count);
  }
  const apart = variant === 'mathieuCode';
  const [right, bottom] = apart ? [width - 1, height - 1] : [width, height];
  for (let y = 1; y < bottom; y++) for (let x = 1; x < right; x++) visit(x, y, false, apart);
  if (!apart) return toDecibels(sum / count);
  // a step of 0–1 is half of one of -1–1; the mean is over all pixels, the border too
  const scaled = (128 * 128 * 2 * sum) / (width * height * channels);
  return 10 * Math.log10((255 * 255) / Math.max(scaled, 1e-4));
}

/**
 * Gradient difference: mean over all values of the differences between the sizes of the gradients, each raised to `exponent`; 0 is best.
 * The loss of the paper is the sum: this times the number of values.
 *
 * Source: Mathieu, Couprie and LeCun, 2016, eq. 6.
 */
export function gradientDifference(truth: FramePixels, predicted: FramePixels, exponent: 1 | 2 = 1): number {
  assertAlike(truth, predicted);
  const { width, height, channels, data } = truth;
  const raise = (value: number) => (exponent === 1 ? Math.abs(value) : value * value);
  let sum = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const [tx, ty] = steps(truth, { x, y, c, forward: false });
        const [px, py] = steps(predicted, { x, y, c, forward: false });
        if (x > 0) sum += raise(tx - px);
        if (y > 0) sum += raise(ty - py);
      }
    }
  }
  return sum / data.length;
}

/** Sizes of the steps to the neighbours in x and y: the ones before, or after with zeros beyond the edge. */
function steps(
  { data, width, height, channels }: FramePixels,
  { x, y, c, forward }: { readonly x: number; readonly y: number; readonly c: number; readonly forward: boolean },
): readonly [number, number] {
  const here = data[(y * width + x) * channels + c]!;
  const at = (ox: number, oy: number) => {
    const [column, row] = [x + ox, y + oy];
    const inside = column >= 0 && row >= 0 && column < width && row < height;
    return inside ? data[(row * width + column) * channels + c]! : 0;
  };
  const step = forward ? 1 : -1;
  return [Math.abs(here - at(step, 0)), Math.abs(here - at(0, step))];
}

function toDecibels(meanDifference: number): number {
  return meanDifference > 0 ? Math.min(100, -10 * Math.log10(meanDifference)) : 100;
}
