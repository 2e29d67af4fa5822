import type { Random } from '../../core/index.js';
import {
  adam,
  lossAndGradients,
  momentumSgd,
  tf,
  type Rank,
  type Segmenter,
  type Tensor,
  type TensorBatch,
  type Trainer,
} from '../../engine/index.js';
import { createPictureEncoder } from '../layers/picture-encoder.js';
import { countLearned, createWeights } from '../layers/weight-plan.js';
import type { MotionSegmentationConfig } from './config.js';
import { maskLoss, type MaskScores } from './loss.js';
import { segmentPictures } from './network.js';
import { featureCounts, planWeights, summariseNetwork } from './shapes.js';

/** Pictures that TensorBoard is shown. */
const shownPictures = 8;

/**
 * The live network that draws what would move from one picture.
 *
 * @param random draws the first weights, each from a stream of its own.
 */
export function createMotionSegmentationTrainer(config: MotionSegmentationConfig, random: Random): Trainer {
  const plan = planWeights(config);
  const { variables, learned } = createWeights(plan, random);
  const { momentum, weightDecay } = config;
  const optimizer =
    config.optimizer === 'adam' ? adam(learned, { weightDecay }) : momentumSgd(learned, { momentum, weightDecay });
  const score = (batch: TensorBatch, seed: Tensor | null): MaskScores => {
    const { image, target, weight } = batch.tensors as Readonly<Record<'image' | 'target' | 'weight', Tensor>>;
    return maskLoss(segmentPictures(tf.cast(image, 'float32'), variables, config, seed).logits, target, weight);
  };
  return {
    variables,
    slots: optimizer.slots,
    parameters: countLearned(plan),
    network: summariseNetwork(config),
    gradients: (batch, { seed }) =>
      lossAndGradients(learned, () => ({ ...score(batch, config.dropout > 0 ? seed : null) })),
    update: (gradients, { learningRate }) => optimizer.apply(gradients, learningRate),
    evaluate: (batch) => tf.tidy(() => ({ ...score(batch, null) })),
    encoder: createPictureEncoder({
      width: config.imageSize,
      height: config.imageSize,
      layers: featureCounts(config),
      read: (images, layer) => segmentPictures(images, variables, config, null).features[layer]!,
    }),
    segmenter: createSegmenter(config, variables),
    pictures: (batch) => tf.tidy(() => ({ masks: drawMasks(batch, variables, config) })),
    dispose() {
      optimizer.dispose();
      for (const variable of variables.values()) variable.dispose();
    },
  };
}

function createSegmenter(config: MotionSegmentationConfig, variables: Trainer['variables']): Segmenter {
  return {
    size: config.imageSize,
    maskSize: config.maskSize,
    objectShare: config.objectShare,
    logits: (windows) => tf.tidy(() => segmentPictures(windows, variables, config, null).logits),
  };
}

/** Pictures, and beside each the mask wanted (grey where unknown) and the mask drawn: float32 [pictures, size, 3 · size, 3]. */
function drawMasks(batch: TensorBatch, variables: Trainer['variables'], config: MotionSegmentationConfig): Tensor {
  const count = Math.min(shownPictures, batch.tensors['image']!.shape[0]);
  const take = (name: string) => tf.cast(tf.slice(batch.tensors[name]!, 0, count), 'float32');
  const [image, target, weight] = [take('image'), take('target'), take('weight')];
  const { logits } = segmentPictures(image, variables, config, null);
  const show = (map: Tensor) => {
    const { imageSize: size, maskSize } = config;
    const large = tf.image.resizeNearestNeighbor(tf.reshape<Rank.R4>(map, [count, maskSize, maskSize, 1]), [
      size,
      size,
    ]);
    return tf.tile(tf.mul(large, 255), [1, 1, 1, 3]);
  };
  const wanted = tf.add(tf.mul(target, weight), tf.mul(tf.sub(1, weight), 0.5));
  return tf.concat([image, show(wanted), show(tf.sigmoid(logits))], 2);
}
