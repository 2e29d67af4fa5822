import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';
import { convolutionKernel, type ConvolutionAttributes } from './native-kernels.js';
import { hasGroupedConvolution, isNative } from './native.js';
import { tell } from './watch-layers.js';

/** How a convolution is applied. */
export interface ConvolutionOptions {
  /** float32 [outChannels]. */
  readonly bias?: Tensor;
  readonly stride?: number;
  /** `same` as TensorFlow has it, or so many zeros on every side. */
  readonly pad?: 'same' | 'valid' | number;
  readonly groups?: number;
}

/**
 * A convolution, with its bias, in one operation where the engine has it.
 *
 * @param x float32 [batch, height, width, channels].
 * @param filter float32 [height, width, channels / groups, outChannels]; output channels are divided among the groups in order.
 * @returns float32 [batch, height, width, outChannels].
 */
export function conv2d(x: Tensor, filter: Tensor, options: ConvolutionOptions = {}): Tensor4D {
  return tell(convolve(x, filter, options), () => {
    const { bias = null, stride = 1, pad = 'same', groups = 1 } = options;
    return { kind: 'convolution', x, weight: filter, bias, stride, pad, groups };
  });
}

function convolve(
  x: Tensor,
  filter: Tensor,
  { bias, stride = 1, pad = 'same', groups = 1 }: ConvolutionOptions,
): Tensor4D {
  const [padded, padding] = applyPadding(x as Tensor4D, filter.shape[0], stride, pad);
  if (isNative() && (groups === 1 || hasGroupedConvolution())) {
    const attributes: ConvolutionAttributes = { stride, pad: padding };
    return tf
      .engine()
      .runKernel(convolutionKernel, bias ? { x: padded, filter, bias } : { x: padded, filter }, { ...attributes });
  }
  const convolved =
    groups === 1
      ? tf.conv2d<Tensor4D>(padded, filter as Tensor4D, stride, padding)
      : splitGroups(padded, filter, { groups, stride, pad: padding });
  return bias ? tf.add<Tensor4D>(convolved, bias) : convolved;
}

/** `conv2d` in several groups: each sees its own share of the channels. */
export function groupedConv2d(
  x: Tensor,
  filter: Tensor,
  groups: number,
  options: Omit<ConvolutionOptions, 'groups'> = {},
): Tensor4D {
  return conv2d(x, filter, { ...options, groups });
}

function splitGroups(
  x: Tensor4D,
  filter: Tensor,
  { groups, stride, pad }: { readonly groups: number; readonly stride: number; readonly pad: 'same' | 'valid' },
): Tensor4D {
  const inputs = tf.split<Tensor4D>(x, groups, 3);
  const filters = tf.split<Tensor4D>(filter, groups, 3);
  const outputs = inputs.map((input, i) => tf.conv2d(input, filters[i]!, stride, pad));
  return tf.concat(outputs, 3);
}

/** Zeros on every side, as an operation of their own unless `same` means just that. */
function applyPadding(
  x: Tensor4D,
  size: number,
  stride: number,
  pad: 'same' | 'valid' | number,
): [Tensor4D, 'same' | 'valid'] {
  if (typeof pad === 'string') return [x, pad];
  if (pad === 0) return [x, 'valid'];
  if (stride === 1 && 2 * pad === size - 1) return [x, 'same'];
  return [
    tf.pad(x, [
      [0, 0],
      [pad, pad],
      [pad, pad],
      [0, 0],
    ]),
    'valid',
  ];
}
