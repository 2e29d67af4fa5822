import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, runJob, type Sample } from '../../src/core/index.js';
import { selectBackend, tf, type Encoder, type Trainer } from '../../src/engine/index.js';
import { evaluate, type EvaluationDataset, type EvaluationResult } from '../../src/eval/index.js';
import protocol from '../../src/eval/temporal-order/index.js';
import { viewTrivially } from '../../src/eval/temporal-order/trivial.js';
import { readTrunk } from '../../src/eval/temporal-order/untrained-trunk.js';
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
      'untrained-trunk',
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
    const leaked = await run(makeDataset(config, oneSided), trainer);
    expect(value(leaked, 'balancedAccuracy', 'trivial-features')).toBe(1);
    expect(value(leaked, 'balancedAccuracy', 'untrained-trunk')).toBeGreaterThan(0.9); // random features, but of the brightness
    trainer.dispose();
  });

  it('refuses an empty dataset and videos in place of samples', async () => {
    const trainer = task.createTrainer(config, createRandom(1));
    await expect(run(makeDataset(config, []), trainer)).rejects.toThrow(/no held-out samples/);
    trainer.dispose();
  });
});

describe('readTrunk', () => {
  it('lays the features of the three frames side by side, as the encoder gives them one by one', () => {
    const encoder: Encoder = {
      width: 2,
      height: 2,
      layers: { means: 3 },
      encode: (images) => tf.mean(images, [1, 2]),
    };
    const pictures = Float32Array.from({ length: 2 * 1 * 3 * 2 * 2 * 3 }, (_, i) => i);
    const frames = tf.tensor(pictures, [2, 1, 3, 2, 2, 3]);
    const read = (units: number) =>
      readTrunk(encoder, { keys: [], tensors: { frames } }, { units, random: createRandom(4) });
    // Pixels of a picture are 3 apart: their mean is the first one's plus 4.5.
    const expected = [0, 1].map((tuple) =>
      [0, 1, 2].flatMap((frame) => [0, 1, 2].map((channel) => 12 * (3 * tuple + frame) + channel + 4.5)),
    );
    expect(read(3).map((row) => [...row])).toEqual(expected);
    const [some] = read(2);
    expect(some).toHaveLength(6);
    expect([...some!].every((value) => expected[0]!.includes(value))).toBe(true);
    frames.dispose();
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
