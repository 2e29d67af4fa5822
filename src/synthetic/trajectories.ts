import { sineOfTurns } from './sine.js';

/** One coordinate over time: pixels (or turns) at a frame number, which need not be whole. */
export type Coordinate = (frame: number) => number;

/** Stays where it is. */
export function still(at: number): Coordinate {
  return () => at;
}

/** One way at constant speed, in units per frame. */
export function straight(from: number, speed: number): Coordinate {
  return (frame) => from + speed * frame;
}

/** Swings about `center` as a sine; `phase` in turns: 0 passes the centre upwards. */
export function pendulum({
  center,
  amplitude,
  periodFrames,
  phase = 0,
}: {
  readonly center: number;
  readonly amplitude: number;
  readonly periodFrames: number;
  readonly phase?: number;
}): Coordinate {
  return (frame) => center + amplitude * sineOfTurns(frame / periodFrames + phase);
}

/**
 * To and fro between two walls at constant speed. Where `from` is uniform between the walls and the sign of `speed` is
 * even, the place at any one frame is uniform too: it tells nothing of the speed.
 */
export function bounce({
  low,
  high,
  from,
  speed,
}: {
  readonly low: number;
  readonly high: number;
  readonly from: number;
  readonly speed: number;
}): Coordinate {
  const range = high - low;
  if (!(range > 0)) throw new RangeError(`high must be above low, got ${low} and ${high}.`);
  return (frame) => {
    const way = from - low + speed * frame;
    const folded = way - 2 * range * Math.floor(way / (2 * range)); // 0 to 2 range
    return low + (folded <= range ? folded : 2 * range - folded);
  };
}

/** The same motion with a rest: stands still for `frames` from `start` on, and then goes on. */
export function withRest(
  motion: Coordinate,
  { start, frames }: { readonly start: number; readonly frames: number },
): Coordinate {
  return (frame) => motion(frame < start ? frame : Math.max(start, frame - frames));
}
