import { ptsToSeconds, type Random, type VideoSource } from '../../core/index.js';
import type { AudioClustersConfig } from './config.js';

/** Where a frame is to be taken. */
export interface PlannedFrame {
  /** The first frame at or after this second, on the video's clock, … */
  readonly fromSeconds: number;
  /** … that is not after this one. */
  readonly untilSeconds: number;
}

/** Frames for which a window may be longer than it is, so that one lies in every part's range. */
const spareFrames = 2;

/**
 * Where frames of a video are taken, in order of time: one in each of equal parts, so that its window lies in its part. The same for
 * all shots.
 *
 * @param random forked for the source.
 */
export function planFrames(
  { video }: VideoSource,
  { framesPerSource, windowSeconds }: AudioClustersConfig,
  random: Random,
): readonly PlannedFrame[] {
  const start = ptsToSeconds(video.startPts, video.timeBase);
  const seconds = ptsToSeconds(video.endPts, video.timeBase) - start;
  const least = windowSeconds + spareFrames / Math.max(1, video.averageRate);
  const count = Math.min(framesPerSource, Math.floor(seconds / least));
  const part = seconds / count;
  return Array.from({ length: count }, (_, n) => {
    const first = start + n * part + windowSeconds / 2;
    const last = start + (n + 1) * part - windowSeconds / 2;
    const spare = spareFrames / Math.max(1, video.averageRate);
    return { fromSeconds: first + random.fork(n).float() * (last - first - spare), untilSeconds: last };
  });
}
