import { loadKernel } from '../core/index.js';

/** How a picture lies between two others. */
export interface Mixture {
  /** Root of the mean squared difference of the outer pictures, in levels. */
  readonly apart: number;
  /** Where between them the picture lies: 0 at the first, 1 at the last. */
  readonly share: number;
  /** What of it is no mixture of them, as a share of the squared difference: 0 in a dissolve, about 0.75 for unrelated pictures. */
  readonly rest: number;
}

/** The latest pictures of a video, all of one size, numbered from 0. */
export interface PictureRing {
  /**
   * Takes the next picture.
   *
   * @param rgb uint8 [pixels, 3].
   */
  push(rgb: Uint8Array): void;
  /** Pictures so far; of these the latest `slots` can be asked for. */
  readonly count: number;
  /** Mean absolute RGB difference of the latest picture to the one before, 0–255; 0 for the first. */
  readonly difference: number;
  /** uint8 [pixels]: its own memory. */
  luma(number: number): Uint8Array;
  /** Mean absolute luma difference of the latest picture to the one before, 0–255; 0 for the first. */
  readonly lumaDifference: number;
  /** Mean of the luma, in levels, and its variance. */
  moments(number: number): { readonly mean: number; readonly variance: number };
  /** Standard deviation of the luma, in levels. */
  contrast(number: number): number;
  mixture(first: number, middle: number, last: number): Mixture;
}

interface Exports {
  difference(a: number, b: number, bytes: number): number;
  toLuma(rgb: number, luma: number, pixels: number): void;
  moments(a: number, bytes: number, out: number): void;
  mixture(a: number, m: number, b: number, bytes: number, out: number): void;
}

/** A ring that keeps so many pictures of `pixels` pixels each (at most 32,768). */
export function createPictureRing(pixels: number, slots: number): PictureRing {
  const kernel = loadKernel<Exports>('ingest/kernels/pictures');
  const align = (bytes: number) => (bytes + 31) & ~15;
  const [rgbBytes, lumaBytes] = [align(3 * pixels), align(pixels)];
  const out = kernel.reserve(64 + 2 * rgbBytes + slots * lumaBytes);
  const rgbAt = (number: number) => out + 64 + (number & 1) * rgbBytes;
  const lumaAt = (number: number) => out + 64 + 2 * rgbBytes + (number % slots) * lumaBytes;
  const bytes = new Uint8Array(kernel.memory.buffer);
  const words = new Int32Array(kernel.memory.buffer, out, 4);
  const kernels = kernel.exports;
  let count = 0;
  let latest = 0;
  const moments = (number: number) => {
    kernels.moments(lumaAt(number), pixels, out);
    const mean = words[0]! / pixels;
    return { mean, variance: words[1]! / pixels - mean * mean };
  };
  return {
    push(rgb) {
      const at = rgbAt(count);
      bytes.set(rgb, at);
      latest = count > 0 ? kernels.difference(rgbAt(count - 1), at, 3 * pixels) / (3 * pixels) : 0;
      kernels.toLuma(at, lumaAt(count), pixels);
      count++;
    },
    get count() {
      return count;
    },
    get difference() {
      return latest;
    },
    luma: (number) => bytes.slice(lumaAt(number), lumaAt(number) + pixels),
    get lumaDifference() {
      return count > 1 ? kernels.difference(lumaAt(count - 2), lumaAt(count - 1), pixels) / pixels : 0;
    },
    moments,
    contrast: (number) => Math.sqrt(Math.max(0, moments(number).variance)),
    mixture(first, middle, last) {
      kernels.mixture(lumaAt(first), lumaAt(middle), lumaAt(last), pixels, out);
      const [whole, along, part] = [words[0]!, words[1]!, words[2]!];
      const share = whole > 0 ? along / whole : 0;
      return {
        apart: Math.sqrt(whole / pixels),
        share,
        rest: whole > 0 ? Math.max(0, part - share * along) / whole : 1,
      };
    },
  };
}
