import type { Metric, Random, Rival } from '../../core/index.js';
import { bestClasses, bootstrapInterval, classesAhead } from '../metrics/index.js';

/** Which test videos one seed gets right: uint8 [test videos] of 0 and 1. */
export interface Answers {
  /** The true class has the highest score. */
  readonly best: Uint8Array;
  /** It is among the five highest. */
  readonly five: Uint8Array;
}

/** What all metrics of one evaluation share. */
export interface TestList {
  /** [test videos], 0-based among the classes that are here. */
  readonly labels: Int32Array;
  readonly groups: readonly string[];
  readonly classes: number;
  /** Name of the split. */
  readonly split: string;
}

type MetricName = 'top1' | 'top5' | 'classMean';

/** Among five classes or fewer, the five best say nothing. */
const namesOf = ({ classes }: TestList): readonly MetricName[] =>
  classes > 5 ? ['top1', 'classMean', 'top5'] : ['top1', 'classMean'];

/** Which videos a matrix of scores, float64 [test videos, classes], gets right; equal scores rank by class. */
export function answersOf(scores: Float64Array, { labels, classes }: TestList): Answers {
  const best = Uint8Array.from(bestClasses(scores, classes), (first, row) => (first === labels[row] ? 1 : 0));
  const five = Uint8Array.from(labels, (label, row) =>
    classesAhead(scores, { from: row * classes, classes, label }) < 5 ? 1 : 0,
  );
  return { best, five };
}

/**
 * Top-1, class-mean and top-5 accuracy over the seeds, with intervals by drawing groups; with a baseline's answers, the gain over it too, whose
 * interval comes from the same draws.
 */
export function summarise(
  answers: readonly Answers[],
  {
    list,
    suffix,
    random,
    draws,
    baseline,
  }: {
    readonly list: TestList;
    readonly suffix: string;
    readonly random: Random;
    readonly draws: number;
    readonly baseline?: readonly Answers[];
  },
): Metric[] {
  return namesOf(list).flatMap((name) => {
    const own = (weights?: Float64Array) => meanOverSeeds(answers, name, list.labels, weights);
    const measured = (label: string, statistic: (weights?: Float64Array) => number): Metric => {
      const interval = bootstrapInterval({
        groups: list.groups,
        statistic,
        random: random.fork('bootstrap', name),
        draws,
      });
      return { ...describeMetric(label, list), value: statistic(), ...(interval ? { interval } : {}) };
    };
    const seeds = answers.map((one) => meanOverSeeds([one], name, list.labels));
    const metric = { ...measured(`${name}${suffix}`, own), seeds };
    if (!baseline) return [metric];
    const gain = (weights?: Float64Array) => own(weights) - meanOverSeeds(baseline, name, list.labels, weights);
    return [metric, measured(`${name}Gain${suffix}`, gain)];
  });
}

/** Guessing every class alike, and always naming the most frequent classes of training. */
export function guessingRivals(trainLabels: Int32Array, list: TestList): Rival[] {
  const counts = new Float64Array(list.classes);
  for (const label of trainLabels) counts[label]!++;
  const scores = Float64Array.from({ length: list.labels.length * list.classes }, (_, i) => counts[i % list.classes]!);
  const majority = [answersOf(scores, list)];
  const metrics = (value: (name: MetricName) => number) =>
    namesOf(list).map((name): Metric => ({ ...describeMetric(name, list), value: value(name) }));
  return [
    { name: 'chance', metrics: metrics((name) => (name === 'top5' ? 5 : 1) / list.classes) },
    { name: 'majority', metrics: metrics((name) => meanOverSeeds(majority, name, list.labels)) },
  ];
}

function describeMetric(name: string, { labels, split }: TestList): Omit<Metric, 'value'> {
  return { name, unit: 'fraction', direction: 'higher', examples: labels.length, split };
}

/** Mean over the seeds of the share of right answers: over all videos, or the mean over the classes of each one's share. */
function meanOverSeeds(
  answers: readonly Answers[],
  name: MetricName,
  labels: Int32Array,
  weights?: Float64Array,
): number {
  const sums = new Map<number, { right: number; total: number }>();
  labels.forEach((label, row) => {
    const pool = name === 'classMean' ? label : 0;
    const weight = weights ? weights[row]! : 1;
    const sum = sums.get(pool) ?? { right: 0, total: 0 };
    for (const { best, five } of answers)
      sum.right += (weight * (name === 'top5' ? five : best)[row]!) / answers.length;
    sum.total += weight;
    sums.set(pool, sum);
  });
  const shares = [...sums.values()].filter(({ total }) => total > 0).map(({ right, total }) => right / total);
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}
