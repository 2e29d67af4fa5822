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
import type { AmbientSoundConfig } from '../../../src/models/ambient-sound/config.js';
import task from '../../../src/models/ambient-sound/index.js';
import { bitLoss, clusterLoss } from '../../../src/models/ambient-sound/loss.js';
import { plainLoss, plainScores, type PlainWeight } from './plain-network.js';
import { prepare } from '../../../src/models/ambient-sound/prepare.js';
import { createLoader } from '../loader.js';
import { labelsOf, makeBatch, makeRecord } from './records.js';

const configOf = (...set: string[]) =>
  resolveTaskConfig(task, { set: ['preset=tiny', 'dropout=0', ...set] }).config as AmbientSoundConfig;
const scalarsOf = (learningRate: number, step = 0) => ({
  learningRate: tf.scalar(learningRate),
  seed: tf.tensor1d([step, 11], 'int32'),
});

let records: Sample[];

beforeAll(async () => {
  await selectBackend('auto');
  records = await Promise.all(Array.from({ length: 64 }, (_, i) => makeRecord(i)));
});

function stepOnce(trainer: Trainer, batch: TensorBatch, learningRate: number, step = 0): Record<string, number> {
  const scalars = scalarsOf(learningRate, step);
  const result = tf.tidy(() => {
    const { result: scores, gradients } = trainer.gradients(batch, scalars);
    trainer.update(gradients, scalars);
    return scores;
  });
  const values = Object.fromEntries(Object.entries(result).map(([name, tensor]) => [name, tensor.dataSync()[0]!]));
  tf.dispose([result, scalars]);
  return values;
}

/** Weights in double precision, moved about so that scales are not 1 and biases not 0. */
function plainWeights(trainer: Trainer): Map<string, { shape: readonly number[]; data: Float64Array }> {
  const random = createRandom('weights');
  return new Map(
    [...trainer.variables].map(([name, variable]) => {
      if (/_bn\.(scale|offset)$|\.bias$/.test(name))
        tf.tidy(() =>
          variable.assign(
            tf.add(
              variable,
              tf.tensor(
                Array.from({ length: variable.size }, () => 0.2 * random.normal()),
                variable.shape,
              ),
            ),
          ),
        );
      return [name, { shape: variable.shape, data: Float64Array.from(variable.dataSync()) }];
    }),
  );
}

describe.each([
  ['clusters', 'channels=[8,8,8,8]'],
  ['bits', 'channels=[4,4,4,4,4]'],
] as const)('the network with the target %s and %s', (target, channels) => {
  it('has the loss, and the slopes, of a plain double-precision rewrite', { timeout: 120_000 }, async () => {
    const config = configOf(
      `target=${target}`,
      channels,
      'outputs=5',
      'weighting=even',
      'imageSize=24',
      'colour=bgr',
      'conv1Kernel=3',
    );
    const trainer = task.createTrainer(config, createRandom(1));
    const weights = plainWeights(trainer);
    const made = await makeBatch(records.slice(0, 5), config);
    const { image, label, bits, weight } = made.arrays;
    const pixels = Array.from({ length: 5 }, (_, i) =>
      (image!.data as Uint8Array).slice(i * 24 * 24 * 3, (i + 1) * 24 * 24 * 3),
    );
    const targets = {
      label: [...(label!.data as Int32Array)],
      bits: Array.from({ length: 5 }, (_, i) => [
        ...((bits?.data as Float32Array | undefined) ?? new Float32Array(25)).slice(5 * i, 5 * i + 5),
      ]),
      weight: [...(weight!.data as Float32Array)],
    };
    const lossOf = (w: ReadonlyMap<string, PlainWeight>) => plainLoss(plainScores(pixels, w, config), targets, target);
    const batch = toTensorBatch(made);
    const { result, gradients } = trainer.gradients(batch, scalarsOf(0));
    expect(result.loss.dataSync()[0]! / lossOf(weights)).toBeCloseTo(1, 4);
    const learned = [...trainer.slots.keys()].map((name) => name.replace(/\/velocity$/, ''));
    const random = createRandom('direction');
    learned.forEach((name, n) => {
      if (/^(conv\d|fc[67])\.bias$/.test(name)) return; // normalisation takes it away: the slope is 0
      const { shape, data } = weights.get(name)!;
      const direction = Float64Array.from(data, () => random.normal() / Math.sqrt(data.length));
      const moved = (distance: number) =>
        lossOf(
          new Map([...weights, [name, { shape, data: data.map((value, i) => value + distance * direction[i]!) }]]),
        );
      const slopes = Array.from(gradients[n]!.dataSync());
      const expected = slopes.reduce((sum, value, i) => sum + value * direction[i]!, 0);
      // A wide step may cross a kink of relu or pooling: one of two must meet the slope.
      const measured = [1e-5, 1e-6].map((step) => (moved(step) - moved(-step)) / (2 * step));
      const nearest = Math.min(...measured.map((value) => Math.abs(value - expected)));
      expect(nearest, `${name}: ${measured.join(', ')} and ${expected}`).toBeLessThan(0.01 * Math.abs(expected) + 2e-4);
    });
    trainer.dispose();
    disposeBatch(batch);
  });
});

describe('the losses', () => {
  const logits = () => tf.tensor2d([1, 3, -2, 0, 0, 0, 5, -5, 2], [3, 3]);
  const targets = () => ({
    label: tf.tensor1d([1, 0, -1], 'int32'),
    bits: tf.tensor2d([1, 1, 0, 0, 0, 0, 1, 0, 1], [3, 3]),
    weight: tf.tensor1d([1, 3, 0]),
  });

  it('are those worked by hand, and frames of weight 0 count for nothing', () => {
    const first = Math.log(Math.exp(1) + Math.exp(3) + Math.exp(-2)) - 3;
    const clusters = clusterLoss(logits(), targets());
    expect(clusters.loss.dataSync()[0]).toBeCloseTo((first + 3 * Math.log(3)) / 4, 5);
    expect(clusters.accuracy.dataSync()[0]).toBe(1); // of equal scores the first
    const soft = (x: number) => Math.log(1 + Math.exp(-x));
    const bits = bitLoss(logits(), targets());
    expect(bits.loss.dataSync()[0]).toBeCloseTo((soft(1) + soft(3) + soft(2) + 3 * 3 * Math.log(2)) / 4, 5);
    expect(bits.accuracy.dataSync()[0]).toBe(1);
  });

  it('are finite for scores of any size, and for a batch in which nothing counts', () => {
    const large = tf.tensor2d([500, -500, 0], [1, 3]);
    const one = { label: tf.tensor1d([1], 'int32'), bits: tf.tensor2d([0, 1, 1], [1, 3]), weight: tf.tensor1d([1]) };
    expect(bitLoss(large, one).loss.dataSync()[0]).toBeCloseTo(1000.69, 1);
    expect(clusterLoss(large, { ...one, weight: tf.tensor1d([0]) }).loss.dataSync()[0]).toBe(0);
  });
});

describe('the trainer of ambient-sound', () => {
  it('starts with the loss of guessing: the logarithm of the clusters, 30 times that of 2 for bits', async () => {
    for (const [target, expected] of [
      ['clusters', Math.log(30)],
      ['bits', 30 * Math.log(2)],
    ] as const) {
      const config = configOf(`target=${target}`, 'preset=small');
      const trainer = task.createTrainer(config, createRandom(1));
      const batch = toTensorBatch(await makeBatch(records.slice(0, 32), config, { mode: 'evaluate' }));
      const scalars = scalarsOf(0);
      const { result } = trainer.gradients(batch, scalars);
      expect(Math.abs(result.loss.dataSync()[0]! - expected)).toBeLessThan(target === 'clusters' ? 0.05 : 0.5);
      trainer.dispose();
      disposeBatch(batch);
    }
  });

  it('learns 64 frames by heart, and then judges them rightly when testing', { timeout: 60_000 }, async () => {
    const config = configOf('outputs=4', 'mirror=false', 'crop=1');
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records, config, { mode: 'evaluate' }));
    let last: Record<string, number> = {};
    for (let step = 0; step < 80 && last['accuracy'] !== 1; step++) last = stepOnce(trainer, batch, 0.05, step);
    expect(last['accuracy']).toBe(1);
    for (let step = 0; step < 40; step++) stepOnce(trainer, batch, 0.005, step);
    expect(trainer.evaluate(batch)['accuracy']!.dataSync()[0]).toBeGreaterThan(0.95);
    trainer.dispose();
    disposeBatch(batch);
  });

  it(
    'tells sounds of frames it has not seen, and none where labels were dealt out at random',
    { timeout: 60_000 },
    async () => {
      const config = configOf('outputs=4', 'mirror=false');
      const unseen = await Promise.all(Array.from({ length: 64 }, (_, i) => makeRecord(100 + i)));
      const dealt = new Map(
        createRandom(3)
          .shuffle([...records, ...unseen])
          .map(({ key }, i) => [key, i % 4]),
      );
      const held = async (labelOf: (sample: Sample) => number): Promise<number> => {
        const { makeBatch: make } = createLoader<AmbientSoundConfig>((sample, context) =>
          prepare(sample, { ...context, labels: { label: labelOf(sample), bits: 0, weight: 1 } }),
        );
        const trainer = task.createTrainer(config, createRandom(1));
        for (let step = 0; step < 60; step++) {
          const batch = toTensorBatch(await make(records, config, { epoch: step }));
          stepOnce(trainer, batch, step < 40 ? 0.05 : 0.005, step);
          disposeBatch(batch);
        }
        const asked = toTensorBatch(await make(unseen, config, { mode: 'evaluate' }));
        const accuracy = trainer.evaluate(asked)['accuracy']!.dataSync()[0]!;
        trainer.dispose();
        disposeBatch(asked);
        return accuracy;
      };
      expect(await held((sample) => labelsOf(sample)['label']!)).toBeGreaterThan(0.6);
      expect(await held(({ key }) => dealt.get(key)!)).toBeLessThan(0.42); // a quarter, and three deviations
    },
  );

  it('learns bits by heart', async () => {
    const config = configOf('target=bits', 'outputs=2', 'mirror=false', 'crop=1');
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records.slice(0, 16), config, { mode: 'evaluate' }));
    let last: Record<string, number> = {};
    for (let step = 0; step < 80; step++) last = stepOnce(trainer, batch, 0.05, step);
    expect(last['accuracy']).toBeGreaterThan(0.95);
    expect(last['loss']).toBeLessThan(0.3);
    trainer.dispose();
    disposeBatch(batch);
  });

  it('gives features of every layer that it names', () => {
    for (const channels of ['channels=[8,8,8,8]', 'channels=[8,8,8,8,8]']) {
      const trainer = task.createTrainer(configOf(channels), createRandom(1));
      const images = tf.randomUniform([2, 32, 32, 3], 0, 255, 'float32', 3);
      for (const [layer, features] of Object.entries(trainer.encoder!.layers))
        expect(trainer.encoder!.encode(images, layer).shape, layer).toEqual([2, features]);
      expect(() => trainer.encoder!.encode(images, 'fc9')).toThrow(/fc9/);
      trainer.dispose();
    }
  });
});
