import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  batchNorm,
  batchNormInference,
  conv2d,
  dense,
  dropout,
  groupedConv2d,
  localResponseNormalization,
  maxPool,
  pooledSize,
  relu,
  softmaxCrossEntropy,
  tf,
} from '../../src/engine/index.js';
import { difference, engines, numbers, on, valueAndGradients } from './engines.js';

interface Case {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly f: (...inputs: Tensor[]) => Tensor;
  /** Where a kink is crossed by the step of the finite difference. */
  readonly tolerance?: number;
}

const cases: readonly Case[] = [
  {
    name: 'a strided convolution with bias and padding',
    shapes: [[2, 7, 6, 3], [3, 3, 3, 4], [4]],
    f: (x, filter, bias) => conv2d(x, filter, { bias: bias, stride: 2, pad: 1 }),
  },
  {
    name: 'a large strided convolution without padding',
    shapes: [
      [2, 13, 13, 3],
      [5, 5, 3, 4],
    ],
    f: (x, filter) => conv2d(x, filter, { stride: 4, pad: 'valid' }),
  },
  {
    name: 'a grouped convolution with bias',
    shapes: [[2, 5, 5, 6], [3, 3, 3, 4], [4]],
    f: (x, filter, bias) => groupedConv2d(x, filter, 2, { bias: bias, pad: 1 }),
  },
  {
    name: 'max-pooling that rounds up',
    shapes: [[2, 6, 8, 3]],
    f: (x) => maxPool(x, { size: 3, stride: 2, pad: 'ceil' }),
  },
  { name: 'max-pooling that rounds down', shapes: [[2, 7, 8, 3]], f: (x) => maxPool(x, { size: 3, stride: 2 }) },
  {
    name: 'max-pooling with padding on both sides',
    shapes: [[1, 5, 5, 2]],
    f: (x) => maxPool(x, { size: 3, stride: 1, pad: 'same' }),
  },
  { name: 'batch normalization of pictures', shapes: [[3, 4, 4, 5]], f: (x) => batchNorm(x).y },
  {
    name: 'batch normalization of vectors with scale and offset',
    shapes: [[8, 5], [5], [5]],
    f: (x, scale, offset) => batchNorm(x, { scale: scale, offset: offset, epsilon: 1e-3 }).y,
  },
  {
    name: 'batch normalization by given statistics',
    shapes: [[4, 3, 3, 2], [2], [2]],
    f: (x, scale, offset) =>
      batchNormInference(x, tf.tensor1d([0.5, -1]), tf.tensor1d([2, 0.25]), { scale: scale, offset: offset }),
  },
  {
    name: 'local response normalization',
    shapes: [[2, 3, 3, 9]],
    f: (x) => localResponseNormalization(x, { alpha: 0.5 }),
  },
  {
    name: 'local response normalization of another power',
    shapes: [[2, 2, 2, 7]],
    f: (x) => localResponseNormalization(x, { size: 3, alpha: 1, beta: 0.5, bias: 2 }),
  },
  { name: 'a dense layer', shapes: [[4, 6], [6, 3], [3]], f: (x, weight, bias) => dense(x, weight, bias) },
  { name: 'dropout', shapes: [[6, 10]], f: (x) => dropout(x, 0.4, tf.tensor1d([7, -9], 'int32')) },
  {
    name: 'softmax cross-entropy',
    shapes: [[5, 4]],
    f: (x) => softmaxCrossEntropy(x, tf.tensor1d([0, 3, 1, 1, 2], 'int32')),
  },
  { name: 'relu', shapes: [[40]], f: (x) => relu(x) },
  { name: 'the logistic function', shapes: [[40]], f: (x) => tf.sigmoid(x) },
  { name: 'the hyperbolic tangent', shapes: [[40]], f: (x) => tf.tanh(x) },
];

describe.each(cases)('$name', ({ name, shapes, f }) => {
  const inputs = shapes.map((shape, i) => ({
    shape,
    data: numbers(
      `${name} ${i}`,
      shape.reduce((a, b) => a * b, 1),
    ),
  }));

  it('has the same values and gradients on every engine', async () => {
    const expected = await on('cpu', () => valueAndGradients(f, inputs));
    for (const engine of engines) {
      const actual = await on(engine, () => valueAndGradients(f, inputs));
      expect(actual.shape).toEqual(expected.shape);
      expect(difference(actual.value, expected.value), `value on ${engine}`).toBeLessThan(2e-5);
      actual.gradients.forEach((gradient, i) =>
        expect(difference(gradient, expected.gradients[i]!), `gradient ${i} on ${engine}`).toBeLessThan(5e-5),
      );
    }
  });

  it.each(engines)('has gradients on %s that finite differences confirm', async (engine) => {
    await on(engine, () => {
      const { value, gradients } = valueAndGradients(f, inputs);
      const weights = numbers('weights', value.length);
      const score = (moved: readonly Float32Array[]) => {
        const { value: at } = valueAndGradients(
          f,
          inputs.map(({ shape }, i) => ({ shape, data: moved[i]! })),
        );
        return at.reduce((sum, v, i) => sum + v * weights[i]!, 0);
      };
      const h = 2e-3;
      inputs.forEach(({ data }, k) => {
        const direction = numbers(`direction ${k}`, data.length);
        const norm = Math.sqrt(direction.reduce((sum, d) => sum + d * d, 0));
        const move = (by: number) =>
          inputs.map((input, i) => (i === k ? input.data.map((v, j) => v + (by * direction[j]!) / norm) : input.data));
        const measured = (score(move(h)) - score(move(-h))) / (2 * h);
        const derived = gradients[k]!.reduce((sum, g, j) => sum + (g * direction[j]!) / norm, 0);
        const size = Math.sqrt(gradients[k]!.reduce((sum, g) => sum + g * g, 0));
        expect(Math.abs(measured - derived), `input ${k}: ${measured} measured, ${derived} derived`).toBeLessThan(
          0.01 * size + 1e-3,
        );
      });
    });
  });

  it.each(engines)('leaves no tensor behind on %s', async (engine) => {
    await on(engine, () => {
      valueAndGradients(f, inputs);
      const before = tf.memory().numTensors;
      for (let i = 0; i < 3; i++) valueAndGradients(f, inputs);
      expect(tf.memory().numTensors).toBe(before);
    });
  });
});

describe('against slow rewrites', () => {
  it.each(engines)('convolves in groups as nested loops do on %s', async (engine) => {
    const [n, h, w, channels, out, size, stride, pad, groups] = [2, 6, 5, 4, 6, 3, 2, 1, 2];
    const [x, filter] = [
      numbers('x', n * h * w * channels),
      numbers('filter', (size * size * channels * out) / groups),
    ];
    const [outHeight, outWidth] = [
      Math.floor((h + 2 * pad - size) / stride) + 1,
      Math.floor((w + 2 * pad - size) / stride) + 1,
    ];
    const expected: number[] = [];
    for (let i = 0; i < n; i++) {
      for (let row = 0; row < outHeight; row++) {
        for (let column = 0; column < outWidth; column++) {
          for (let o = 0; o < out; o++) {
            const group = Math.floor(o / (out / groups));
            let sum = 0;
            for (let dy = 0; dy < size; dy++) {
              for (let dx = 0; dx < size; dx++) {
                const [y0, x0] = [row * stride + dy - pad, column * stride + dx - pad];
                if (y0 < 0 || y0 >= h || x0 < 0 || x0 >= w) continue;
                for (let c = 0; c < channels / groups; c++) {
                  sum +=
                    x[((i * h + y0) * w + x0) * channels + group * (channels / groups) + c]! *
                    filter[((dy * size + dx) * (channels / groups) + c) * out + o]!;
                }
              }
            }
            expected.push(sum);
          }
        }
      }
    }
    await on(engine, () => {
      const actual = tf.tidy(() =>
        groupedConv2d(
          tf.tensor(x, [n, h, w, channels]),
          tf.tensor(filter, [size, size, channels / groups, out]),
          groups,
          { stride, pad },
        ).dataSync(),
      );
      expect(difference(actual, expected)).toBeLessThan(1e-5);
    });
  });

  it.each(engines)('pools windows that stick out below and right as Caffe does on %s', async (engine) => {
    for (const [h, size, stride] of [
      [18, 3, 2],
      [9, 3, 2],
      [4, 3, 2],
      [6, 3, 2],
      [7, 2, 3],
      [10, 4, 3],
    ] as const) {
      const x = numbers(`pool ${h}`, h * h);
      const out = Math.ceil((h - size) / stride) + 1;
      const expected: number[] = [];
      for (let row = 0; row < out; row++) {
        for (let column = 0; column < out; column++) {
          let most = -Infinity;
          for (let y = row * stride; y < Math.min(h, row * stride + size); y++) {
            for (let z = column * stride; z < Math.min(h, column * stride + size); z++)
              most = Math.max(most, x[y * h + z]!);
          }
          expected.push(most);
        }
      }
      await on(engine, () => {
        const pooled = tf.tidy(() =>
          maxPool(tf.tensor(x, [1, h, h, 1]), { size, stride, pad: 'ceil' })
            .arraySync()[0]!
            .flat(2),
        );
        expect(pooled).toEqual(expected.map(Math.fround));
        expect(pooledSize(h, size, stride, 'ceil')).toBe(out);
      });
    }
  });

  it.each(engines)('normalizes by the mean and spread of each channel on %s', async (engine) => {
    const [count, channels] = [12, 3];
    const x = numbers('batch', count * channels);
    await on(engine, () => {
      const { mean, variance, y } = tf.tidy(() => {
        const out = batchNorm(tf.tensor(x, [3, 2, 2, channels]), { epsilon: 0.01 });
        return { mean: out.mean.dataSync(), variance: out.variance.dataSync(), y: out.y.dataSync() };
      });
      for (let c = 0; c < channels; c++) {
        const own = Array.from({ length: count }, (_, i) => x[i * channels + c]!);
        const average = own.reduce((a, b) => a + b) / count;
        const squares = own.reduce((sum, v) => sum + (v - average) ** 2, 0);
        expect(mean[c]).toBeCloseTo(average, 5);
        expect(variance[c]).toBeCloseTo(squares / (count - 1), 5);
        own.forEach((v, i) =>
          expect(y[i * channels + c]).toBeCloseTo((v - average) / Math.sqrt(squares / count + 0.01), 4),
        );
      }
    });
  });

  it.each(engines)('divides by the neighbouring channels on %s', async (engine) => {
    const x = numbers('lrn', 8);
    const expected = Array.from(x, (v, i) => {
      let sum = 0;
      for (let j = Math.max(0, i - 2); j <= Math.min(7, i + 2); j++) sum += x[j]! * x[j]!;
      return v / (1 + (0.3 / 5) * sum) ** 0.75;
    });
    await on(engine, () => {
      const y = tf.tidy(() => localResponseNormalization(tf.tensor(x, [1, 1, 1, 8]), { alpha: 0.3 }).dataSync());
      expect(difference(y, expected)).toBeLessThan(1e-5);
    });
  });

  it.each(engines)('gives the cross-entropy that a hand computes on %s', async (engine) => {
    await on(engine, () => {
      const loss = tf.tidy(
        () =>
          softmaxCrossEntropy(
            tf.tensor2d([
              [0, Math.log(3)],
              [0, 0],
            ]),
            tf.tensor1d([1, 0], 'int32'),
          ).dataSync()[0],
      );
      expect(loss).toBeCloseTo((Math.log(4 / 3) + Math.log(2)) / 2, 6);
    });
  });

  it('drops the wanted share, the same values on every engine, and others with another seed', async () => {
    const kept: string[] = [];
    for (const engine of engines) {
      await on(engine, () => {
        const [first, other] = [
          [1, 2],
          [1, 3],
        ].map((seed) => tf.tidy(() => dropout(tf.ones([100, 100]), 0.25, tf.tensor1d(seed, 'int32')).dataSync()));
        expect(first!.filter((v) => v === 0).length / 10_000).toBeCloseTo(0.25, 1.7);
        expect(new Set(first)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
        expect(Buffer.compare(Buffer.from(first!), Buffer.from(other!))).not.toBe(0);
        kept.push(Buffer.from(Uint8Array.from(first!, (v) => (v > 0 ? 1 : 0))).toString('base64'));
      });
    }
    expect(new Set(kept).size).toBe(1);
  });
});
