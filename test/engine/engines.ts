import type { Tensor } from '@tensorflow/tfjs-core';
import { createRandom, tensorflowParts } from '../../src/core/index.js';
import { engineNames, selectBackend, tf, type EngineName } from '../../src/engine/index.js';

/** Engines that can run here: TensorFlow's only where setup has built it. */
export const engines: readonly EngineName[] = engineNames.filter(
  (name) => name !== 'tensorflow' || tensorflowParts() !== null,
);

/** Runs something on one engine. */
export async function on<T>(engine: EngineName, work: () => T): Promise<T> {
  await selectBackend(engine);
  return work();
}

/** Normal numbers from a label: the same on every engine. */
export function numbers(label: string, size: number, scale = 1): Float32Array {
  const random = createRandom(label);
  return Float32Array.from({ length: size }, () => scale * random.normal());
}

/** Values of a function of some tensors, and the gradient of `sum(value * weights)` by each, as arrays. */
export function valueAndGradients(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly { readonly data: Float32Array; readonly shape: readonly number[] }[],
): { readonly value: Float32Array; readonly shape: readonly number[]; readonly gradients: readonly Float32Array[] } {
  return tf.tidy(() => {
    const tensors = inputs.map(({ data, shape }) => tf.tensor(data, [...shape]));
    const value = f(...tensors);
    const weights = tf.tensor(numbers('weights', value.size), value.shape);
    const gradients = tf.grads((...xs) => tf.sum(tf.mul(f(...xs), weights)))(tensors);
    return {
      value: value.dataSync<'float32'>(),
      shape: value.shape,
      gradients: gradients.map((gradient) => gradient.dataSync<'float32'>()),
    };
  });
}

/** Largest absolute difference, relative to the largest value. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  let scale = 1e-6;
  for (let i = 0; i < a.length; i++) {
    most = Math.max(most, Math.abs(a[i]! - b[i]!));
    scale = Math.max(scale, Math.abs(b[i]!));
  }
  return Number.isNaN(most) ? Infinity : most / scale;
}
