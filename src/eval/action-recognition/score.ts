import type { Metric, Random, Rival } from '../../core/index.js';
import { bestClasses, bootstrapInterval } from '../metrics/index.js';

/** For each seed, the right answers: [seeds][test videos] of 0 and 1. */
export type Answers = readonly Uint8Array[];

/** What all metrics of one evaluation share. */
export interface TestList {
  /** [test videos], 0-based among the classes that are here. */
  readonly labels: Int32Array;
  readonly groups: readonly string[];
  readonly classes: number;
  /** Name of the split. */
  readonly split: string;
}

const names = ['top1', 'classMean'] as const;

/** 1 where the highest score is that of the true class. */
export function rightAnswers(scores: Float64Array, { labels, classes }: TestList): Uint8Array {
  return Uint8Array.from(bestClasses(scores, classes), (best, row) => (best === labels[row] ? 1 : 0));
}

/**
 * Top-1 and class-mean accuracy over the seeds, with intervals by drawing groups; with a baseline's answers, the gain over it too, whose interval
 * comes from the same draws.
 */
export function summarise(
  answers: Answers,
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
    readonly baseline?: Answers;
  },
): Metric[] {
  return names.flatMap((name) => {
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

/** Guessing every class alike, and always naming the most frequent class of training. */
export function guessingRivals(trainLabels: Int32Array, list: TestList): Rival[] {
  const counts = new Array<number>(list.classes).fill(0);
  for (const label of trainLabels) counts[label]!++;
  const most = counts.indexOf(Math.max(...counts));
  const answers = [Uint8Array.from(list.labels, (label) => (label === most ? 1 : 0))];
  const metrics = (value: (name: (typeof names)[number]) => number) =>
    names.map((name): Metric => ({ ...describeMetric(name, list), value: value(name) }));
  return [
    { name: 'chance', metrics: metrics(() => 1 / list.classes) },
    { name: 'majority', metrics: metrics((name) => meanOverSeeds(answers, name, list.labels)) },
  ];
}

function describeMetric(name: string, { labels, split }: TestList): Omit<Metric, 'value'> {
  return { name, unit: 'fraction', direction: 'higher', examples: labels.length, split };
}

/** Mean over the seeds of the share of right answers: over all videos, or the mean over the classes of each one's share. */
function meanOverSeeds(
  answers: Answers,
  name: (typeof names)[number],
  labels: Int32Array,
  weights?: Float64Array,
): number {
  const sums = new Map<number, { right: number; total: number }>();
  labels.forEach((label, row) => {
    const pool = name === 'top1' ? 0 : label;
    const weight = weights ? weights[row]! : 1;
    const sum = sums.get(pool) ?? { right: 0, total: 0 };
    for (const one of answers) sum.right += (weight * one[row]!) / answers.length;
    sum.total += weight;
    sums.set(pool, sum);
  });
  const shares = [...sums.values()].filter(({ total }) => total > 0).map(({ right, total }) => right / total);
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}
