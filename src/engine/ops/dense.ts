import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';
import { biasKernel } from './native-kernels.js';
import { isNative } from './native.js';
import { statelessUniform } from './random.js';
import { tell } from './watch-layers.js';

/** A fully connected layer: float32 [batch, in] × [in, out] + [out] → [batch, out]. */
export function dense(x: Tensor, weight: Tensor, bias?: Tensor): Tensor2D {
  return tell(addBias(tf.matMul<Tensor2D>(x, weight), bias), () => ({
    kind: 'dense',
    x,
    weight,
    bias: bias ?? null,
    stride: 1,
    pad: 'valid',
    groups: 1,
  }));
}

function addBias(product: Tensor2D, bias: Tensor | undefined): Tensor2D {
  if (!bias) return product;
  return isNative() ? tf.engine().runKernel(biasKernel, { x: product, bias }) : tf.add<Tensor2D>(product, bias);
}

/**
 * Sets a share of the values to 0 and divides the rest by the share that stays.
 *
 * @param rate share that is dropped, at least 0 and less than 1.
 * @param seed int32 [2]; equal seeds drop the same values, on every engine.
 */
export function dropout<T extends Tensor>(x: T, rate: number, seed: Tensor): T {
  if (rate === 0) return x;
  const kept = tf.cast(tf.greaterEqual(statelessUniform(x.shape, seed), rate), 'float32');
  return tf.mul(x, tf.mul(kept, 1 / (1 - rate)));
}

/**
 * Cross-entropy of softmax(logits), in nats, averaged over the batch.
 *
 * @param logits float32 [batch, classes].
 * @param labels int32 [batch], 0-based classes.
 * @returns float32 [].
 */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const targets = tf.oneHot(tf.cast(labels as Tensor1D, 'int32'), logits.shape.at(-1)!);
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), tf.cast(targets, 'float32')), -1)));
}
