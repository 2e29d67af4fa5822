import { describe, expect, it } from 'vitest';
import {
  adam,
  constantRate,
  cosineRate,
  countLeaks,
  lossAndGradients,
  momentumSgd,
  polyRate,
  scheduleOf,
  stepRate,
  tf,
  toTensor,
  withWarmUp,
  type Optimizer,
  type Parameter,
} from '../../src/engine/index.js';
import { engines, on } from './engines.js';

/** Applies the gradients one after the other to one weight of two values and gives it after each. */
function trace(
  make: (parameters: readonly Parameter[]) => Optimizer,
  gradients: readonly (readonly number[])[],
  rates: readonly number[],
): number[][] {
  const variable = tf.variable(tf.tensor1d([1, -2]));
  const optimizer = make([{ name: 'w', variable, learningRateMultiplier: 2, decayMultiplier: 0.5 }]);
  const seen = gradients.map((gradient, i) => {
    tf.tidy(() => optimizer.apply([tf.tensor1d([...gradient])], tf.scalar(rates[i]!)));
    return [...variable.dataSync()];
  });
  variable.dispose();
  optimizer.dispose();
  return seen;
}

const gradients = [
  [0.5, 1],
  [-1, 0.25],
  [0.1, 0.2],
] as const;
const rates = [0.1, 0.1, 0.01];

describe.each(engines)('on %s', (engine) => {
  it('momentum follows Caffe and PyTorch where the rate changes, decay and multipliers included', async () => {
    for (const style of ['caffe', 'pytorch'] as const) {
      const expected: number[][] = [];
      const [w, v] = [
        [1, -2],
        [0, 0],
      ];
      gradients.forEach((gradient, i) => {
        w.forEach((_, k) => {
          const slope = gradient[k]! + 0.1 * 0.5 * w[k]!;
          const rate = 2 * rates[i]!;
          v[k] = 0.9 * v[k]! + (style === 'caffe' ? rate * slope : slope);
          w[k] = w[k]! - (style === 'caffe' ? v[k] : rate * v[k]);
        });
        expected.push([...w]);
      });
      const seen = await on(engine, () => trace((p) => momentumSgd(p, { weightDecay: 0.1, style }), gradients, rates));
      seen.forEach((row, i) => row.forEach((value, k) => expect(value).toBeCloseTo(expected[i]![k]!, 6)));
    }
  });

  it('the first step of momentum is what a hand computes', async () => {
    const seen = await on(engine, () => trace((p) => momentumSgd(p, { weightDecay: 0.1 }), [[0.5, 1]], [0.1]));
    // 1 - 0.2 (0.5 + 0.05), -2 - 0.2 (1 - 0.1)
    expect(seen[0]![0]).toBeCloseTo(0.89, 6);
    expect(seen[0]![1]).toBeCloseTo(-2.18, 6);
  });

  it('Adam follows its definition', async () => {
    const [w, m, s] = [
      [1, -2],
      [0, 0],
      [0, 0],
    ];
    const expected = gradients.map((gradient, i) => {
      w.forEach((_, k) => {
        m[k] = 0.9 * m[k]! + 0.1 * gradient[k]!;
        s[k] = 0.999 * s[k]! + 0.001 * gradient[k]! ** 2;
        const [mean, square] = [m[k] / (1 - 0.9 ** (i + 1)), s[k] / (1 - 0.999 ** (i + 1))];
        w[k] = w[k]! - (2 * rates[i]! * mean) / (Math.sqrt(square) + 1e-8);
      });
      return [...w];
    });
    const seen = await on(engine, () => trace((p) => adam(p), gradients, rates));
    seen.forEach((row, i) => row.forEach((value, k) => expect(value).toBeCloseTo(expected[i]![k]!, 4)));
  });

  it('leaves no tensor behind, and refuses another number of gradients', async () => {
    await on(engine, () => {
      const variable = tf.variable(tf.tensor1d([1, 2]));
      const optimizer = momentumSgd([{ name: 'w', variable }], { weightDecay: 1 });
      const apply = () => tf.tidy(() => optimizer.apply([tf.ones([2])], tf.scalar(0.1)));
      expect(countLeaks(() => [1, 2, 3].forEach(() => apply()))).toBe(0);
      expect(() => optimizer.apply([], tf.scalar(0.1))).toThrow(/1 gradients, got 0/);
      variable.dispose();
      optimizer.dispose();
    });
  });

  it('the gradients of a loss are in the order of the weights, zeros where it does not depend on one, and more survives with it', async () => {
    await on(engine, () => {
      const names = ['a', 'unused', 'b'];
      const parameters = names.map((name, i) => ({ name, variable: tf.variable(tf.tensor1d([i + 1, i + 2])) }));
      const [a, , b] = parameters.map(({ variable }) => variable);
      const run = () =>
        lossAndGradients(parameters, () => ({ loss: tf.sum(tf.mul(a!, tf.square(b!))), twice: tf.mul(a!, 2) }));
      const leaks = countLeaks(() => {
        const { result, gradients: slopes } = run();
        expect(result.loss.dataSync()[0]).toBe(41); // 1 · 9 + 2 · 16
        expect([...result.twice.dataSync()]).toEqual([2, 4]);
        expect(slopes.map((slope) => [...slope.dataSync()])).toEqual([
          [9, 16],
          [0, 0],
          [6, 16],
        ]);
        tf.dispose([result, [...slopes]]);
      });
      expect(leaks).toBe(0);
      for (const { variable } of parameters) variable.dispose();
    });
  });
});

describe('learning rates', () => {
  it('stay, fall in steps, fall along a cosine and rise at the start', () => {
    expect([0, 99].map(constantRate(0.1))).toEqual([0.1, 0.1]);
    expect([0, 9, 10, 19, 20].map(stepRate(1, { at: [10, 20], factor: 0.5 }))).toEqual([1, 1, 0.5, 0.5, 0.25]);
    const cosine = cosineRate(1, { steps: 10, end: 0.2 });
    expect([0, 5, 10, 15].map(cosine)).toEqual([1, 0.6, 0.2, 0.2].map((rate): unknown => expect.closeTo(rate, 12)));
    expect([0, 1, 3, 4].map(withWarmUp(constantRate(1), 4))).toEqual([0.25, 0.5, 1, 1]);
  });
});

describe('the schedule that the settings name', () => {
  const config = { steps: 10, batchSize: 1, logEverySteps: 1, checkpointEverySteps: 1, learningRate: 1 };
  it("is the task's own, or constant, a cosine or a line to 0, after a warm-up", () => {
    const own = (step: number) => 0.5 / (step + 1);
    const rates = (more: object) => [0, 1, 5, 10].map(scheduleOf({ ...config, ...more }, own));
    expect(rates({})).toEqual([0, 1, 5, 10].map(own));
    expect(rates({ schedule: 'constant' })).toEqual([1, 1, 1, 1]);
    expect(rates({ schedule: 'poly' })).toEqual([1, 0.9, 0.5, 0]);
    expect(rates({ schedule: 'cosine' })[2]).toBeCloseTo(0.5, 12);
    expect(rates({ schedule: 'poly', warmUpSteps: 2 })).toEqual([0.5, 0.9, 0.5, 0]);
  });

  it('of Caffe falls by a power', () => {
    expect([0, 5, 10, 12].map(polyRate(0.2, { steps: 10, power: 2 }))).toEqual(
      [0.2, 0.05, 0, 0].map((rate): unknown => expect.closeTo(rate, 12)),
    );
  });
});

describe('batch arrays as tensors', () => {
  const cases = [
    [{ data: Uint8Array.of(0, 255), dtype: 'uint8', shape: [2] }, 'int32', [0, 255]],
    [{ data: Uint16Array.of(1, 65535), dtype: 'uint16', shape: [2] }, 'int32', [1, 65535]],
    [{ data: Uint8Array.of(1, 0), dtype: 'bool', shape: [2] }, 'bool', [1, 0]],
    [{ data: BigInt64Array.of(-5n, 7n), dtype: 'int64', shape: [1, 2] }, 'int32', [-5, 7]],
    [{ data: Float64Array.of(0.5, -3), dtype: 'float64', shape: [2] }, 'float32', [0.5, -3]],
    // IEEE 754: 1, -2, the largest, the smallest, infinity
    [
      { data: Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00), dtype: 'float16', shape: [5] },
      'float32',
      [1, -2, 65504, 2 ** -24, Infinity],
    ],
  ] as const;

  it.each(engines)('keep their values and do not share memory on %s', async (engine) => {
    await on(engine, () => {
      for (const [array, dtype, values] of cases) {
        const tensor = toTensor(array);
        expect([tensor.dtype, tensor.shape]).toEqual([dtype, [...array.shape]]);
        expect([...tensor.dataSync()]).toEqual(values);
        tensor.dispose();
      }
      const data = Float32Array.of(1, 2);
      const tensor = toTensor({ data, dtype: 'float32', shape: [2] });
      data.fill(9);
      expect([...tensor.dataSync()]).toEqual([1, 2]);
      tensor.dispose();
    });
  });

  it('refuse an int64 that is too large', () => {
    expect(() => toTensor({ data: BigInt64Array.of(2n ** 40n), dtype: 'int64', shape: [1] })).toThrow(RangeError);
  });
});
