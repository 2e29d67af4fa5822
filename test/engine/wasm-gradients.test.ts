import * as core from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { filterGradient, inputGradient } from '../../src/engine/ops/wasm-gradients.js';

type Size4 = [number, number, number, number];

const cases: readonly {
  readonly x: Size4;
  readonly filter: Size4;
  readonly stride: number | [number, number];
  readonly pad: 'same' | 'valid' | number;
}[] = [
  { x: [2, 7, 9, 3], filter: [3, 3, 3, 5], stride: 1, pad: 'same' },
  { x: [1, 8, 8, 4], filter: [4, 4, 4, 8], stride: 2, pad: 'same' },
  { x: [3, 11, 6, 1], filter: [5, 2, 1, 1], stride: [3, 2], pad: 'valid' },
  { x: [1, 10, 10, 2], filter: [3, 3, 2, 9], stride: 4, pad: 'valid' }, // the last line and column are never met
  { x: [2, 5, 5, 6], filter: [1, 1, 6, 7], stride: 1, pad: 'valid' },
  { x: [1, 4, 4, 3], filter: [5, 5, 3, 12], stride: 1, pad: 2 },
];

describe('convolution gradients for the wasm engine', () => {
  for (const { x: size, filter: filterSize, stride, pad } of cases) {
    it(`equals plain sums for ${size.join('x')} by ${filterSize.join('x')}, stride ${String(stride)}, pad ${pad}`, () => {
      const info = core.backend_util.computeConv2DInfo(size, filterSize, stride, 1, pad);
      const random = createRandom(1);
      const draw = (shape: readonly number[]) =>
        Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal());
      const [x, weights, dy] = [draw(size), draw(filterSize), draw(info.outShape)];
      const [slowFilter, slowInput] = slow(x, weights, dy, info);
      expectClose(filterGradient(x, dy, info), slowFilter);
      expectClose(inputGradient(dy, weights, info), slowInput);
    });
  }
});

function slow(x: Float32Array, weights: Float32Array, dy: Float32Array, info: core.backend_util.Conv2DInfo) {
  const forFilter = new Float64Array(weights.length);
  const forInput = new Float64Array(x.length);
  const { batchSize, outHeight, outWidth, outChannels, filterHeight, filterWidth, inChannels, inHeight, inWidth } =
    info;
  for (let b = 0; b < batchSize; b++)
    for (let i = 0; i < outHeight; i++)
      for (let k = 0; k < outWidth; k++)
        for (let r = 0; r < filterHeight; r++)
          for (let c = 0; c < filterWidth; c++) {
            const y = i * info.strideHeight + r - info.padInfo.top;
            const z = k * info.strideWidth + c - info.padInfo.left;
            if (y < 0 || z < 0 || y >= inHeight || z >= inWidth) continue;
            for (let ci = 0; ci < inChannels; ci++)
              for (let o = 0; o < outChannels; o++) {
                const at = ((b * inHeight + y) * inWidth + z) * inChannels + ci;
                const weight = ((r * filterWidth + c) * inChannels + ci) * outChannels + o;
                const slope = dy[((b * outHeight + i) * outWidth + k) * outChannels + o]!;
                forFilter[weight]! += x[at]! * slope;
                forInput[at]! += weights[weight]! * slope;
              }
          }
  return [forFilter, forInput] as const;
}

function expectClose(actual: Float32Array, expected: Float64Array): void {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  expected.forEach((value, i) => (worst = Math.max(worst, Math.abs(actual[i]! - value))));
  expect(worst).toBeLessThan(1e-4);
}
