import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createAveragedWeights, lossAndGradients, momentumSgd, tf, type Trainer } from '../../src/engine/index.js';
import { averageDecay } from '../../src/engine/averaged-weights.js';
import { clipByGlobalNorm, createUpdateStep, makeScalars, type StepInput } from '../../src/engine/update-step.js';
import { engines, numbers, on } from './engines.js';

const off = { accumulateSteps: 1, clipNorm: 0, compile: 'off' } as const;
const samples = 12;

/** Linear regression of two inputs on one number, whose gradient is a mean over samples. */
function createLine(): Trainer {
  const weight = tf.variable(tf.tensor2d([[0.3], [-0.2]]));
  const bias = tf.variable(tf.scalar(0.1));
  const seen = tf.variable(tf.scalar(0), false);
  const learned = [
    { name: 'weight', variable: weight },
    { name: 'bias', variable: bias },
  ];
  const optimizer = momentumSgd(learned);
  const lossOf = (x: Tensor, y: Tensor) => tf.mean(tf.squaredDifference(tf.add(tf.matMul(x, weight), bias), y));
  return {
    variables: new Map([...learned.map(({ name, variable }) => [name, variable] as const), ['seen', seen]]),
    slots: optimizer.slots,
    parameters: 3,
    gradients: ({ tensors }) =>
      lossAndGradients(learned, () => {
        seen.assign(tf.add(seen, 1));
        return { loss: lossOf(tensors['x']!, tensors['y']!) };
      }),
    update: (gradients, { learningRate }) => optimizer.apply(gradients, learningRate),
    evaluate: ({ tensors }) => ({ loss: lossOf(tensors['x']!, tensors['y']!) }),
    dispose() {
      optimizer.dispose();
      tf.dispose([weight, bias, seen]);
    },
  };
}

/** Samples from a place on, of a set that is always the same. */
function inputOf(from: number, count: number, { step = 0, emaDecay = 0, rate = 0.05 } = {}): StepInput {
  const [x, y] = [numbers('x', samples * 2), numbers('y', samples)];
  return {
    batch: {
      keys: [],
      tensors: {
        x: tf.tensor2d(x.subarray(from * 2, (from + count) * 2), [count, 2]),
        y: tf.tensor2d(y.subarray(from, from + count), [count, 1]),
      },
    },
    scalars: makeScalars(step, { learningRate: rate, seed: [step, 1], emaDecay, more: {} }),
  };
}

const values = (trainer: Trainer) => ['weight', 'bias'].flatMap((name) => [...trainer.variables.get(name)!.dataSync()]);

describe.each(engines)('an update on %s', (engine) => {
  it('from four batches is that of the one batch which they make together', async () => {
    await on(engine, () => {
      const [whole, parts] = [createLine(), createLine()];
      const one = createUpdateStep(whole, inputOf(0, 12), { settings: off, average: null, mode: null });
      const four = createUpdateStep(parts, inputOf(0, 3), {
        settings: { ...off, accumulateSteps: 4, compile: 'auto' },
        average: null,
        mode: null,
      });
      for (let step = 0; step < 5; step++) {
        one.add(inputOf(0, 12), true);
        for (let part = 0; part < 4; part++) four.add(inputOf(3 * part, 3), part === 3);
      }
      values(parts).forEach((value, i) => expect(value).toBeCloseTo(values(whole)[i]!, 5));
      expect(parts.variables.get('seen')!.dataSync()[0]).toBe(20); // running statistics see every batch, once
      expect(whole.variables.get('seen')!.dataSync()[0]).toBe(5);
      for (const thing of [one, four, whole, parts]) thing.dispose();
    });
  });

  it('computes the same as a function and operation by operation, clipped, summed and averaged', async () => {
    await on(engine, () => {
      const results = (['off', 'auto'] as const).map((compile) => {
        const trainer = createLine();
        const average = createAveragedWeights(trainer.variables);
        const settings = { accumulateSteps: 2, clipNorm: 0.5, compile };
        const example = inputOf(0, 6, { emaDecay: 0.9 });
        const update = createUpdateStep(trainer, example, { settings, average, mode: null });
        let norm = 0;
        for (let step = 0; step < 6; step++) {
          update.add(inputOf(0, 6, { step, emaDecay: 0.9 }), false);
          norm = update.add(inputOf(6, 6, { step, emaDecay: 0.9 }), true)['gradientNorm']!.dataSync()[0]!;
        }
        const averages = [...average.variables.values()].flatMap((variable) => [...variable.dataSync()]);
        const all = [...values(trainer), ...averages, norm];
        const { mode } = update;
        for (const thing of [update, average, trainer]) thing.dispose();
        return { all, mode };
      });
      expect(results.map(({ mode }) => mode)).toEqual(['eager', engine === 'tensorflow' ? 'function' : 'eager']);
      results[1]!.all.forEach((value, i) => expect(Math.abs(value - results[0]!.all[i]!)).toBeLessThan(1e-6));
    });
  });

  it.each([1, 3])('leaves no tensor and no byte behind, from %i batches', async (accumulateSteps) => {
    await on(engine, () => {
      const trainer = createLine();
      const average = createAveragedWeights(trainer.variables);
      const example = inputOf(0, 4, { emaDecay: 0.5 });
      const settings = { accumulateSteps, clipNorm: 1, compile: 'auto' } as const;
      const update = createUpdateStep(trainer, example, { settings, average, mode: null });
      const step = () => {
        for (let part = 0; part < accumulateSteps; part++)
          tf.dispose(update.add(example, part === accumulateSteps - 1));
      };
      step();
      const before = tf.memory();
      for (let n = 0; n < 20; n++) step();
      expect(tf.memory().numTensors).toBe(before.numTensors);
      expect(tf.memory().numBytes).toBe(before.numBytes);
      for (const thing of [update, average, trainer]) thing.dispose();
    });
  });
});

describe('clipping', () => {
  it('scales all gradients by one factor, and leaves short ones alone', async () => {
    await on('cpu', () => {
      const gradients = [tf.tensor1d([3, 0]), tf.scalar(-4)];
      const long = clipByGlobalNorm(gradients, 1);
      expect(long.norm.dataSync()[0]).toBe(5);
      expect(long.gradients.flatMap((one) => [...one.dataSync()])).toEqual(
        [0.6, 0, -0.8].map((value): unknown => expect.closeTo(value, 6)),
      );
      const short = clipByGlobalNorm(gradients, 5.5);
      expect(short.gradients.flatMap((one) => [...one.dataSync()])).toEqual([3, 0, -4]);
    });
  });
});

describe('averaged weights', () => {
  it('follow the weights by their decay, which is smaller at first, and take the network over for a while', async () => {
    await on('cpu', async () => {
      const weight = tf.variable(tf.scalar(1));
      const running = tf.variable(tf.scalar(9), false);
      const average = createAveragedWeights(
        new Map([
          ['weight', weight],
          ['running', running],
        ]),
      );
      expect([...average.variables.keys()]).toEqual(['weight']);
      let expected = 1;
      for (let step = 0; step < 30; step++) {
        const decay = averageDecay(0.6, step);
        weight.assign(tf.scalar(step));
        average.update(tf.scalar(decay));
        expected = decay * expected + (1 - decay) * step;
      }
      expect([averageDecay(0.6, 0), averageDecay(0.6, 100)]).toEqual([2 / 11, 0.6]);
      expect(average.variables.get('weight')!.dataSync()[0]).toBeCloseTo(expected, 4);
      const inside = await average.within(async () => weight.dataSync()[0]);
      expect(inside).toBeCloseTo(expected, 4);
      expect(weight.dataSync()[0]).toBe(29);
      await expect(average.within(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
      expect(weight.dataSync()[0]).toBe(29);
      expect(average.variables.get('weight')!.dataSync()[0]).toBeCloseTo(expected, 4);
    });
  });
});

describe('a mode that is asked for', () => {
  it('is refused where the engine does not have it, with the reason', async () => {
    await on('cpu', () => {
      const trainer = createLine();
      const build = (compile: 'function' | 'off', mode: 'function' | null) =>
        createUpdateStep(trainer, inputOf(0, 3), { settings: { ...off, compile }, average: null, mode });
      expect(() => build('function', null)).toThrow(/cpu has no functions.*compile=auto/);
      expect(() => build('off', 'function')).toThrow(/begun that way/);
      trainer.dispose();
    });
  });
});
