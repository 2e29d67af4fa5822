import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, runJob, type Sample } from '../../src/core/index.js';
import { selectBackend, tf, type Trainer } from '../../src/engine/index.js';
import { evaluate, type EvaluationDataset, type EvaluationResult } from '../../src/eval/index.js';
import { describeClusters } from '../../src/eval/sound/clusters.js';
import protocol from '../../src/eval/sound/index.js';
import { bestConstant, scoreAnswers } from '../../src/eval/sound/score.js';
import { viewTrivially } from '../../src/eval/sound/trivial.js';
import { resolveTaskConfig } from '../../src/models/index.js';
import type { AmbientSoundConfig } from '../../src/models/ambient-sound/config.js';
import task from '../../src/models/ambient-sound/index.js';
import { prepare } from '../../src/models/ambient-sound/prepare.js';
import { labelsOf, makeRecord } from '../models/ambient-sound/records.js';
import { createLoader } from '../models/loader.js';

const configOf = (...set: string[]) =>
  resolveTaskConfig(task, { set: ['preset=tiny', 'outputs=6', ...set] }).config as AmbientSoundConfig;

/** Held-out samples in memory; the sound of those for which `isAgain` is another source's. */
function makeDataset(
  config: AmbientSoundConfig,
  records: readonly Sample[],
  isAgain: (sample: Sample) => boolean = () => false,
): EvaluationDataset {
  const { makeBatch } = createLoader<AmbientSoundConfig>((sample, context) => {
    const labels = labelsOf(sample);
    return prepare(sample, { ...context, labels: isAgain(sample) ? { ...labels, label: -1 } : labels });
  });
  return {
    signal: 'audio-clusters',
    digest: 'made in a test',
    samples: records.length,
    sources: records.map(({ provenance }) => provenance.source),
    async *batches() {
      for (let i = 0; i < records.length; i += 10)
        yield makeBatch(records.slice(i, i + 10), config, { mode: 'evaluate' });
    },
    async *stored() {
      yield* records;
    },
  };
}

function run(config: AmbientSoundConfig, dataset: EvaluationDataset, model: Trainer): Promise<EvaluationResult> {
  return runJob(
    evaluate({
      evaluator: protocol,
      config: protocol.config.parse({ bootstrapDraws: 100 }),
      model,
      untrained: async (seed: number) => task.createTrainer(config, createRandom(seed)),
      evaluated: { task: task.name, run: null, step: null, weightsSha256: null },
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
  records = await Promise.all(Array.from({ length: 42 }, (_, i) => makeRecord(i)));
});

describe('sound', () => {
  it('sets a model beside the best constant answer, untrained weights and trivial features, and leaves repeated tracks out', async () => {
    const config = configOf();
    const trainer = task.createTrainer(config, createRandom(1));
    const before = tf.memory().numTensors;
    const result = await run(
      config,
      makeDataset(config, records, ({ key }) => /source(3|40)\//.test(key)),
      trainer,
    );
    expect(tf.memory().numTensors).toBe(before);
    expect(result.rivals.map(({ name }) => name)).toEqual(['chance', 'untrained', 'trivial-features']);
    expect(result.metrics.map(({ name, examples }) => [name, examples])).toEqual([
      ['top1', 40],
      ['top5', 40],
      ['classMean', 40],
    ]);
    expect(value(result, 'top1', 'chance')).toBeCloseTo(11 / 40, 9); // the largest cluster's share, not 1 / clusters
    expect(value(result, 'top1', 'trivial-features')).toBeGreaterThan(0.6); // bars brighten the picture
    trainer.dispose();
  });

  it('knows a perfect model from one that sees nothing', async () => {
    const config = configOf();
    const answer = (scale: number): Trainer => ({
      ...task.createTrainer(config, createRandom(1)),
      logits: ({ tensors }) => tf.tidy(() => tf.mul(tf.oneHot(tf.cast(tensors['label']!, 'int32') as never, 6), scale)),
    });
    const result = await run(config, makeDataset(config, records), answer(1));
    expect([value(result, 'top1'), value(result, 'classMean')]).toEqual([1, 1]);
    expect(value(await run(config, makeDataset(config, records), answer(-1)), 'top1')).toBe(0);
  });

  it('asks for bits where they are the target', async () => {
    const config = configOf('target=bits');
    const bits: Trainer = {
      ...task.createTrainer(config, createRandom(1)),
      logits: ({ tensors }) => tf.tidy(() => tf.sub(tensors['bits']!, 0.5)),
    };
    const result = await run(config, makeDataset(config, records), bits);
    expect([value(result, 'bitAccuracy'), value(result, 'balancedBits')]).toEqual([1, 1]);
    expect(value(result, 'balancedBits', 'chance')).toBeLessThan(0.85); // four bits are always 0
    expect(result.rivals.map(({ name }) => name)).toEqual(['chance', 'untrained']);
  });

  it('refuses a dataset with clusters of its own for a model that learned those of another', async () => {
    const config = configOf();
    const trainer = task.createTrainer(config, createRandom(1));
    const ask = (run: string | null, more: Partial<EvaluationDataset>) =>
      runJob(
        evaluate({
          evaluator: protocol,
          config: protocol.config.parse({ bootstrapDraws: 10 }),
          model: trainer,
          untrained: async (seed: number) => task.createTrainer(config, createRandom(seed)),
          evaluated: { task: task.name, run, step: null, weightsSha256: null },
          dataset: { ...makeDataset(config, records.slice(0, 10)), ...more },
          seed: 1,
          seeds: 0,
        }),
      );
    await expect(ask('/run', { config: { codebook: null } })).rejects.toThrow(/clusters of its own/);
    const allowed: readonly Partial<EvaluationDataset>[] = [
      { config: { codebook: 'sounds' } },
      { config: { codebook: null }, isTrainedOn: true },
    ];
    for (const more of allowed) expect((await ask('/run', more)).metrics).not.toEqual([]);
    expect((await ask(null, { config: { codebook: null } })).metrics).not.toEqual([]); // untrained weights learned none
    trainer.dispose();
  });

  it('has nothing to say without samples', async () => {
    const config = configOf();
    const trainer = task.createTrainer(config, createRandom(1));
    await expect(run(config, makeDataset(config, []), trainer)).rejects.toThrow(/no held-out samples/);
    await expect(
      run(
        config,
        makeDataset(config, records, () => true),
        trainer,
      ),
    ).rejects.toThrow(/another source/);
    trainer.dispose();
  });
});

describe('its parts', () => {
  it('score answers, worked by hand', () => {
    const truth = { labels: [0, 0, 1], bits: null, outputs: 2 };
    const answers = [
      [2, 1],
      [0, 1],
      [0, 1],
    ];
    expect(scoreAnswers(answers, truth)).toEqual({ top1: 2 / 3, classMean: 0.75 });
    expect(scoreAnswers(answers, truth, [1, 0, 1])).toEqual({ top1: 1, classMean: 1 });
    expect([...bestConstant(truth)[2]!].map((v) => Number(v.toFixed(3)))).toEqual([0.667, 0.333]);
    const code = { labels: [0, 0], bits: [[1, 0], [1, 1]], outputs: 2 }; // prettier-ignore
    expect(scoreAnswers([[1, 1], [1, 1]], code)).toEqual({ bitAccuracy: 0.75, balancedBits: 2 / 3 }); // prettier-ignore
  });

  it('count the surprise in labels, alone and given the source', () => {
    const asked = [
      { source: 'a', label: 0 },
      { source: 'a', label: 0 },
      { source: 'b', label: 1 },
      { source: 'b', label: 0 },
    ];
    const rows = describeClusters(asked, [[1, 0], [0, 1], [0, 1], [1, 0]]); // prettier-ignore
    expect(rows.slice(0, 2)).toEqual([
      { label: 0, frames: 3, share: 0.75, recall: 2 / 3 },
      { label: 1, frames: 1, share: 0.25, recall: 1 },
    ]);
    expect(describeClusters(asked, null).slice(0, 2)).toEqual([
      { label: 0, frames: 3, share: 0.75 },
      { label: 1, frames: 1, share: 0.25 },
    ]);
    expect(rows[2]!['labelEntropy']).toBeCloseTo(-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25), 9);
    expect(rows[2]!['labelEntropyGivenSource']).toBeCloseTo(Math.log(2) / 2, 9);
  });

  it('see the mean colour of each cell and how much channels vary', () => {
    const picture = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) =>
      i % 3 === 0 ? (Math.floor(i / 3) % 8 < 4 ? 10 : 30) : 7,
    );
    const features = viewTrivially(picture, 8, 123);
    expect(features).toHaveLength(48 + 3 + 1);
    expect([features[0], features[1], features[9], features[51]]).toEqual([10, 7, 30, 123]);
    expect(features[48]).toBeCloseTo(10, 9);
    expect(features[49]).toBe(0);
  });
});
