import { conv2d, dense, localResponseNormalization, maxPool, relu, tf, type Tensor } from '../../engine/index.js';
import { drop, normalise, type NetworkRun } from '../layers/running-statistics.js';
import type { ShuffleAndLearnConfig } from './config.js';

type Run = NetworkRun<ShuffleAndLearnConfig>;

/** Features of single frames. */
export interface FrameFeatures {
  /** After its pooling, flat: float32 [batch, pooled height · pooled width · channels]. */
  readonly conv5: Tensor;
  readonly fc6: Tensor;
  /** Null where fc7 sees three frames at once. */
  readonly fc7: Tensor | null;
}

/**
 * The trunk: the authors' CaffeNet with three convolutions in two groups, pooling before the local response normalisation, and batch
 * normalisation without scale and shift. Shapes at the line ends are those of `paper`.
 *
 * @param images float32 [batch, imageSize, imageSize, 3], RGB in 0–255.
 *
 * Source: imisra/shuffle-tuple, networks/tuple_train.prototxt.
 */
export function encodeFrames(images: Tensor, run: Run): FrameFeatures {
  const { config } = run;
  const layer = (name: string) => layerOf(run, name);
  const pooled = (x: Tensor) => maxPool(x, { size: 3, stride: 2, pad: 'ceil' });

  let x = prepareColours(images, config); // [batch, 227, 227, 3]
  const conv1 = layer('conv1');
  x = relu(conv2d(x, conv1.weight, { bias: conv1.bias, stride: config.conv1Stride, pad: 'valid' })); // [batch, 55, 55, 96]
  x = localResponseNormalization(pooled(x)); // [batch, 27, 27, 96]
  const conv2 = layer('conv2');
  x = relu(conv2d(x, conv2.weight, { bias: conv2.bias, groups: 2 })); // [batch, 27, 27, 256]
  x = localResponseNormalization(pooled(x)); // [batch, 13, 13, 256]
  const conv3 = layer('conv3');
  x = relu(normalise(conv2d(x, conv3.weight, { bias: conv3.bias }), 'conv3', run)); // [batch, 13, 13, 384]
  const conv4 = layer('conv4');
  x = relu(normalise(conv2d(x, conv4.weight, { bias: conv4.bias, groups: 2 }), 'conv4', run)); // [batch, 13, 13, 384]
  const conv5 = layer('conv5');
  x = relu(normalise(conv2d(x, conv5.weight, { bias: conv5.bias, groups: 2 }), 'conv5', run)); // [batch, 13, 13, 256]
  const flat = tf.reshape(pooled(x), [images.shape[0], -1]); // [batch, 9216]
  const fc6 = denseUnit(flat, 'fc6', run); // [batch, 4096]
  const fc7 = config.join === 'fc8' ? denseUnit(drop(fc6, 6, run), 'fc7', run) : null; // [batch, 4096]
  return { conv5: flat, fc6, fc7 };
}

/**
 * Scores of "not in order" and "in order".
 *
 * @param tuples float32 [tuples, 3, imageSize, imageSize, 3], RGB in 0–255, as shown.
 * @returns logits, float32 [tuples, 2].
 */
export function scoreTuples(tuples: Tensor, run: Run): Tensor {
  const [count, , height, width, colours] = tuples.shape as [number, number, number, number, number];
  const { config } = run;
  const frames = tf.reshape(tuples, [count * 3, height, width, colours]); // one trunk sees all three
  const { fc6, fc7 } = encodeFrames(frames, run);
  const join = (x: Tensor) => tf.reshape(x, [count, -1]);
  const fc8 = layerOf(run, 'fc8');
  const scores = (x: Tensor) => evenOut(dense(x, fc8.weight, fc8.bias), run);
  if (fc7) return scores(join(drop(fc7, 7, run))); // [tuples, 12288] → [tuples, 2]
  const together = config.join === 'differences' ? pairDistances(join(fc6)) : join(fc6); // [tuples, 3 · fc6]
  return scores(drop(denseUnit(drop(together, 6, run), 'fc7', run), 7, run)); // [tuples, fc7] → [tuples, 2]
}

/** How far the features of each two of three frames are apart: [tuples, 3 · features] in, and out. */
function pairDistances(three: Tensor): Tensor {
  const [first, middle, last] = tf.split(three, 3, 1) as [Tensor, Tensor, Tensor];
  const distance = (a: Tensor, b: Tensor) => tf.abs(tf.sub(a, b));
  return tf.concat([distance(first, middle), distance(middle, last), distance(first, last)], 1);
}

/** When testing, both labels are taken to be as frequent: the logits lose the logarithm of the shares that training had. */
function evenOut(logits: Tensor, { config: { negativeShare }, mode }: Run): Tensor {
  if (mode.learning || negativeShare === 0 || negativeShare === 1) return logits;
  return tf.sub(logits, tf.tensor1d([Math.log(negativeShare), Math.log(1 - negativeShare)]));
}

function layerOf({ weights }: Run, name: string): { readonly weight: Tensor; readonly bias: Tensor } {
  return { weight: weights.get(`${name}.weight`)!, bias: weights.get(`${name}.bias`)! };
}

function prepareColours(images: Tensor, { colour, mean, scale }: ShuffleAndLearnConfig): Tensor {
  const ordered = colour === 'bgr' ? tf.reverse(images, -1) : images;
  return tf.div(tf.sub(ordered, tf.tensor1d(mean)), scale);
}

function denseUnit(x: Tensor, name: string, run: Run): Tensor {
  const { weight, bias } = layerOf(run, name);
  return relu(normalise(dense(x, weight, bias), name, run));
}
