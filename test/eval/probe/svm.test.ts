import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { selectBackend, tf } from '../../../src/engine/index.js';
import { averagePrecision } from '../../../src/eval/index.js';
import {
  fitProbe,
  fitSvm,
  multiplyHere,
  multiplyOnEngine,
  objectiveBy,
  svmScores,
  toMatrix,
  type Matrix,
} from '../../../src/eval/probe/index.js';
import { chooseCost, costGrids, stratifiedFolds } from '../../../src/eval/voc-classification/folds.js';
import { drawShots } from '../../../src/eval/voc-classification/low-shot.js';

const golden = JSON.parse(readFileSync(new URL('../../golden/classification.json', import.meta.url), 'utf8')) as {
  readonly svm: Readonly<Record<string, { readonly scores: readonly number[]; readonly bias: number }>>;
  readonly folds: readonly number[];
  readonly crossValidation: Readonly<Record<string, number>>;
  readonly logistic: readonly number[];
};

/** The examples of the golden file. */
function makeExamples(): { readonly features: Matrix; readonly labels: readonly number[] } {
  const labels = Array.from({ length: 200 }, (_, i) => (Math.sin(2.1 * i + 0.4) > 0.4 ? 1 : -1));
  const features = toMatrix(
    labels.map((label, i) => {
      const row = Array.from(
        { length: 50 },
        (_, j) => Math.sin(0.7 * i + 1.3 * j + 0.013 * i * j) + 0.6 * label * Math.cos(0.9 * j),
      );
      const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) + 1e-5;
      return row.map((value) => value / length);
    }),
  );
  return { features, labels };
}

const { features, labels } = makeExamples();

/** The objective, written out. */
function objective(weights: Float64Array, cost: number, positiveWeight: number): number {
  const scores = svmScores(features, { weights });
  const hinge = labels.reduce(
    (sum, label, r) => sum + (label === 1 ? positiveWeight : 1) * Math.max(0, 1 - label * scores[r]!) ** 2,
    0,
  );
  return weights.reduce((sum, value) => sum + value * value, 0) / 2 + cost * hinge;
}

describe('the linear support vector machine', () => {
  it('separates what can be separated', () => {
    const clear = toMatrix([[2, 0], [1.5, 0.2], [-1, 0.1], [-2, 0]]); // prettier-ignore
    const svm = fitSvm(clear, [1, 1, -1, -1], { cost: 100 });
    expect(averagePrecision({ scores: svmScores(clear, svm), labels: [1, 1, -1, -1] }).stepWise).toBe(1);
  });

  it.each([0.01, 1, 100, 1000])('stands where the objective has no slope, at cost %d', (cost) => {
    const { weights, slope } = fitSvm(features, labels, { cost, positiveWeight: 2, tolerance: 1e-9 });
    expect(slope).toBeLessThan(1e-9);
    const here = objective(weights, cost, 2);
    const random = createRandom('directions');
    for (let n = 0; n < 20; n++) {
      const aside = weights.map((value) => value + 1e-3 * random.normal());
      expect(objective(aside, cost, 2)).toBeGreaterThan(here);
    }
    // The rows inside the margin hold the weights up: w = 2 C Σ c y margin x.
    const scores = svmScores(features, { weights });
    const held = new Float64Array(weights.length);
    labels.forEach((label, r) => {
      const pull = 2 * cost * (label === 1 ? 2 : 1) * label * Math.max(0, 1 - label * scores[r]!);
      for (let i = 0; i < 50; i++) held[i]! += pull * features.data[r * 50 + i]!;
      held[50]! += pull;
    });
    const size = Math.max(...weights.map(Math.abs));
    held.forEach((value, i) => expect(Math.abs(value - weights[i]!)).toBeLessThan(1e-4 * size));
  });

  it('scores as scikit-learn’s LinearSVC does', () => {
    for (const [cost, { scores, bias }] of Object.entries(golden.svm)) {
      const svm = fitSvm(features, labels, { cost: Number(cost), positiveWeight: 2, tolerance: 1e-10 });
      const own = svmScores(features, svm);
      scores.forEach((score, r) => expect(Math.abs(own[r]! - score)).toBeLessThan(1e-6));
      expect(svm.weights[50]).toBeCloseTo(bias, 6);
    }
  });

  it('takes a weight of 2 as every positive twice', () => {
    const rows = labels.flatMap((label, r) => (label === 1 ? [r, r] : [r]));
    const twice = toMatrix(rows.map((r) => features.data.subarray(r * 50, (r + 1) * 50)));
    const repeated = fitSvm(twice, rows.map((r) => labels[r]!), { cost: 1, tolerance: 1e-10 }); // prettier-ignore
    const weighed = fitSvm(features, labels, { cost: 1, positiveWeight: 2, tolerance: 1e-10 });
    weighed.weights.forEach((value, i) => expect(value).toBeCloseTo(repeated.weights[i]!, 7));
  });

  it('ends at the same place wherever it starts', () => {
    const elsewhere = fitSvm(features, labels, { cost: 0.1 }).weights;
    const cold = fitSvm(features, labels, { cost: 10, tolerance: 1e-10 });
    const warm = fitSvm(features, labels, { cost: 10, tolerance: 1e-10, start: elsewhere });
    cold.weights.forEach((value, i) => expect(value).toBeCloseTo(warm.weights[i]!, 6));
    expect(warm.iterations).toBeLessThanOrEqual(cold.iterations + 1);
  });
});

describe('choosing the cost', () => {
  it('divides as scikit-learn does, into folds that share nothing', () => {
    const folds = stratifiedFolds(labels, 3);
    expect([...folds]).toEqual(golden.folds);
    for (const label of [1, -1]) {
      const sizes = [0, 1, 2].map((fold) => labels.filter((own, i) => own === label && folds[i] === fold).length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });

  it('judges each cost as cross-validation by scikit-learn does, and takes the best', () => {
    const costs = [0.01, 1, 100];
    const { cost, scores } = chooseCost(features, labels, { costs, folds: 3, positiveWeight: 2 });
    costs.forEach((one, i) => expect(Math.abs(scores[i]! - golden.crossValidation[String(one)]!)).toBeLessThan(2e-3));
    expect(cost).toBe(costs[scores.indexOf(Math.max(...scores))]);
  });

  it('takes the middle cost where a fold would be without a positive', () => {
    const few = labels.map((_, i) => (i < 2 ? 1 : -1));
    expect(chooseCost(features, few, { costs: [1, 2, 3], folds: 3, positiveWeight: 2 })).toEqual({
      cost: 2,
      scores: [],
    });
  });

  it('has the costs of two code bases, rising', () => {
    expect(costGrids.fair).toHaveLength(26);
    expect(costGrids.fair).toContain(1 / 524288); // a half to the 19
    for (const grid of [costGrids.fair, costGrids.vissl])
      expect(grid.every((cost, i) => i === 0 || cost > grid[i - 1]!)).toBe(true);
  });
});

describe('few labels', () => {
  it('are drawn anew for each draw, are as many as asked for, and leave ignored pictures out', () => {
    const own = Array.from({ length: 60 }, (_, i) => (i % 10 === 0 ? 0 : i % 10 < 3 ? 1 : -1));
    const draw = (seed: number, positives = 2) =>
      drawShots(own, { positives, negatives: 19 * positives, random: createRandom(seed) });
    const rows = draw(1)!;
    expect(rows.filter((row) => own[row] === 1)).toHaveLength(2);
    expect(rows.filter((row) => own[row] === -1)).toHaveLength(38);
    expect(new Set(rows).size).toBe(40);
    expect(draw(1)).toEqual(rows);
    expect(draw(2)).not.toEqual(rows);
    expect(draw(1, 13)).toBeNull();
    expect(draw(1, 12)!.filter((row) => own[row] === -1)).toHaveLength(42); // all that there are
  });
});

describe('the logistic probe', () => {
  it('has the same loss and slope by the engine’s products as by its own', async () => {
    await selectBackend('auto');
    const random = createRandom('objective');
    const [rows, columns, classes] = [40, 17, 5];
    const data = Float64Array.from({ length: rows * columns }, () => random.normal());
    const matrix = { data, rows, columns };
    const labels = Int32Array.from({ length: rows }, () => random.int(classes));
    const x = Float64Array.from({ length: (columns + 1) * classes }, () => random.normal());
    const tensors = tf.memory().numTensors;
    const [here, there] = [multiplyHere, multiplyOnEngine].map((multiply) => {
      const objective = objectiveBy(multiply(matrix, classes), matrix, labels, { classes, weightDecay: 0.1 });
      const gradient = new Float64Array(x.length);
      const value = objective.evaluate(x, gradient);
      objective.dispose();
      return { value, gradient, objective };
    });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(there!.value).toBeCloseTo(here!.value, 5);
    here!.gradient.forEach((slope, i) => expect(there!.gradient[i]).toBeCloseTo(slope, 5));
    // against small steps
    const again = objectiveBy(multiplyHere(matrix, classes), matrix, labels, { classes, weightDecay: 0.1 });
    const unused = new Float64Array(x.length);
    for (const at of [0, 40, x.length - 1]) {
      const [above, below] = [1e-5, -1e-5].map((step) => again.evaluate(x.map((value, i) => value + (i === at ? step : 0)), unused)); // prettier-ignore
      expect((above! - below!) / 2e-5).toBeCloseTo(here!.gradient[at]!, 6);
    }
  });

  it('scores as scikit-learn’s LogisticRegression does', () => {
    const probe = fitProbe(
      { features, labels: Int32Array.from(labels, (label) => (label === 1 ? 1 : 0)) },
      { classes: 2, weightDecay: 0.01, maxIterations: 2000 },
    );
    const own = probe.scores(features);
    golden.logistic.forEach((score, r) => expect(Math.abs(own[2 * r + 1]! - own[2 * r]! - score)).toBeLessThan(5e-3));
  });
});
