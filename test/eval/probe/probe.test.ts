import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { topKAccuracy } from '../../../src/eval/metrics/index.js';
import { drawHeldOutGroups, fitProbe, meanCrossEntropy, selectProbe, toMatrix } from '../../../src/eval/probe/index.js';
import { rowSpace, standardiser } from '../../../src/eval/probe/features.js';
import { minimise } from '../../../src/eval/probe/lbfgs.js';

function blobs({
  rows,
  columns,
  classes,
  seed,
  spread,
}: {
  rows: number;
  columns: number;
  classes: number;
  seed: number;
  spread: number;
}) {
  const centre = createRandom('centres');
  const centres = Array.from({ length: classes }, () => Array.from({ length: columns }, () => centre.normal()));
  const random = createRandom(seed);
  const labels = Int32Array.from({ length: rows }, (_, r) => r % classes);
  const features = toMatrix(Array.from(labels, (label) => centres[label]!.map((c) => c + spread * random.normal())));
  return { features, labels, groups: Array.from(labels, (_, r) => `g${Math.floor(r / 4)}`) };
}

describe('minimise', () => {
  it('finds the minimum of a narrow curved valley', () => {
    const x = Float64Array.of(-1.2, 1);
    const { converged } = minimise(
      (at, gradient) => {
        const [a, b] = [at[0]!, at[1]!];
        gradient[0] = -2 * (1 - a) - 400 * a * (b - a * a);
        gradient[1] = 200 * (b - a * a);
        return (1 - a) * (1 - a) + 100 * (b - a * a) * (b - a * a);
      },
      x,
      { tolerance: 1e-9 },
    );
    expect(converged).toBe(true);
    expect(x[0]).toBeCloseTo(1, 8);
    expect(x[1]).toBeCloseTo(1, 8);
  });
});

describe('fitProbe', () => {
  it('separates what is linearly separable', () => {
    const train = blobs({ rows: 80, columns: 5, classes: 4, seed: 1, spread: 0.1 });
    const test = blobs({ rows: 80, columns: 5, classes: 4, seed: 2, spread: 0.1 });
    const probe = fitProbe(train, { classes: 4, weightDecay: 1e-4 });
    expect(topKAccuracy({ scores: probe.scores(test.features), labels: test.labels, classes: 4 })).toBe(1);
  });

  it('reaches the log odds where the solution is known in closed form', () => {
    // one 0/1 feature and no decay: the fitted probabilities are the frequencies
    const rows = [...new Array<number>(8).fill(0), ...new Array<number>(8).fill(1)];
    const labels = Int32Array.from([0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1]);
    const probe = fitProbe({ features: toMatrix(rows.map((x) => [x])), labels }, { classes: 2, weightDecay: 0 });
    const scores = probe.scores(toMatrix([[0], [1]]));
    expect(scores[1]! - scores[0]!).toBeCloseTo(Math.log(2 / 6), 4);
    expect(scores[3]! - scores[2]!).toBeCloseTo(Math.log(6 / 2), 4);
  });

  it('meets the same minimum as plain gradient descent', () => {
    const { features, labels } = blobs({ rows: 30, columns: 3, classes: 3, seed: 4, spread: 1.5 });
    const standard = standardiser(features)(features);
    const [classes, weightDecay] = [3, 0.01];
    const w = new Float64Array(4 * classes);
    for (let step = 0; step < 20_000; step++) {
      const gradient = w.map((value, i) => (i < 3 * classes ? weightDecay * value : 0));
      for (let r = 0; r < 30; r++) {
        const x = [...standard.data.subarray(r * 3, r * 3 + 3), 1];
        const z = [0, 1, 2].map((c) => Math.exp(x.reduce((sum, value, i) => sum + value * w[i * classes + c]!, 0)));
        const total = z.reduce((a, b) => a + b, 0);
        x.forEach((value, i) =>
          z.forEach((e, c) => (gradient[i * classes + c]! += (value * (e / total - (labels[r] === c ? 1 : 0))) / 30)),
        );
      }
      for (let i = 0; i < w.length; i++) w[i]! -= 0.5 * gradient[i]!;
    }
    const probe = fitProbe({ features, labels }, { classes, weightDecay });
    const scores = probe.scores(features);
    for (let r = 0; r < 30; r++) {
      const x = [...standard.data.subarray(r * 3, r * 3 + 3), 1];
      const slow = [0, 1, 2].map((c) => x.reduce((sum, value, i) => sum + value * w[i * classes + c]!, 0));
      for (const c of [1, 2]) expect(scores[r * 3 + c]! - scores[r * 3]!).toBeCloseTo(slow[c]! - slow[0]!, 3);
    }
  });

  it('gives the same scores in the row space as in all columns', () => {
    const train = blobs({ rows: 12, columns: 40, classes: 3, seed: 5, spread: 1 });
    const test = blobs({ rows: 9, columns: 40, classes: 3, seed: 6, spread: 1 });
    const padded = (m: typeof train.features) => m; // 40 columns > 12 rows: taken through the row space
    const reduced = fitProbe(train, { classes: 3, weightDecay: 0.01 }).scores(padded(test.features));
    // the direct solution: repeat every row four times, which leaves mean, deviation and objective alone but has more rows than columns
    const rows = Array.from({ length: 48 }, (_, r) => train.features.data.subarray((r % 12) * 40, (r % 12) * 40 + 40));
    const labels = Int32Array.from({ length: 48 }, (_, r) => train.labels[r % 12]!);
    const direct = fitProbe({ features: toMatrix(rows), labels }, { classes: 3, weightDecay: 0.01 }).scores(
      test.features,
    );
    direct.forEach((value, i) => expect(reduced[i]).toBeCloseTo(value, 3));
  });

  it('ignores a constant feature', () => {
    const { features, labels } = blobs({ rows: 20, columns: 2, classes: 2, seed: 7, spread: 1 });
    const wide = toMatrix(Array.from(labels, (_, r) => [features.data[r * 2]!, features.data[r * 2 + 1]!, 5]));
    const a = fitProbe({ features, labels }, { classes: 2, weightDecay: 0.1 }).scores(features);
    const b = fitProbe({ features: wide, labels }, { classes: 2, weightDecay: 0.1 }).scores(wide);
    a.forEach((value, i) => expect(b[i]).toBeCloseTo(value, 6));
  });
});

describe('rowSpace', () => {
  it('keeps every inner product with a training row', () => {
    const train = blobs({ rows: 6, columns: 20, classes: 2, seed: 8, spread: 1 }).features;
    const test = blobs({ rows: 3, columns: 20, classes: 2, seed: 9, spread: 1 }).features;
    const rotate = rowSpace(train);
    const [a, b] = [rotate(train), rotate(test)];
    expect(a.columns).toBe(6);
    const inner = (m: typeof train, r: number, n: typeof train, s: number) =>
      Array.from({ length: m.columns }, (_, i) => m.data[r * m.columns + i]! * n.data[s * n.columns + i]!).reduce(
        (x, y) => x + y,
        0,
      );
    for (let r = 0; r < 6; r++)
      for (let s = 0; s < 3; s++) expect(inner(a, r, b, s)).toBeCloseTo(inner(train, r, test, s), 8);
  });
});

describe('selectProbe', () => {
  it('holds out whole groups, of every class, and other ones for another seed', () => {
    const examples = blobs({ rows: 160, columns: 2, classes: 4, seed: 1, spread: 1 });
    const byClass = {
      labels: examples.labels,
      groups: Array.from(examples.labels, (label, r) => `${label}:${Math.floor(r / 16)}`),
    };
    const first = drawHeldOutGroups(byClass, { share: 0.25, random: createRandom(1) });
    const second = drawHeldOutGroups(byClass, { share: 0.25, random: createRandom(2) });
    for (const label of [0, 1, 2, 3])
      expect([...first].filter((group) => group.startsWith(`${label}:`))).toHaveLength(3);
    expect([...first].sort()).not.toEqual([...second].sort());
  });

  it('keeps the only group of a class for fitting', () => {
    const held = drawHeldOutGroups(
      { labels: Int32Array.of(0, 0, 1, 1), groups: ['a', 'a', 'b', 'c'] },
      { share: 0.5, random: createRandom(1) },
    );
    expect(held.has('a')).toBe(false);
    expect(held.size).toBe(1);
  });

  it('chooses strong decay where features are noise around a weak signal', () => {
    const random = createRandom('weak');
    const labels = Int32Array.from({ length: 60 }, (_, r) => r % 2);
    const features = toMatrix(
      Array.from(labels, (label) => Array.from({ length: 100 }, () => random.normal() + (label ? 0.15 : -0.15))),
    );
    const probe = selectProbe(
      { features, labels, groups: Array.from(labels, (_, r) => `g${Math.floor(r / 2)}`) },
      { classes: 2, weightDecays: [1e-6, 10], random: createRandom(2) },
    );
    const scores = probe.scores(features);
    expect(probe.weightDecay).toBe(10);
    expect(probe.selectedOn).toBe('group-val');
    expect(meanCrossEntropy(scores, labels, 2)).toBeLessThan(Math.log(2));
  });

  it('says that nothing was chosen where there is one candidate, or no class has two groups', () => {
    const { features, labels } = blobs({ rows: 20, columns: 2, classes: 2, seed: 7, spread: 1 });
    const choose = (weightDecays: readonly number[], groups: (row: number) => string) =>
      selectProbe(
        { features, labels, groups: Array.from(labels, (_, row) => groups(row)) },
        { classes: 2, weightDecays, random: createRandom(1) },
      );
    const { weightDecay, selectedOn } = choose([0.01, 0.1], (row) => `only of ${labels[row]}`);
    expect([weightDecay, selectedOn]).toEqual([0.1, 'fixed']);
    expect(choose([0.1], (row) => `${labels[row]}:${row}`).selectedOn).toBe('fixed');
    expect(choose([0.01, 0.1], (row) => `${labels[row]}:${row}`).selectedOn).toBe('group-val');
  });

  it('cross-entropy of equal scores is the logarithm of the number of classes', () => {
    expect(meanCrossEntropy([5, 5, 5, 5], [3], 4)).toBeCloseTo(Math.log(4), 12);
  });
});
