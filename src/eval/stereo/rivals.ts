import { matchStereo, toLuma } from '../../vision/index.js';

/** Two eyes of one size, and which pixels count. */
export interface EyePair {
  /** uint8 [height, width, 3]; `right` likewise. */
  readonly left: Uint8Array;
  readonly right: Uint8Array;
  /** uint8 [height, width]: 1 where the error counts. */
  readonly weight: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Mean absolute difference from the true right eye over the pixels that count, grey levels. */
export function errorOf({ right, weight }: EyePair, made: ArrayLike<number>): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < weight.length; i++) {
    if (weight[i] === 0) continue;
    for (let at = 3 * i; at < 3 * i + 3; at++) sum += Math.abs(made[at]! - right[at]!);
    count += 3;
  }
  return count === 0 ? 0 : sum / count;
}

/** The left eye moved by one disparity, linear between pixels, the edge repeated. */
export function shiftedBy(pair: EyePair, disparity: number): Float32Array {
  return movedBy(pair, () => disparity);
}

/** Errors of the left eye moved by every whole disparity from `-reach` to `reach`. */
export function shiftErrors(pair: EyePair, reach: number): Float64Array {
  return Float64Array.from({ length: 2 * reach + 1 }, (_, k) => errorOf(pair, shiftedBy(pair, k - reach)));
}

/** The place of the shift that is best for all of these pairs together. */
export function bestShift(errors: readonly Float64Array[]): number {
  const sums = errors[0]!.map((_, k) => errors.reduce((sum, each) => sum + each[k]!, 0));
  return sums.indexOf(Math.min(...sums));
}

/**
 * The left eye moved by the disparity that the true pair is matched with: what a perfect guess of depth would give, but for what only the right eye
 * sees. Where the matcher is not sure, the farther of the neighbours in the row is taken.
 */
export function matchedRight(pair: EyePair, reach: number): Float32Array {
  const { left, right, width, height } = pair;
  // With the right eye first, a disparity comes out with the other sign.
  const found = matchStereo(toLuma(right), toLuma(left), width, height, { range: [-reach, reach], leastPatch: 20 });
  const filled = new Float32Array(found.length);
  for (let y = 0; y < height; y++) {
    const row = found.subarray(y * width, (y + 1) * width);
    for (let x = 0; x < width; x++) {
      let [before, after] = [x, x];
      while (before >= 0 && Number.isNaN(row[before]!)) before--;
      while (after < width && Number.isNaN(row[after]!)) after++;
      const sides = [row[before], row[after]].filter((value) => value !== undefined).map((value) => -value);
      filled[y * width + x] = sides.length === 0 ? 0 : Math.min(...sides);
    }
  }
  return movedBy(pair, (i) => filled[i]!);
}

function movedBy({ left, width, height }: EyePair, disparity: (pixel: number) => number): Float32Array {
  const out = new Float32Array(left.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const at = Math.min(width - 1, Math.max(0, x + disparity(i)));
      const low = Math.floor(at);
      const share = at - low;
      const [a, b] = [3 * (y * width + low), 3 * (y * width + Math.min(width - 1, low + 1))];
      for (let c = 0; c < 3; c++) out[3 * i + c] = left[a + c]! * (1 - share) + left[b + c]! * share;
    }
  }
  return out;
}
