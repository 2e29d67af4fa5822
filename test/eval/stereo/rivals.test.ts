import { describe, expect, it } from 'vitest';
import { bestShift, errorOf, matchedRight, shiftErrors, shiftedBy } from '../../../src/eval/stereo/rivals.js';
import { createStereoFilm } from '../../../src/synthetic/index.js';

const row = (...values: number[]) => Uint8Array.from(values.flatMap((value) => [value, value, value]));
const pairOf = (left: Uint8Array, right: Uint8Array, weight = new Uint8Array(left.length / 3).fill(1)) => ({
  left,
  right,
  weight,
  width: weight.length,
  height: 1,
});

describe('the rivals of eval stereo', () => {
  it('measure the error by hand, and only where it counts', () => {
    const pair = pairOf(row(10, 20, 30, 40), row(20, 30, 40, 50));
    expect(errorOf(pair, pair.left)).toBe(10);
    expect(errorOf({ ...pair, weight: Uint8Array.of(1, 0, 0, 0) }, row(26, 0, 0, 0))).toBe(6);
    expect(errorOf({ ...pair, weight: new Uint8Array(4) }, pair.left)).toBe(0);
  });

  it('move the left eye so that a disparity of one shows what lies one to the right, by parts of a pixel too', () => {
    const pair = pairOf(row(10, 20, 30, 40), row(20, 30, 40, 50));
    expect([...shiftedBy(pair, 1)].filter((_, i) => i % 3 === 0)).toEqual([20, 30, 40, 40]);
    expect([...shiftedBy(pair, -0.5)].filter((_, i) => i % 3 === 0)).toEqual([10, 15, 25, 35]);
    expect([...shiftErrors(pair, 1)]).toEqual([17.5, 10, 2.5]);
    expect(bestShift([shiftErrors(pair, 1), Float64Array.of(0, 100, 100)])).toBe(0);
  });

  it('come nearest to the true right eye of a generated scene by matching it, and then by its best shift', () => {
    const film = createStereoFilm({ seed: 5, takes: [1] });
    const { width, height } = film;
    const pair = { ...film.view(0), weight: new Uint8Array(width * height).fill(1), width, height };
    const matched = errorOf(pair, matchedRight(pair, 10));
    const best = Math.min(...shiftErrors(pair, 10));
    expect(matched).toBeLessThan(0.8 * best);
    expect(best).toBeLessThanOrEqual(errorOf(pair, pair.left));
  });
});
