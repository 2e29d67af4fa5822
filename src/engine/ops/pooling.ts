import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';
import { maxPoolKernel, type PoolAttributes } from './native-kernels.js';
import { hasOnednn } from './native.js';

/** `ceil`: a window that begins inside counts, as in Caffe; the other two as in TensorFlow. */
export type PoolPad = 'valid' | 'same' | 'ceil';

/**
 * Maximum over windows. The gradient goes to the first maximum of a window.
 *
 * @param x float32 [batch, height, width, channels].
 * @returns float32 [batch, height, width, channels], `pooledSize` high and wide.
 */
export function maxPool(
  x: Tensor,
  { size, stride, pad = 'valid' }: { readonly size: number; readonly stride: number; readonly pad?: PoolPad },
): Tensor4D {
  const [padded, padding] = applyPadding(x as Tensor4D, size, stride, pad);
  if (!hasOnednn()) return tf.maxPool(padded, size, stride, padding);
  const attributes: PoolAttributes = { size, stride, pad: padding };
  return (tf.engine().runKernel(maxPoolKernel, { x: padded }, { ...attributes }) as unknown as [Tensor4D, Tensor])[0];
}

/** How many windows fit along one side. */
export function pooledSize(length: number, size: number, stride: number, pad: PoolPad): number {
  if (pad === 'same') return Math.ceil(length / stride);
  return (pad === 'ceil' ? Math.ceil : Math.floor)((length - size) / stride) + 1;
}

function applyPadding(x: Tensor4D, size: number, stride: number, pad: PoolPad): [Tensor4D, 'valid' | 'same'] {
  if (pad !== 'ceil') return [x, pad];
  const [bottom, right] = [x.shape[1], x.shape[2]].map((length) =>
    Math.max(0, (pooledSize(length, size, stride, 'ceil') - 1) * stride + size - length),
  ) as [number, number];
  if (bottom === 0 && right === 0) return [x, 'valid'];
  // TensorFlow puts the odd one of its padding last, so that one line more below and right is `same`
  const isSame =
    bottom === 1 &&
    right === 1 &&
    [1, 2].every(
      (axis) => pooledSize(x.shape[axis]!, size, stride, 'same') === pooledSize(x.shape[axis]!, size, stride, 'ceil'),
    );
  return isSame
    ? [x, 'same']
    : [
        tf.pad(
          x,
          [
            [0, 0],
            [0, bottom],
            [0, right],
            [0, 0],
          ],
          -3.4e38,
        ),
        'valid',
      ];
}
