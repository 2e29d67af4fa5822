import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import {
  bestOfWeights,
  fitGaussian,
  frechetDistance,
  RunningMean,
  signFlipTest,
  symmetricEigen,
  worstSample,
  type FeatureRows,
} from '../../../src/eval/index.js';

const { frechet } = JSON.parse(
  readFileSync(new URL('../../golden/prediction-metrics.json', import.meta.url), 'utf8'),
) as { readonly frechet: number };

const rowsOf = (rows: number, width: number, value: (n: number) => number): FeatureRows => ({
  data: Array.from({ length: rows * width }, (_, n) => value(n)),
  rows,
  width,
});
const gaussian = (mean: readonly number[], covariance: readonly number[]) => ({
  mean: Float64Array.from(mean),
  covariance: Float64Array.from(covariance),
});

describe('Fréchet distance', () => {
  it('equals closed forms', () => {
    const [a, b] = [gaussian([0, 0], [2, 0.5, 0.5, 1]), gaussian([1, 2], [1, -0.3, -0.3, 1.5])];
    expect(frechetDistance(a, b)).toBeCloseTo(5.46347119, 8);
    const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
    const four = identity.map((value) => 4 * value);
    expect(frechetDistance(gaussian([0, 0, 0], identity), gaussian([0, 0, 0], four))).toBeCloseTo(3, 12);
    expect(frechetDistance(a, a)).toBeCloseTo(0, 12);
  });

  it('equals the matrix root of SciPy, and does not mind the order or rotation of features', () => {
    const a = rowsOf(40, 6, (n) => Math.sin(0.9 * n + 0.002 * n * n));
    const b = rowsOf(30, 6, (n) => 0.3 + 1.4 * Math.sin(1.1 * n + 0.003 * n * n));
    const distance = (x: FeatureRows, y: FeatureRows) => frechetDistance(fitGaussian(x), fitGaussian(y));
    expect(distance(a, b)).toBeCloseTo(frechet, 8);
    expect(distance(b, a)).toBeCloseTo(frechet, 8);
    const reversed = (x: FeatureRows): FeatureRows =>
      rowsOf(x.rows, 6, (n) => x.data[Math.floor(n / 6) * 6 + 5 - (n % 6)]!);
    expect(distance(reversed(a), reversed(b))).toBeCloseTo(frechet, 8);
    const turned = (x: FeatureRows): FeatureRows =>
      rowsOf(x.rows, 6, (n) => {
        const [row, column] = [Math.floor(n / 6) * 6, n % 6];
        const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
        if (column === 1) return c * x.data[row + 1]! - s * x.data[row + 4]!;
        return column === 4 ? s * x.data[row + 1]! + c * x.data[row + 4]! : x.data[row + column]!;
      });
    expect(distance(turned(a), turned(b))).toBeCloseTo(frechet, 8);
  });

  it('stays finite where there are fewer rows than features', () => {
    const few = rowsOf(4, 8, (n) => Math.sin(3 * n));
    expect(frechetDistance(fitGaussian(few), fitGaussian(rowsOf(5, 8, (n) => Math.cos(2 * n))))).toBeGreaterThan(0);
    expect(() => fitGaussian(rowsOf(1, 3, () => 0))).toThrow(/at least 2 rows/);
  });

  it('rests on eigenvectors that give the matrix back', () => {
    const random = createRandom(5);
    const width = 9;
    const half = Array.from({ length: width * width }, () => random.normal());
    const matrix = Float64Array.from(half, (_, i) => half[i]! + half[(i % width) * width + Math.floor(i / width)]!);
    const { values, vectors } = symmetricEigen(matrix, width);
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < width; j++) {
        let sum = 0;
        for (let k = 0; k < width; k++) sum += vectors[i * width + k]! * values[k]! * vectors[j * width + k]!;
        expect(sum).toBeCloseTo(matrix[i * width + j]!, 10);
      }
    }
  });
});

describe('best of several samples', () => {
  const scores = [3, 9, 4, 7, 5];

  /** The mean over all subsets of n of the best score: what the weights must give. */
  function byCounting(n: number, best: (...values: number[]) => number): number {
    const results: number[] = [];
    for (let bits = 0; bits < 1 << scores.length; bits++) {
      const chosen = scores.filter((_, i) => (bits >> i) & 1);
      if (chosen.length === n) results.push(best(...chosen));
    }
    return results.reduce((sum, value) => sum + value) / results.length;
  }

  it('is the mean over all ways to draw them', () => {
    const weighted = (n: number, direction: 'higher' | 'lower') =>
      bestOfWeights(scores, n, direction).reduce((sum, weight, i) => sum + weight * scores[i]!, 0);
    for (let n = 1; n <= 5; n++) {
      expect(weighted(n, 'higher')).toBeCloseTo(byCounting(n, Math.max), 12);
      expect(weighted(n, 'lower')).toBeCloseTo(byCounting(n, Math.min), 12);
      if (n > 1) expect(weighted(n, 'higher')).toBeGreaterThan(weighted(n - 1, 'higher'));
    }
  });

  it('sums to one for a hundred samples, and knows the worst', () => {
    const random = createRandom(2);
    const many = Array.from({ length: 100 }, () => random.float());
    for (const n of [1, 20, 99, 100])
      expect(bestOfWeights(many, n, 'lower').reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 10);
    expect(worstSample(scores, 'higher')).toBe(0);
    expect(worstSample(scores, 'lower')).toBe(1);
    expect(() => bestOfWeights(scores, 6, 'higher')).toThrow(/best of 6/);
  });
});

describe('running mean', () => {
  it('equals the mean and deviation of all at once, in any order', () => {
    const random = createRandom(1);
    const values = Array.from({ length: 500 }, () => 1e6 + random.normal());
    const [there, back] = [new RunningMean(), new RunningMean()];
    values.forEach((value) => there.add(value));
    [...values].reverse().forEach((value) => back.add(value));
    const mean = values.reduce((sum, value) => sum + value, 0) / 500;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 499);
    expect(there.mean).toBeCloseTo(mean, 6);
    expect(there.deviation).toBeCloseTo(deviation, 6);
    expect(back.mean).toBeCloseTo(there.mean, 8);
    expect(there.interval![1] - there.interval![0]).toBeCloseTo((2 * 1.96 * deviation) / Math.sqrt(500), 8);
  });

  it('has no interval of one value', () => {
    const one = new RunningMean();
    one.add(3);
    expect(one.interval).toBeUndefined();
  });
});

describe('flipping signs', () => {
  const random = createRandom(4);

  it('counts all ways for few pairs', () => {
    // of 2^4 sign patterns only all-plus and all-minus reach the sum of 10
    expect(signFlipTest([1, 2, 3, 4], { random })).toBe(2 / 16);
    expect(signFlipTest([1, -1], { random })).toBe(1);
    expect(signFlipTest([0, 0, 0], { random })).toBe(1);
  });

  it('tells a difference from none for many pairs', () => {
    const noise = Array.from({ length: 200 }, () => random.normal());
    expect(
      signFlipTest(
        noise.map((value) => value + 0.5),
        { random, draws: 2000 },
      ),
    ).toBeLessThan(0.01);
    const centred = noise.map((value, i) => (i % 2 === 0 ? value : -noise[i - 1]!));
    expect(signFlipTest(centred, { random, draws: 2000 })).toBe(1);
  });
});
