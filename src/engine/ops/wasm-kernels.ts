import type { KernelConfig, NamedAttrMap, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';
import { filterGradient, inputGradient } from './wasm-gradients.js';

let registered = false;

/** What the wasm backend lacks or does slowly, made of kernels that it has. */
export function registerWasmKernels(): void {
  if (registered) return;
  registered = true;
  tf.registerKernel({ kernelName: 'Conv2DBackpropFilter', backendName: 'wasm', kernelFunc: filterGradientKernel });
  replaceKernel('MaxPoolGrad', () => maxPoolGradient);
  replaceKernel('BatchMatMul', withoutTransposition);
  replaceKernel('Conv2DBackpropInput', () => inputGradientKernel);
}

function replaceKernel(kernelName: string, make: (old: KernelConfig) => KernelConfig['kernelFunc']): void {
  const old = tf.getKernel(kernelName, 'wasm');
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({ ...old, kernelFunc: make(old) });
}

interface ConvolutionCall {
  readonly strides: number | [number, number];
  readonly pad: 'same' | 'valid' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function filterGradientKernel({ inputs, attrs }: Parameters<KernelConfig['kernelFunc']>[0]): Tensor {
  const { x, dy } = inputs as unknown as { x: Tensor4D; dy: Tensor4D };
  const { strides, pad, dimRoundingMode, filterShape } = attrs as unknown as ConvolutionCall & {
    filterShape: [number, number, number, number];
  };
  const info = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
  return tf.tensor(filterGradient(x.dataSync<'float32'>(), dy.dataSync<'float32'>(), info), filterShape);
}

/** At stride 1 the gradient of a convolution's input is itself a convolution, with the filter turned round, which is the backend's fast kernel. */
function inputGradientKernel({ inputs, attrs }: Parameters<KernelConfig['kernelFunc']>[0]): Tensor {
  const { dy, filter } = inputs as unknown as { dy: Tensor4D; filter: Tensor4D };
  const { strides, pad, dimRoundingMode, inputShape } = attrs as unknown as ConvolutionCall & {
    inputShape: [number, number, number, number];
  };
  const info = tf.backend_util.computeConv2DInfo(inputShape, filter.shape, strides, 1, pad, dimRoundingMode);
  if (info.strideHeight !== 1 || info.strideWidth !== 1) {
    return tf.tensor(inputGradient(dy.dataSync<'float32'>(), filter.dataSync<'float32'>(), info), inputShape);
  }
  return tf.tidy(() => {
    const { top, left } = info.padInfo;
    const [above, before] = [info.filterHeight - 1 - top, info.filterWidth - 1 - left];
    const below = info.inHeight + info.filterHeight - 1 - above - info.outHeight;
    const after = info.inWidth + info.filterWidth - 1 - before - info.outWidth;
    const padded = tf.pad(dy, [
      [0, 0],
      [above, below],
      [before, after],
      [0, 0],
    ]);
    return tf.conv2d(padded, tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]), 1, 'valid');
  });
}

/** The gradient of max-pooling to each window's first maximum. The backend's own (4.22) is wrong where windows overlap. */
function maxPoolGradient({ inputs, attrs }: Parameters<KernelConfig['kernelFunc']>[0]): Tensor {
  const { dy, input } = inputs as unknown as { dy: Tensor4D; input: Tensor4D };
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as {
    filterSize: number | [number, number];
    strides: number | [number, number];
    pad: 'same' | 'valid' | number;
    dimRoundingMode?: 'floor' | 'round' | 'ceil';
  };
  const info = tf.backend_util.computePool2DInfo(input.shape, filterSize, strides, 1, pad, dimRoundingMode);
  const { batchSize, inHeight, inWidth, inChannels: channels, outHeight, outWidth, padInfo } = info;
  const [x, slope] = [input.dataSync<'float32'>(), dy.dataSync<'float32'>()];
  const dx = new Float32Array(x.length);
  for (let image = 0, at = 0; image < batchSize; image++) {
    for (let row = 0; row < outHeight; row++) {
      const top = row * info.strideHeight - padInfo.top;
      const [firstY, endY] = [Math.max(0, top), Math.min(inHeight, top + info.filterHeight)];
      for (let column = 0; column < outWidth; column++) {
        const left = column * info.strideWidth - padInfo.left;
        const [firstX, endX] = [Math.max(0, left), Math.min(inWidth, left + info.filterWidth)];
        for (let channel = 0; channel < channels; channel++, at++) {
          let most = -Infinity;
          let place = -1;
          for (let y = firstY; y < endY; y++) {
            let from = ((image * inHeight + y) * inWidth + firstX) * channels + channel;
            for (let z = firstX; z < endX; z++, from += channels) {
              if (x[from]! > most) {
                most = x[from]!;
                place = from;
              }
            }
          }
          if (place >= 0) dx[place]! += slope[at]!;
        }
      }
    }
  }
  return tf.tensor(dx, input.shape);
}

/** The backend's product is fast only where neither factor is transposed: they are turned first. */
function withoutTransposition({ kernelFunc }: KernelConfig): KernelConfig['kernelFunc'] {
  return (call) => {
    const { transposeA, transposeB } = call.attrs as unknown as { transposeA: boolean; transposeB: boolean };
    if (!transposeA && !transposeB) return kernelFunc(call);
    const turned: Tensor[] = [];
    const turn = (tensor: unknown, wanted: boolean) => {
      if (!wanted) return tensor as Tensor;
      const { rank } = tensor as Tensor;
      const order = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
      const out = tf.transpose(tensor as Tensor, order);
      turned.push(out);
      return out;
    };
    const inputs = { a: turn(call.inputs['a'], transposeA), b: turn(call.inputs['b'], transposeB) };
    const attrs = { ...call.attrs, transposeA: false, transposeB: false } as unknown as NamedAttrMap;
    const result = kernelFunc({ ...call, inputs, attrs });
    for (const tensor of turned) tensor.dispose();
    return result;
  };
}
