/** Values in 0–1 of one frame, [height, width, channels] row-major. */
export interface FramePixels {
  readonly data: Float32Array | Float64Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Peak signal-to-noise ratio that stands for "no difference", decibels: no average holds infinity. */
export const maxPsnr = 100;

/** Mean over all values of the squared difference. */
export function meanSquaredError(a: FramePixels, b: FramePixels): number {
  return squaredSum(a, b) / a.data.length;
}

/** Mean over all values of the absolute difference. */
export function meanAbsoluteError(a: FramePixels, b: FramePixels): number {
  assertAlike(a, b);
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += Math.abs(a.data[i]! - b.data[i]!);
  return sum / a.data.length;
}

/** Peak signal-to-noise ratio of values in 0–1 with this mean squared error, dB; at most `maxPsnr`. */
export function psnrOfError(meanSquared: number): number {
  return meanSquared > 0 ? Math.min(maxPsnr, -10 * Math.log10(meanSquared)) : maxPsnr;
}

/** Peak signal-to-noise ratio of each channel by itself, averaged over channels, dB. Source: Denton and Fergus' and Franceschi et al.'s code. */
export function channelPsnr(a: FramePixels, b: FramePixels): number {
  assertAlike(a, b);
  const { data, channels } = a;
  let total = 0;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let i = c; i < data.length; i += channels) {
      const difference = data[i]! - b.data[i]!;
      sum += difference * difference;
    }
    total += psnrOfError((sum * channels) / data.length);
  }
  return total / channels;
}

/**
 * Peak signal-to-noise ratio as the code of Mathieu et al. has it, dB: against 255, of errors that it scales from -1–1 by 128, with
 * the squared error at least 1e-4.
 *
 * Source: Mathieu, Couprie and LeCun, "Deep multi-scale video prediction beyond mean square error", 2016, released code.
 */
export function mathieuPsnr(a: FramePixels, b: FramePixels): number {
  const scaled = 128 * 128 * 4 * meanSquaredError(a, b); // 4: from 0–1 to -1–1
  return 10 * Math.log10((255 * 255) / Math.max(scaled, 1e-4));
}

/**
 * Checks that two frames can be compared.
 *
 * @throws RangeError if their sizes differ, or are not those of the data.
 */
export function assertAlike(a: FramePixels, b: FramePixels): void {
  const alike = a.width === b.width && a.height === b.height && a.channels === b.channels;
  const values = a.width * a.height * a.channels;
  if (!alike || a.data.length !== values || b.data.length !== values)
    throw new RangeError(`Frames of ${describeSize(a)} and ${describeSize(b)} cannot be compared.`);
}

function squaredSum(a: FramePixels, b: FramePixels): number {
  assertAlike(a, b);
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) {
    const difference = a.data[i]! - b.data[i]!;
    sum += difference * difference;
  }
  return sum;
}

function describeSize({ width, height, channels, data }: FramePixels): string {
  return `${width}×${height}×${channels} (${data.length} values)`;
}
