import { ConfigError, type Random } from '../../core/index.js';
import { adam, lossAndGradients, tf, type TensorBatch, type Trainer } from '../../engine/index.js';
import { predictionStrip } from '../layers/prediction-strip.js';
import { createWeights } from '../layers/weight-plan.js';
import type { PredNetConfig } from './config.js';
import type { Tensor } from './kernels.js';
import { lastDepth, predictionLoss, rollOut, scorePredictions } from './loss.js';
import { createEncoder, createPredictor, openNetwork } from './predictor.js';
import { countParameters, layerSizes, planWeights, summarizeLayers } from './shapes.js';

/**
 * The live PredNet, unrolled over a clip, with Adam.
 *
 * @param random draws the first weights, each from a stream of its own.
 * @throws ConfigError if the objective does not fit `extrapolateFrom`, or the layers do not fit the frame.
 */
export function createPredNetTrainer(config: PredNetConfig, random: Random): Trainer {
  checkObjective(config);
  const { variables, learned } = createWeights(planWeights(config), random);
  const { beta1, beta2, epsilon } = config;
  const optimizer = adam(learned, { beta1, beta2, epsilon });
  const depth = layerSizes(config).length;
  const run = (frames: readonly Tensor[], isWhole: boolean) =>
    rollOut(openNetwork(variables, config), frames, {
      extrapolateFrom: config.extrapolateFrom,
      lastDepth: isWhole ? depth : lastDepth(config, depth),
    });
  const score = (batch: TensorBatch) => {
    const frames = readFrames(batch);
    const rolled = run(frames, false);
    return { loss: predictionLoss(frames, rolled, config), ...scorePredictions(frames, rolled) };
  };

  return {
    variables,
    slots: optimizer.slots,
    parameters: countParameters(config),
    network: summarizeLayers(config),
    gradients: (batch) => lossAndGradients(learned, () => score(batch)),
    update: (gradients, { learningRate }) => optimizer.apply(gradients, learningRate),
    warning: ({ blackShare = 0 }) =>
      blackShare > 0.99
        ? `${(100 * blackShare).toFixed(1)} % of the predicted pixels of a channel are black: unless the films are, it is dead and will not learn any more. Try pixels=straight, pixels=softplus or a small positive pixelBias.`
        : null,
    evaluate: (batch) => tf.tidy(() => score(batch)),
    predictor: createPredictor(variables, config),
    encoder: createEncoder(variables, config),
    pictures: (batch) =>
      tf.tidy(() => {
        const frames = readFrames(batch);
        const { predictions } = run(frames, false);
        const future = tf.stack(predictions.slice(1), 1);
        return { predictions: predictionStrip(tf.stack([...frames], 1), [future], { observed: 1 }) };
      }),
    dispose() {
      optimizer.dispose();
      for (const variable of variables.values()) variable.dispose();
    },
  };
}

/** uint8-valued [batch, frames, height, width, channels] → each frame, float32 [batch, height, width, channels] in 0–1. */
function readFrames({ tensors }: TensorBatch): readonly Tensor[] {
  return tf.unstack(tf.div(tf.cast(tensors['frames']!, 'float32'), 255), 1);
}

/** Error units compare with what the network was shown, which is its own prediction once it extrapolates. */
function checkObjective({ objective, extrapolateFrom, frames }: PredNetConfig): void {
  const context = { objective, extrapolateFrom, frames };
  if (extrapolateFrom >= frames)
    throw new ConfigError(`extrapolateFrom must be less than frames, ${frames}, got ${extrapolateFrom}.`, { context });
  if (objective === 'errors' && extrapolateFrom > 0)
    throw new ConfigError(
      'objective=errors would train the network towards its own predictions from extrapolateFrom on. Set objective=pixels or errors-then-pixels.',
      { context },
    );
  if (objective === 'errors-then-pixels' && extrapolateFrom === 0)
    throw new ConfigError('objective=errors-then-pixels needs extrapolateFrom, the frame at which it changes.', {
      context,
    });
}
