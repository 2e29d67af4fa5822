import { prepareNearest } from '../../vision/index.js';
import type { MotionMasksConfig } from './config.js';
import { descriptorLength } from './regions.js';

/** What a frame brings into the vote. */
export interface Voter {
  /** float32 [regions, descriptorLength]. */
  readonly descriptors: Float32Array;
  /** float32 [regions]: mean saliency of each, 0–1. */
  readonly saliency: Float32Array;
}

/** Who votes for whom: row r has `neighbours` entries. */
export interface VoteGraph {
  readonly neighbours: number;
  /** int32 [rows, neighbours]: rows that vote, of all frames one after the other; -1 where there are not as many. */
  readonly from: Int32Array;
  /** float32 of the same shape: each row sums to 1. */
  readonly weights: Float32Array;
}

/**
 * The regions most like each region, itself among them, in the frames at most `reach` away, and what their votes weigh:
 * exp(-d² / spread), with rows that sum to 1. Likeness of 0 distance weighs most; nothing is dropped for it.
 */
export function linkRegions(
  voters: readonly Voter[],
  { neighbours, reach, spread }: Pick<MotionMasksConfig, 'neighbours' | 'reach' | 'spread'>,
): VoteGraph {
  const counts = voters.map(({ saliency }) => saliency.length);
  const starts = counts.map((_, i) => counts.slice(0, i).reduce((sum, count) => sum + count, 0));
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const data = new Float32Array(rows * descriptorLength);
  voters.forEach(({ descriptors }, i) => data.set(descriptors, starts[i]! * descriptorLength));
  const find = prepareNearest({ data, length: descriptorLength }, neighbours, Math.max(1, ...counts));
  const from = new Int32Array(rows * neighbours).fill(-1);
  const weights = new Float32Array(rows * neighbours);
  voters.forEach((_, i) => {
    const [low, high] = [Math.max(0, i - reach), Math.min(voters.length - 1, i + reach)];
    const candidates = { first: starts[low]!, count: starts[high]! + counts[high]! - starts[low]! };
    const { found, distances } = find({ first: starts[i]!, count: counts[i]! }, candidates);
    for (let row = 0; row < counts[i]!; row++) {
      const [to, at] = [(starts[i]! + row) * neighbours, row * neighbours];
      let sum = 0;
      for (let k = 0; k < neighbours && found[at + k]! >= 0; k++) {
        from[to + k] = found[at + k]!;
        weights[to + k] = decay(distances[at + k]! / spread);
        sum += weights[to + k]!;
      }
      for (let k = 0; k < neighbours; k++) weights[to + k]! /= sum;
    }
  });
  return { neighbours, from, weights };
}

/**
 * Lets regions vote: v ← (1 − restart) T v + restart v0, then each frame is divided by its largest vote, `rounds` times.
 *
 * @returns float32 [regions] for each frame, 0–1.
 *
 * Source: Faktor and Irani, "Video Segmentation by Non-Local Consensus Voting", BMVC 2014.
 * Differs: the restart, which keeps small things from being smeared over what is like them.
 */
export function vote(
  voters: readonly Voter[],
  { neighbours, from, weights }: VoteGraph,
  { rounds, restart }: Pick<MotionMasksConfig, 'rounds' | 'restart'>,
): readonly Float32Array[] {
  const counts = voters.map(({ saliency }) => saliency.length);
  const rows = weights.length / neighbours;
  const first = new Float32Array(rows);
  let at = 0;
  for (const { saliency } of voters) {
    first.set(saliency, at);
    at += saliency.length;
  }
  const scale = (votes: Float32Array): void => {
    let start = 0;
    for (const count of counts) {
      const own = votes.subarray(start, start + count);
      const most = own.reduce((a, b) => Math.max(a, b), 0);
      if (most > 0) for (let n = 0; n < count; n++) own[n]! /= most;
      start += count;
    }
  };
  let votes = first;
  for (let round = 0; round < rounds; round++) {
    const next = new Float32Array(rows);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let k = row * neighbours; k < (row + 1) * neighbours && from[k]! >= 0; k++) {
        sum += weights[k]! * votes[from[k]!]!;
      }
      next[row] = (1 - restart) * sum + restart * first[row]!;
    }
    scale(next);
    votes = next;
  }
  let start = 0;
  return counts.map((count) => {
    start += count;
    return votes.slice(start - count, start);
  });
}

/** exp(-x) for x from 0 on, to 1e-9 and 0 beyond 30, by sums and products: what samples are made of must not change with Math.exp. */
function decay(x: number): number {
  if (x > 30) return 0;
  const part = x / 256;
  let value = 1;
  for (let k = 6; k >= 1; k--) value = 1 - (part * value) / k;
  for (let k = 0; k < 8; k++) value *= value;
  return value;
}
