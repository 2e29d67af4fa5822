import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';
import { attribute, isNative, runOp } from './native.js';

/**
 * Uniform numbers in [0, 1) that depend on the seed and the shape alone: the same bits on every engine.
 *
 * @param seed int32 [2].
 * @returns float32 of the shape.
 *
 * Source: TensorFlow's operation `StatelessRandomUniform`, that is Philox 4x32-10 (Salmon et al., "Parallel random numbers:
 * as easy as 1, 2, 3", 2011) keyed by one scrambling round of the seed.
 */
export function statelessUniform(shape: readonly number[], seed: Tensor): Tensor {
  if (isNative()) {
    const attributes = [attribute.type('dtype'), attribute.type('T', 'int32'), attribute.type('Tseed', 'int32')];
    return runOp('StatelessRandomUniform', attributes, [tf.tensor1d([...shape], 'int32'), seed])[0]!;
  }
  const size = shape.reduce((product, length) => product * length, 1);
  const [first, second] = seed.dataSync<'int32'>() as unknown as [number, number];
  return tf.tensor(philoxUniform(size, first, second), [...shape]);
}

/**
 * Standard normal numbers that depend on the seed and the shape alone, but for their last bits, in which engines differ. The first
 * rows of a larger batch are those of a smaller one.
 *
 * @param seed int32 [2].
 * @returns float32 of the shape, none further from 0 than 5.7.
 *
 * Source: Box and Muller, "A note on the generation of random normal deviates", 1958, on `statelessUniform`.
 */
export function statelessNormal(shape: readonly number[], seed: Tensor): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const [first, second] = tf.split(statelessUniform([size, 2], seed), 2, 1) as [Tensor, Tensor];
  const radius = tf.sqrt(tf.mul(tf.log(tf.sub(1, first)), -2));
  return tf.reshape(tf.mul(radius, tf.cos(tf.mul(second, 2 * Math.PI))), [...shape]);
}

/** The numbers of `statelessUniform`, in JavaScript. */
export function philoxUniform(size: number, first: number, second: number): Float32Array {
  // a 32-bit seed is widened with its sign
  const mixed = philox([first | 0, first >> 31, second | 0, second >> 31], 0x3ec8f720, 0x02461e29);
  const values = new Float32Array(size);
  for (let at = 0, block = 0; at < size; at += 4, block++) {
    const words = philox([block, 0, mixed[2], mixed[3]], mixed[0], mixed[1]);
    for (let k = 0; k < 4 && at + k < size; k++) values[at + k] = (words[k]! & 0x7fffff) / 0x800000;
  }
  return values;
}

/** Four 32-bit words, signed or not. */
type Words = [number, number, number, number];

/** One block of four 32-bit words: Philox 4x32-10 of a counter under a key. */
export function philox(counter: Words, key0: number, key1: number): Words {
  let [a, b, c, d] = counter;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, a);
    const low0 = Math.imul(0xd2511f53, a);
    const high1 = multiplyHigh(0xcd9e8d57, c);
    const low1 = Math.imul(0xcd9e8d57, c);
    [a, b, c, d] = [high1 ^ b ^ key0, low1, high0 ^ d ^ key1, low0];
    key0 = (key0 + 0x9e3779b9) | 0;
    key1 = (key1 + 0xbb67ae85) | 0;
  }
  return [a, b, c, d];
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function multiplyHigh(x: number, y: number): number {
  const [xLow, xHigh, yLow, yHigh] = [x & 0xffff, x >>> 16, y & 0xffff, y >>> 16];
  const middle = xHigh * yLow + Math.floor((xLow * yLow) / 65536);
  const other = xLow * yHigh + (middle % 65536);
  return (xHigh * yHigh + Math.floor(middle / 65536) + Math.floor(other / 65536)) | 0;
}
