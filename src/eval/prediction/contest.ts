import { tf, type Predictor, type Tensor } from '../../engine/index.js';
import type { EvaluateContext } from '../define-evaluator.js';
import { RunningMean } from '../metrics/index.js';
import {
  compete,
  enterCompetitor,
  firstFrame,
  openHeat,
  type Competitor,
  type Contest,
  type Heat,
  type Mode,
} from './competitor.js';
import type { PredictionConfig } from './config.js';
import type { FeatureMeasures } from './feature-measures.js';
import { frameMetric, type FrameMetricName } from './frame-metrics.js';
import { createPredictionRival, predictionRivals } from './rivals/index.js';
import { inBatches, readSequences, type Sequence } from './sequences.js';

/** What all are asked and by what they are measured, with what is left open filled in by the model. */
export function contestOf(predictor: Predictor, config: PredictionConfig, measures?: FeatureMeasures): Contest {
  const names = new Set(config.metrics.map((name): FrameMetricName => (name === 'psnr.pooled' ? 'mse.mean' : name)));
  return {
    observe: config.observe ?? predictor.observes,
    steps: config.predict ?? predictor.predicts,
    modes: config.mode === 'both' ? ['multi-step', 'one-step'] : [config.mode],
    metrics: [...names].map(frameMetric),
    pictureDistances: measures?.pictureDistances ?? [],
    drawsSeveral: predictor.isStochastic && config.samples > 1,
  };
}

/** The model, every rival that learns nothing, and the bound of a model that can read the future; the model is first, copy-last second. */
export function enterAll(
  predictor: Predictor,
  { samples, bestOf }: PredictionConfig,
  { observe, steps }: Contest,
): readonly [model: Competitor, copyLast: Competitor, ...others: Competitor[]] {
  const { width, height, channels } = predictor;
  const size = { width, height, channels, observes: observe, predicts: steps };
  const rivals = predictionRivals.map((name) => enterCompetitor(name, createPredictionRival(name, size)));
  const bound = predictor.reconstruct ? [enterCompetitor('posterior', predictor, { seesFuture: true })] : [];
  return [enterCompetitor('model', predictor, { samples, bestOf }), ...rivals, ...bound] as unknown as ReturnType<
    typeof enterAll
  >;
}

/** What a contest left behind for each sequence. */
export type Entrant = Pick<Sequence, 'key' | 'source' | 'start'>;

/** What a contest leaves behind beside the boards of those who took part. */
export interface HeatsOutcome {
  /** In order. */
  readonly entrants: readonly Entrant[];
  /** Share of a predicted frame that moves, a value for each sequence; empty where no measure looks at it. */
  readonly movingShares: Readonly<Record<Mode, RunningMean>>;
  /** Clips that were left out because they have too few frames. */
  readonly short: number;
}

/** Lets everyone predict every held-out sequence, a batch at a time. */
export async function runHeats(
  competitors: readonly Competitor[],
  { contest, measures }: { readonly contest: Contest; readonly measures: FeatureMeasures },
  config: PredictionConfig,
  { dataset, random, signal, emit }: EvaluateContext<'predictor'>,
): Promise<HeatsOutcome> {
  const { predictor } = competitors[0]!;
  const frames = contest.observe + contest.steps;
  const entrants: Entrant[] = [];
  const movingShares = { 'multi-step': new RunningMean(), 'one-step': new RunningMean() };
  let short = 0;
  const sequences = readSequences(dataset!, {
    size: predictor,
    frames,
    windows: config.windows,
    onShort: () => short++,
  });
  let batches = 0;
  for await (const batch of inBatches(sequences, config.batchSize)) {
    signal.throwIfAborted();
    const clips = toClips(batch, predictor, frames);
    const heat = openHeat(batch, clips, predictor);
    try {
      for (const mode of contest.modes) addMovingShares(movingShares[mode], mode, heat, contest);
      measures.addTruth(clips);
      for (const competitor of competitors) {
        for (const mode of contest.modes) {
          compete(competitor, mode, {
            heat,
            contest,
            random: random.fork('futures', competitor.name, mode, batches),
            onFuture: (futures) => measures.addFutures(competitor.name, clips, futures, contest.observe),
          });
        }
        signal.throwIfAborted();
        await new Promise(setImmediate); // lets signals and progress through
      }
    } finally {
      clips.dispose();
    }
    batches++;
    entrants.push(...batch.map(({ key, source, start }) => ({ key, source, start })));
    emit({
      kind: 'progress',
      stage: 'evaluate',
      done: entrants.length,
      total: config.windows === 'first' ? dataset!.samples - short : null,
      unit: 'sequences',
      ...(short > 0 ? { counts: { tooShort: short } } : {}),
    });
  }
  return { entrants, movingShares, short };
}

function addMovingShares(mean: RunningMean, mode: Mode, heat: Heat, contest: Contest): void {
  if (!contest.metrics.some(({ needsMotion }) => needsMotion)) return;
  const last = contest.observe + contest.steps;
  heat.sequences.forEach((_, item) => {
    const first = firstFrame(mode, contest);
    let sum = 0;
    for (let frame = first; frame < last; frame++) sum += heat.moving(item, frame).share;
    mean.add(sum / (last - first));
  });
}

/** Sequences as one tensor: float32 [batch, frames, height, width, channels]. */
export function toClips(batch: readonly Sequence[], { width, height, channels }: Predictor, frames: number): Tensor {
  const values = frames * height * width * channels;
  const all = new Float32Array(batch.length * values);
  batch.forEach(({ data }, item) => all.set(data, item * values));
  return tf.tensor(all, [batch.length, frames, height, width, channels]);
}
