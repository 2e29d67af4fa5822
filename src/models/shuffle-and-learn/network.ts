import { tf } from '../../engine/index.js';
import type { ShuffleAndLearnConfig } from './config.js';
import { convolve, dense, dropout, localResponse, normalise, pool, type Statistics, type Tensor } from './layers.js';
import type { Variable } from './weights.js';

/** How the network is run: learning takes batch statistics and drops features, testing takes running statistics. */
export type Mode = { readonly learning: true; readonly seed: Tensor } | { readonly learning: false };

/** Features of single frames, and the batch statistics seen on the way. */
export interface FrameFeatures {
  readonly conv5: Tensor;
  readonly fc6: Tensor;
  /** Null where fc7 sees three frames at once. */
  readonly fc7: Tensor | null;
  readonly statistics: Statistics;
}

/**
 * The trunk: CaffeNet in two groups as the authors released it, with batch normalisation that has no scale and shift, and pooling before the local
 * response normalisation. Shapes at the line ends are those of `paper`.
 *
 * @param images float32 [batch, imageSize, imageSize, 3], RGB in 0–255.
 *
 * Source: imisra/shuffle-tuple, networks/tuple_train.prototxt.
 */
export function encodeFrames(images: Tensor, weights: ReadonlyMap<string, Variable>, config: ShuffleAndLearnConfig, mode: Mode): FrameFeatures {
  const seen: Statistics = new Map();
  const layer = (name: string) => ({ weight: weights.get(`${name}.weight`)!, bias: weights.get(`${name}.bias`)! });
  const normal = (x: Tensor, name: string) => normalise(x, { name: `${name}_bn`, weights, seen, learning: mode.learning });

  let x = normaliseColours(images, config); // [batch, 227, 227, 3]
  x = tf.relu(convolve(x, layer('conv1'), { stride: config.conv1Stride })); // [batch, 55, 55, 96]
  x = localResponse(pool(x)); // [batch, 27, 27, 96]
  x = tf.relu(convolve(x, layer('conv2'), { groups: 2, pad: 'same' })); // [batch, 27, 27, 256]
  x = localResponse(pool(x)); // [batch, 13, 13, 256]
  x = tf.relu(normal(convolve(x, layer('conv3'), { pad: 'same' }), 'conv3')); // [batch, 13, 13, 384]
  x = tf.relu(normal(convolve(x, layer('conv4'), { groups: 2, pad: 'same' }), 'conv4')); // [batch, 13, 13, 384]
  x = tf.relu(normal(convolve(x, layer('conv5'), { groups: 2, pad: 'same' }), 'conv5')); // [batch, 13, 13, 256]
  const conv5 = flatten(pool(x)); // [batch, 9216]
  const fc6 = tf.relu(normal(dense(conv5, layer('fc6')), 'fc6')); // [batch, 4096]
  const fc7 = config.join === 'fc8' ? tf.relu(normal(dense(drop(fc6, config, mode, 6), layer('fc7')), 'fc7')) : null; // [batch, 4096]
  return { conv5, fc6, fc7, statistics: seen };
}

/**
 * Scores of "not in order" and "in order" for tuples.
 *
 * @param tuples [tuples, 3, imageSize, imageSize, 3] RGB in 0–255, as shown.
 * @returns logits float32 [tuples, 2], and the batch statistics seen on the way.
 */
export function scoreTuples(
  tuples: Tensor,
  weights: ReadonlyMap<string, Variable>,
  config: ShuffleAndLearnConfig,
  mode: Mode,
): { readonly logits: Tensor; readonly statistics: Statistics } {
  const [count, , height, width, colours] = tuples.shape as [number, number, number, number, number];
  const frames = tf.reshape(tuples, [count * 3, height, width, colours]); // one trunk for all three
  const { fc6, fc7, statistics } = encodeFrames(frames, weights, config, mode);
  const layer = (name: string) => ({ weight: weights.get(`${name}.weight`)!, bias: weights.get(`${name}.bias`)! });
  const join = (x: Tensor) => tf.reshape(x, [count, -1]);

  let x = fc7 ? join(drop(fc7, config, mode, 7)) : join(drop(fc6, config, mode, 6)); // [tuples, 12288]
  if (!fc7) {
    const joined = dense(x, layer('fc7')); // [tuples, fc7]
    x = drop(tf.relu(normalise(joined, { name: 'fc7_bn', weights, seen: statistics, learning: mode.learning })), config, mode, 7);
  }
  return { logits: dense(x, layer('fc8')), statistics }; // [tuples, 2]
}

function normaliseColours(images: Tensor, { colour, mean, scale }: ShuffleAndLearnConfig): Tensor {
  const ordered = colour === 'bgr' ? tf.reverse(images, -1) : images;
  return tf.div(tf.sub(ordered, tf.tensor1d(mean)), scale);
}

function drop(x: Tensor, config: ShuffleAndLearnConfig, mode: Mode, layer: number): Tensor {
  return mode.learning ? dropout(x, { rate: config.dropout, seed: tf.add(mode.seed, tf.tensor1d([0, layer], 'int32')) }) : x;
}

function flatten(x: Tensor): Tensor {
  return tf.reshape(x, [x.shape[0]!, -1]);
}
