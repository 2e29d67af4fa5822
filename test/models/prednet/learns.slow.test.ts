import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, type Sample } from '../../../src/core/index.js';
import { createUpdateStep, makeScalars } from '../../../src/engine/update-step.js';
import {
  completeSettings,
  disposeBatch,
  selectBackend,
  tf,
  toTensorBatch,
  type Trainer,
} from '../../../src/engine/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { PredNetConfig } from '../../../src/models/prednet/config.js';
import task from '../../../src/models/prednet/index.js';
import { createMovingMnist, glyphDigits } from '../../../src/synthetic/index.js';
import { digitSeed, makeMovingDigits } from '../moving-digits.js';
import { makeBatch, makeSource } from './records.js';

/** The specification's small benchmark: two digits in 32×32, ten frames, one feature in the lowest R, a constant rate. */
const configOf = (...set: string[]) =>
  resolveTaskConfig(task, {
    set: ['preset=small', 'width=32', 'height=32', 'stateChannels=[1,16,32]', 'pixels=relu', 'batchSize=4', 'learningRateDrops=[]', 'crop=middle', 'mirror=false', 'zoom=1', 'exposure=0', 'still=0', ...set], // prettier-ignore
  }).config as PredNetConfig;

async function learn(
  trainer: Trainer,
  config: PredNetConfig,
  records: readonly Sample[],
  steps: number,
): Promise<void> {
  const settings = completeSettings(config);
  let update: ReturnType<typeof createUpdateStep> | null = null;
  let step = 0;
  for await (const made of makeSource(records, config).batches({ epoch: 0, batch: 0 })) {
    const batch = toTensorBatch(made);
    const scalars = makeScalars(step, { learningRate: config.learningRate, seed: [1, step], emaDecay: 0, more: {} });
    update ??= createUpdateStep(trainer, { batch, scalars }, { settings, average: null, mode: null });
    tf.dispose([update.add({ batch, scalars }, true), scalars]);
    disposeBatch(batch);
    if (++step === steps) break;
  }
  update?.dispose();
}

/** Squared error at each frame but the first, of the network and of showing the last frame once more; `order` puts frames in another one. */
async function score(trainer: Trainer, config: PredNetConfig, records: readonly Sample[], order?: readonly number[]) {
  const batch = toTensorBatch(await makeBatch(records, config, { mode: 'evaluate' }));
  const errors = tf.tidy(() => {
    const all = tf.unstack(tf.div(tf.cast(batch.tensors['frames']!, 'float32'), 255), 1);
    const frames = order ? order.map((t) => all[t]!) : all;
    const predictor = trainer.predictor!;
    let state = predictor.init(records.length);
    const seed = tf.tensor1d([0, 0], 'int32');
    const error = (a: ReturnType<typeof tf.tensor>, b: ReturnType<typeof tf.tensor>) => tf.mean(tf.squaredDifference(a, b)).dataSync()[0]!; // prettier-ignore
    return frames.slice(1).map((frame, t) => {
      state = predictor.observe(state, frames[t]!);
      return { own: error(tf.squeeze(predictor.predict(state, 1, seed), [1]), frame), copy: error(frames[t]!, frame) };
    });
  });
  disposeBatch(batch);
  return errors;
}

/** R of all layers after nine frames, its mean and its deviation over space: a row for each video. */
async function readStates(trainer: Trainer, config: PredNetConfig, records: readonly Sample[]): Promise<number[][]> {
  const batch = toTensorBatch(await makeBatch(records, config, { mode: 'evaluate' }));
  const rows = tf.tidy(() => {
    const frames = tf.unstack(tf.div(tf.cast(batch.tensors['frames']!, 'float32'), 255), 1).slice(0, 9);
    const predictor = trainer.predictor!;
    const state = frames.reduce((known, frame) => predictor.observe(known, frame), predictor.init(records.length));
    const read = config.stateChannels.flatMap((_, l) => {
      const { mean, variance } = tf.moments(state[`representation${l}`]!, [1, 2]);
      return [mean, tf.sqrt(variance)];
    });
    return tf.concat(read, 1).arraySync() as number[][];
  });
  disposeBatch(batch);
  return rows;
}

/** One digit that meets no wall in the last frames, and how far it goes to the right with each. */
function makeSpeeds(count: number, role: 'train' | 'test') {
  const options = { role, frames: 10, digits: 1, deterministic: true } as const;
  const pools = glyphDigits(digitSeed);
  const all = makeMovingDigits(count, options).map((record, index) => {
    const { truth } = createMovingMnist({ variant: 'svg', seed: digitSeed, index, ...options }, pools);
    return { record, speeds: new Set([4, 5, 6, 7].map((t) => truth[0]!.steps[t]!.dx)) };
  });
  const kept = all.filter(({ speeds }) => speeds.size === 1);
  return { records: kept.map(({ record }) => record), speeds: kept.map(({ speeds }) => [...speeds][0]!) };
}

/** Share of the variance of held-out values that ridge regression tells from rows. */
function explain(
  train: readonly number[][],
  y: readonly number[],
  test: readonly number[][],
  wanted: readonly number[],
) {
  const columns = train[0]!.length;
  const means = train[0]!.map((_, c) => mean(train.map((row) => row[c]!)));
  const deviations = means.map((middle, c) => Math.sqrt(mean(train.map((row) => (row[c]! - middle) ** 2))) || 1);
  const standard = (rows: readonly number[][]) =>
    rows.map((row) => row.map((value, c) => (value - means[c]!) / deviations[c]!));
  const [a, b] = [standard(train), standard(test)];
  const offset = mean(y);
  const system = means.map((_, i) => [
    ...means.map((__, j) => mean(a.map((row) => row[i]! * row[j]!)) + (i === j ? 0.01 : 0)),
    mean(a.map((row, n) => row[i]! * (y[n]! - offset))),
  ]);
  for (let i = 0; i < columns; i++)
    for (let r = 0; r < columns; r++) {
      const factor = r === i ? 0 : system[r]![i]! / system[i]![i]!;
      for (let c = i; c <= columns; c++) system[r]![c]! -= factor * system[i]![c]!;
    }
  const weights = system.map((row, i) => row[columns]! / row[i]!);
  const gaps = b.map((row, n) => row.reduce((sum, value, c) => sum + value * weights[c]!, offset) - wanted[n]!);
  return 1 - mean(gaps.map((gap) => gap ** 2)) / mean(wanted.map((value) => (value - mean(wanted)) ** 2));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('a small PredNet', () => {
  beforeAll(() => selectBackend('auto'));

  it('after 200 steps sees digits move: below copying by a quarter, better with time, and worse where time is shuffled', async () => {
    const config = configOf();
    const options = { frames: 10, digits: 2, deterministic: true } as const;
    const trainer = task.createTrainer(config, createRandom(1).fork('init'));
    await learn(trainer, config, makeMovingDigits(800, { role: 'train', ...options }), 200);
    const test = makeMovingDigits(64, { role: 'test', ...options });
    const errors = await score(trainer, config, test);
    const own = errors.map((each) => each.own);
    expect(mean(own)).toBeLessThan(0.75 * mean(errors.map(({ copy }) => copy)));
    expect(own[0]!).toBeGreaterThan(mean(own.slice(6))); // nothing of the motion is known
    expect(own[2]!).toBeLessThan(own[0]!);
    const shuffled = await score(trainer, config, test, [7, 2, 9, 4, 0, 6, 1, 8, 3, 5]);
    expect(mean(shuffled.slice(1).map((each) => each.own))).toBeGreaterThan(1.2 * mean(own.slice(1)));
    trainer.dispose();
  });

  it('learns one clip by heart in 300 steps: a tenth of the error of copying', async () => {
    const config = configOf('batchSize=1', 'learningRate=0.002');
    const trainer = task.createTrainer(config, createRandom(1).fork('init'));
    const clip = makeMovingDigits(1, { role: 'train', frames: 10, digits: 2, deterministic: true });
    await learn(trainer, config, clip, 300);
    const errors = (await score(trainer, config, clip)).slice(1);
    expect(mean(errors.map(({ own }) => own))).toBeLessThan(0.1 * mean(errors.map(({ copy }) => copy)));
    trainer.dispose();
  });

  it('does no better where layers pass on their targets in place of their errors', async () => {
    const options = { frames: 10, digits: 2, deterministic: true } as const;
    const scoreOf = async (passes: string) => {
      const config = configOf(`passes=${passes}`);
      const trainer = task.createTrainer(config, createRandom(1).fork('init'));
      await learn(trainer, config, makeMovingDigits(1600, { role: 'train', ...options }), 400);
      const errors = await score(trainer, config, makeMovingDigits(64, { role: 'test', ...options }));
      trainer.dispose();
      return mean(errors.map(({ own }) => own));
    };
    const [errors, targets] = [await scoreOf('errors'), await scoreOf('targets')];
    expect(targets).toBeGreaterThan(1.02 * errors); // by 7 %; the paper: 17 %
  });

  it('knows from its states how fast a digit moves, better than an untrained one', async () => {
    const config = configOf();
    const trainer = task.createTrainer(config, createRandom(1).fork('init'));
    const [train, test] = [makeSpeeds(1000, 'train'), makeSpeeds(400, 'test')];
    const told = async () => {
      const [a, b] = [
        await readStates(trainer, config, train.records),
        await readStates(trainer, config, test.records),
      ];
      return explain(a, train.speeds, b, test.speeds);
    };
    const before = await told();
    const options = { frames: 10, digits: 2, deterministic: true } as const;
    await learn(trainer, config, makeMovingDigits(1600, { role: 'train', ...options }), 400);
    const after = await told();
    expect(1 - after).toBeLessThan(0.6 * (1 - before)); // 0.971 and 0.923 of the variance
    trainer.dispose();
  });
});
