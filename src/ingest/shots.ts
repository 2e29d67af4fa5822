import { z } from 'zod';
import type { Frame } from '../core/index.js';
import { resizeRgb, toLuma } from '../vision/index.js';

/** Settings of the shot detector. */
export const shotConfig = z.strictObject({
  width: z.int().min(16).default(64).describe('Width of the pictures that are compared, in pixels.'),
  height: z.int().min(16).default(48).describe('Height of the pictures that are compared, in pixels.'),
  minDifference: z.number().min(0).default(6).describe('Least mean absolute RGB difference across a cut, 0–255.'),
  ratio: z.number().min(1).default(3).describe('How much more than its neighbourhood a cut differs.'),
  neighbourFrames: z.int().min(1).default(8).describe('Frames on either side that make the neighbourhood.'),
  similarity: z.number().min(0).max(1).default(0.8).describe('Pictures whose structure correlates more are one shot.'),
  flashFrames: z.int().min(0).default(2).describe('A disturbance of up to that many frames is no cut.'),
  minShotFrames: z.int().min(1).default(4).describe('Of cuts nearer than this the strongest counts.'),
});

/** Settings of the shot detector, complete. */
export type ShotConfig = z.infer<typeof shotConfig>;

/** A small picture as the detector takes it: RGB, all of one size. */
export type ShotFrame = Pick<Frame, 'data' | 'width' | 'height' | 'pts'>;

/** Watches the frames of one video go by. */
export interface ShotDetector {
  /**
   * Takes the next frame, in order of presentation.
   *
   * @throws RangeError if its size is not that of the first or it is not RGB.
   */
  push(frame: ShotFrame): void;
  /** `cuts`: presentation time of the first frame of every shot but the first. */
  finish(): { readonly cuts: readonly number[] };
}

/** Added to the neighbourhood so that grain in a still picture makes no ratio, in levels of 255. */
const grain = 1;
/** How far one picture is moved over another to find its match, as a share of its width. */
const reach = 0.05;
/** Parts of the picture along each side that are compared by themselves. */
const grid = 4;
/** Standard deviation below which a part is too flat to tell anything, in levels of 255. */
const tellingContrast = 4;

type Size = Pick<Frame, 'width' | 'height'>;

interface Entry {
  readonly rgb: Uint8Array;
  readonly luma: Uint8Array;
  readonly pts: number;
  /** Mean absolute difference to the frame before; 0 for the first. */
  readonly difference: number;
}

/**
 * Finds hard cuts: a frame is the first of a shot where it differs from the one before by far more than its
 * neighbours do, and no picture just before resembles one just after, shifted or not. The second test passes over
 * flashes (the picture comes back), jumps in brightness (structure stays) and fast pans (a shift explains them).
 * Slow dissolves and fades are not found. Holds a fixed number of frames whatever the length.
 */
export function createShotDetector(config: ShotConfig = shotConfig.parse({})): ShotDetector {
  const { neighbourFrames, flashFrames, minShotFrames } = config;
  const before = Math.max(neighbourFrames, flashFrames + 1);
  const after = Math.max(neighbourFrames, flashFrames);
  const entries: Entry[] = [];
  const cuts: number[] = [];
  let size: Size | null = null;
  let first = 0; // number of entries[0] in the video
  let next = 1; // number of the next frame to judge
  let pending: { readonly frame: number; readonly pts: number; readonly difference: number } | null = null;

  const judge = (): void => {
    const at = next - first;
    const entry = entries[at]!;
    if (size && isCut(entries, at, size, config)) {
      const found = { frame: next, pts: entry.pts, difference: entry.difference };
      if (!pending || found.frame - pending.frame >= minShotFrames) {
        if (pending) cuts.push(pending.pts);
        pending = found;
      } else if (found.difference > pending.difference) pending = found;
    }
    next++;
    while (next - first > before) {
      entries.shift();
      first++;
    }
  };

  return {
    push({ data, width, height, pts }) {
      size ??= { width, height };
      if (width !== size.width || height !== size.height || data.length !== width * height * 3) {
        const got = `${width}×${height} in ${data.length} bytes`;
        throw new RangeError(`Frames must all be RGB of ${size.width}×${size.height}, got ${got}.`);
      }
      const previous = entries.at(-1);
      entries.push({
        rgb: data,
        luma: toLuma(data),
        pts,
        difference: previous ? meanDifference(previous.rgb, data) : 0,
      });
      while (first + entries.length - 1 >= next + after) judge();
    },
    finish() {
      while (next < first + entries.length) judge();
      if (pending) cuts.push(pending.pts);
      pending = null;
      return { cuts: [...cuts] };
    },
  };
}

/** The cuts of a whole video, scaled down to the detector's size first. */
export async function detectShots(
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  config: ShotConfig = shotConfig.parse({}),
): Promise<{ readonly cuts: readonly number[] }> {
  const detector = createShotDetector(config);
  const { width, height } = config;
  for await (const frame of frames) {
    const data = resizeRgb(frame.data, frame.width, frame.height, width, height);
    detector.push({ data, width, height, pts: frame.pts });
  }
  return detector.finish();
}

function isCut(
  entries: readonly Entry[],
  at: number,
  size: Size,
  { minDifference, ratio, neighbourFrames, similarity, flashFrames }: ShotConfig,
): boolean {
  const { difference } = entries[at]!;
  if (difference < minDifference) return false;
  const from = Math.max(0, at - neighbourFrames);
  const neighbours = entries.slice(from, at + neighbourFrames + 1).map((entry) => entry.difference);
  neighbours.splice(at - from, 1);
  if (difference < ratio * (upperValue(neighbours) + grain)) return false;
  for (let p = at - 1; p >= Math.max(0, at - 1 - flashFrames); p--) {
    for (let q = at; q <= Math.min(entries.length - 1, at + flashFrames); q++) {
      if (resembles(entries[p]!.luma, entries[q]!.luma, size, similarity)) return false;
    }
  }
  return true;
}

/** The 80th percentile: above repeated frames (every second difference 0), below other cuts nearby. */
function upperValue(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(0.8 * (values.length - 1))] ?? 0;
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}

/** True if a small shift makes two luma pictures more alike than `similarity`. */
function resembles(a: Uint8Array, b: Uint8Array, size: Size, similarity: number): boolean {
  const radius = Math.max(1, Math.round(reach * size.width));
  for (let ring = 0; ring <= radius; ring++) {
    for (let dy = -ring; dy <= ring; dy++) {
      const step = Math.abs(dy) === ring ? 1 : 2 * ring;
      for (let dx = -ring; dx <= ring; dx += step) if (likeness(a, b, size, dx, dy) > similarity) return true;
    }
  }
  return false;
}

/**
 * Correlation of the whole pictures, or of their parts where that is greater: that most parts correlate means that only
 * some of the picture changed. 0 if a picture is flat.
 */
function likeness(a: Uint8Array, b: Uint8Array, { width, height }: Size, dx: number, dy: number): number {
  const whole = [0, 0, 0, 0, 0, 0] as [number, number, number, number, number, number];
  const parts: number[] = [];
  for (let row = 0; row < grid; row++) {
    for (let column = 0; column < grid; column++) {
      const left = Math.max(Math.floor((column * width) / grid), -dx);
      const right = Math.min(Math.floor(((column + 1) * width) / grid), width - dx);
      const top = Math.max(Math.floor((row * height) / grid), -dy);
      const bottom = Math.min(Math.floor(((row + 1) * height) / grid), height - dy);
      let [sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0];
      for (let y = top; y < bottom; y++) {
        for (let p = y * width + left, q = (y + dy) * width + left + dx; p < y * width + right; p++, q++) {
          const u = a[p]!;
          const v = b[q]!;
          sumA += u;
          sumB += v;
          sumAA += u * u;
          sumBB += v * v;
          sumAB += u * v;
        }
      }
      const sums = [(right - left) * (bottom - top), sumA, sumB, sumAA, sumBB, sumAB] as const;
      sums.forEach((sum, i) => (whole[i]! += sum));
      const { correlation, contrast } = correlate(sums);
      if (contrast > tellingContrast) parts.push(correlation);
    }
  }
  const most = parts.length < grid ? -1 : parts.sort((x, y) => x - y)[Math.floor(0.3 * parts.length)]!;
  return Math.max(correlate(whole).correlation, most);
}

/** Correlation from [count, sum a, sum b, sum aa, sum bb, sum ab], and the greater of the two standard deviations. */
function correlate([count, a, b, aa, bb, ab]: readonly [number, number, number, number, number, number]): {
  readonly correlation: number;
  readonly contrast: number;
} {
  const varianceA = Math.max(0, aa / count - (a / count) * (a / count));
  const varianceB = Math.max(0, bb / count - (b / count) * (b / count));
  const covariance = ab / count - (a / count) * (b / count);
  return {
    correlation: covariance / Math.sqrt((varianceA + grain) * (varianceB + grain)),
    contrast: Math.sqrt(Math.max(varianceA, varianceB)),
  };
}
