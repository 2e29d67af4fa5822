import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import {
  areaUnderCurve,
  balancedAccuracy,
  bestClasses,
  classMeanAccuracy,
  topKAccuracy,
} from '../../../src/eval/metrics/index.js';

describe('accuracy', () => {
  it('differs from the class mean where classes are unequal', () => {
    // class 0: three of three right; class 1: none of one
    const examples = { scores: [2, 1, 2, 1, 2, 1, 2, 1], labels: [0, 0, 0, 1], classes: 2 };
    expect(topKAccuracy(examples)).toBe(0.75);
    expect(classMeanAccuracy(examples)).toBe(0.5);
  });

  it('ranks equal scores by class index', () => {
    expect(topKAccuracy({ scores: [1, 1, 1], labels: [0], classes: 3 })).toBe(1);
    expect(topKAccuracy({ scores: [1, 1, 1], labels: [2], classes: 3, k: 2 })).toBe(0);
    expect(topKAccuracy({ scores: [1, 1, 1], labels: [2], classes: 3, k: 3 })).toBe(1);
    expect([...bestClasses([1, 1, 1, 0, 2, 2], 3)]).toEqual([0, 1]);
  });

  it('agrees with sorting every row', () => {
    const random = createRandom(3);
    const classes = 7;
    const labels = Array.from({ length: 200 }, () => random.int(classes));
    const scores = Array.from({ length: labels.length * classes }, () => random.int(5));
    for (const k of [1, 2, 5, 7]) {
      const hits = labels.filter((label, row) => {
        const order = Array.from({ length: classes }, (_, c) => c).sort(
          (a, b) => scores[row * classes + b]! - scores[row * classes + a]! || a - b,
        );
        return order.slice(0, k).includes(label);
      });
      expect(topKAccuracy({ scores, labels, classes, k })).toBeCloseTo(hits.length / labels.length, 12);
    }
  });

  it('takes scores that are no numbers for misses, whatever the class', () => {
    const scores = [NaN, NaN, NaN, NaN, 1, 2];
    expect([...bestClasses(scores, 3)]).toEqual([-1, 2]);
    for (const label of [0, 1, 2])
      for (const k of [1, 2, 3]) expect(topKAccuracy({ scores: [NaN, NaN, NaN], labels: [label], classes: 3, k })).toBe(0); // prettier-ignore
    expect(classMeanAccuracy({ scores, labels: [0, 2], classes: 3 })).toBe(0.5);
    expect(topKAccuracy({ scores, labels: [0, 2], classes: 3 })).toBe(0.5);
    expect(topKAccuracy({ scores: [NaN, 1, 2], labels: [0], classes: 3, k: 2 })).toBe(0);
    expect(topKAccuracy({ scores: [NaN, 1, 2], labels: [1], classes: 3, k: 2 })).toBe(1);
  });

  it('counts an example as often as its weight says', () => {
    const plain = { scores: [2, 1, 2, 1, 1, 2, 1, 2, 1, 2], labels: [0, 1, 1, 1, 0], classes: 2 };
    const weighted = { scores: [2, 1, 2, 1, 1, 2, 1, 2], labels: [0, 1, 1, 0], classes: 2, weights: [1, 1, 2, 1] };
    expect(topKAccuracy(weighted)).toBe(topKAccuracy(plain));
    expect(classMeanAccuracy(weighted)).toBe(classMeanAccuracy(plain));
  });
});

describe('balancedAccuracy', () => {
  it('is one half for a constant answer at any mix', () => {
    for (const answer of [-1, 0, 1]) {
      expect(balancedAccuracy({ scores: new Array<number>(4).fill(answer), labels: [1, 0, 0, 0] })).toBe(0.5);
    }
  });

  it('averages the shares of both sides', () => {
    expect(balancedAccuracy({ scores: [1, -1, -1, -1, 1], labels: [1, 1, 0, 0, 0] })).toBeCloseTo(
      (1 / 2 + 2 / 3) / 2,
      12,
    );
  });
});

describe('areaUnderCurve', () => {
  it('agrees with comparing every pair', () => {
    const random = createRandom(9);
    const labels = Array.from({ length: 120 }, () => random.int(2));
    const scores = labels.map((label) => random.int(6) + label);
    const weights = labels.map(() => random.int(4));
    let wins = 0;
    let pairs = 0;
    labels.forEach((a, i) =>
      labels.forEach((b, j) => {
        if (a !== 1 || b !== 0) return;
        const weight = weights[i]! * weights[j]!;
        pairs += weight;
        wins += weight * (scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0);
      }),
    );
    expect(areaUnderCurve({ scores, labels, weights })).toBeCloseTo(wins / pairs, 12);
  });

  it('is not a number where one label is missing', () => {
    expect(areaUnderCurve({ scores: [1, 2], labels: [1, 1] })).toBeNaN();
  });
});
