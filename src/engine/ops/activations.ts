import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';
import { attribute, isNative, runOp } from './native.js';

/** Gradients that need only the output, in one operation where TensorFlow runs: by kernel, `dx` from `dy` and `y`. */
const gradients: Readonly<
  Record<string, { native: (dy: Tensor, y: Tensor) => Tensor; plain: (dy: Tensor, y: Tensor) => Tensor }>
> = {
  Relu: {
    native: (dy, y) => runOp('ReluGrad', [attribute.type('T')], [dy, y])[0]!,
    plain: (dy, y) => tf.mul(dy, tf.step(y)),
  },
  Sigmoid: {
    native: (dy, y) => runOp('SigmoidGrad', [attribute.type('T')], [y, dy])[0]!,
    plain: (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y))),
  },
  Tanh: {
    native: (dy, y) => runOp('TanhGrad', [attribute.type('T')], [y, dy])[0]!,
    plain: (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y))),
  },
};

/** Replaces TensorFlow.js's gradients of relu, sigmoid and tanh, which take three operations and keep the input. */
export function registerActivationGradients(): void {
  for (const [kernelName, { native, plain }] of Object.entries(gradients)) {
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      kernelName,
      outputsToSave: [true],
      gradFunc: (dy, saved) => ({ x: () => (isNative() ? native : plain)(dy as Tensor, saved[0]!) }),
    });
  }
}

/** `max(x, 0)`; its gradient at 0 is 0. */
export function relu<T extends Tensor>(x: T): T {
  return tf.relu(x);
}
