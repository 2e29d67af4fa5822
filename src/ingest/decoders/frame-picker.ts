import type { TimeBase, TimeSpan } from '../../core/index.js';

/** Chooses the frames of a rate: nearest to each tick, each frame at most once. */
export interface FramePicker {
  /**
   * Whether the frame at `pts` is nearest to some tick that is not given out yet; frames come in order.
   *
   * @param nextPts time of the frame after it; null after the last.
   * @param endPts where the last frame ends.
   */
  takes(pts: number, nextPts: number | null, endPts: number): boolean;
}

/**
 * A picker of frames for a rate.
 *
 * @param fps ticks per second; null takes every frame.
 * @param span ticks are counted from its start; null: from the first frame.
 */
export function createFramePicker(fps: number | null, span: TimeSpan | null, timeBase: TimeBase): FramePicker {
  if (fps === null) return { takes: () => true };
  const ptsPerTick = timeBase[1] / (timeBase[0] * fps);
  let start = span?.startPts ?? null;
  let tick = 0;
  return {
    takes(pts, nextPts, endPts) {
      start ??= pts;
      const limit = nextPts === null ? (span?.endPts ?? endPts) : (pts + nextPts) / 2;
      const due = start + tick * ptsPerTick;
      if (nextPts === null ? due >= limit : due > limit) return false;
      // The first tick beyond the limit; the loops mend the division's rounding.
      let next = tick + Math.max(0, Math.floor((limit - due) / ptsPerTick));
      while (nextPts === null ? start + next * ptsPerTick < limit : start + next * ptsPerTick <= limit) next++;
      tick = next;
      return true;
    },
  };
}
