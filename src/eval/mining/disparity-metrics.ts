import type { EstimatorFrame } from '../../mining/index.js';
import type { DisparityPair } from './disparity-truth.js';

/** How good a disparity is, over the pixels whose truth is known. */
export interface DisparityScore {
  /** Of the pixels that it says something of: share that is off by at most one pixel. */
  readonly withinPixel: number;
  /** Share of the pixels that both eyes see of which it says something. */
  readonly coverage: number;
  /** Mean distance from the truth of what it says, pixels. */
  readonly endPointError: number;
  /** Share of the pixels that both eyes see that are off by more than one pixel, or of which it says nothing. */
  readonly badPixels: number;
}

/**
 * Scores one disparity; null where no truth is known.
 *
 * @param truth float32 [height, width], pixels, NaN where unknown.
 * @param visible uint8 [height, width], 1 where both eyes see the place; null: everywhere.
 * @param found float32 [height, width], NaN where it says nothing.
 * @throws RangeError if the sizes differ.
 */
export function scoreDisparity(
  truth: Float32Array,
  visible: Uint8Array | null,
  found: Float32Array,
): DisparityScore | null {
  if (found.length !== truth.length)
    throw new RangeError(`The disparity must have ${truth.length} pixels, got ${found.length}.`);
  let [said, good, error, seen, covered, seenGood] = [0, 0, 0, 0, 0, 0];
  truth.forEach((d, i) => {
    if (Number.isNaN(d)) return;
    const isSeen = visible === null || visible[i] === 1;
    if (isSeen) seen++;
    if (Number.isNaN(found[i]!)) return;
    const off = Math.abs(found[i]! - d);
    said++;
    error += off;
    if (off <= 1) good++;
    if (!isSeen) return;
    covered++;
    if (off <= 1) seenGood++;
  });
  if (seen === 0) return null;
  return {
    withinPixel: said === 0 ? 0 : good / said,
    coverage: covered / seen,
    endPointError: said === 0 ? NaN : error / said,
    badPixels: 1 - seenGood / seen,
  };
}

/** The rival that says one disparity everywhere: the median of the truth, which it is told. */
export function flatDisparity(truth: Float32Array): Float32Array {
  const known = truth.filter((d) => !Number.isNaN(d)).sort();
  return new Float32Array(truth.length).fill(known[known.length >> 1] ?? 0);
}

/** By measure: one value for each pair. */
type DisparityColumns = Readonly<Record<keyof DisparityScore, readonly number[]>>;

/** Scores of every pair with a known truth, and those of the median of its truth. `onItem` is told how many were done before each. */
export async function scoreDisparities(
  items: readonly DisparityPair[],
  run: (frames: readonly [EstimatorFrame, EstimatorFrame]) => Promise<Float32Array>,
  onItem: (done: number) => void,
): Promise<{ readonly names: readonly string[]; readonly own: DisparityColumns; readonly flat: DisparityColumns }> {
  const names: string[] = [];
  const scores = { own: [] as DisparityScore[], flat: [] as DisparityScore[] };
  for (const [i, { name, load }] of items.entries()) {
    onItem(i);
    const { frames, disparity, visible } = await load();
    const rival = scoreDisparity(disparity, visible, flatDisparity(disparity));
    if (!rival) continue;
    names.push(name);
    scores.own.push(scoreDisparity(disparity, visible, await run(frames))!);
    scores.flat.push(rival);
  }
  const columns = (all: readonly DisparityScore[]): DisparityColumns => ({
    withinPixel: all.map((score) => score.withinPixel),
    coverage: all.map((score) => score.coverage),
    endPointError: all.map((score) => score.endPointError),
    badPixels: all.map((score) => score.badPixels),
  });
  return { names, own: columns(scores.own), flat: columns(scores.flat) };
}
