import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import {
  areaUnderCurve,
  averagePrecision,
  classMeanAccuracy,
  topKAccuracy,
  type AveragePrecision,
} from '../../../src/eval/index.js';

const golden = JSON.parse(
  readFileSync(new URL('../../golden/classification.json', import.meta.url), 'utf8'),
) as Readonly<
  Record<'averagePrecision' | 'averagePrecisionTied' | 'areaUnderCurve' | 'top1' | 'top5' | 'classMean', number>
>;

/** The definitions written out: thresholds, then sums over them. */
function slowly(scores: readonly number[], labels: readonly number[]): AveragePrecision {
  const kept = labels.flatMap((label, i) => (label === 0 ? [] : [i]));
  const positives = kept.filter((i) => labels[i] === 1).length;
  const points = [...new Set(kept.map((i) => scores[i]!))]
    .sort((a, b) => b - a)
    .map((threshold) => {
      const above = kept.filter((i) => scores[i]! >= threshold);
      const found = above.filter((i) => labels[i] === 1).length;
      return { found, recall: found / positives, precision: found / above.length };
    });
  const bestFrom = (from: number) => Math.max(0, ...points.slice(from).map(({ precision }) => precision));
  const area = (height: (i: number) => number) =>
    points.reduce((sum, { recall }, i) => sum + (recall - (i > 0 ? points[i - 1]!.recall : 0)) * height(i), 0);
  const tenths = Array.from({ length: 11 }, (_, t) =>
    Math.max(0, ...points.filter(({ found }) => found * 10 >= t * positives).map(({ precision }) => precision)),
  );
  return {
    stepWise: area((i) => points[i]!.precision),
    envelope: area(bestFrom),
    elevenPoint: tenths.reduce((a, b) => a + b, 0) / 11,
  };
}

const of = (scores: readonly number[], labels: readonly number[]) => averagePrecision({ scores, labels });
/** Pictures of each class of the test set of VOC 2007. */
const counts = [204, 239, 282, 172, 212, 174, 721, 322, 417, 127, 190, 418, 274, 222, 2007, 224, 97, 223, 259, 229];
const testPictures = 4952;

describe('average precision', () => {
  it('is what can be counted by hand', () => {
    expect(of([3, 2, 1], [1, 1, -1])).toEqual({ stepWise: 1, envelope: 1, elevenPoint: 1 });
    // found at places 2 and 3: precisions 1/2 and 2/3
    const late = of([3, 2, 1], [-1, 1, 1]);
    expect(late.stepWise).toBeCloseTo((1 / 2 + 2 / 3) / 2, 12);
    expect(late.envelope).toBeCloseTo(2 / 3, 12);
    expect(late.elevenPoint).toBeCloseTo(2 / 3, 12);
    // one at the top, one at the end of five: recall 0 to 0.5 at precision 1, the rest at 2/5
    const apart = of([5, 4, 3, 2, 1], [1, -1, -1, -1, 1]);
    expect(apart.stepWise).toBeCloseTo((1 + 2 / 5) / 2, 12);
    expect(apart.elevenPoint).toBeCloseTo((6 * 1 + 5 * 0.4) / 11, 12);
    expect(of([1, 2, 3, 4], [1, -1, -1, -1])).toEqual({ stepWise: 0.25, envelope: 0.25, elevenPoint: 0.25 });
    expect(of([7, 7, 7, 7], [1, -1, -1, -1])).toEqual({ stepWise: 0.25, envelope: 0.25, elevenPoint: 0.25 });
    for (const value of Object.values(of([1, 2], [-1, -1]))) expect(value).toBeNaN();
  });

  it('equals the definitions written out on a thousand random lists with ties, and the envelope is never below the steps', () => {
    const random = createRandom('lists');
    let [farthest, lowest] = [0, 0];
    for (let list = 0; list < 1000; list++) {
      const length = 2 + random.int(30);
      const scores = Array.from({ length }, () => random.int(12));
      const labels = Array.from({ length }, () => random.int(3) - 1);
      labels[0] = 1;
      const got = of(scores, labels);
      const wanted = slowly(scores, labels);
      for (const key of ['stepWise', 'envelope', 'elevenPoint'] as const)
        farthest = Math.max(farthest, Math.abs(got[key] - wanted[key]));
      lowest = Math.min(lowest, got.envelope - got.stepWise);
    }
    expect(farthest).toBeLessThan(1e-12);
    expect(lowest).toBeGreaterThan(-1e-12);
  });

  it('does not change with rising transforms of the scores, the order of the list, or what ignored pictures are scored and called', () => {
    const random = createRandom('same');
    const scores = Array.from({ length: 60 }, () => random.int(15) / 5);
    const labels = Array.from({ length: 60 }, () => random.int(3) - 1);
    const first = of(scores, labels);
    expect(of(scores.map((score) => Math.exp(3 * score) - 7), labels)).toEqual(first); // prettier-ignore
    const order = random.shuffle(scores.map((_, i) => i));
    expect(of(order.map((i) => scores[i]!), order.map((i) => labels[i]!))).toEqual(first); // prettier-ignore
    const elsewhere = scores.map((score, i) => (labels[i] === 0 ? 99 - score : score));
    expect(of(elsewhere, labels)).toEqual(first);
    expect(of(scores, labels.map((label) => (label === 0 ? 2 : label)))).toEqual(first); // prettier-ignore
  });

  it('counts an example as often as its weight says', () => {
    const random = createRandom('weights');
    const scores = Array.from({ length: 25 }, () => random.int(9));
    const labels = Array.from({ length: 25 }, () => (random.int(3) === 0 ? 1 : -1));
    const weights = scores.map(() => random.int(4));
    const repeated = weights.flatMap((count, i) => new Array<number>(count).fill(i));
    const got = averagePrecision({ scores, labels, weights });
    const wanted = of(repeated.map((i) => scores[i]!), repeated.map((i) => labels[i]!)); // prettier-ignore
    for (const key of ['stepWise', 'envelope', 'elevenPoint'] as const) expect(got[key]).toBeCloseTo(wanted[key], 12);
  });

  it('of random scores on the label counts of VOC 2007 is near the mean share of positives, 7.15 %', () => {
    expect(counts.reduce((sum, count) => sum + count / testPictures, 0) / counts.length).toBeCloseTo(0.0708, 3);
    const random = createRandom('chance');
    const values = counts.map((count) => {
      const labels = Int8Array.from({ length: testPictures }, (_, i) => (i < count ? 1 : -1));
      return averagePrecision({ scores: Float64Array.from(labels, () => random.float()), labels }).stepWise;
    });
    expect(Math.abs(values.reduce((a, b) => a + b) / values.length - 0.072)).toBeLessThan(0.005);
  });

  it('is raised by the eleven points where it is low, and lowered where it is high, as published definitions differ', () => {
    const random = createRandom('definitions');
    const noise = counts.map(() => Float64Array.from({ length: testPictures }, () => random.normal()));
    const at = (shift: number): AveragePrecision => {
      const all = counts.map((count, c) => {
        const labels = Int8Array.from({ length: testPictures }, (_, i) => (i < count ? 1 : -1));
        return averagePrecision({ scores: noise[c]!.map((value, i) => value + (i < count ? shift : 0)), labels });
      });
      const mean = (key: keyof AveragePrecision) => all.reduce((sum, one) => sum + one[key], 0) / all.length;
      return { stepWise: mean('stepWise'), envelope: mean('envelope'), elevenPoint: mean('elevenPoint') };
    };
    // A published simulation on these counts; each row is reached by scores that positives have more of by so many deviations.
    for (const [shift, stepWise, envelope, elevenPoint] of [
      [1, 0.204, 0.207, 0.245],
      [1.58, 0.382, 0.386, 0.403],
      [2.01, 0.546, 0.55, 0.547],
      [2.53, 0.728, 0.731, 0.712],
      [3, 0.854, 0.855, 0.825],
    ] as const) {
      const got = at(shift);
      expect(Math.abs(got.stepWise - stepWise), `steps at ${shift}`).toBeLessThan(0.01);
      expect(Math.abs(got.envelope - envelope), `envelope at ${shift}`).toBeLessThan(0.01);
      expect(Math.abs(got.elevenPoint - elevenPoint), `eleven points at ${shift}`).toBeLessThan(0.01);
      // the differences are what definitions make, whatever the scores
      expect(Math.abs(got.elevenPoint - got.stepWise - (elevenPoint - stepWise))).toBeLessThan(0.005);
    }
  });
});

describe('metrics of classification', () => {
  const n = Array.from({ length: 300 }, (_, i) => i);
  it('equal those of scikit-learn', () => {
    const labels = n.map((i) => (Math.sin(1.7 * i + 0.2) > 0.5 ? 1 : -1));
    const scores = n.map((i) => Math.sin(0.61 * i + 0.3) + (labels[i] === 1 ? 0.5 : 0));
    const halfEven = (value: number) => (value % 1 === 0.5 || value % 1 === -0.5 ? 2 * Math.round(value / 2) : Math.round(value)); // prettier-ignore
    const tied = scores.map((score) => halfEven(score * 4) / 4);
    expect(of(scores, labels).stepWise).toBeCloseTo(golden.averagePrecision, 10);
    expect(of(tied, labels).stepWise).toBeCloseTo(golden.averagePrecisionTied, 10);
    const binary = labels.map((label) => (label === 1 ? 1 : 0));
    expect(areaUnderCurve({ scores: tied, labels: binary })).toBeCloseTo(golden.areaUnderCurve, 10);
    const classes = 7;
    const truth = n.map((i) => (i * i + Math.floor(i / 3)) % classes);
    const logits = n.flatMap((i) =>
      Array.from({ length: classes }, (_, c) => Math.sin(0.37 * (i * classes + c) ** 1.3) + (truth[i] === c ? 0.4 : 0)),
    );
    const scored = { scores: logits, labels: truth, classes };
    expect(topKAccuracy(scored)).toBeCloseTo(golden.top1, 10);
    expect(topKAccuracy({ ...scored, k: 5 })).toBeCloseTo(golden.top5, 10);
    expect(classMeanAccuracy(scored)).toBeCloseTo(golden.classMean, 10);
  });
});
