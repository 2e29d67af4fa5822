import type { GradConfig, KernelConfig, NamedAttrMap, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';
import { registerGather } from './gather.js';
import { attribute, hasOnednn, onednnMark, runOp, type Attribute } from './native.js';

/** Convolution of one or several groups, with an optional bias. */
export const convolutionKernel = 'ReelmineConvolution';

/** Max-pooling that keeps what its gradient needs. */
export const maxPoolKernel = 'ReelmineMaxPool';

/** Batch normalization by the batch's own statistics. */
export const batchNormKernel = 'ReelmineBatchNorm';

/** One number added to each channel. */
export const biasKernel = 'ReelmineBias';

/** How the convolution kernel is applied; groups follow from the shapes. */
export interface ConvolutionAttributes {
  readonly stride: number;
  readonly pad: 'same' | 'valid';
}

/** How the pooling kernel is applied. */
export interface PoolAttributes extends ConvolutionAttributes {
  readonly size: number;
}

/** Kernels made of TensorFlow operations that TensorFlow.js does not use, with their gradients. */
export function registerNativeKernels(): void {
  for (const [forward, gradient] of kernels) {
    tf.registerKernel({ backendName: 'tensorflow', ...forward });
    tf.registerGradient({ kernelName: forward.kernelName, ...gradient });
  }
  registerGather();
}

type Pair = [Pick<KernelConfig, 'kernelName' | 'kernelFunc'>, Omit<GradConfig, 'kernelName'>];

const convolution: Pair = [
  {
    kernelName: convolutionKernel,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, filter, bias } = inputs as { x: TensorInfo; filter: TensorInfo; bias?: TensorInfo };
      if (bias && hasOnednn())
        return runOne('_MklNativeConv2DWithBias', [...windowOf(attrs), onednnMark()], [x, filter, bias]);
      const product = runOne('Conv2D', cudnn(attrs), [x, filter]);
      if (!bias) return product;
      const sum = addBias(product, bias);
      product.dispose();
      return sum;
    },
  },
  {
    inputsToSave: ['x', 'filter'],
    gradFunc: (given, saved, attrs) => {
      const dy = given as Tensor;
      const [x, filter] = saved as [Tensor, Tensor];
      const sizes = (tensor: Tensor) => tf.tensor1d(tensor.shape, 'int32');
      return {
        // lazy: a network's first layer needs no gradient of its input
        x: () => runOp('Conv2DBackpropInput', cudnn(attrs), [sizes(x), filter, dy])[0]!,
        filter: () => runOp('Conv2DBackpropFilter', cudnn(attrs), [x, sizes(filter), dy])[0]!,
        bias: () => biasGradient(dy),
      };
    },
  },
];

const maxPool: Pair = [
  {
    kernelName: maxPoolKernel,
    kernelFunc: ({ inputs, attrs }) => runOp('_MklNativeMaxPool', [...poolOf(attrs), onednnMark()], [inputs['x']!], 2),
  },
  {
    inputsToSave: ['x'],
    outputsToSave: [true, true],
    gradFunc: (dys, saved, attrs) => {
      const [x, y, workspace] = saved as [Tensor, Tensor, Tensor];
      const dy = (dys as Tensor[])[0]!;
      return { x: () => runOp('_MklNativeMaxPoolGrad', [...poolOf(attrs), onednnMark()], [x, y, dy, workspace])[0]! };
    },
  },
];

const batchNorm: Pair = [
  {
    kernelName: batchNormKernel,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, scale, offset } = inputs as { x: TensorInfo; scale: TensorInfo; offset: TensorInfo };
      const none = tf.zeros([0]);
      const outputs = runOp(
        'FusedBatchNormV3',
        [...statistics(attrs), attribute.float('exponential_avg_factor', 1)],
        [x, scale, offset, none, none],
        6,
      );
      none.dispose();
      return outputs;
    },
  },
  {
    inputsToSave: ['x', 'scale'],
    outputsToSave: [false, false, false, true, true, true],
    gradFunc: (dys, saved, attrs) => {
      const [x, scale, ...reserved] = saved as [Tensor, Tensor, ...Tensor[]];
      const gradients = runOp(
        'FusedBatchNormGradV3',
        statistics(attrs),
        [(dys as Tensor[])[0]!, x, scale, ...reserved],
        5,
      );
      return { x: () => gradients[0]!, scale: () => gradients[1]!, offset: () => gradients[2]! };
    },
  },
];

const bias: Pair = [
  {
    kernelName: biasKernel,
    kernelFunc: ({ inputs }) => addBias(inputs['x']!, inputs['bias']!),
  },
  { gradFunc: (dy) => ({ x: () => dy as Tensor, bias: () => biasGradient(dy as Tensor) }) },
];

const kernels: readonly Pair[] = [convolution, maxPool, batchNorm, bias];

/** Runs an operation of one output. */
function runOne(...call: Parameters<typeof runOp>): Tensor {
  return runOp(...call)[0]!;
}

function addBias(x: TensorInfo, values: TensorInfo): Tensor {
  return runOne('BiasAdd', [attribute.type('T'), attribute.text('data_format', 'NHWC')], [x, values]);
}

function biasGradient(dy: Tensor): Tensor {
  return runOp('BiasAddGrad', [attribute.type('T'), attribute.text('data_format', 'NHWC')], [dy])[0]!;
}

function windowOf(attrs: NamedAttrMap | undefined): Attribute[] {
  const { stride, pad } = attrs as unknown as ConvolutionAttributes;
  return [
    attribute.type('T'),
    attribute.int('strides', [1, stride, stride, 1]),
    attribute.text('padding', pad.toUpperCase()),
    attribute.text('data_format', 'NHWC'),
    attribute.int('dilations', [1, 1, 1, 1]),
  ];
}

function cudnn(attrs: NamedAttrMap | undefined): Attribute[] {
  return [...windowOf(attrs), attribute.bool('use_cudnn_on_gpu', true)];
}

function poolOf(attrs: NamedAttrMap | undefined): Attribute[] {
  const { size } = attrs as unknown as PoolAttributes;
  return [...windowOf(attrs).slice(0, 4), attribute.int('ksize', [1, size, size, 1])];
}

function statistics(attrs: NamedAttrMap | undefined): Attribute[] {
  const { epsilon } = attrs as unknown as { epsilon: number };
  return [
    attribute.type('T'),
    attribute.type('U'),
    attribute.float('epsilon', epsilon),
    attribute.text('data_format', 'NHWC'),
    attribute.bool('is_training', true),
  ];
}
