import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { energyScore } from '../../../src/eval/metrics/index.js';

describe('energy score', () => {
  it('is worked out by hand on two samples of two values', () => {
    const truth = Float32Array.of(0, 0);
    const samples = [Float32Array.of(3, 4), Float32Array.of(0, 2)];
    // distances from the truth √12.5 and √2, from each other √6.5
    expect(energyScore(truth, samples)).toBeCloseTo((Math.sqrt(12.5) + Math.sqrt(2)) / 2 - Math.sqrt(6.5) / 2, 6);
    expect(energyScore(truth, samples.slice(0, 1))).toBeCloseTo(Math.sqrt(12.5), 6);
    expect(energyScore(truth, [truth, truth])).toBe(0);
    expect(() => energyScore(truth, [])).toThrow(RangeError);
  });

  it('is least on average for samples of the true distribution, and the same for any number of them', () => {
    const random = createRandom(3);
    const draw = (deviation: number) => Float32Array.of(deviation * random.normal());
    const score = (deviation: number, count: number) => {
      let sum = 0;
      for (let i = 0; i < 4000; i++)
        sum += energyScore(
          draw(1),
          Array.from({ length: count }, () => draw(deviation)),
        );
      return sum / 4000;
    };
    const right = score(1, 10);
    expect(right).toBeCloseTo(1 / Math.sqrt(Math.PI), 1); // E|x - y| / 2 of normal numbers
    expect(Math.abs(score(1, 3) - right)).toBeLessThan(0.03);
    expect(score(0.2, 10)).toBeGreaterThan(right * 1.1);
    expect(score(3, 10)).toBeGreaterThan(right * 1.1);
  });
});
