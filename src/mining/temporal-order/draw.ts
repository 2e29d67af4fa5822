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
 * Which share of all distances fits into a window, averaged over its jitter. Windows are drawn by motion times this share, and distances
 * then among those that fit: so every place and length of a quintuple is as likely as another, and none gathers at the end of a shot.
 */
export function createFitShare(distances: Distances, exactGaps: boolean): (window: Window) => number {
  const { outer, side } = ranges(distances, exactGaps);
  const sides = distances.sides === 'both' ? 2 : 1;
  const ways: number[] = []; // by the sum of the distances
  for (let o = outer.least; o <= outer.most; o++) {
    for (let one = side.least; one <= side.most; one++) {
      for (let other = side.least; other <= (sides === 2 ? side.most : side.least); other++) {
        const length = o + one + (sides === 2 ? other : 0);
        ways[length] = (ways[length] ?? 0) + 1;
      }
    }
  }
  let sum = 0;
  const upTo = Array.from(ways, (count: number | undefined) => (sum += count ?? 0));
  const fitting = (room: number): number => (room < 0 ? 0 : (upTo[room] ?? sum) / sum);
  return ({ room, jitter }) => {
    let share = 0;
    for (let delay = 0; delay <= jitter; delay++) share += fitting(room - delay) / (jitter + 1);
    return share;
  };
}

function ranges({ tauMax, tauMin }: Distances, exactGaps: boolean) {
  return exactGaps
    ? { outer: { least: tauMax, most: tauMax }, side: { least: tauMin, most: tauMin } }
    : { outer: { least: Math.ceil(tauMax / 2), most: tauMax }, side: { least: tauMin, most: 2 * tauMin } };
}

/**
 * Five times in a window, in frames at `tauRate`, null for a or e where the window has one side only. Start and distances are drawn
 * evenly among those that fit; c is uniform in the middle third of b and d.
 *
 * Source: Misra, Zitnick and Hebert, "Shuffle and Learn", ECCV 2016, section 3, for the roles of the five frames.
 * Differs: distances are drawn from ranges unless `exactGaps`, and the start is uniform within the window's jitter, so
 * that a falls on no raster.
 */
export function drawTimes(
  window: Window,
  distances: Distances,
  exactGaps: boolean,
  random: Random,
): readonly [a: number | null, b: number, c: number, d: number, e: number | null] {
  const { outer: outerRange, side: sideRange } = ranges(distances, exactGaps);
  const between = ({ least, most }: { readonly least: number; readonly most: number }): number =>
    least + (most > least ? random.int(most - least + 1) : 0);
  const hasA = distances.sides === 'both' || random.int(2) === 0;
  const hasE = distances.sides === 'both' || !hasA;
  for (;;) {
    const delay = random.int(window.jitter + 1);
    const outer = between(outerRange);
    const before = hasA ? between(sideRange) : 0;
    const after = hasE ? between(sideRange) : 0;
    if (delay + before + outer + after > window.room) continue; // the least of all fits, by how windows are found
    const third = Math.ceil(outer / 3);
    const middle = third + random.int(Math.floor((2 * outer) / 3) - third + 1);
    const start = window.start + delay;
    const b = start + before;
    return [hasA ? start : null, b, b + middle, b + outer, hasE ? b + outer + after : null];
  }
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
