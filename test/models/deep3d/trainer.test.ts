import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, type Sample } from '../../../src/core/index.js';
import {
  disposeBatch,
  selectBackend,
  sumLayers,
  tf,
  toTensorBatch,
  type TensorBatch,
  type Trainer,
} from '../../../src/engine/index.js';
import type { Deep3dConfig } from '../../../src/models/deep3d/config.js';
import task from '../../../src/models/deep3d/index.js';
import { movePicture, selectPixels, shiftPicture } from '../../../src/models/deep3d/select.js';
import { planWeights, shiftsOf, summariseNetwork } from '../../../src/models/deep3d/shapes.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import { plainRight } from './plain-network.js';
import { makeBatch, makeRecord } from './records.js';

const configOf = (...set: string[]) => resolveTaskConfig(task, { set: ['preset=tiny', ...set] }).config as Deep3dConfig;
const leftRight = ['preset=tiny', 'method=left-right', 'kernels=[5]', 'convolutions=[2,2,2]', 'decoder=[8,6,4]'];

let records: Sample[];

beforeAll(async () => {
  await selectBackend('auto');
  records = await Promise.all(Array.from({ length: 4 }, (_, i) => makeRecord(i)));
});

function stepOnce(trainer: Trainer, batch: TensorBatch, learningRate: number, step = 0): Record<string, number> {
  const scalars = { learningRate: tf.scalar(learningRate), seed: tf.tensor1d([step, 11], 'int32') };
  const result = tf.tidy(() => {
    const { result: scores, gradients } = trainer.gradients(batch, scalars);
    trainer.update(gradients, scalars);
    return scores;
  });
  const values = Object.fromEntries(Object.entries(result).map(([name, tensor]) => [name, tensor.dataSync()[0]!]));
  tf.dispose([result, scalars]);
  return values;
}

function learnedCount(config: Deep3dConfig): number {
  return [...planWeights(config).values()]
    .filter(({ learningRateScale }) => learningRateScale > 0)
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

describe('the shapes of deep3d', () => {
  it('has the parameters of the released network and of its successor', () => {
    const paper = resolveTaskConfig(task, { set: ['preset=paper'] }).config as Deep3dConfig;
    expect(learnedCount(paper)).toBe(28_024_785);
    expect(sumLayers(summariseNetwork(paper)).parameters).toBe(28_024_785);
    const successor = resolveTaskConfig(task, { set: ['preset=left-right'] }).config as Deep3dConfig;
    expect(learnedCount(successor)).toBe(31_600_072);
    expect(sumLayers(summariseNetwork(successor)).parameters).toBe(31_600_072);
  });

  it('has 33 shifts of which the first is nothing, as released, or 33 real ones', () => {
    expect(shiftsOf({ reach: 16, emptyChannel: true })).toEqual([
      null,
      ...Array.from({ length: 32 }, (_, k) => k - 15),
    ]);
    expect(shiftsOf({ reach: 16, emptyChannel: false })).toEqual(Array.from({ length: 33 }, (_, k) => k - 16));
  });
});

describe('the selection layer', () => {
  const row = [10, 20, 30, 40, 50];
  const select = (weights: number[][], shifts: readonly (number | null)[]) =>
    tf.tidy(() => {
      const picture = tf.tensor(row, [1, 1, 5, 1]);
      const p = tf.reshape(tf.tensor(weights), [1, 1, 5, shifts.length]);
      return [...selectPixels(p, shiftPicture(picture, shifts)).dataSync()];
    });
  const always = (k: number, count: number) => row.map(() => Array.from({ length: count }, (_, i) => Number(i === k)));

  it('gives the shifted picture for one shift, of either sign, with the edge repeated', () => {
    const shifts = [-2, -1, 0, 1, 2];
    expect(select(always(2, 5), shifts)).toEqual(row);
    expect(select(always(3, 5), shifts)).toEqual([10, 10, 20, 30, 40]);
    expect(select(always(4, 5), shifts)).toEqual([10, 10, 10, 20, 30]);
    expect(select(always(0, 5), shifts)).toEqual([30, 40, 50, 50, 50]);
  });

  it('gives the mean of the neighbours for an even distribution', () => {
    const even = row.map(() => [1 / 3, 1 / 3, 1 / 3]);
    select(even, [-1, 0, 1]).forEach((value, i) => expect(value).toBeCloseTo([40 / 3, 20, 30, 40, 140 / 3][i]!, 4));
  });

  it('darkens by what the empty channel holds, and gives that channel no gradient', () => {
    const shifts = shiftsOf({ reach: 1, emptyChannel: true });
    const some = row.map(() => [0.25, 0.75, 0]);
    select(some, shifts).forEach((value, i) => expect(value).toBeCloseTo(0.75 * row[i]!, 5));
    const gradient = tf.tidy(() => {
      const picture = tf.tensor(row, [1, 1, 5, 1]);
      const weights = tf.reshape(tf.tensor(some), [1, 1, 5, 3]);
      return tf
        .grad((p) => tf.sum(selectPixels(p, shiftPicture(picture, shifts))))(weights)
        .arraySync() as number[][][][];
    });
    gradient[0]![0]!.forEach((of, x) => expect(of).toEqual([0, row[x], row[Math.max(0, x - 1)]]));
  });

  it('moves by parts of a pixel, with the slope of the picture as gradient', () => {
    tf.tidy(() => {
      const picture = tf.tensor(row, [1, 1, 5, 1]);
      const disparity = tf.tensor([0, 0.25, -0.5, 1, 0], [1, 1, 5, 1]);
      const moved = [...movePicture(picture, disparity, 2).dataSync()];
      [10, 17.5, 35, 30, 50].forEach((value, i) => expect(moved[i]).toBeCloseTo(value, 5));
      const slope = tf
        .grad((d) => tf.sum(movePicture(picture, d, 2)))(disparity)
        .dataSync();
      expect(slope[1]).toBeCloseTo(-10, 4);
      expect(slope[2]).toBeCloseTo(-10, 4);
    });
  });
});

describe('the trainer of deep3d', () => {
  function withNoise({ variables }: Trainer): void {
    const random = createRandom('noise');
    for (const [name, variable] of variables) {
      if (!/bias|_bn/.test(name)) continue;
      const isVariance = name.endsWith('variance');
      const values = Float32Array.from(
        { length: variable.size },
        () => (isVariance ? 0.5 : -0.2) + 0.5 * random.float(),
      );
      tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    }
  }
  const plainOf = (trainer: Trainer) =>
    new Map(
      [...trainer.variables].map(([name, it]) => [name, { shape: it.shape, data: Float64Array.from(it.dataSync()) }]),
    );

  it.each([false, true])('gives the right eye of a plain double-precision rewrite, empty channel %s', async (empty) => {
    const config = configOf(`emptyChannel=${empty}`);
    const trainer = task.createTrainer(config, createRandom(1));
    withNoise(trainer);
    const batch = toTensorBatch(await makeBatch(records.slice(0, 1), config, { mode: 'evaluate' }));
    const left = tf.cast(batch.tensors['left']!, 'float32');
    const made = trainer.stereo!.seeRight(left);
    const expected = plainRight(batch.tensors['left']!.dataSync(), plainOf(trainer), config);
    made.right.dataSync().forEach((value, i) => expect(Math.abs(value - expected.right[i]!)).toBeLessThan(0.02));
    const shifts = shiftsOf(config);
    made.disparity.dataSync().forEach((value, i) => {
      const own = [...expected.probabilities.subarray(i * shifts.length, (i + 1) * shifts.length)];
      const mass = own.reduce((sum, p, k) => sum + (shifts[k] === null ? 0 : p), 0);
      const mean = own.reduce((sum, p, k) => sum - p * (shifts[k] ?? 0), 0) / mass;
      expect(Math.abs(value - mean)).toBeLessThan(1e-3);
    });
    tf.dispose([left, made.right, made.disparity]);
    trainer.dispose();
    disposeBatch(batch);
  });

  it.each([
    ['shifts', []],
    ['left-right', leftRight],
  ] as const)('has the gradient of finite differences, by %s', async (_, set) => {
    const config = configOf(...set, 'dropout=0');
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records.slice(0, 2), config));
    const scalars = { learningRate: tf.scalar(0), seed: tf.tensor1d([1, 11], 'int32') };
    const lossOf = () => {
      const { result, gradients } = trainer.gradients(batch, scalars);
      const loss = result.loss.dataSync()[0]!;
      tf.dispose(result);
      return { loss, gradients };
    };
    const { gradients } = lossOf();
    const names = [...trainer.variables].filter(([, { trainable }]) => trainable).map(([name]) => name);
    const random = createRandom('direction');
    const off: string[] = [];
    names.forEach((name, n) => {
      const variable = trainer.variables.get(name)!;
      const first = variable.dataSync().slice();
      const slope = gradients[n]!.dataSync();
      // Along the gradient itself, where float32 sees most, and a little aside.
      const direction = Float32Array.from(slope, (value) => value + 0.1 * Math.abs(value) * random.normal());
      const length = Math.hypot(...direction);
      if (length < 1e-5) return;
      const expected = direction.reduce((sum, value, i) => sum + (value / length) * slope[i]!, 0);
      const at = (distance: number) => {
        tf.tidy(() =>
          variable.assign(
            tf.tensor(
              first.map((value, i) => value + (direction[i]! / length) * distance),
              variable.shape,
            ),
          ),
        );
        const { loss, gradients: unused } = lossOf();
        tf.dispose([...unused]);
        return loss;
      };
      const step = 2e-3;
      const measured = (at(step) - at(-step)) / (2 * step);
      tf.tidy(() => variable.assign(tf.tensor(first, variable.shape)));
      if (Math.abs(measured - expected) > 0.05 * Math.abs(expected) + 0.02)
        off.push(`${name}: ${measured} and ${expected}`);
    });
    expect(off.length, off.join('\n')).toBeLessThanOrEqual(names.length / 10); // kinks of relu and maximum
    tf.dispose([[...gradients], scalars]);
    trainer.dispose();
    disposeBatch(batch);
  });

  it.each([
    ['shifts', [], 0.02],
    ['left-right', leftRight, 0.01],
  ] as const)('learns four pairs by heart, by %s', { timeout: 120_000 }, async (_, set, rate) => {
    const config = configOf(...set, 'dropout=0', 'crop=1', 'mirror=false', 'channels=[8,12,16]');
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records, config));
    let last = stepOnce(trainer, batch, rate);
    const first = last;
    for (let step = 1; step < 150; step++) last = stepOnce(trainer, batch, rate * (step < 100 ? 1 : 0.2), step);
    expect(last['loss']).toBeLessThan(0.75 * first['loss']!);
    expect(last['mae']).toBeLessThan(0.75 * last['copyLeft']!);
    trainer.dispose();
    disposeBatch(batch);
  });

  it('sums the error over the numbers of a pair for sgd, in parts of 255, and averages it for adam', async () => {
    const batchOf = async (config: Deep3dConfig) =>
      toTensorBatch(await makeBatch(records.slice(0, 2), config, { mode: 'evaluate' }));
    const lossOf = async (optimizer: string) => {
      const config = configOf(`optimizer=${optimizer}`);
      const trainer = task.createTrainer(config, createRandom(1));
      const batch = await batchOf(config);
      const scores = trainer.evaluate(batch);
      const [loss, mae] = [scores.loss.dataSync()[0]!, scores['mae']!.dataSync()[0]!];
      tf.dispose(scores);
      disposeBatch(batch);
      trainer.dispose();
      return { loss, mae };
    };
    const [adam, sgd] = [await lossOf('adam'), await lossOf('sgd')];
    expect(adam.loss).toBe(adam.mae);
    expect(sgd.mae).toBe(adam.mae);
    expect(sgd.loss / ((sgd.mae * 32 * 32 * 3) / 255)).toBeCloseTo(1, 5);
  });

  it('counts no error where a logo lies', async () => {
    const config = configOf('crop=1', 'mirror=false');
    const trainer = task.createTrainer(config, createRandom(1));
    const [plain, masked] = await Promise.all([makeRecord(1), makeRecord(1, { ignore: true })]);
    const maeOf = async (record: Sample) => {
      const batch = toTensorBatch(await makeBatch([record], config, { mode: 'evaluate' }));
      const made = trainer.stereo!.seeRight(tf.cast(batch.tensors['left']!, 'float32'));
      const [right, truth, weight] = [made.right, batch.tensors['right']!, batch.tensors['weight']!].map((t) =>
        t.dataSync(),
      );
      let [sum, count] = [0, 0];
      weight!.forEach((w, i) => {
        for (let c = 0; c < 3; c++) sum += w * Math.abs(right![3 * i + c]! - truth![3 * i + c]!);
        count += 3 * w;
      });
      const scores = trainer.evaluate(batch);
      const found = scores['mae']!.dataSync()[0]!;
      tf.dispose([scores, made.right, made.disparity]);
      disposeBatch(batch);
      expect(found).toBeCloseTo(sum / count, 3);
      return { found, count };
    };
    const [whole, part] = [await maeOf(plain), await maeOf(masked)];
    expect(part.count).toBe((whole.count * 3) / 4);
    expect(part.found).not.toBeCloseTo(whole.found, 4);
    trainer.dispose();
  });
});
