import type { KernelConfig, NamedAttrMap, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';

let registered = false;

/** What the wasm backend lacks or does slowly, made of kernels that it has. */
export function registerWasmKernels(): void {
  if (registered) return;
  registered = true;
  tf.registerKernel({ kernelName: 'Conv2DBackpropFilter', backendName: 'wasm', kernelFunc: filterGradient });
  tf.unregisterKernel('MaxPoolGrad', 'wasm');
  tf.registerKernel({ kernelName: 'MaxPoolGrad', backendName: 'wasm', kernelFunc: maxPoolGradient });
  const product = tf.getKernel('BatchMatMul', 'wasm');
  tf.unregisterKernel('BatchMatMul', 'wasm');
  tf.registerKernel({ ...product, kernelFunc: withoutTransposition(product) });
}

/** The gradient of a convolution's filter as one matrix product: every patch that the filter saw, by what came out there. */
function filterGradient({ inputs, attrs }: Parameters<KernelConfig['kernelFunc']>[0]): Tensor {
  const { x, dy } = inputs as unknown as { x: Tensor4D; dy: Tensor4D };
  const { strides, pad, dimRoundingMode, filterShape } = attrs as unknown as {
    strides: number | [number, number];
    pad: 'same' | 'valid' | number;
    dimRoundingMode?: 'floor' | 'round' | 'ceil';
    filterShape: [number, number, number, number];
  };
  const info = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
  const { padInfo, outHeight, outWidth, strideHeight, strideWidth, batchSize, inChannels, outChannels } = info;
  return tf.tidy(() => {
    const padded = tf.pad(x, [
      [0, 0],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
      [0, 0],
    ]) as Tensor4D;
    const patches: Tensor[] = [];
    for (let row = 0; row < filterShape[0]; row++) {
      for (let column = 0; column < filterShape[1]; column++) {
        const end = [
          batchSize,
          row + (outHeight - 1) * strideHeight + 1,
          column + (outWidth - 1) * strideWidth + 1,
          inChannels,
        ];
        const seen = tf.stridedSlice(padded, [0, row, column, 0], end, [1, strideHeight, strideWidth, 1]);
        patches.push(tf.reshape(seen, [-1, inChannels]));
      }
    }
    const columns = tf.transpose(tf.concat(patches, 1));
    const outputs = tf.reshape(dy, [-1, outChannels]);
    return tf.reshape(tf.matMul(columns, outputs), filterShape);
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
