import {
  conv2d,
  dense,
  localResponseNormalization,
  maxPool,
  relu,
  tf,
  type Tensor,
  type Trainer,
} from '../../engine/index.js';
import type { WangGuptaConfig } from './config.js';
import { meanName } from './shapes.js';

/** Features of patches, flat: float32 [batch, features] each. */
export interface PatchFeatures {
  /** After its relu. */
  readonly conv3: Tensor;
  readonly conv4: Tensor;
  /** After its pooling. */
  readonly conv5: Tensor;
  readonly fc6: Tensor;
  readonly fc7: Tensor;
  /** fc7 at unit length. */
  readonly embedding: Tensor;
}

/**
 * The trunk that all patches go through: the authors' AlexNet with three convolutions in two groups and pooling before the local response
 * normalisation. It has no dropout and no batch normalisation, so learning and testing are one. Shapes at the line ends are those of `paper`.
 *
 * @param patches float32 [batch, imageSize, imageSize, 3], RGB in 0–255.
 *
 * Source: xiaolonw/caffe-video_triplet, rank_scripts/rank_alexnet/imagenet_train.prototxt.
 */
export function encodePatches(
  patches: Tensor,
  weights: Trainer['variables'],
  { colour, scale, conv1Stride, lastRelu }: Pick<WangGuptaConfig, 'colour' | 'scale' | 'conv1Stride' | 'lastRelu'>,
): PatchFeatures {
  const of = (layer: string) => ({ weight: weights.get(`${layer}.weight`)!, bias: weights.get(`${layer}.bias`)! });
  const convolve = (x: Tensor, layer: string, how: { groups?: number; stride?: number; pad?: 'valid' } = {}) => {
    const { weight, bias } = of(layer);
    return relu(conv2d(x, weight, { bias, ...how }));
  };
  const pooled = (x: Tensor) => maxPool(x, { size: 3, stride: 2, pad: 'ceil' });
  const flat = (x: Tensor) => tf.reshape(x, [patches.shape[0], -1]);

  const ordered = colour === 'bgr' ? tf.reverse(patches, -1) : patches;
  let x: Tensor = tf.div(tf.sub(ordered, weights.get(meanName)!), scale); // [batch, 227, 227, 3]
  x = convolve(x, 'conv1', { stride: conv1Stride, pad: 'valid' }); // [batch, 55, 55, 96]
  x = localResponseNormalization(pooled(x)); // [batch, 27, 27, 96]
  x = convolve(x, 'conv2', { groups: 2 }); // [batch, 27, 27, 256]
  x = localResponseNormalization(pooled(x)); // [batch, 13, 13, 256]
  const conv3 = convolve(x, 'conv3'); // [batch, 13, 13, 384]
  const conv4 = convolve(conv3, 'conv4', { groups: 2 }); // [batch, 13, 13, 384]
  x = pooled(convolve(conv4, 'conv5', { groups: 2 })); // [batch, 6, 6, 256]
  const conv5 = flat(x); // [batch, 9216]
  const fc6 = relu(dense(conv5, of('fc6').weight, of('fc6').bias)); // [batch, 4096]
  const last = dense(fc6, of('fc7').weight, of('fc7').bias); // [batch, 1024]
  const fc7 = lastRelu ? relu(last) : last;
  return { conv3: flat(conv3), conv4: flat(conv4), conv5, fc6, fc7, embedding: toUnitLength(fc7) };
}

/**
 * Rows divided by their length plus 1e-6, as the released layer does. The tiny number under the root leaves the value as it is, and keeps the
 * slope finite at a row of zeros, which the last relu can give.
 */
export function toUnitLength(x: Tensor): Tensor {
  const length = tf.sqrt(tf.add(tf.sum(tf.square(x), -1, true), 1e-24));
  return tf.div(x, tf.add(length, 1e-6));
}
