import type { Box } from '../../core/index.js';

/** How well a track follows the truth, over the frames that count. */
export interface BoxScore {
  /** Share of frames whose box centre is at most 20 pixels off. */
  readonly precision20: number;
  readonly meanIoU: number;
  /** Area under the success plot: mean over 21 thresholds from 0 to 1 of the share of frames whose IoU is above. */
  readonly success: number;
  /** Frames that count: all but the first, where the thing is in view. */
  readonly frames: number;
}

const centreErrorPx = 20;
const thresholds = Array.from({ length: 21 }, (_, i) => i / 20);

/**
 * Scores one track. The first frame is given to the tracker and does not count, nor do frames whose truth is null; a null
 * in `found` counts as a miss. Null where no frame counts.
 *
 * Source: Wu, Lim and Yang, "Online Object Tracking: A Benchmark", CVPR 2013, section 4, for precision and success plots.
 * Differs: the first frame is left out, and the mean IoU is reported beside the two.
 *
 * @throws RangeError if there are not as many boxes as truths.
 */
export function scoreBoxes(truth: readonly (Box | null)[], found: readonly (Box | null)[]): BoxScore | null {
  if (found.length !== truth.length) {
    throw new RangeError(`There must be one box for each of ${truth.length} frames, got ${found.length}.`);
  }
  const overlaps: number[] = [];
  let near = 0;
  truth.forEach((box, i) => {
    if (i === 0 || !box) return;
    const guess = found[i] ?? null;
    overlaps.push(guess ? boxIoU(box, guess) : 0);
    if (guess && centreDistance(box, guess) <= centreErrorPx) near++;
  });
  if (overlaps.length === 0) return null;
  const above = (threshold: number) => overlaps.filter((overlap) => overlap > threshold).length / overlaps.length;
  return {
    precision20: near / overlaps.length,
    meanIoU: overlaps.reduce((sum, overlap) => sum + overlap, 0) / overlaps.length,
    success: thresholds.reduce((sum, threshold) => sum + above(threshold), 0) / thresholds.length,
    frames: overlaps.length,
  };
}

/** Intersection over union of two boxes, 0–1; 0 where neither has an area. */
export function boxIoU(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const shared = Math.max(0, width) * Math.max(0, height);
  const united = a.width * a.height + b.width * b.height - shared;
  return united > 0 ? shared / united : 0;
}

function centreDistance(a: Box, b: Box): number {
  return Math.hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2);
}
