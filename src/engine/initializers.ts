import type { Variable } from '@tensorflow/tfjs-core';
import type { Random } from '../core/index.js';
import { tf } from './tf.js';

/** First values of a weight: a number everywhere, or drawn from a stream of its own. */
export type Initializer = number | ((shape: readonly number[], random: Random) => Float32Array);

/** Normal with a standard deviation. */
export function gaussian(deviation: number): Initializer {
  return (shape, random) => Float32Array.from({ length: sizeOf(shape) }, () => deviation * random.normal());
}

/**
 * Uniform in ±sqrt(3 / inputs), Caffe's `xavier`.
 *
 * Source: Glorot and Bengio, 2010; Caffe counts the inputs alone.
 */
export function xavier(): Initializer {
  return (shape, random) => {
    const limit = Math.sqrt(3 / inputsOf(shape));
    return Float32Array.from({ length: sizeOf(shape) }, () => limit * (2 * random.float() - 1));
  };
}

/**
 * Normal with the standard deviation sqrt(2 / inputs), for weights before a relu.
 *
 * Source: He et al., "Delving Deep into Rectifiers", 2015, equation 10.
 */
export function heNormal(): Initializer {
  return (shape, random) => {
    const deviation = Math.sqrt(2 / inputsOf(shape));
    return Float32Array.from({ length: sizeOf(shape) }, () => deviation * random.normal());
  };
}

/** A float32 variable with its first values; equal names and random streams give equal values on every engine. */
export function createVariable(
  name: string,
  shape: readonly number[],
  {
    init,
    random,
    trainable = true,
  }: { readonly init: Initializer; readonly random: Random; readonly trainable?: boolean },
): Variable {
  return tf.tidy(() => {
    const first =
      typeof init === 'number'
        ? tf.fill([...shape], init)
        : tf.tensor(init(shape, random.fork(name)), [...shape], 'float32');
    return tf.variable(first, trainable);
  });
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** All axes but the last, which counts the outputs. */
function inputsOf(shape: readonly number[]): number {
  return sizeOf(shape.slice(0, -1));
}
