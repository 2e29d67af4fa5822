import { ptsToSeconds, type Shot, type VideoSource } from '../../core/index.js';
import type { MotionMasksConfig } from './config.js';

/** Frames with masks in one stretch of a long shot: as many as one can vote for on either side, and itself. */
const stretch = 25;
/** The two distances at which motion is measured; frames from 24 to 30 per second give 1 and 3. */
const nearSeconds = 0.04;
const farSeconds = 0.11;

/** Distances, in frames, from a frame to those that it is compared with. */
export function pairGaps(framesPerSecond: number): readonly number[] {
  const near = Math.max(1, Math.round(nearSeconds * framesPerSecond));
  const far = Math.max(1, Math.round(farSeconds * framesPerSecond));
  return near === far ? [-near, near] : [-far, -near, near, far];
}

/**
 * Which frames of a shot get masks: the number of the stretch that frame `n` is in, or null where it gets none. Every `frameStep`-th of
 * a short shot; of one with more than `mostFrames` such frames, stretches of 25, evenly spread.
 *
 * @param phase the first frame that gets one, under `frameStep`.
 */
export function planFrames(
  expected: number,
  phase: number,
  { frameStep, mostFrames }: Pick<MotionMasksConfig, 'frameStep' | 'mostFrames'>,
): (n: number) => number | null {
  if (expected <= mostFrames * frameStep) return (n) => (n % frameStep === phase ? 0 : null);
  const count = Math.floor(mostFrames / stretch);
  const length = stretch * frameStep;
  const starts = Array.from({ length: count }, (_, k) =>
    Math.floor(((expected - length) * (count === 1 ? 0.5 : k / (count - 1))) / frameStep),
  ).map((start) => start * frameStep);
  return (n) => {
    if (n % frameStep !== phase) return null;
    const at = starts.findIndex((start) => n >= start && n < start + length);
    return at < 0 ? null : at;
  };
}

/** Samples that a shot may give: its share of the video's, by its length, as whole numbers that add up; at most `masksPerShot`. */
export function shotBudget(
  { shots }: Pick<VideoSource, 'shots'>,
  { index }: Shot,
  { masksPerShot, masksPerVideo }: Pick<MotionMasksConfig, 'masksPerShot' | 'masksPerVideo'>,
): number {
  const lengths = shots.map(({ startPts, endPts }) => endPts - startPts);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const at = shots.findIndex((shot) => shot.index === index);
  const before = lengths.slice(0, at).reduce((sum, length) => sum + length, 0);
  // What falls to all shots up to this one, less what fell to those before it.
  const upTo = (length: number): number => Math.floor((masksPerVideo * length) / Math.max(1, total));
  return Math.min(masksPerShot, upTo(before + (lengths[at] ?? 0)) - upTo(before));
}

/** Frames per second that a shot is looked at, and how many it has, about. */
export function shotRate(
  { video }: VideoSource,
  { startPts, endPts }: Shot,
  { framesPerSecond }: Pick<MotionMasksConfig, 'framesPerSecond'>,
): { readonly rate: number; readonly frames: number } {
  const rate = Math.min(framesPerSecond, video.averageRate);
  return { rate, frames: Math.round(ptsToSeconds(endPts - startPts, video.timeBase) * rate) };
}
