import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';
import { attribute, runOp, type tfTypes } from './native.js';

/**
 * Replaces TensorFlow.js's gathering on TensorFlow's engine, which reads the indices back to check them: no step with it could be
 * captured. TensorFlow checks them itself on a CPU, and gives zeros for a bad one on a GPU.
 */
export function registerGather(): void {
  const registered = { kernelName: 'GatherV2', backendName: 'tensorflow' };
  tf.unregisterKernel(registered.kernelName, registered.backendName);
  tf.registerKernel({
    ...registered,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, indices } = inputs as { x: Tensor; indices: Tensor };
      const { axis, batchDims } = attrs as unknown as { axis: number; batchDims: number };
      const attributes = [
        attribute.int('batch_dims', batchDims),
        attribute.type('Tparams', x.dtype as keyof typeof tfTypes),
        attribute.type('Tindices', indices.dtype as keyof typeof tfTypes),
        attribute.type('Taxis', 'int32'),
      ];
      const position = tf.scalar(axis, 'int32');
      const gathered = runOp('GatherV2', attributes, [x, indices, position])[0]!;
      position.dispose();
      return gathered;
    },
  });
}
