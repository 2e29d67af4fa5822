import type { Random } from '../../core/index.js';
import { adam, lossAndGradients, tf, type StepResult, type TensorBatch, type Trainer } from '../../engine/index.js';
import { predictionStrip } from '../layers/prediction-strip.js';
import { createWeights } from '../layers/weight-plan.js';
import type { SvgLpConfig } from './config.js';
import { planModel } from './plan.js';
import { takeFrames } from './frames.js';
import { summarizeLayers } from './layer-table.js';
import { unrollClips, type Unrolled } from './network.js';
import { createPredictor } from './predictor.js';
import { timeFirst } from './recurrent.js';
import { countParameters, planWeights } from './shapes.js';
import { updateStatistics, type NetworkRun, type Statistics, type Tensor } from './units.js';

/** Clips and futures of each that TensorBoard is shown. */
const shown = { clips: 4, futures: 3 };

/**
 * The live model with Adam: encoder, decoder and recurrent nets learn together.
 *
 * @param random draws the first weights, each from a stream of its own.
 */
export function createSvgLpTrainer(config: SvgLpConfig, random: Random): Trainer {
  const plan = planModel(config);
  const { variables, learned } = createWeights(planWeights(config), random);
  const { beta1, beta2 } = config;
  const optimizer = adam(learned, { beta1, beta2 });
  const predictor = createPredictor(config, variables);
  const runOn = (batch: TensorBatch, seen: Statistics | null): NetworkRun => ({
    weights: variables,
    plan,
    videos: batch.tensors['frames']!.shape[0],
    seen,
  });
  /** The future of a batch, drawn: float32 [videos, predicts, size, size, channels]. */
  const foretell = (clips: Tensor, seed: number): Tensor => {
    const [videos, , ...picture] = clips.shape as [number, number, ...number[]];
    let state = predictor.init(videos);
    for (const frame of tf.split(clips, clips.shape[1]!, 1).slice(0, plan.observes))
      state = predictor.observe(state, tf.reshape(frame, [videos, ...picture]));
    return predictor.predict(state, plan.predicts, tf.tensor1d([seed, 0], 'int32'));
  };

  return {
    variables,
    slots: optimizer.slots,
    parameters: countParameters(config),
    network: summarizeLayers(config),
    scalars: (step) => ({ klWeight: plan.klWeight * Math.min(1, (step + 1) / Math.max(1, plan.klWarmUpSteps)) }),
    gradients: (batch, { seed, klWeight }) =>
      lossAndGradients(learned, () => {
        const statistics: Statistics = new Map();
        const unrolled = unrollClips(timeFirst(readClips(batch)), noiseOf(batch, seed), runOn(batch, statistics));
        updateStatistics(statistics, variables);
        return scoreOf(unrolled, klWeight!, plan);
      }),
    update: (gradients, { learningRate }) => optimizer.apply(gradients, learningRate),
    evaluate: (batch) =>
      tf.tidy(() => {
        const clips = readClips(batch);
        const seed = tf.tensor1d([0, 1], 'int32');
        const unrolled = unrollClips(timeFirst(clips), noiseOf(batch, seed), runOn(batch, null));
        const [, future] = tf.split(clips, [plan.observes, plan.predicts], 1) as [Tensor, Tensor];
        return {
          ...scoreOf(unrolled, tf.scalar(plan.klWeight), plan),
          futureError: tf.mean(tf.square(tf.sub(foretell(clips, 2), future))),
        };
      }),
    predictor,
    pictures: (batch) =>
      tf.tidy(() => {
        const all = readClips(batch);
        const count = Math.min(shown.clips, all.shape[0]);
        const clips = takeFrames(all, 0, count, 1);
        const futures = Array.from({ length: plan.prior === 'none' ? 1 : shown.futures }, (_, i) => foretell(clips, i));
        return { futures: predictionStrip(clips, futures, { observed: plan.observes, videos: count }) };
      }),
    dispose() {
      optimizer.dispose();
      for (const variable of variables.values()) variable.dispose();
    },
  };
}

/** uint8-valued [videos, frames, size, size, channels] → float32 in 0–1. */
function readClips({ tensors }: TensorBatch): Tensor {
  return tf.div(tf.cast(tensors['frames']!, 'float32'), 255);
}

/** A batch may bring its noise with it, [videos, frames - 1, latentSize]: to compare steps with another program's. */
function noiseOf({ tensors }: TensorBatch, seed: Tensor): { readonly given: Tensor } | { readonly seed: Tensor } {
  return tensors['noise'] ? { given: timeFirst(tensors['noise']) } : { seed };
}

/** `error` and `kl` are of one frame; the loss is summed over frames. */
function scoreOf({ error, kl }: Unrolled, klWeight: Tensor, { observes, predicts }: NetworkRun['plan']): StepResult {
  const frames = observes + predicts - 1;
  const each = { error: tf.div(error, frames) };
  return kl ? { loss: tf.add(error, tf.mul(klWeight, kl)), ...each, kl: tf.div(kl, frames) } : { loss: error, ...each };
}
