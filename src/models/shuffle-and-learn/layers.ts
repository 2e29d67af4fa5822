import { tf, type Encoder } from '../../engine/index.js';
import type { Variable } from './weights.js';

/** An array on the engine. */
export type Tensor = ReturnType<Encoder['encode']>;

/** Mean and variance that normalised layers saw, by layer. */
export type Statistics = Map<string, { readonly mean: Tensor; readonly variance: Tensor }>;

type Tensor4D = ReturnType<typeof tf.conv2d<never>> & Tensor;
const as4D = (x: Tensor) => x as never;

/** Convolution with bias, in groups over the channels. */
export function convolve(
  x: Tensor,
  { weight, bias }: { readonly weight: Variable; readonly bias: Variable },
  { stride = 1, pad = 'valid', groups = 1 }: { readonly stride?: number; readonly pad?: 'valid' | 'same'; readonly groups?: number },
): Tensor {
  if (groups === 1) return tf.add(tf.conv2d(as4D(x), as4D(weight), stride, pad), bias);
  const inputs = tf.split(x, groups, -1);
  const filters = tf.split(weight, groups, -1);
  return tf.add(tf.concat(inputs.map((input, g) => tf.conv2d(as4D(input), as4D(filters[g]!), stride, pad)), -1), bias);
}

export function pool(x: Tensor): Tensor {
  const [, height, width] = x.shape as [number, number, number];
  const missing = (side: number) => (Math.ceil((side - 3) / 2) * 2 + 3) - side;
  const padded = missing(height) || missing(width) ? tf.pad(x, [[0, 0], [0, missing(height)], [0, missing(width)], [0, 0]]) : x;
  return tf.maxPool(as4D(padded), 3, 2, 'valid');
}

export function localResponse(x: Tensor): Tensor {
  return tf.localResponseNormalization(as4D(x), 2, 1, 1e-4 / 5, 0.75);
}

export function dense(x: Tensor, { weight, bias }: { readonly weight: Variable; readonly bias: Variable }): Tensor {
  return tf.add(tf.matMul(x as never, weight as never), bias);
}

export function dropout(x: Tensor, { rate, seed }: { readonly rate: number; readonly seed: Tensor }): Tensor {
  const keep = tf.greaterEqual(tf.randomUniform(x.shape, 0, 1, 'float32', seed.dataSync()[0]! + seed.dataSync()[1]!), rate);
  return tf.div(tf.mul(x, tf.cast(keep, 'float32')), 1 - rate);
}

export function normalise(
  x: Tensor,
  { name, weights, seen, learning }: { readonly name: string; readonly weights: ReadonlyMap<string, Variable>; readonly seen: Statistics; readonly learning: boolean },
): Tensor {
  let mean: Tensor;
  let variance: Tensor;
  if (learning) {
    ({ mean, variance } = tf.moments(x, x.shape.map((_, i) => i).slice(0, -1)));
    seen.set(name, { mean: tf.keep(mean), variance: tf.keep(variance) });
  } else {
    const weight = weights.get(`${name}.weight`)!;
    const none = tf.cast(tf.equal(weight, 0), 'float32');
    const divisor = tf.add(weight, none);
    mean = tf.div(weights.get(`${name}.mean`)!, divisor);
    variance = tf.add(tf.div(weights.get(`${name}.variance`)!, divisor), none);
  }
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
}
