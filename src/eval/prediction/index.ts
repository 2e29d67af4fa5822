import { ConfigError, type Metric } from '../../core/index.js';
import type { Predictor } from '../../engine/index.js';
import { defineEvaluator, type EvaluateContext, type EvaluationOutput } from '../define-evaluator.js';
import { enterCompetitor, type Competitor, type Contest, type Mode } from './competitor.js';
import { predictionConfig, type PredictionConfig } from './config.js';
import { contestOf, enterAll, runHeats } from './contest.js';
import { openFeatureMeasures, type FeatureMeasures } from './feature-measures.js';
import { planPrediction } from './plan.js';
import { curveRows, sequenceRows } from './rows.js';
import type { Selection } from './scoreboard.js';
import {
  curvesOf,
  metricsOf,
  movingShareOf,
  pooledPsnr,
  skillCurvesOf,
  skillOf,
  tooShort,
  type StandingOptions,
} from './standings.js';

/** The rivals whose curves are drawn: a chart of more cannot be read. */
const drawnRivals: ReadonlySet<string> = new Set(['copy-last', 'linear', 'block-motion']);

/**
 * How near a model's futures are to what came, step by step, beside copying, averaging, extrapolating and moving blocks; see
 * docs/prediction.md.
 */
export default defineEvaluator({
  name: 'prediction',
  version: 1,
  needs: 'predictor',
  input: 'samples',
  config: predictionConfig,
  async *evaluate(predictor, config, context): AsyncIterable<EvaluationOutput> {
    assertSamples(context);
    const measures = await openFeatureMeasures(config, context, contestOf(predictor, config));
    const untrained = context.seeds > 0 ? await context.untrained(0) : null;
    try {
      yield* holdContest({ predictor, untrained, measures }, config, context);
    } finally {
      measures.dispose();
      untrained?.dispose();
    }
  },
  async plan(predictor, config, context) {
    assertSamples(context);
    return planPrediction(predictor, config, context);
  },
});

function assertSamples({ dataset, signal }: EvaluateContext<'predictor'>): void {
  signal.throwIfAborted();
  if (!dataset || dataset.samples === 0) throw new ConfigError('There are no held-out samples to evaluate on.');
}

async function* holdContest(
  {
    predictor,
    untrained,
    measures,
  }: { readonly predictor: Predictor; readonly untrained: Predictor | null; readonly measures: FeatureMeasures },
  config: PredictionConfig,
  context: EvaluateContext<'predictor'>,
): AsyncGenerator<EvaluationOutput> {
  const contest = contestOf(predictor, config, measures);
  const all = [
    ...enterAll(predictor, config, contest),
    ...(untrained ? [enterCompetitor('untrained', untrained)] : []),
  ];
  const [model, copyLast] = all as [Competitor, Competitor];
  const { entrants, movingShares, short } = await runHeats(all, { contest, measures }, config, context);
  const sources = entrants.map(({ source }) => source);
  const options = contest.modes.map((mode) => standingOptions(mode, { model, contest, config }));
  const numbers = (competitor: Competitor): Metric[] => [
    ...options.flatMap((each) => [
      ...metricsOf(competitor, each).filter(({ name, variant }) => wasAsked(config, name, variant)),
      ...(config.metrics.includes('psnr.pooled') ? pooledPsnr(competitor, each.mode) : []),
      ...each.selections.flatMap((selection) => {
        const { mode } = each;
        const { bootstrapDraws: draws } = config;
        return skillOf(competitor, copyLast, { mode, selection, sources, random: context.random, draws }) ?? [];
      }),
    ]),
    ...measures.clipMetrics(competitor.name),
  ];
  for (const metric of numbers(model)) yield { kind: 'metric', metric };
  for (const mode of contest.modes)
    for (const metric of movingShareOf(movingShares[mode], mode)) yield { kind: 'metric', metric };
  if (short > 0) yield { kind: 'metric', metric: tooShort(short) };
  for (const rival of all.slice(1)) {
    const told = rival.seesFuture ? { told: 'the frames to come' } : {};
    yield { kind: 'rival', rival: { name: rival.name, metrics: numbers(rival), ...told } };
  }
  const floor = measures.floor();
  if (floor.length > 0)
    yield { kind: 'rival', rival: { name: 'truth-halves', metrics: floor, told: 'the frames to come' } };
  const { evaluated, random, seed = null } = context;
  const { observe, steps } = contest;
  const about = { evaluated, dataset: context.dataset!, observe, steps, random, seed };
  for (const each of options) {
    for (const competitor of all.filter(({ name }) => name === model.name || drawnRivals.has(name)))
      for (const curve of curvesOf(competitor, { ...each, isRival: competitor !== model }))
        yield { kind: 'curve', curve };
    for (const competitor of all.filter(
      ({ name }) => name === model.name || (drawnRivals.has(name) && name !== copyLast.name),
    ))
      for (const curve of skillCurvesOf(competitor, copyLast, { ...each, isRival: competitor !== model }))
        yield { kind: 'curve', curve };
    for (const competitor of all)
      for (const row of curveRows(competitor, all, each.mode, about)) yield { kind: 'row', file: 'curves.jsonl', row };
    for (const row of sequenceRows(entrants, all, each.mode)) yield { kind: 'prediction', row };
  }
}

/** `mean`, and the best of as many samples as were drawn. */
function standingOptions(
  mode: Mode,
  {
    model,
    contest,
    config,
  }: { readonly model: Competitor; readonly contest: Contest; readonly config: PredictionConfig },
): StandingOptions {
  const most = Math.max(0, ...config.bestOf.filter((n) => n <= model.samples));
  const selections: Selection[] = mode === 'multi-step' && most > 1 ? ['mean', `best ${most}`] : ['mean'];
  return { mode, selections, first: mode === 'multi-step' ? contest.observe : 1, trained: model.predictor.predicts };
}

/** psnr.pooled needs the squared error measured, which nobody may have asked to see. */
function wasAsked({ metrics }: PredictionConfig, name: string, variant: string | undefined): boolean {
  return !/^mse/.test(name) || variant !== 'mean' || metrics.includes('mse.mean');
}
