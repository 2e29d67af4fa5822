import { z } from 'zod';
import type { Frame, Shot, VideoStream } from '../core/index.js';
import { resizeRgb } from '../vision/index.js';
import { createGradualFinder, ringSlots, type GradualFinder, type Transition } from './gradual.js';
import { resembles, type PictureSize } from './likeness.js';
import { createPictureRing, type PictureRing } from './picture-ring.js';

/** Settings of the shot detector. */
export const shotConfig = z.strictObject({
  width: z.int().min(16).max(256).default(64).describe('Width of the pictures that are compared, in pixels.'),
  height: z.int().min(16).max(128).default(48).describe('Height of the pictures that are compared, in pixels.'),
  minDifference: z.number().min(0).default(6).describe('Least mean absolute RGB difference across a cut, 0–255.'),
  ratio: z.number().min(1).default(3).describe('How much more than its neighbourhood a cut differs.'),
  neighbourFrames: z.int().min(1).default(8).describe('Frames on either side that make the neighbourhood.'),
  similarity: z.number().min(0).max(1).default(0.8).describe('Pictures whose structure correlates more are one shot.'),
  flashFrames: z.int().min(0).default(2).describe('A disturbance of up to that many frames is no cut.'),
  import: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'Where cut lists (CSV, EDL) lie that replace the detector: a folder, or `beside` each video; null: none are read.',
    ),
  gradual: z.boolean().default(true).describe('Whether dissolves and fades part shots, too.'),
  minApart: z
    .number()
    .min(0)
    .default(12)
    .describe('Least root mean squared luma difference of the pictures before and after a dissolve or fade, 0–255.'),
  maxRest: z
    .number()
    .min(0)
    .max(1)
    .default(0.15)
    .describe(
      'Largest part of a picture within a dissolve that is no mixture of those before and after; motion makes 0.75.',
    ),
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
  finish(): FoundShots;
}

/** Where one shot becomes another. */
export interface FoundShots {
  /** Hard cuts: presentation time of the first frame of the shot after each. */
  readonly cuts: readonly number[];
  /** Dissolves and fades, in the order of time. */
  readonly gradual: readonly Transition[];
}

/** Added to the neighbourhood so that grain in a still picture makes no ratio, in levels of 255. */
const grain = 1;
/** How far one picture is moved over another to find its match, as a share of its width. */
const reach = 0.05;

interface Entry {
  readonly luma: Uint8Array;
  readonly pts: number;
  /** Mean absolute difference to the frame before; 0 for the first. */
  readonly difference: number;
}

/**
 * Finds hard cuts: a frame is the first of a shot where it differs from the one before by far more than its
 * neighbours do, and no picture just before resembles one just after, shifted or not. The second test passes over
 * flashes (the picture comes back), jumps in brightness (structure stays) and fast pans (a shift explains them).
 * Dissolves and fades are told by mixtures (`createGradualFinder`). Holds a fixed number of frames whatever the length.
 */
export function createShotDetector(config: ShotConfig = shotConfig.parse({})): ShotDetector {
  const { neighbourFrames, flashFrames, minShotFrames } = config;
  const before = Math.max(neighbourFrames, flashFrames + 1);
  const after = Math.max(neighbourFrames, flashFrames);
  const entries: Entry[] = [];
  const cuts: number[] = [];
  let size: PictureSize | null = null;
  let ring: PictureRing | null = null;
  let gradual: GradualFinder | null = null;
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
      ring ??= createPictureRing(width * height, ringSlots);
      if (config.gradual) gradual ??= createGradualFinder(ring, size, config);
      ring.push(data);
      gradual?.push(pts);
      entries.push({ luma: ring.luma(ring.count - 1), pts, difference: ring.difference });
      while (first + entries.length - 1 >= next + after) judge();
    },
    finish() {
      while (next < first + entries.length) judge();
      if (pending) cuts.push(pending.pts);
      pending = null;
      return { cuts: [...cuts], gradual: gradual?.finish(cuts) ?? [] };
    },
  };
}

/** The cuts of a whole video, scaled down to the detector's size first. */
export async function detectShots(
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  config: ShotConfig = shotConfig.parse({}),
): Promise<FoundShots> {
  const detector = createShotDetector(config);
  const { width, height } = config;
  for await (const frame of frames) {
    const data = resizeRgb(frame.data, frame.width, frame.height, width, height);
    detector.push({ data, width, height, pts: frame.pts });
  }
  return detector.finish();
}

/** The takes between cuts and transitions, from the first frame to the end; frames of a transition belong to none. */
export function shotsBetween(
  { cuts, gradual }: FoundShots,
  { startPts, endPts }: Pick<VideoStream, 'startPts' | 'endPts'>,
): readonly Shot[] {
  const breaks = [
    ...cuts.map((cut) => ({ startPts: cut, endPts: cut })),
    ...gradual.map((transition) => ({ startPts: transition.startPts, endPts: transition.endPts })),
  ].sort((a, b) => a.startPts - b.startPts);
  const starts = [startPts, ...breaks.map((it) => it.endPts)];
  const ends = [...breaks.map((it) => it.startPts), endPts];
  return starts
    .map((start, i) => ({ startPts: start, endPts: ends[i]! }))
    .filter((span) => span.endPts > span.startPts)
    .map((span, index) => ({ index, ...span, crop: null }));
}

function isCut(
  entries: readonly Entry[],
  at: number,
  size: PictureSize,
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
      if (resembles(entries[p]!.luma, entries[q]!.luma, size, { similarity, reach })) return false;
    }
  }
  return true;
}

/** The 80th percentile: above repeated frames (every second difference 0), below other cuts nearby. */
function upperValue(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(0.8 * (values.length - 1))] ?? 0;
}
