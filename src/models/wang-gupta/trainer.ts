import type { Random } from '../../core/index.js';
import { lossAndGradients, momentumSgd, tf, type Tensor, type TensorBatch, type Trainer } from '../../engine/index.js';
import { createPictureEncoder } from '../layers/picture-encoder.js';
import { countLearned, createWeights } from '../layers/weight-plan.js';
import type { WangGuptaConfig } from './config.js';
import { rankingLoss, rankingLossOnAll, type EmbeddedPairs } from './loss.js';
import { encodePatches } from './network.js';
import { featureCounts, planWeights, summariseNetwork } from './shapes.js';

/** Triplets that TensorBoard is shown. */
const shownTriplets = 8;

/**
 * The live network of Wang and Gupta with momentum as Caffe has it: biases learn twice as fast and are not decayed.
 *
 * @param random draws the first weights, each from a stream of its own.
 */
export function createWangGuptaTrainer(config: WangGuptaConfig, random: Random): Trainer {
  const plan = planWeights(config);
  const { variables, learned } = createWeights(plan, random);
  const { momentum, weightDecay } = config;
  const optimizer = momentumSgd(learned, { momentum, weightDecay, style: 'caffe' });
  return {
    variables,
    slots: optimizer.slots,
    parameters: countLearned(plan),
    network: summariseNetwork(config),
    scalars: (step) => ({ hardShare: step < config.randomPhase * config.steps ? 0 : config.hardShare }),
    gradients: (batch, { seed, hardShare }) =>
      lossAndGradients(learned, () => ({
        ...rankingLoss(embed(batch, variables, config), { hardShare: hardShare!, seed }, config),
      })),
    update: (gradients, { learningRate }) => optimizer.apply(gradients, learningRate),
    evaluate: (batch) => tf.tidy(() => ({ ...rankingLossOnAll(embed(batch, variables, config), config) })),
    encoder: createPictureEncoder({
      width: config.imageSize,
      height: config.imageSize,
      layers: featureCounts(config),
      read: (images, layer) => encodePatches(images, variables, config)[layer],
    }),
    pictures: (batch) => tf.tidy(() => ({ triplets: drawTriplets(batch, variables, config) })),
    dispose() {
      optimizer.dispose();
      for (const variable of variables.values()) variable.dispose();
    },
  };
}

/** uint8-valued [pairs, 2, height, width, 3] → all patches, float32 [2 · pairs, height, width, 3], the two of a pair side by side. */
function readPatches({ tensors }: TensorBatch): Tensor {
  const patches = tensors['patches']!;
  return tf.reshape(tf.cast(patches, 'float32'), [-1, ...patches.shape.slice(2)]);
}

function embed(batch: TensorBatch, variables: Trainer['variables'], config: WangGuptaConfig): EmbeddedPairs {
  const { embedding } = encodePatches(readPatches(batch), variables, config);
  return {
    embeddings: tf.reshape(embedding, [-1, 2, config.fc7]),
    label: batch.tensors['label']!,
    groupLabel: batch.tensors['groupLabel']!,
  };
}

/** Anchor, positive and the nearest patch of another video, side by side: float32 [triplets, height, 3 · width, 3]. */
function drawTriplets(batch: TensorBatch, variables: Trainer['variables'], config: WangGuptaConfig): Tensor {
  const { embeddings, label, groupLabel } = embed(batch, variables, config);
  const patches = readPatches(batch);
  const count = Math.min(shownTriplets, embeddings.shape[0]);
  const all = tf.reshape(embeddings, [-1, config.fc7]);
  const anchors = tf.gather(all, rows(count, 0));
  const own = (values: Tensor) => tf.reshape(tf.slice(values, 0, count), [count, 1]);
  const twice = (values: Tensor) => tf.reshape(tf.stack([values, values], 1), [1, -1]);
  const isOwn = tf.maximum(
    ...([label, groupLabel].map((values) => tf.cast(tf.equal(own(values), twice(values)), 'float32')) as [
      Tensor,
      Tensor,
    ]),
  );
  const nearest = tf.argMax(tf.sub(tf.matMul(anchors, all, false, true), tf.mul(isOwn, 10)), 1);
  return tf.concat(
    [tf.gather(patches, rows(count, 0)), tf.gather(patches, rows(count, 1)), tf.gather(patches, nearest)],
    2,
  );
}

/** Rows of the first or second patches of the first pairs. */
function rows(count: number, member: 0 | 1): Tensor {
  return tf.tensor1d(
    Array.from({ length: count }, (_, i) => 2 * i + member),
    'int32',
  );
}
