import type { Metric, Random } from '../../core/index.js';
import {
  averagePrecisionOf,
  averagePrecisionVariants,
  bootstrapInterval,
  rankExamples,
  type AveragePrecision,
  type Ranking,
} from '../metrics/index.js';

/** The test list as scores are set against it. */
export interface TestPictures {
  /** [classes][pictures]: 1, -1, or 0 for pictures that are left out. */
  readonly labels: readonly Int8Array[];
  /** What may not be divided: each picture by itself. */
  readonly ids: readonly string[];
  readonly split: string;
}

/** Definitions, the one that results are first compared by at the front. */
export const definitions = Object.keys(averagePrecisionVariants) as (keyof AveragePrecision)[];

/** Scores of each class, [classes] of [pictures], sorted once. */
export function rankScores(scores: readonly ArrayLike<number>[], { labels }: TestPictures): readonly Ranking[] {
  return scores.map((own, c) => rankExamples({ scores: own, labels: labels[c]! }));
}

/** Mean over the classes, by each definition; classes without a positive are left out. */
export function meanAveragePrecision(rankings: readonly Ranking[], weights?: Float64Array): AveragePrecision {
  const all = rankings.map((ranking) => averagePrecisionOf(ranking, weights));
  const mean = (definition: keyof AveragePrecision) => {
    const known = all.map((one) => one[definition]).filter((value) => !Number.isNaN(value));
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  return { envelope: mean('envelope'), elevenPoint: mean('elevenPoint'), stepWise: mean('stepWise') };
}

/**
 * Mean average precision over the seeds by each definition, with intervals by drawing pictures; with a baseline's rankings, the gain over it too, from the
 * same draws.
 */
export function summarise(
  seeds: readonly (readonly Ranking[])[],
  {
    test,
    random,
    draws,
    baseline,
  }: {
    readonly test: TestPictures;
    readonly random: Random;
    readonly draws: number;
    readonly baseline?: readonly (readonly Ranking[])[];
  },
): Metric[] {
  // All intervals are by the same draws: what a draw comes to is found once, by all definitions together.
  const kept = { own: [] as AveragePrecision[], baseline: [] as AveragePrecision[] };
  const drawn = (values: AveragePrecision[], some: readonly (readonly Ranking[])[]) => {
    let draw = 0;
    return (weights: Float64Array) => (values[draw++] ??= meanOver(some, weights));
  };
  return definitions.flatMap((definition) => {
    const measured = (name: string, value: number, statistic: (weights: Float64Array) => number): Metric => {
      const interval = bootstrapInterval({ groups: test.ids, statistic, random: random.fork('bootstrap'), draws });
      return { ...describeMetric(name, definition, test), value, ...(interval ? { interval } : {}) };
    };
    const value = meanOver(seeds)[definition];
    const own = drawn(kept.own, seeds);
    const plain = measured('meanAveragePrecision', value, (weights) => own(weights)[definition]);
    const single = seeds.map((one) => meanAveragePrecision(one)[definition]);
    const metric = seeds.length > 1 ? { ...plain, seeds: single } : plain;
    if (!baseline) return [metric];
    const [again, base] = [drawn(kept.own, seeds), drawn(kept.baseline, baseline)];
    const gain = measured(
      'meanAveragePrecisionGain',
      value - meanOver(baseline)[definition],
      (weights) => again(weights)[definition] - base(weights)[definition],
    );
    return [metric, gain];
  });
}

/** Mean over several seeds, by each definition. */
function meanOver(seeds: readonly (readonly Ranking[])[], weights?: Float64Array): AveragePrecision {
  const each = seeds.map((one) => meanAveragePrecision(one, weights));
  const mean = (definition: keyof AveragePrecision) =>
    each.reduce((sum, one) => sum + one[definition], 0) / seeds.length;
  return { envelope: mean('envelope'), elevenPoint: mean('elevenPoint'), stepWise: mean('stepWise') };
}

/** Mean average precision of classifiers that saw few positives, over draws and seeds; `seeds` holds each draw's, or each seed's where there are several. */
export function summariseShots(
  shots: ReadonlyMap<number, readonly (readonly number[])[]>,
  test: TestPictures,
): Metric[] {
  return [...shots].map(([positives, perSeed]) => {
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const seeds = perSeed.length > 1 ? perSeed.map(mean) : perSeed[0]!;
    return {
      ...describeMetric(`meanAveragePrecision.lowShot${positives}`, 'envelope', test),
      value: mean(perSeed.map(mean)),
      ...(seeds.length > 1 ? { seeds } : {}),
    };
  });
}

/** What random orders reach in the mean of 100, by each definition, and the mean share of positives: what an endless list would give. */
export function chance(test: TestPictures, random: Random): Metric[] {
  const orders = Array.from({ length: 100 }, (_, n) => {
    const draw = random.fork('chance', n);
    return meanAveragePrecision(
      rankScores(
        test.labels.map((own) => Float64Array.from(own, () => draw.float())),
        test,
      ),
    );
  });
  const prevalence = test.labels.map((own) => {
    const counted = own.filter((label) => label !== 0);
    return counted.filter((label) => label === 1).length / counted.length;
  });
  return [
    ...definitions.map((definition): Metric => ({
      ...describeMetric('meanAveragePrecision', definition, test),
      value: orders.reduce((sum, one) => sum + one[definition], 0) / orders.length,
    })),
    {
      name: 'prevalence',
      value: prevalence.reduce((sum, share) => sum + share, 0) / prevalence.length,
      unit: 'fraction',
      direction: 'higher',
      examples: test.ids.length,
      split: test.split,
    },
  ];
}

function describeMetric(
  name: string,
  definition: keyof AveragePrecision,
  { ids, split }: TestPictures,
): Omit<Metric, 'value'> {
  const variant = averagePrecisionVariants[definition];
  return { name, variant, unit: 'fraction', direction: 'higher', examples: ids.length, split };
}
