import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, encodeSafetensors, type Sample } from '../../../src/core/index.js';
import {
  compile,
  disposeBatch,
  initializeWeights,
  selectBackend,
  startFromWeights,
  tf,
  toTensorBatch,
} from '../../../src/engine/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { PredNetConfig } from '../../../src/models/prednet/config.js';
import task from '../../../src/models/prednet/index.js';
import { rollOut } from '../../../src/models/prednet/loss.js';
import { openNetwork } from '../../../src/models/prednet/predictor.js';
import { makeBatch, makeRecord } from './records.js';

const configOf = (...set: string[]) =>
  resolveTaskConfig(task, { set: ['preset=tiny', ...set] }).config as PredNetConfig;

type Tensor = ReturnType<typeof tf.tensor>;

let records: Sample[];

beforeAll(async () => {
  await selectBackend('auto');
  records = await Promise.all([0, 1, 2, 3].map((seed) => makeRecord(seed)));
});

describe('the trainer of prednet', () => {
  it.each([
    ['layers=L0', 'pixels=relu'],
    ['layers=Lall', 'pixels=straight'],
    ['objective=pixels', 'extrapolateFrom=2'],
  ])('learns one batch of four by heart: %s, %s', { timeout: 60_000 }, async (...set) => {
    const config = configOf(...set, 'mirror=false', 'targetChannels=[8,12]', 'stateChannels=[4,8,12]');
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records, config, { mode: 'evaluate' }));
    const learn = compile(
      (frames: Tensor, learningRate: Tensor, seed: Tensor) => {
        const scalars = { learningRate, seed };
        const { result, gradients } = trainer.gradients({ keys: [], tensors: { frames } }, scalars);
        trainer.update(gradients, scalars);
        return result.loss;
      },
      { jit: 'off' },
    );
    const [rate, seed] = [tf.scalar(0.005), tf.tensor1d([0, 0], 'int32')];
    const losses = Array.from({ length: 160 }, () => {
      const loss = learn(batch.tensors['frames']!, rate, seed);
      const value = loss.dataSync()[0]!;
      loss.dispose();
      return value;
    });
    expect(losses.at(-1)).toBeLessThan(0.4 * losses[0]!);
    const scores = trainer.evaluate(batch);
    expect(scores['mse']!.dataSync()[0]).toBeLessThan(0.4 * scores['copyLastMse']!.dataSync()[0]!);
    learn.dispose();
    tf.dispose([scores, rate, seed]);
    trainer.dispose();
    disposeBatch(batch);
  });

  it('scores against showing the last frame once more, and tells how much is black', async () => {
    const config = configOf('pixels=relu');
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records, config, { mode: 'evaluate' }));
    tf.tidy(() => trainer.variables.get('ahat_0.bias')!.assign(tf.tensor1d([-100])));
    const scores = trainer.evaluate(batch);
    const read = (name: string) => scores[name]!.dataSync()[0]!;
    const pixels = batch.tensors['frames']!.dataSync();
    const one = config.width * config.height;
    let [moved, power, count] = [0, 0, 0];
    for (let at = 0; at < pixels.length; at++) {
      if (Math.floor(at / one) % config.frames === 0) continue;
      moved += ((pixels[at]! - pixels[at - one]!) / 255) ** 2;
      power += (pixels[at]! / 255) ** 2;
      count++;
    }
    expect(read('copyLastMse')).toBeCloseTo(moved / count, 6);
    expect(read('blackShare')).toBe(1); // a dead channel
    expect(trainer.warning!({ blackShare: read('blackShare') })).toMatch(/^100\.0 % .* dead .* pixels=straight/);
    expect(trainer.warning!({ blackShare: 0.9 })).toBeNull();
    expect(read('mse')).toBeCloseTo(power / count, 6);
    expect(read('loss')).toBeCloseTo(read('mae') / 2, 6);
    tf.dispose(scores);
    trainer.dispose();
    disposeBatch(batch);
  });

  it('refuses objectives that would make the network its own truth', () => {
    const create = (...set: string[]) => task.createTrainer(configOf(...set), createRandom(1));
    expect(() => create('extrapolateFrom=2')).toThrow(/towards its own predictions/);
    expect(() => create('objective=errors-then-pixels')).toThrow(/needs extrapolateFrom/);
    expect(() => create('objective=pixels', 'extrapolateFrom=4')).toThrow(/less than frames, 4, got 4/);
  });

  it('divides the learning rate by ten after each drop', () => {
    const paper = resolveTaskConfig(task, { set: ['preset=paper'] }).config as PredNetConfig;
    expect([0, 9374, 9375, 18_749].map((step) => task.learningRate(paper, step))).toEqual([1e-3, 1e-3, 1e-4, 1e-4]);
  });

  it('shows the truth above what was predicted', async () => {
    const config = configOf();
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records, config, { mode: 'evaluate' }));
    const { predictions } = trainer.pictures!(batch);
    expect(predictions!.shape).toEqual([4, 2 * (8 + 1), 4 * (16 + 1), 3]);
    const pixel = batch.tensors['frames']!.arraySync() as number[][][][][];
    const shown = predictions!.arraySync() as number[][][][];
    expect(shown[2]![5]![17 + 4]![0]).toBeCloseTo(pixel[2]![1]![5]![4]![0]!, 3);
    tf.dispose(predictions!);
    trainer.dispose();
    disposeBatch(batch);
  });
});

describe('the predictor of prednet', () => {
  it('observes and goes on as a clip that is blind from some frame on', async () => {
    const config = configOf('frames=6', 'extrapolateFrom=3', 'objective=pixels', 'pixels=relu');
    const trainer = task.createTrainer(config, createRandom(2));
    const batch = toTensorBatch(await makeBatch(records, config, { mode: 'evaluate' }));
    const { predictor } = trainer;
    expect([predictor!.observes, predictor!.predicts, predictor!.isStochastic]).toEqual([3, 3, false]);
    const before = tf.memory().numTensors;
    const frames = tf.tidy(() => tf.unstack(tf.div(tf.cast(batch.tensors['frames']!, 'float32'), 255), 1));
    const wanted = tf.tidy(() =>
      tf.stack(rollOut(openNetwork(trainer.variables, config), frames, { extrapolateFrom: 3 }).predictions.slice(3), 1),
    );
    let state = predictor!.init(4);
    for (const frame of frames.slice(0, 3)) {
      const next = predictor!.observe(state, frame);
      tf.dispose(state);
      state = next;
    }
    const seed = tf.tensor1d([1, 2], 'int32');
    const future = predictor!.predict(state, 3, seed);
    expect(future.shape).toEqual([4, 3, 8, 16, 1]);
    const [got, expected] = [future.dataSync(), wanted.dataSync()];
    expect(Math.max(...expected)).toBeGreaterThan(0.05);
    expected.forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThan(1e-5));
    const again = predictor!.predict(state, 1, seed); // the state is still there
    expect(again.dataSync()[0]).toBe(got[0]);
    tf.dispose([frames, wanted, state, seed, future, again]);
    expect(tf.memory().numTensors).toBe(before);
    trainer.dispose();
    disposeBatch(batch);
  });

  it('says that it was trained to see all frames but the last, and to predict one', () => {
    const trainer = task.createTrainer(configOf('frames=5'), createRandom(1));
    expect([trainer.predictor!.observes, trainer.predictor!.predicts]).toEqual([4, 1]);
    trainer.dispose();
  });
});

describe('the encoder of prednet', () => {
  it('reads any layer after a still picture was shown a few times, of brightness where the network sees no colour', () => {
    const config = configOf('encoderFrames=3');
    const trainer = task.createTrainer(config, createRandom(2));
    const { encoder } = trainer;
    const areas = [8 * 16, 4 * 8, 2 * 4];
    const counts = (letter: string, features: readonly number[]) =>
      features.map((count, l): [string, number] => [`${letter}${l}`, areas[l]! * count]).reverse();
    expect(Object.entries(encoder!.layers)).toEqual([
      ...counts('R', [2, 4, 6]),
      ...counts('E', [2, 8, 12]),
      ...counts('A', [1, 4, 6]),
      ...counts('Ahat', [1, 4, 6]),
    ]);
    tf.tidy(() => {
      const images = tf.randomUniform([3, 8, 16, 3], 0, 255, 'float32', 5);
      const frame = tf.sum(tf.mul(tf.div(images, 255), tf.tensor1d([0.299, 0.587, 0.114])), -1, true);
      const { layers } = rollOut(openNetwork(trainer.variables, config), [frame, frame, frame]);
      layers[2]!.forEach(({ representation, error, target, prediction }, l) => {
        const made = { R: representation, E: error, A: target, Ahat: prediction };
        for (const [letter, tensor] of Object.entries(made)) {
          const name = `${letter}${l}`;
          const [wanted, read] = [tensor.dataSync(), encoder!.encode(images, name)];
          expect(read.shape, name).toEqual([3, encoder!.layers[name]]);
          expect(Math.max(...wanted.map(Math.abs)), name).toBeGreaterThan(1e-4);
          const got = read.dataSync();
          wanted.forEach((value, i) => expect(Math.abs(got[i]! - value), name).toBeLessThan(1e-6));
        }
      });
      for (const unknown of ['R9', 'A3', 'R', 'C0'])
        expect(() => encoder!.encode(images, unknown)).toThrow(`no layer "${unknown}"`);
    });
    trainer.dispose();
  });
});

describe('weights from elsewhere', () => {
  it('come by the names of Keras, and a fine-tuning starts from a run of other length and objective', async () => {
    const trainer = task.createTrainer(configOf(), createRandom(1));
    const arrays = Object.fromEntries(
      [...trainer.variables].map(([name, variable]) => {
        const [unit, part] = name.split('.') as [string, string];
        const keras = `layer_${unit}/${part === 'weight' ? 'kernel' : 'bias'}:0`;
        return [keras, { dtype: 'float32' as const, shape: variable.shape, data: variable.dataSync() as Float32Array }];
      }),
    );
    const folder = mkdtempSync(join(tmpdir(), 'reelmine-prednet-'));
    const file = join(folder, 'published.safetensors');
    writeFileSync(file, encodeSafetensors(arrays, { format: 'keras' }));
    const longer = configOf('frames=6', 'extrapolateFrom=3', 'objective=pixels');
    const started = task.createTrainer(longer, createRandom(9));
    const { taken, kept, unused } = startFromWeights(started, file, task.publishedWeights!(longer));
    expect([taken.length, kept, unused]).toEqual([trainer.variables.size, [], []]);
    for (const [name, variable] of trainer.variables)
      expect(started.variables.get(name)!.dataSync(), name).toEqual(variable.dataSync());
    const own = Object.fromEntries(
      [...trainer.variables].map(([name, it]) => [name, { dtype: 'float32' as const, shape: it.shape, data: it.dataSync() as Float32Array }]), // prettier-ignore
    );
    writeFileSync(join(folder, 'own.safetensors'), encodeSafetensors(own, {}));
    const again = task.createTrainer(longer, createRandom(10));
    expect(initializeWeights(again, join(folder, 'own.safetensors')).kept).toEqual([]);
    for (const each of [trainer, started, again]) each.dispose();
  });
});
