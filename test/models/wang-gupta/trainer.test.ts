import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, type Sample } from '../../../src/core/index.js';
import {
  disposeBatch,
  selectBackend,
  tf,
  toTensorBatch,
  type TensorBatch,
  type Trainer,
} from '../../../src/engine/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { WangGuptaConfig } from '../../../src/models/wang-gupta/config.js';
import task from '../../../src/models/wang-gupta/index.js';
import { plainFeatures } from './plain-network.js';
import { makeBatch, makeRecord } from './records.js';

const configOf = (...set: string[]) =>
  resolveTaskConfig(task, { set: ['preset=tiny', 'initialisation=he', ...set] }).config as WangGuptaConfig;

let records: Sample[];

beforeAll(async () => {
  await selectBackend('auto');
  records = await Promise.all(Array.from({ length: 24 }, (_, i) => makeRecord(i)));
});

/** One step; gives its named numbers. */
function stepOnce(trainer: Trainer, batch: TensorBatch, learningRate: number, step = 0): Record<string, number> {
  const scalars = {
    learningRate: tf.scalar(learningRate),
    seed: tf.tensor1d([step, 11], 'int32'),
    hardShare: tf.scalar(trainer.scalars!(step)['hardShare']!),
  };
  const result = tf.tidy(() => {
    const { result: scores, gradients } = trainer.gradients(batch, scalars);
    trainer.update(gradients, scalars);
    return scores;
  });
  const values = Object.fromEntries(Object.entries(result).map(([name, tensor]) => [name, tensor.dataSync()[0]!]));
  tf.dispose([result, scalars]);
  return values;
}

/** Biases that are not 0, so that they could not be missed. */
function drawBiases({ variables }: Trainer): void {
  for (const [name, variable] of variables) {
    if (name.endsWith('.bias'))
      tf.tidy(() => variable.assign(tf.randomUniform(variable.shape, -0.2, 0.4, 'float32', 7)));
  }
}

describe('the network of wang-gupta', () => {
  it('gives the features of a plain double-precision rewrite', { timeout: 120_000 }, async () => {
    const config = configOf('imageSize=35', 'conv1Kernel=5', 'conv1Stride=2', 'colour=bgr'); // 16 → 8 → 4 → 2: Caffe rounds up
    const trainer = task.createTrainer(config, createRandom(1));
    drawBiases(trainer);
    const size = config.imageSize;
    const random = createRandom('pictures');
    const pixels = Float32Array.from({ length: 2 * size * size * 3 }, () => random.int(256));
    const images = tf.tensor(pixels, [2, size, size, 3]);
    const weights = new Map(
      [...trainer.variables].map(([name, it]) => [name, { shape: it.shape, data: it.dataSync() }]),
    );
    for (const picture of [0, 1]) {
      const expected = plainFeatures(
        pixels.subarray(picture * size * size * 3, (picture + 1) * size * size * 3),
        weights,
        config,
      );
      for (const [layer, values] of Object.entries(expected)) {
        const features = trainer.encoder!.encode(images, layer);
        const got = (features.arraySync() as number[][])[picture]!;
        expect(got.length, layer).toBe(values.length);
        const largest = Math.max(...values.map(Math.abs));
        expect(largest, layer).toBeGreaterThan(0.01);
        got.forEach((value, i) => expect(Math.abs(value - values[i]!), `${layer} ${i}`).toBeLessThan(1e-4 * largest));
        features.dispose();
      }
    }
    images.dispose();
    trainer.dispose();
  });

  it('makes embeddings of length 1 that cannot point apart where the last relu is on', () => {
    const images = tf.randomUniform([6, 32, 32, 3], 0, 255, 'float32', 3);
    for (const [lastRelu, least] of [
      [true, 0],
      [false, -1],
    ] as const) {
      const trainer = task.createTrainer(configOf(`lastRelu=${lastRelu}`), createRandom(1));
      const rows = trainer.encoder!.encode(images, 'embedding').arraySync() as number[][];
      for (const row of rows) expect(Math.hypot(...row)).toBeCloseTo(1, 4);
      const lowest = Math.min(...rows.flat());
      expect(lastRelu ? lowest >= least : lowest < 0).toBe(true);
      trainer.dispose();
    }
    images.dispose();
  });
});

describe('the trainer of wang-gupta', () => {
  it('has the gradient that finite differences of the plain rewrite give', { timeout: 120_000 }, async () => {
    const config = configOf('margin=2', 'negatives=6', 'imageSize=33', 'conv1Stride=2', 'randomPhase=0'); // every triplet counts
    const batch = toTensorBatch(await makeBatch(records.slice(0, 4), config));
    const trainer = task.createTrainer(config, createRandom(1));
    drawBiases(trainer); // a bias of 0 is the relu's kink wherever all inputs are 0
    const scalars = { learningRate: tf.scalar(0), seed: tf.tensor1d([1, 11], 'int32'), hardShare: tf.scalar(1) };
    const { result, gradients } = trainer.gradients(batch, scalars);
    const pixels = batch.tensors['patches']!.dataSync();
    const weights = new Map(
      [...trainer.variables].map(([name, it]) => [name, { shape: it.shape, data: Float64Array.from(it.dataSync()) }]),
    );
    const plainLoss = () => {
      const one = pixels.length / 8;
      const e = Array.from({ length: 8 }, (_, i) =>
        plainFeatures(pixels.subarray(i * one, (i + 1) * one), weights, config),
      );
      const similarity = (i: number, j: number) =>
        e[i]!['embedding']!.reduce((sum, value, k) => sum + value * e[j]!['embedding']![k]!, 0);
      let sum = 0;
      for (let i = 0; i < 8; i += 2)
        for (let j = 0; j < 8; j++)
          if (j >> 1 !== i >> 1) sum += Math.max(0, similarity(i, j) - similarity(i, i + 1) + 2);
      return sum / 24;
    };
    expect(result.loss.dataSync()[0]).toBeCloseTo(plainLoss(), 5);
    const names = [...trainer.slots.keys()].map((name) => name.replace('/velocity', ''));
    const random = createRandom('direction');
    names.forEach((name, n) => {
      const { data } = weights.get(name)!;
      const first = data.slice();
      const direction = first.map(() => random.normal());
      const length = Math.hypot(...direction);
      const slope = gradients[n]!.dataSync();
      const expected = direction.reduce((sum, value, i) => sum + (value / length) * slope[i]!, 0);
      const lossAt = (distance: number) => {
        first.forEach((value, i) => (data[i] = value + (direction[i]! / length) * distance));
        return plainLoss();
      };
      const measured = (lossAt(1e-6) - lossAt(-1e-6)) / 2e-6;
      data.set(first);
      expect(Math.abs(measured - expected), `${name}: ${measured} and ${expected}`).toBeLessThan(
        1e-3 * Math.abs(expected) + 1e-5,
      );
    });
    tf.dispose([result, [...gradients], scalars]);
    trainer.dispose();
    disposeBatch(batch);
  });

  it.each(['paper', 'released'])('learns one batch of four by heart with negatives %s', async (selection) => {
    const config = configOf(`selection=${selection}`, 'lastRelu=false', 'randomPhase=0.4', 'steps=60');
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records.slice(0, 4), config));
    let last: Record<string, number> = {};
    const first = stepOnce(trainer, batch, 0.02)['loss']!;
    for (let step = 1; step < 60; step++) last = stepOnce(trainer, batch, 0.02, step);
    expect(first).toBeGreaterThan(0.2);
    expect(last['loss']).toBeLessThan(0.02);
    expect(last['rankingAccuracy']).toBe(1);
    trainer.dispose();
    disposeBatch(batch);
  });

  it('takes random negatives in the first share of its steps, and hard ones after', async () => {
    const config = configOf('steps=20', 'randomPhase=0.5', 'hardShare=0.75');
    const trainer = task.createTrainer(config, createRandom(1));
    expect([0, 9, 10, 19].map((step) => trainer.scalars!(step))).toEqual(
      [0, 0, 0.75, 0.75].map((hardShare) => ({ hardShare })),
    );
    const batch = toTensorBatch(await makeBatch(records, configOf('negatives=2', 'margin=2'), { mode: 'evaluate' }));
    const lossWith = (share: number, seed: number) => {
      const scalars = {
        learningRate: tf.scalar(0),
        seed: tf.tensor1d([seed, 1], 'int32'),
        hardShare: tf.scalar(share),
      };
      const { result, gradients } = trainer.gradients(batch, scalars);
      const loss = result.loss.dataSync()[0]!;
      tf.dispose([result, [...gradients], scalars]);
      return loss;
    };
    expect(lossWith(1, 1)).toBe(lossWith(1, 2)); // nothing is drawn
    expect(lossWith(0, 1)).not.toBe(lossWith(0, 2));
    expect(lossWith(1, 1)).toBeGreaterThan(Math.max(...[1, 2, 3, 4].map((seed) => lossWith(0, seed))));
    trainer.dispose();
    disposeBatch(batch);
  });

  it('does not decay biases, and moves them twice as fast', async () => {
    const config = configOf('weightDecay=0.1', 'momentum=0');
    const batch = toTensorBatch(
      await makeBatch(
        Array.from({ length: 4 }, () => records[0]!),
        config,
      ),
    ); // one video: no gradient
    const trainer = task.createTrainer(config, createRandom(1));
    tf.tidy(() => trainer.variables.get('fc6.bias')!.assign(tf.ones([config.fc6])));
    const before = trainer.variables.get('fc6.weight')!.dataSync().slice();
    stepOnce(trainer, batch, 0.5);
    trainer.variables
      .get('fc6.weight')!
      .dataSync()
      .forEach((value, i) => expect(value).toBeCloseTo(before[i]! * 0.95, 5));
    expect(new Set(trainer.variables.get('fc6.bias')!.dataSync())).toEqual(new Set([1]));
    const ones = tf.tidy(() => [...trainer.slots.keys()].map((name) => tf.ones(trainer.slots.get(name)!.shape)));
    const bias = trainer.variables.get('fc7.bias')!;
    const was = bias.dataSync()[0]!;
    tf.tidy(() => trainer.update(ones, { learningRate: tf.scalar(0.5), seed: tf.tensor1d([0, 0], 'int32') }));
    expect(bias.dataSync()[0]).toBeCloseTo(was - 1, 5);
    tf.dispose(ones);
    trainer.dispose();
    disposeBatch(batch);
  });

  it('shows anchor, positive and the nearest patch of another video', async () => {
    const config = configOf();
    const trainer = task.createTrainer(config, createRandom(1));
    const made = [...records.slice(0, 4), await makeRecord(99, { video: 0 })]; // the fifth is of the first one's video
    const batch = toTensorBatch(await makeBatch(made, config, { mode: 'evaluate' }));
    const { triplets } = trainer.pictures!(batch);
    expect(triplets!.shape).toEqual([5, 32, 96, 3]);
    const [shown, patches] = [
      triplets!.arraySync() as number[][][][],
      batch.tensors['patches']!.arraySync() as number[][][][][],
    ];
    const part = (i: number, k: number) => shown[i]!.map((row) => row.slice(32 * k, 32 * (k + 1)));
    made.forEach((_, i) => {
      expect(part(i, 0)).toEqual(patches[i]![0]);
      expect(part(i, 1)).toEqual(patches[i]![1]);
      const own = i === 0 || i === 4 ? [0, 4] : [i];
      const others = patches.flatMap((pair, j) => (own.includes(j) ? [] : pair));
      expect(others.some((patch) => JSON.stringify(patch) === JSON.stringify(part(i, 2)))).toBe(true);
    });
    tf.dispose(triplets!);
    trainer.dispose();
    disposeBatch(batch);
  });
});
