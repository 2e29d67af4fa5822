import {
  conv2d,
  dense,
  dropout,
  localResponseNormalization,
  maxPool,
  relu,
  tf,
  type Tensor,
  type Trainer,
} from '../../engine/index.js';
import type { MotionSegmentationConfig } from './config.js';

/** What the network makes of pictures. */
export interface SegmentedPictures {
  /** One logit for each place: float32 [batch, maskSize, maskSize]. */
  readonly logits: Tensor;
  /** Features of the layers that can be asked for, flat: float32 [batch, features] each. */
  readonly features: Readonly<Record<string, Tensor>>;
}

/** How pictures are taken: mean and deviation of ImageNet's, which the released networks take off and divide by. */
export const pictureInput = {
  colour: 'rgb',
  mean: [0.485, 0.456, 0.406].map((value) => 255 * value),
  scale: [0.229, 0.224, 0.225].map((value) => 255 * value),
} as const;

/**
 * A picture → the mask of the thing in its middle. `caffenet` is AlexNet to fc7 and one logit a place; `plain` four convolutions, the last of
 * which see all of the picture, and logits on their coarse map, enlarged linearly. Shapes at the line ends are those of `paper` and `small`.
 *
 * @param pictures float32 [batch, imageSize, imageSize, 3], RGB in 0–255.
 * @param seed int32 [2], of dropout; null: nothing is dropped.
 *
 * Source: Pathak et al., CVPR 2017, section 5; the mask branch of Pinheiro et al., "Learning to Segment Object Candidates", 2015.
 */
export function segmentPictures(
  pictures: Tensor,
  weights: Trainer['variables'],
  config: MotionSegmentationConfig,
  seed: Tensor | null,
): SegmentedPictures {
  const x = tf.div<Tensor>(tf.sub(pictures, tf.tensor1d(pictureInput.mean)), tf.tensor1d(pictureInput.scale));
  return config.trunk === 'caffenet' ? runCaffenet(x, weights, config, seed) : runPlain(x, weights, config);
}

function runCaffenet(
  input: Tensor,
  weights: Trainer['variables'],
  { conv1Stride, maskSize, dropout: rate }: MotionSegmentationConfig,
  seed: Tensor | null,
): SegmentedPictures {
  const of = (layer: string) => ({ weight: weights.get(`${layer}.weight`)!, bias: weights.get(`${layer}.bias`)! });
  const convolve = (x: Tensor, layer: string, how: { groups?: number; stride?: number; pad?: 'valid' } = {}) => {
    const { weight, bias } = of(layer);
    return relu(conv2d(x, weight, { bias, ...how }));
  };
  const pooled = (x: Tensor) => maxPool(x, { size: 3, stride: 2, pad: 'ceil' });
  const flat = (x: Tensor) => tf.reshape(x, [input.shape[0], -1]);
  const dropped = (x: Tensor, layer: number) => (seed ? dropout(x, rate, tf.add(seed, layer)) : x);

  let x: Tensor = convolve(input, 'conv1', { stride: conv1Stride, pad: 'valid' }); // [batch, 55, 55, 96]
  x = localResponseNormalization(pooled(x)); // [batch, 27, 27, 96]
  x = convolve(x, 'conv2', { groups: 2 }); // [batch, 27, 27, 256]
  x = localResponseNormalization(pooled(x)); // [batch, 13, 13, 256]
  const conv3 = convolve(x, 'conv3'); // [batch, 13, 13, 384]
  const conv4 = convolve(conv3, 'conv4', { groups: 2 }); // [batch, 13, 13, 384]
  const conv5 = flat(pooled(convolve(conv4, 'conv5', { groups: 2 }))); // [batch, 9216]
  const fc6 = relu(dense(conv5, of('fc6').weight, of('fc6').bias)); // [batch, 4096]
  const fc7 = relu(dense(dropped(fc6, 1), of('fc7').weight, of('fc7').bias)); // [batch, 4096]
  const logits = dense(dropped(fc7, 2), of('mask').weight, of('mask').bias); // [batch, 3136]
  return {
    logits: tf.reshape(logits, [-1, maskSize, maskSize]), // [batch, 56, 56]
    features: { fc7, fc6, conv5, conv4: flat(conv4), conv3: flat(conv3) },
  };
}

function runPlain(
  input: Tensor,
  weights: Trainer['variables'],
  { conv1Stride, maskSize }: MotionSegmentationConfig,
): SegmentedPictures {
  const of = (layer: string) => ({ weight: weights.get(`${layer}.weight`)!, bias: weights.get(`${layer}.bias`)! });
  const convolve = (x: Tensor, layer: string, how: { stride?: number; pad?: 'valid' } = {}) => {
    const { weight, bias } = of(layer);
    return relu(conv2d(x, weight, { bias, ...how }));
  };
  const pooled = (x: Tensor) => maxPool(x, { size: 3, stride: 2, pad: 'ceil' });
  const flat = (x: Tensor) => tf.reshape(x, [input.shape[0], -1]);

  let x: Tensor = pooled(convolve(input, 'conv1', { stride: conv1Stride, pad: 'valid' })); // [batch, 30, 30, 32]
  x = pooled(convolve(x, 'conv2')); // [batch, 15, 15, 64]
  const conv3 = convolve(x, 'conv3'); // [batch, 15, 15, 96]
  const conv4 = convolve(pooled(conv3), 'conv4'); // [batch, 7, 7, 128]
  const squeezed = convolve(conv4, 'squeeze'); // [batch, 7, 7, 128]
  const coarse = conv2d(squeezed, of('mask').weight, { bias: of('mask').bias }); // [batch, 7, 7, 1]
  const logits = tf.matMul<Tensor>(flat(coarse), enlargement(coarse.shape[1], maskSize)); // [batch, 1024]
  return {
    logits: tf.reshape(logits, [-1, maskSize, maskSize]), // [batch, 32, 32]
    features: { conv4: flat(conv4), conv3: flat(conv3) },
  };
}

/** The matrix that enlarges a square map linearly between pixel centres: float32 [from², to²]. */
export function enlargement(from: number, to: number): Tensor {
  const taps = Array.from({ length: to }, (_, i) => {
    const centre = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(centre);
    return { low, high: Math.min(low + 1, from - 1), share: centre - low };
  });
  const matrix = new Float32Array(from * from * to * to);
  taps.forEach((row, y) =>
    taps.forEach((column, x) => {
      const add = (v: number, u: number, weight: number) => (matrix[(v * from + u) * to * to + y * to + x]! += weight);
      add(row.low, column.low, (1 - row.share) * (1 - column.share));
      add(row.low, column.high, (1 - row.share) * column.share);
      add(row.high, column.low, row.share * (1 - column.share));
      add(row.high, column.high, row.share * column.share);
    }),
  );
  return tf.tensor2d(matrix, [from * from, to * to]);
}
