import { matchBlocks, matchStereo } from '../../vision/index.js';
import { percentile } from './detect.js';
import type { Picture } from './layout.js';

/** Votes for the first eye being the left one (positive) and against it, and what they weigh. */
export interface OrderVotes {
  readonly forLeft: number;
  readonly forRight: number;
}

/** Most by which one eye may be higher, pixels: it is refused later, for that. */
const mostOffset = 4;
/** How far blocks are looked for, as a share of the width: farther than films go, and as far as pairs of laboratories. */
const [usualReach, farReach] = [0.075, 0.2];
/** Most that one cue of one frame weighs. */
const heaviest = 10;
/** The ground is looked for below this share of the height first: rooms and forests are near above, too. */
const groundFrom = 0.4;
/** A cue that is weaker than this many times its error says nothing. */
const weakest = 2;

/**
 * What one frame says of which eye comes first. Three cues: the lower part of pictures is nearer; where only one eye sees the background
 * beside a thing, the background goes on there in the left eye's left; and disparities wider than films have, all of one sign, are of
 * parallel cameras, for which nothing lies behind the screen.
 *
 * @param first luma of the eye that comes first, square pixels, 320 wide; `second` likewise.
 * @param looksBehind whether the second cue is asked, which takes ten times as long as the others.
 */
export function voteEyeOrder(first: Picture, second: Picture, looksBehind = true): OrderVotes {
  const { width, height } = first;
  const match = (reach: number) => {
    const all = matchBlocks(first.data, second.data, width, height, {
      dx: [-Math.round(reach * width), Math.round(reach * width)],
      dy: [-mostOffset, mostOffset],
      leastDeviation: 6,
    });
    return { textured: all.length, found: all.filter(({ correlation }) => correlation > 0.85) };
  };
  const usual = match(usualReach);
  // Where most is not found, things may be nearer than films show them: what was found so far is then chance.
  const all = (usual.found.length < usual.textured / 2 ? match(farReach) : usual).found;
  const offset = Math.round(
    percentile(
      all.map(({ dy }) => dy),
      0.5,
    ),
  );
  const blocks = all.filter(({ dy }) => dy === offset);
  const whole = blocks.map(({ y, dx }) => [y, dx] as const);
  const lower = whole.filter(([y]) => y >= groundFrom * height);
  const votes = [
    groundVote(lower) || groundVote(whole) / 2,
    looksBehind ? occlusionVote(first, lift(second, offset)) : 0,
    parallelVote(
      blocks.map(({ dx }) => -dx),
      width,
    ),
  ];
  const sum = (sign: 1 | -1) => votes.reduce((total, vote) => total + Math.min(heaviest, Math.max(0, sign * vote)), 0);
  return { forLeft: sum(1), forRight: sum(-1) };
}

/** The picture moved up by so many rows; the last row is repeated. */
function lift(picture: Picture, rows: number): Picture {
  const { data, width, height } = picture;
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    const from = Math.min(height - 1, Math.max(0, y + rows)) * width;
    out.set(data.subarray(from, from + width), y * width);
  }
  return { ...picture, data: out };
}

/** Slope of the shift over the rows, in errors of its own; positive where what is lower is nearer with the first eye left. */
function groundVote(points: readonly (readonly [y: number, dx: number])[]): number {
  if (points.length < 12) return 0;
  let kept = points;
  let [slope, error] = [0, Infinity];
  // Least squares, thrice: each time without what is farther off than 2.5 times the usual.
  for (let round = 0; round < 3; round++) {
    const n = kept.length;
    const [my, mx] = [mean(kept.map(([y]) => y)), mean(kept.map(([, dx]) => dx))];
    const syy = kept.reduce((sum, [y]) => sum + (y - my) * (y - my), 0);
    if (syy === 0 || n < 8) return 0;
    slope = kept.reduce((sum, [y, dx]) => sum + (y - my) * (dx - mx), 0) / syy;
    const residual = ([y, dx]: readonly [number, number]): number => dx - mx - slope * (y - my);
    const squares = kept.reduce((sum, point) => sum + residual(point) * residual(point), 0);
    error = Math.sqrt(Math.max(squares / (n - 2), 0.01) / syy);
    const usual = percentile(
      kept.map((point) => Math.abs(residual(point))),
      0.5,
    );
    kept = kept.filter((point) => Math.abs(residual(point)) <= 2.5 * Math.max(usual, 0.25));
  }
  const strength = -slope / error;
  return Math.abs(strength) < weakest ? 0 : strength;
}

/** Least jump of the disparity over a stretch that only the first eye sees, and its width, pixels. */
const leastJump = 2;

/**
 * Stretches of a row that only the first eye sees lie between something far on one side and something near on the other. They show what is
 * far. If the first eye is the left one, the far side is the one with the smaller disparity, on their left.
 */
function occlusionVote(first: Picture, second: Picture): number {
  const { width, height, data } = first;
  const reach = Math.round(0.06 * width);
  const disparity = matchStereo(data, second.data, width, height, { range: [-reach, reach], leastPatch: 100 });
  let [toLeft, toRight] = [0, 0];
  for (let y = 2; y < height - 2; y += 2) {
    for (let x = 8; x < width - 8; x++) {
      if (!Number.isNaN(disparity[y * width + x]!) || Number.isNaN(disparity[y * width + x - 1]!)) continue;
      let end = x;
      while (end < width - 8 && Number.isNaN(disparity[y * width + end]!)) end++;
      const before = disparity[y * width + x - 1]!;
      const after = disparity[y * width + end]!;
      const gap = end - x;
      // What is hidden is as wide as the disparity jumps.
      if (!Number.isNaN(after) && after - before >= leastJump && gap >= leastJump && gap <= 2 * (after - before) + 2) {
        const own = meanOf(data, width, y, x, end);
        const left = Math.abs(own - meanOf(data, width, y, x - 5, x - 1));
        const right = Math.abs(own - meanOf(data, width, y, end + 1, end + 5));
        if (Math.abs(left - right) > 4) {
          if (left < right) toLeft++;
          else toRight++;
        }
      }
      x = end;
    }
  }
  const count = toLeft + toRight;
  if (count < 20) return 0;
  const strength = (toLeft - toRight) / Math.sqrt(4 * count); // rows beside each other are no independent votes
  return Math.abs(strength) < weakest ? 0 : strength;
}

/** Ranges beyond this are no film's, as shares of the width. */
const widerThanFilms = 0.035;
/** How near to 0 the farthest place of parallel cameras is, as a share of the range. */
const parallelEnd = 0.35;

/** Films touch the screen's plane with all that is in the picture, too, if seldom: within their range the cue weighs less. */
function parallelVote(disparities: readonly number[], width: number): number {
  if (disparities.length < 20) return 0;
  const [low, high] = [percentile(disparities, 0.03) / width, percentile(disparities, 0.97) / width];
  const range = high - low;
  if (range < 0.004) return 0;
  const weight = range > widerThanFilms ? 4 : 2;
  if (low > -0.001 && low < parallelEnd * range) return weight;
  return high < 0.001 && high > -parallelEnd * range ? -weight : 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function meanOf(data: Uint8Array, width: number, y: number, from: number, to: number): number {
  let sum = 0;
  for (let row = y - 1; row <= y + 1; row++) for (let x = from; x < to; x++) sum += data[row * width + x]!;
  return sum / (3 * (to - from));
}
