import type { Rank, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';
import { batchNormKernel } from './native-kernels.js';
import { isNative } from './native.js';
import { isWithoutNormalization, tellNormalization } from './watch-layers.js';

/** A batch normalized by its own statistics. */
export interface NormalizedBatch {
  /** As the input. */
  readonly y: Tensor;
  /** float32 [channels]. */
  readonly mean: Tensor;
  /** float32 [channels], divided by count - 1: what running averages take. */
  readonly variance: Tensor;
}

/**
 * Batch normalization while training, over all axes but the last; gradients flow through `y` alone.
 *
 * @param x float32 [..., channels], rank 2 or 4.
 * @param scale float32 [channels]; with `offset`, or neither.
 *
 * Source: Ioffe and Szegedy, "Batch Normalization", 2015, algorithm 1.
 */
export function batchNorm(
  x: Tensor,
  {
    epsilon = 1e-5,
    scale,
    offset,
  }: { readonly epsilon?: number; readonly scale?: Tensor; readonly offset?: Tensor } = {},
): NormalizedBatch {
  const channels = x.shape.at(-1)!;
  if (isNative()) {
    const flat = x.rank === 4 ? x : tf.reshape(x, [-1, 1, 1, channels]);
    const inputs = { x: flat, scale: scale ?? tf.ones([channels]), offset: offset ?? tf.zeros([channels]) };
    const [y, mean, variance] = tf.engine().runKernel(batchNormKernel, inputs, { epsilon }) as unknown as [
      Tensor,
      Tensor,
      Tensor,
    ];
    return { y: x.rank === 4 ? y : tf.reshape(y, x.shape), mean, variance };
  }
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const count = x.size / channels;
  const { mean, variance } = tf.moments(x, axes);
  const normalized = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
  const y = scale && offset ? tf.add(tf.mul(normalized, scale), offset) : normalized;
  return { y, mean, variance: tf.mul(variance, count / Math.max(1, count - 1)) };
}

/** Batch normalization by given statistics, for inference; within `withoutNormalization`, what it is given. */
export function batchNormInference(
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  {
    epsilon = 1e-5,
    scale,
    offset,
  }: { readonly epsilon?: number; readonly scale?: Tensor; readonly offset?: Tensor } = {},
): Tensor {
  if (isWithoutNormalization()) return x;
  const factor = tf.rsqrt(tf.add(variance, epsilon));
  const slope = scale ? tf.mul(factor, scale) : factor;
  const shift = tf.sub(offset ?? 0, tf.mul(mean, slope));
  tellNormalization({ x, slope, shift });
  return tf.add(tf.mul(x, slope), shift);
}

/**
 * Local response normalization across channels: `x / (bias + alpha / size * sum of squares of the size neighbours) ^ beta`.
 *
 * @param x float32 [batch, height, width, channels].
 *
 * Source: Krizhevsky et al., 2012, section 3.3, with Caffe's division of alpha by the size. `beta` 0.75 is computed by square roots.
 */
export function localResponseNormalization(
  x: Tensor,
  {
    size = 5,
    alpha = 1e-4,
    beta = 0.75,
    bias = 1,
  }: { readonly size?: number; readonly alpha?: number; readonly beta?: number; readonly bias?: number } = {},
): Tensor {
  const channels = x.shape.at(-1)!;
  const weights = tf.mul(bandMatrix(channels, (size - 1) / 2), alpha / size);
  const normalize = tf.customGrad((input, save) => {
    const flat = tf.reshape<Rank.R2>(input as Tensor, [-1, channels]);
    const scale = tf.add<Tensor2D>(tf.matMul(tf.square(flat), weights), bias);
    const factor = powerOf(scale, beta);
    const y = tf.mul(flat, factor);
    (save as (tensors: Tensor[]) => void)([flat, scale, factor, y, weights]);
    return {
      value: tf.reshape(y, x.shape),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [x2, s, f, y2, w] = saved as [Tensor2D, Tensor2D, Tensor2D, Tensor2D, Tensor2D];
        const d = tf.reshape<Rank.R2>(dy, [-1, channels]);
        const spread = tf.matMul(tf.div(tf.mul(d, y2), s), w); // the band is symmetric
        return tf.reshape(tf.sub(tf.mul(d, f), tf.mul(tf.mul(x2, 2 * beta), spread)), x.shape);
      },
    };
  });
  return normalize(x);
}

function powerOf(scale: Tensor2D, beta: number): Tensor2D {
  if (beta !== 0.75) return tf.pow(scale, -beta);
  const root = tf.rsqrt(scale);
  return tf.mul(root, tf.sqrt(root));
}

/** 1 where two channels are at most `radius` apart. */
function bandMatrix(channels: number, radius: number): Tensor2D {
  const values = new Float32Array(channels * channels);
  for (let i = 0; i < channels; i++) {
    for (let j = Math.max(0, i - radius); j <= Math.min(channels - 1, i + radius); j++) values[i * channels + j] = 1;
  }
  return tf.tensor2d(values, [channels, channels]);
}
