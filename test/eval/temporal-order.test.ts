import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, runJob, type Sample } from '../../src/core/index.js';
import { selectBackend, tf, type Trainer } from '../../src/engine/index.js';
import { evaluate, type EvaluationDataset, type EvaluationResult } from '../../src/eval/index.js';
import protocol from '../../src/eval/temporal-order/index.js';
import { viewTrivially } from '../../src/eval/temporal-order/trivial.js';
import { resolveTaskConfig } from '../../src/models/index.js';
import type { ShuffleAndLearnConfig } from '../../src/models/shuffle-and-learn/config.js';
import task from '../../src/models/shuffle-and-learn/index.js';
import { makeRecord } from '../models/shuffle-and-learn/records.js';
import { makeDataset } from './dataset.js';

const config = resolveTaskConfig(task, { set: ['preset=tiny', 'crop=whole', 'colour=rgb'] })
  .config as ShuffleAndLearnConfig;

function run(dataset: EvaluationDataset, model: Trainer): Promise<EvaluationResult> {
  const untrained = async (seed: number) => task.createTrainer(config, createRandom(seed));
  const evaluated = { task: task.name, run: null, step: null, weightsSha256: null };
  return runJob(
    evaluate({
      evaluator: protocol,
      config: protocol.config.parse({ bootstrapDraws: 200 }),
      model,
      untrained,
      evaluated,
      dataset,
      seed: 1,
      seeds: 2,
    }),
  );
}

const value = (result: EvaluationResult, name: string, rival?: string) =>
  (rival ? result.rivals.find((one) => one.name === rival)! : result).metrics.find((one) => one.name === name)!.value;

let records: Sample[];

beforeAll(async () => {
  await selectBackend('auto');
  records = await Promise.all(Array.from({ length: 24 }, (_, i) => makeRecord(i)));
});

describe('temporal order', () => {
  it('sets a model beside guessing, untrained weights and rules that know nothing of order', async () => {
    const trainer = task.createTrainer(config, createRandom(1));
    const before = tf.memory().numTensors;
    const result = await run(makeDataset(config, records), trainer);
    expect(tf.memory().numTensors).toBe(before);
    expect(result.rivals.map(({ name }) => name)).toEqual([
      'chance',
      'untrained',
      'frame-difference',
      'trivial-features',
    ]);
    expect(result.metrics.map(({ name, examples }) => [name, examples])).toEqual([
      ['balancedAccuracy', 48],
      ['areaUnderCurve', 48],
    ]);
    expect(value(result, 'balancedAccuracy', 'chance')).toBe(0.5);
    expect(value(result, 'areaUnderCurve', 'chance')).toBe(0.5);
    trainer.dispose();
  });

  it('knows a perfect model from its opposite', async () => {
    const oracle = (sign: number): Trainer => ({
      ...task.createTrainer(config, createRandom(1)),
      logits: ({ tensors }) =>
        tf.tidy(() => tf.mul(tf.sub(tf.mul(tf.oneHot(tf.reshape(tensors['label']!, [-1]) as never, 2), 2), 1), sign)),
    });
    const [right, wrong] = [
      await run(makeDataset(config, records), oracle(1)),
      await run(makeDataset(config, records), oracle(-1)),
    ];
    expect([value(right, 'balancedAccuracy'), value(right, 'areaUnderCurve')]).toEqual([1, 1]);
    expect([value(wrong, 'balancedAccuracy'), value(wrong, 'areaUnderCurve')]).toEqual([0, 0]);
  });

  it('finds a leak: trivial features are right where brightness tells the frame', async () => {
    const leaking = await Promise.all(Array.from({ length: 24 }, (_, i) => makeRecord(i, { plain: true })));
    const trainer = task.createTrainer(config, createRandom(1));
    const result = await run(makeDataset(config, leaking), trainer);
    // a is darker than c, and e brighter: linear in brightness this is not to be told, but the ends give the scale
    expect(value(result, 'balancedAccuracy', 'frame-difference')).toBe(1);
    const oneSided = leaking.map((record) => ({
      ...record,
      fields: {
        ...record.fields,
        has: 1,
        images: (record.fields['images'] as unknown[]).slice(0, 4),
        frames: Int32Array.of(0, 15, 30, 45, -1),
      },
    })) as Sample[];
    expect(value(await run(makeDataset(config, oneSided), trainer), 'balancedAccuracy', 'trivial-features')).toBe(1);
    trainer.dispose();
  });

  it('refuses an empty dataset and videos in place of samples', async () => {
    const trainer = task.createTrainer(config, createRandom(1));
    await expect(run(makeDataset(config, []), trainer)).rejects.toThrow(/no held-out samples/);
    trainer.dispose();
  });
});

describe('viewTrivially', () => {
  it('measures what can be computed by hand', () => {
    const size = 6;
    const plain = (level: number) => new Uint8Array(size * size * 3).fill(level);
    const frames = Uint8Array.from([...plain(10), ...plain(30), ...plain(50)]);
    const { features, betweenness } = viewTrivially({
      frames,
      size,
      storedBytes: [100, 200, 300],
      frameNumbers: [11, 24, 37],
    });
    expect(betweenness).toBe(20); // the ends are 40 apart, the middle 20 from each
    expect(features).toEqual([
      10, 10, 10, 10, 10, 10, 100, 11, 30, 30, 30, 30, 30, 30, 200, 0, 50, 50, 50, 50, 50, 50, 300, 1,
    ]);
  });
});
