import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { createFitShare, drawTimes, drawWeighted, matchFrames } from '../../../src/mining/temporal-order/draw.js';
import type { Distances, Window } from '../../../src/mining/temporal-order/windows.js';

/** Chi-square at p = 0.01 by degrees of freedom, from tables. */
const critical: Readonly<Record<number, number>> = { 2: 9.21, 4: 13.28, 5: 15.09, 7: 18.48, 29: 49.59 };

function chiSquare(seen: readonly number[], expected: readonly number[]): number {
  return seen.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0);
}

describe('drawWeighted', () => {
  it('draws first with a frequency that follows the weights', () => {
    const weights = [1, 2, 0.5, 4, 0.25, 3, 1.25, 8];
    const total = weights.reduce((a, b) => a + b, 0);
    const draws = 20_000;
    const seen = weights.map(() => 0);
    const random = createRandom(5);
    for (let i = 0; i < draws; i++) seen[drawWeighted(weights, 1, random)[0]!]!++;
    expect(
      chiSquare(
        seen,
        weights.map((weight) => (weight / total) * draws),
      ),
    ).toBeLessThan(critical[7]!);
  });

  it('draws second as the weights that are left say', () => {
    // P(first i, second j) = w_i / 6 * w_j / (6 - w_i) for weights 1, 2, 3.
    const weights = [1, 2, 3];
    const pairs = [
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 2],
      [2, 0],
      [2, 1],
    ] as const;
    const draws = 12_000;
    const seen = pairs.map(() => 0);
    const random = createRandom(6);
    for (let n = 0; n < draws; n++) {
      const [first, second] = drawWeighted(weights, 2, random);
      seen[pairs.findIndex(([i, j]) => i === first && j === second)]!++;
    }
    const expected = pairs.map(([i, j]) => (draws * (weights[i]! / 6) * weights[j]!) / (6 - weights[i]!));
    expect(chiSquare(seen, expected)).toBeLessThan(critical[5]!);
  });

  it('gives every item of positive weight once, and none of weight 0', () => {
    expect(drawWeighted([0, 1, 0, 2, 3], 99, createRandom(1)).sort()).toEqual([1, 3, 4]);
    expect(drawWeighted([0, 0], 3, createRandom(1))).toEqual([]);
    expect(drawWeighted([], 3, createRandom(1))).toEqual([]);
  });
});

describe('drawTimes', () => {
  const both: Distances = { tauMax: 60, tauMin: 15, sides: 'both' };
  const window: Window = { start: 30, jitter: 2, room: 200, motion: 1 };

  it('keeps all distances in their ranges and c in the middle third', () => {
    const random = createRandom(7);
    for (let n = 0; n < 5000; n++) {
      const room = 60 + random.int(90);
      const jitter = Math.min(2, room - 60);
      const [a, b, c, d, e] = drawTimes({ ...window, room, jitter }, both, false, random);
      expect(d - b).toBeGreaterThanOrEqual(30);
      expect(d - b).toBeLessThanOrEqual(60);
      for (const side of [b - a!, e! - d]) {
        expect(side).toBeGreaterThanOrEqual(15);
        expect(side).toBeLessThanOrEqual(30);
      }
      expect(c - b).toBeGreaterThanOrEqual((d - b) / 3);
      expect(c - b).toBeLessThanOrEqual((2 * (d - b)) / 3);
      expect(a!).toBeGreaterThanOrEqual(30);
      expect(a!).toBeLessThanOrEqual(30 + jitter);
      expect(e!).toBeLessThanOrEqual(30 + room);
    }
  });

  it('draws the outer distance evenly where there is room', () => {
    const random = createRandom(8);
    const seen = Array.from({ length: 31 }, () => 0);
    for (let n = 0; n < 15_500; n++) {
      const [, b, , d] = drawTimes(window, both, false, random);
      seen[d - b - 30]!++;
    }
    // 30 degrees of freedom; 50.89 at p = 0.01.
    expect(
      chiSquare(
        seen,
        seen.map(() => 500),
      ),
    ).toBeLessThan(50.89);
  });

  it('with the share of distances that fit makes every place of a short shot as likely as another', () => {
    const distances: Distances = { tauMax: 8, tauMin: 2, sides: 'both' };
    const end = 15;
    const need = 8;
    const windows = Array.from({ length: end - need + 1 }, (_, start): Window => ({
      ...{ start, jitter: Math.min(1, end - start - need), room: end - start, motion: 1 },
    }));
    const share = createFitShare(distances, false);
    // by hand, over start, jitter and distances alike
    const expected = new Map<string, number>();
    let all = 0;
    for (const { start, jitter, room } of windows)
      for (let delay = 0; delay <= jitter; delay++)
        for (let outer = 4; outer <= 8; outer++)
          for (let one = 2; one <= 4; one++)
            for (let other = 2; other <= 4; other++) {
              if (delay + outer + one + other > room) continue;
              const key = `${start + delay} ${start + delay + outer + one + other}`;
              expected.set(key, (expected.get(key) ?? 0) + 1 / (jitter + 1));
              all += 1 / (jitter + 1);
            }
    const random = createRandom(12);
    const seen = new Map<string, number>();
    const draws = 40_000;
    const weights = windows.map((window) => window.motion * share(window));
    for (let n = 0; n < draws; n++) {
      const window = windows[drawWeighted(weights, 1, random)[0]!]!;
      const [a, , , , e] = drawTimes(window, distances, false, random);
      seen.set(`${a} ${e}`, (seen.get(`${a} ${e}`) ?? 0) + 1);
    }
    for (const [key, weight] of expected) {
      const mean = (weight / all) * draws;
      expect(Math.abs((seen.get(key) ?? 0) - mean)).toBeLessThan(5 * Math.sqrt(mean));
    }
    expect([...seen.keys()].every((key) => expected.has(key))).toBe(true);
  });

  it('gives exactly the named distances with exactGaps', () => {
    for (let n = 0; n < 50; n++) {
      const [a, b, , d, e] = drawTimes(window, both, true, createRandom(n));
      expect([b - a!, d - b, e! - d]).toEqual([15, 60, 15]);
    }
  });

  it('leaves out a or e, each about half the time, where there is one side', () => {
    const random = createRandom(9);
    let withoutA = 0;
    for (let n = 0; n < 2000; n++) {
      const [a, b, , d, e] = drawTimes({ ...window, room: 80 }, { ...both, sides: 'one' }, false, random);
      expect((a === null) !== (e === null)).toBe(true);
      if (a === null) withoutA++;
      expect(a ?? b).toBeGreaterThanOrEqual(30);
      expect(e ?? d).toBeLessThanOrEqual(110);
    }
    expect(withoutA).toBeGreaterThan(900);
    expect(withoutA).toBeLessThan(1100);
  });

  it('puts a on no raster, whatever the step of windows', () => {
    const random = createRandom(10);
    const seen = [0, 0, 0];
    for (let n = 0; n < 9000; n++) seen[drawTimes({ ...window, start: 3 * n }, both, false, random)[0]! % 3]!++;
    expect(chiSquare(seen, [3000, 3000, 3000])).toBeLessThan(critical[2]!);
  });
});

describe('matchFrames', () => {
  it('finds the frame shown nearest to each time, the earlier of two', () => {
    const times = Float64Array.of(0, 1, 2.5, 4, 7);
    expect(matchFrames(times, [0.4, 1.75, 3, 3.9, 99])).toEqual([0, 1, 2, 3, 4]);
  });

  it('keeps absent frames absent and gives null where two times meet in one frame', () => {
    const times = Float64Array.of(0, 1, 2, 3, 4, 5);
    expect(matchFrames(times, [null, 1, 2, 3, 4])).toEqual([-1, 1, 2, 3, 4]);
    expect(matchFrames(times, [0, 1, 2, 3, null])).toEqual([0, 1, 2, 3, -1]);
    expect(matchFrames(times, [0, 0.4, 2, 3, 4])).toBeNull();
  });

  it('agrees with a search through all frames on uneven times', () => {
    const random = createRandom(11);
    const times = Float64Array.from({ length: 200 }, () => 300 * random.float()).sort();
    for (let n = 0; n < 500; n++) {
      const wanted = Array.from({ length: 5 }, () => 320 * random.float() - 10).sort((a, b) => a - b);
      const slow = wanted.map((time) => {
        let best = 0;
        times.forEach((at, i) => (best = Math.abs(at - time) < Math.abs(times[best]! - time) ? i : best));
        return best;
      });
      const rises = slow.every((frame, i) => i === 0 || frame > slow[i - 1]!);
      expect(matchFrames(times, wanted)).toEqual(rises ? slow : null);
    }
  });
});
