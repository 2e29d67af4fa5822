import type { Random } from '../../core/index.js';
import type { Distances, Window } from './windows.js';

/** Frame numbers in the shot, from 0; -1 for a or e where it is left out. */
export type Quintuple = readonly [a: number, b: number, c: number, d: number, e: number];

/**
 * A weighted draw without replacement: each next one with probability proportional to its weight among those that are
 * left. Items of weight 0 are never drawn.
 *
 * @param weights at least 0.
 * @returns indices in the order drawn, at most `count`.
 */
export function drawWeighted(weights: readonly number[], count: number, random: Random): number[] {
  const left = [...weights];
  const drawn: number[] = [];
  while (drawn.length < count) {
    let total = 0;
    for (const weight of left) total += weight;
    let at = random.float() * total;
    let chosen = -1;
    for (let i = 0; i < left.length; i++) {
      if (left[i]! <= 0) continue;
      chosen = i; // the last one stands where rounding leaves a rest
      at -= left[i]!;
      if (at < 0) break;
    }
    if (chosen < 0) break;
    drawn.push(chosen);
    left[chosen] = 0;
  }
  return drawn;
}

/**
 * Five times in a window, in frames at `tauRate`, null for a or e where the window has one side only. The outer
 * distance is drawn first, then the sides in random order, each uniform in what still fits; c is uniform in the middle
 * third of b and d.
 *
 * Source: Misra, Zitnick and Hebert, "Shuffle and Learn", ECCV 2016, section 3, for the roles of the five frames.
 * Differs: distances are drawn from ranges unless `exactGaps`, and the start is uniform within the window's jitter, so
 * that a falls on no raster.
 */
export function drawTimes(
  window: Window,
  { tauMax, tauMin, sides }: Distances,
  exactGaps: boolean,
  random: Random,
): readonly [a: number | null, b: number, c: number, d: number, e: number | null] {
  const delay = random.int(window.jitter + 1);
  const both = sides === 'both';
  const first = random.int(2) === 0; // a before e: which side is drawn first, or which one is there at all
  let room = window.room - delay;
  const draw = (least: number, most: number, keptFree: number): number => {
    const length = least + (exactGaps ? 0 : random.int(Math.min(most, room - keptFree) - least + 1));
    room -= length;
    return length;
  };
  const outerLeast = exactGaps ? tauMax : Math.ceil(tauMax / 2);
  const outer = draw(outerLeast, tauMax, both ? 2 * tauMin : tauMin);
  const one = draw(tauMin, 2 * tauMin, both ? tauMin : 0);
  const other = both ? draw(tauMin, 2 * tauMin, 0) : null;
  const before = first ? one : other;
  const after = first ? other : one;
  const third = Math.ceil(outer / 3);
  const middle = third + random.int(Math.floor((2 * outer) / 3) - third + 1);
  const start = window.start + delay;
  const b = start + (before ?? 0);
  return [before === null ? null : start, b, b + middle, b + outer, after === null ? null : b + outer + after];
}

/**
 * The frames shown nearest to each time; null if two times meet in one frame, as where a slow source is shown.
 *
 * @param times Float64 [frames], rising.
 */
export function matchFrames(times: Float64Array, wanted: readonly (number | null)[]): Quintuple | null {
  const found = wanted.map((time) => (time === null ? -1 : nearest(times, time)));
  const there = found.filter((frame) => frame >= 0);
  const rises = there.every((frame, i) => i === 0 || frame > there[i - 1]!);
  return rises ? (found as unknown as Quintuple) : null;
}

function nearest(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low > 0 && time - times[low - 1]! <= times[low]! - time ? low - 1 : low;
}
