import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { bootstrapInterval, quantile } from '../../../src/eval/metrics/index.js';

describe('bootstrapInterval', () => {
  it(
    'holds the truth in 93 to 97 of 100 simulated data sets whose groups share their luck',
    { timeout: 60_000 },
    () => {
      const random = createRandom('coverage');
      const trials = 1000;
      const share = (weights: Float64Array, right: readonly number[]) => {
        let sum = 0;
        let total = 0;
        for (let i = 0; i < right.length; i++) {
          sum += weights[i]! * right[i]!;
          total += weights[i]!;
        }
        return sum / total;
      };
      let covered = 0;
      let coveredBySingles = 0;
      for (let trial = 0; trial < trials; trial++) {
        const groups: string[] = [];
        const right: number[] = [];
        for (let g = 0; g < 80; g++) {
          const chance = random.float(); // true mean one half
          for (let clip = 0; clip < 5; clip++) {
            groups.push(String(g));
            right.push(random.float() < chance ? 1 : 0);
          }
        }
        const statistic = (weights: Float64Array) => share(weights, right);
        const [low, high] = bootstrapInterval({ groups, statistic, random, draws: 400 })!;
        if (low <= 0.5 && 0.5 <= high) covered++;
        const [lowSingle, highSingle] = bootstrapInterval({
          groups: groups.map((_, i) => String(i)),
          statistic,
          random,
          draws: 400,
        })!;
        if (lowSingle <= 0.5 && 0.5 <= highSingle) coveredBySingles++;
      }
      expect(covered / trials).toBeGreaterThanOrEqual(0.93);
      expect(covered / trials).toBeLessThanOrEqual(0.97);
      expect(coveredBySingles / trials).toBeLessThan(0.9);
    },
  );

  it('draws whole groups', () => {
    const seen = new Set<string>();
    bootstrapInterval({
      groups: ['a', 'a', 'b'],
      statistic: (weights) => {
        seen.add(weights.join());
        return 0;
      },
      random: createRandom(1),
      draws: 100,
    });
    expect([...seen].sort()).toEqual(['0,0,2', '1,1,1', '2,2,0']);
  });

  it('gives nothing for one group or where every draw lacks a class', () => {
    const random = createRandom(1);
    expect(bootstrapInterval({ groups: ['a', 'a'], statistic: () => 1, random })).toBeUndefined();
    expect(bootstrapInterval({ groups: ['a', 'b'], statistic: () => NaN, random })).toBeUndefined();
  });
});

describe('quantile', () => {
  it('interpolates between neighbours', () => {
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(quantile([1, 2, 3], 1)).toBe(3);
  });
});
