import type { Metric, MetricCurve, Random } from '../../core/index.js';
import { bootstrapInterval, psnrOfError, signFlipTest, type RunningMean } from '../metrics/index.js';
import type { Competitor, Mode } from './competitor.js';
import type { ScoreSummary, Selection } from './scoreboard.js';

/** What the numbers of a competitor are for. */
export interface StandingOptions {
  readonly mode: Mode;
  /** Selections that the result names: `mean`, and the best of the most samples where there are several. */
  readonly selections: readonly Selection[];
  /** Place of the first predicted frame in its sequence. */
  readonly first: number;
  /** Frames that the model was trained to predict. */
  readonly trained: number;
}

/** What is measured of all samples together, among which none can be chosen. */
const ofAllSamples: ReadonlySet<string> = new Set(['diversity', 'energyScore']);

const splits: Readonly<Record<Mode, string>> = { 'multi-step': 'held-out', 'one-step': 'held-out, one step ahead' };

/** The numbers of a competitor, as result files have them. A rival that draws no samples stands under every selection. */
export function metricsOf({ boards }: Competitor, { mode, selections }: StandingOptions): Metric[] {
  const board = boards[mode];
  const main = board.summaries.filter(({ selection }) => selection === 'mean');
  return main.flatMap((summary) =>
    selections
      .filter((selection) => selection === 'mean' || !ofAllSamples.has(summary.measured.name))
      .flatMap((selection) => {
        const chosen = board.find(summary.measured, selection) ?? summary;
        return chosen.overall.count === 0 ? [] : [toMetric(chosen, selection, mode)];
      }),
  );
}

/** Curves of a competitor over the steps; a rival's stand under no selection. */
export function curvesOf({ name, boards }: Competitor, options: CurveOptions): MetricCurve[] {
  const { mode, selections, isRival } = options;
  return boards[mode].summaries
    .filter(({ selection, measured }) => selections.includes(selection) && measured.name !== 'diversity')
    .map((summary) => {
      const { measured, selection, perStep } = summary;
      const steps = perStep.flatMap(({ count }, step) => (count > 0 ? [step] : []));
      return {
        ...kindOf(summary, mode),
        name: measured.name,
        of: isRival ? name : null,
        ...describeSteps(steps, selection, options),
        values: steps.map((step) => perStep[step]!.mean),
        ...(steps.every((step) => perStep[step]!.interval)
          ? { intervals: steps.map((step) => perStep[step]!.interval!) }
          : {}),
      };
    });
}

/**
 * Skill at each step, `1 - mse / mse of copy-last` of the means over all sequences there: near 0 at every step for a model that shows the last frame
 * once more. Steps at which copying is exact are left out.
 */
export function skillCurvesOf(
  { name, boards }: Competitor,
  copyLast: Competitor,
  options: CurveOptions,
): MetricCurve[] {
  const { mode, selections, isRival } = options;
  const copied = copyLast.boards[mode].find(meanError);
  return selections.flatMap((selection) => {
    const own = boards[mode].find(meanError, selection);
    if (!own || !copied) return [];
    const steps = copied.perStep.flatMap(({ mean }, step) => (mean > 0 ? [step] : []));
    if (steps.length === 0) return [];
    return [
      {
        ...describeSkill(own, mode),
        name: 'skill',
        of: isRival ? name : null,
        ...describeSteps(steps, selection, options),
        values: steps.map((step) => 1 - own.perStep[step]!.mean / copied.perStep[step]!.mean),
      },
    ];
  });
}

type CurveOptions = StandingOptions & { readonly isRival: boolean };

function describeSteps(
  steps: readonly number[],
  selection: Selection,
  { mode, first, trained }: CurveOptions,
): Pick<MetricCurve, 'selection' | 'stepName' | 'steps' | 'horizon'> {
  return {
    ...(selection === 'mean' ? {} : { selection: selection.replace('best', 'best of') }),
    stepName: 'frame',
    steps: steps.map((step) => first + step),
    ...(mode === 'multi-step' ? { horizon: first + trained - 1 } : {}),
  };
}

/**
 * By how much of the error of copying a competitor is better: `1 - mse / mse of copy-last`, of the means over all sequences. Its interval is
 * drawn over sources, which several sequences may share.
 */
export function skillOf(
  { boards }: Competitor,
  copyLast: Competitor,
  {
    mode,
    selection,
    sources,
    random,
    draws,
  }: {
    readonly mode: Mode;
    readonly selection: Selection;
    readonly sources: readonly string[];
    readonly random: Random;
    readonly draws: number;
  },
): Metric | null {
  const own = boards[mode].find(meanError, selection) ?? boards[mode].find(meanError);
  const copied = copyLast.boards[mode].find(meanError);
  if (!own || !copied || copied.overall.mean === 0) return null;
  const statistic = (weights: Float64Array) => 1 - weigh(own.perSequence, weights) / weigh(copied.perSequence, weights);
  const interval = bootstrapInterval({ groups: sources, statistic, random: random.fork('skill', mode), draws });
  return {
    ...describeSkill(own, mode),
    name: nameOf('skill', selection),
    value: 1 - own.overall.mean / copied.overall.mean,
    ...(interval ? { interval } : {}),
  };
}

/** Peak signal-to-noise ratio of the mean squared error over everything, which is no larger than its mean over frames. */
export function pooledPsnr({ boards }: Competitor, mode: Mode): Metric[] {
  const error = boards[mode].find(meanError);
  if (!error || error.overall.count === 0) return [];
  const { overall } = error;
  const value = psnrOfError(overall.mean);
  const [unit, direction] = ['dB', 'higher'] as const;
  return [{ name: 'psnr', variant: 'pooled', value, unit, direction, examples: overall.count, split: splits[mode] }];
}

/** Share of the predicted frames that measures of the moving area look at; none where nothing of the kind was measured. */
export function movingShareOf(shares: RunningMean, mode: Mode): Metric[] {
  if (shares.count === 0) return [];
  return [
    {
      name: 'movingShare',
      value: shares.mean,
      unit: 'fraction',
      direction: 'higher',
      examples: shares.count,
      split: splits[mode],
      ...(shares.interval ? { interval: shares.interval } : {}),
    },
  ];
}

/** How many clips have too few frames and were left out. */
export function tooShort(clips: number): Metric {
  return { name: 'clipsTooShort', value: clips, unit: 'clips', direction: 'lower', examples: clips, split: 'held-out' };
}

/** Probability of so large a paired difference between two competitors if there were none; by sequences. */
export function pairedProbability(a: ScoreSummary, b: ScoreSummary, random: Random): number | null {
  const differences = a.perSequence
    .map((value, i) => value - b.perSequence[i]!)
    .filter((value) => !Number.isNaN(value));
  return differences.length < 2 ? null : signFlipTest(differences, { random });
}

const meanError = { name: 'mse', variant: 'mean' };

function describeSkill({ overall }: ScoreSummary, mode: Mode) {
  return { unit: '', direction: 'higher', examples: overall.count, split: splits[mode] } as const;
}

function toMetric(summary: ScoreSummary, selection: Selection, mode: Mode): Metric {
  const { overall, measured } = summary;
  return {
    ...kindOf(summary, mode),
    name: nameOf(measured.name, selection),
    value: overall.mean,
    ...(overall.interval ? { interval: overall.interval } : {}),
  };
}

function kindOf({ measured, overall }: ScoreSummary, mode: Mode) {
  const { unit, direction, variant } = measured;
  return {
    ...(variant === undefined ? {} : { variant }),
    unit,
    direction,
    examples: overall.count,
    split: splits[mode],
  };
}

/** `ssim` of a mean sample, `ssimBestOf20`, `ssimWorst`. */
function nameOf(name: string, selection: Selection): string {
  if (selection === 'mean') return name;
  return selection === 'worst' ? `${name}Worst` : `${name}BestOf${selection.slice('best '.length)}`;
}

function weigh(values: readonly number[], weights: Float64Array): number {
  let sum = 0;
  let total = 0;
  values.forEach((value, i) => {
    sum += weights[i]! * value;
    total += weights[i]!;
  });
  return sum / total;
}
