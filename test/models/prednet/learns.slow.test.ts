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
import { makeMovingDigits } from '../moving-digits.js';
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
});
