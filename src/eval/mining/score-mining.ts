import { z } from 'zod';
import { ConfigError, type JobContext, type Metric, type Random, type Rival } from '../../core/index.js';
import type { Estimator, EstimatorFrame } from '../../mining/index.js';
import { bootstrapInterval } from '../metrics/index.js';
import { scoreBoxes } from './box-metrics.js';
import { cutRates, matchCuts, uniformCuts, type CutScore } from './cut-metrics.js';
import { scoreDisparities } from './disparity-metrics.js';
import { scoreFlow } from './flow-metrics.js';
import { ellipseNames, scoreMasks, type MaskScore } from './mask-scores.js';
import type { MaskSequence } from './mask-truth.js';
import type { BoxSequence, CutSequence, MiningTruth } from './truth.js';

/** Settings of `eval mining`. */
export const miningEvaluationConfig = z.strictObject({
  toleranceFrames: z
    .int()
    .nonnegative()
    .default(2)
    .describe('A cut is found if one is said at most so many frames off.'),
});

/** What was measured against truth. */
export interface MiningScores {
  readonly metrics: readonly Metric[];
  readonly rivals: readonly Rival[];
  /** One row for each sequence, film or pair, in order of name. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

interface Scoring {
  readonly config: unknown;
  readonly toleranceFrames: number;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly emit: JobContext['emit'];
}

/** By name: the values of one competitor, one for each item; NaN where the item says nothing of it. */
type Columns = Readonly<Record<string, readonly number[]>>;

const measures = {
  precision20: { unit: 'fraction', direction: 'higher' },
  meanIoU: { unit: 'fraction', direction: 'higher' },
  success: { unit: 'fraction', direction: 'higher' },
  f1: { unit: 'fraction', direction: 'higher' },
  precision: { unit: 'fraction', direction: 'higher' },
  recall: { unit: 'fraction', direction: 'higher' },
  endPointError: { unit: 'px', direction: 'lower' },
  badPixels: { unit: 'fraction', direction: 'lower' },
  withinPixel: { unit: 'fraction', direction: 'higher' },
  coverage: { unit: 'fraction', direction: 'higher' },
  J: { unit: 'fraction', direction: 'higher' },
  F: { unit: 'fraction', direction: 'higher' },
  JKept: { unit: 'fraction', direction: 'higher' },
  FKept: { unit: 'fraction', direction: 'higher' },
  keptShare: { unit: 'fraction', direction: 'higher' },
} as const;

/**
 * Scores a miner's estimates against truth, beside trivial rivals: a box that stays where it is; no cut, and as many
 * cuts as there are, evenly spread; no motion; one disparity everywhere; the best fixed ellipse and all of the picture. Values are means over sequences or pairs, cuts are counted over all films.
 *
 * @param estimators the miner's; one of the truth's kind is used.
 * @throws ConfigError if the miner has none of that kind, or no item can be scored.
 */
export async function scoreMining(
  miner: { readonly name: string; readonly estimate?: readonly Estimator<unknown>[] },
  truth: MiningTruth,
  scoring: Scoring,
): Promise<MiningScores> {
  const find = <K extends Estimator<unknown>['kind']>(kind: K): Extract<Estimator<unknown>, { readonly kind: K }> => {
    const found = miner.estimate?.find((each) => each.kind === kind);
    if (found) return found as Extract<Estimator<unknown>, { readonly kind: K }>;
    const kinds = (miner.estimate ?? []).map((each) => each.kind).join(', ') || 'nothing';
    throw new ConfigError(`${miner.name} gives no estimate of ${kind}; it gives ${kinds}.`, { code: 'no-estimate' });
  };
  if (truth.kind === 'boxes') {
    const estimator = find('boxes');
    return scoreBoxSequences(truth.items, (frames, first) => estimator.run(frames, scoring.config, { first }), scoring);
  }
  if (truth.kind === 'cuts') {
    const estimator = find('cuts');
    return scoreFilms(truth.items, (frames) => estimator.run(frames, scoring.config), scoring);
  }
  if (truth.kind === 'mask') {
    const estimator = find('mask');
    return scoreMaskSequences(truth.items, (frames) => estimator.run(frames, scoring.config), scoring);
  }
  if (truth.kind === 'disparity') {
    const estimator = find('disparity');
    const onItem = (done: number) => tell(scoring, done, truth.items.length, 'pairs');
    const { names, own, flat } = await scoreDisparities(
      truth.items,
      (pair) => estimator.run(pair, scoring.config),
      onItem,
    );
    return summarize(names, own, { 'median-disparity': flat }, scoring.random);
  }
  const estimator = find('flow');
  const names: string[] = [];
  const own: ReturnType<typeof scoreFlow>[] = [];
  const zero: ReturnType<typeof scoreFlow>[] = [];
  for (const [i, pair] of truth.items.entries()) {
    tell(scoring, i, truth.items.length, 'pairs');
    const { frames, flow } = await pair.load();
    const still = scoreFlow(flow, null);
    if (!still) continue;
    names.push(pair.name);
    own.push(scoreFlow(flow, await estimator.run(frames, scoring.config)));
    zero.push(still);
  }
  const columns = (scores: typeof own): Columns => ({
    endPointError: scores.map((score) => score!.endPointError),
    badPixels: scores.map((score) => score!.badPixels),
  });
  return summarize(names, columns(own), { 'zero-flow': columns(zero) }, scoring.random);
}

async function scoreBoxSequences(
  items: readonly BoxSequence[],
  track: (
    frames: AsyncIterable<EstimatorFrame>,
    first: NonNullable<BoxSequence['boxes'][0]>,
  ) => ReturnType<Extract<Estimator<unknown>, { readonly kind: 'boxes' }>['run']>,
  scoring: Scoring,
): Promise<MiningScores> {
  const names: string[] = [];
  const own: NonNullable<ReturnType<typeof scoreBoxes>>[] = [];
  const still: typeof own = [];
  for (const [i, { name, boxes, frames }] of items.entries()) {
    tell(scoring, i, items.length, 'sequences');
    const [first] = boxes;
    const rival = first
      ? scoreBoxes(
          boxes,
          boxes.map(() => first),
        )
      : null;
    if (!first || !rival) continue;
    const found = await track(firstOf(frames(), boxes.length, name), first);
    names.push(name);
    own.push(scoreBoxes(boxes, found)!);
    still.push(rival);
  }
  const columns = (scores: typeof own): Columns => ({
    precision20: scores.map((score) => score.precision20),
    meanIoU: scores.map((score) => score.meanIoU),
    success: scores.map((score) => score.success),
  });
  return summarize(names, columns(own), { 'static-box': columns(still) }, scoring.random);
}

async function scoreMaskSequences(
  items: readonly MaskSequence[],
  run: Parameters<typeof scoreMasks>[1],
  scoring: Scoring,
): Promise<MiningScores> {
  const own: MaskScore[] = [];
  for (const [i, sequence] of items.entries()) {
    tell(scoring, i, items.length, 'sequences');
    own.push(await scoreMasks(sequence, run));
  }
  const columns: Columns = {
    J: own.map(({ J }) => J),
    F: own.map(({ F }) => F),
    ...(own.some(({ kept }) => kept > 0)
      ? { JKept: own.map(({ JKept }) => JKept), FKept: own.map(({ FKept }) => FKept) }
      : {}),
    keptShare: own.map(({ kept, frames }) => kept / frames),
  };
  const ofRival = (name: string, key: 'J' | 'F') => own.map(({ rivals }) => rivals[name]?.[key] ?? NaN);
  const meanJ = (name: string) => ofRival(name, 'J').reduce((sum, value) => sum + value, 0);
  const ellipse = [...ellipseNames].sort((a, b) => meanJ(b) - meanJ(a))[0]!; // the best for all, chosen with the truth
  const others = Object.keys(own[0]?.rivals ?? {}).filter((name) => !ellipseNames.includes(name));
  const rivals: Record<string, Columns> = { ellipse: { J: ofRival(ellipse, 'J') } };
  for (const name of others) rivals[name] = { J: ofRival(name, 'J'), F: ofRival(name, 'F') };
  const names = items.map(({ name }) => name);
  return summarize(names, columns, rivals, scoring.random);
}

async function scoreFilms(
  items: readonly CutSequence[],
  find: (frames: AsyncIterable<EstimatorFrame>) => Promise<readonly number[]>,
  scoring: Scoring,
): Promise<MiningScores> {
  const scores = { own: [] as CutScore[], none: [] as CutScore[], uniform: [] as CutScore[] };
  const rows: Record<string, unknown>[] = [];
  for (const [i, { name, cuts, frames }] of items.entries()) {
    tell(scoring, i, items.length, 'films');
    const seen = { frames: 0 };
    const found = await find(counted(frames(), seen));
    const match = (guess: readonly number[]) => matchCuts(cuts, guess, scoring.toleranceFrames);
    const score = match(found);
    scores.own.push(score);
    scores.none.push(match([]));
    scores.uniform.push(match(uniformCuts(cuts.length, seen.frames)));
    rows.push({ name, frames: seen.frames, ...score, cuts: found });
  }
  const groups = items.map(({ name }) => name);
  const metricsOf = (own: readonly CutScore[], random: Random | null): Metric[] =>
    (['f1', 'precision', 'recall'] as const).map((name) => {
      const statistic = (weights: Float64Array) =>
        cutRates(
          own.map((score, i) => ({
            hits: score.hits * weights[i]!,
            truths: score.truths * weights[i]!,
            found: score.found * weights[i]!,
          })),
        )[name];
      const interval = random && bootstrapInterval({ groups, statistic, random: random.fork(name) });
      return metric(name, cutRates(own)[name], own.length, interval ?? undefined);
    });
  return {
    metrics: metricsOf(scores.own, scoring.random),
    rivals: [
      { name: 'no-cuts', metrics: metricsOf(scores.none, null) },
      { name: 'uniform', metrics: metricsOf(scores.uniform, null) },
    ],
    rows,
  };
}

function summarize(
  names: readonly string[],
  own: Columns,
  rivals: Readonly<Record<string, Columns>>,
  random: Random,
): MiningScores {
  if (names.length === 0) throw new ConfigError('The truth has nothing that can be scored.');
  const metricsOf = (columns: Columns, withInterval: boolean): Metric[] =>
    Object.entries(columns).map(([name, values]) => {
      const statistic = (weights: Float64Array) => weightedMean(values, weights);
      const interval = withInterval
        ? bootstrapInterval({ groups: names, statistic, random: random.fork(name) })
        : undefined;
      return metric(name, weightedMean(values, new Float64Array(values.length).fill(1)), values.length, interval);
    });
  return {
    metrics: metricsOf(own, true),
    rivals: Object.entries(rivals).map(([name, columns]) => ({ name, metrics: metricsOf(columns, false) })),
    rows: names.map((name, i) => ({
      name,
      ...Object.fromEntries(Object.entries(own).map(([column, values]) => [column, values[i]])),
    })),
  };
}

function metric(name: string, value: number, examples: number, interval?: readonly [number, number]): Metric {
  const measure = measures[name as keyof typeof measures];
  return { name, value, ...measure, examples, split: 'truth', ...(interval ? { interval } : {}) };
}

function weightedMean(values: readonly number[], weights: Float64Array): number {
  let sum = 0;
  let total = 0;
  values.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    sum += weights[i]! * value;
    total += weights[i]!;
  });
  return sum / total;
}

/** As many frames as there is truth for. */
async function* firstOf(
  frames: AsyncIterable<EstimatorFrame>,
  count: number,
  name: string,
): AsyncGenerator<EstimatorFrame> {
  let at = 0;
  for await (const frame of frames) {
    if (at++ === count) return;
    yield frame;
  }
  if (at < count) throw new ConfigError(`${name} has boxes for ${count} frames, but only ${at} frames.`);
}

async function* counted(
  frames: AsyncIterable<EstimatorFrame>,
  seen: { frames: number },
): AsyncGenerator<EstimatorFrame> {
  for await (const frame of frames) {
    seen.frames++;
    yield frame;
  }
}

function tell({ emit, signal }: Scoring, done: number, total: number, unit: string): void {
  signal.throwIfAborted();
  emit({ kind: 'progress', stage: 'eval mining', done, total, unit });
}
