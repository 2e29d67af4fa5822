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
  Relu6: {
    native: (dy, y) => runOp('Relu6Grad', [attribute.type('T')], [dy, y])[0]!,
    plain: (dy, y) => tf.mul(dy, tf.mul(tf.step(y), tf.cast(tf.less(y, 6), 'float32'))),
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

/** Replaces TensorFlow.js's gradients of relu, relu6, leaky relu, sigmoid and tanh, which take three operations and keep the input. */
export function registerActivationGradients(): void {
  for (const [kernelName, { native, plain }] of Object.entries(gradients)) {
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      kernelName,
      outputsToSave: [true],
      gradFunc: (dy, saved) => ({ x: () => (isNative() ? native : plain)(dy as Tensor, saved[0]!) }),
    });
  }
  registerLeakyReluGradient();
}

/** The output tells the side of 0 as the input does, so that the input need not be kept; at 0 the gradient is the lower one. */
function registerLeakyReluGradient(): void {
  tf.unregisterGradient('LeakyRelu');
  tf.registerGradient({
    kernelName: 'LeakyRelu',
    outputsToSave: [true],
    gradFunc: (given, saved, attrs) => {
      const [dy, y] = [given as Tensor, saved[0]!];
      const { alpha } = attrs as unknown as { readonly alpha: number };
      const native = () => runOp('LeakyReluGrad', [attribute.type('T'), attribute.float('alpha', alpha)], [dy, y])[0]!;
      const plain = () => tf.where(tf.greater(y, 0), dy, tf.mul(dy, alpha));
      return { x: isNative() ? native : plain };
    },
  });
}

/** `max(x, 0)`; its gradient at 0 is 0. */
export function relu<T extends Tensor>(x: T): T {
  return tf.relu(x);
}

/** `x` where it is positive, else `slope * x`; `slope` is greater than 0. */
export function leakyRelu<T extends Tensor>(x: T, slope = 0.2): T {
  return tf.leakyRelu(x, slope);
}
