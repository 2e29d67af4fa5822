import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  configJsonSchema,
  createRandom,
  PipelineError,
  runJob,
  StoppedError,
  type Sample,
} from '../../src/core/index.js';
import { selectBackend, tf } from '../../src/engine/index.js';
import {
  evaluate,
  evaluators,
  type AnyEvaluator,
  type EvaluateOptions,
  type EvaluationDataset,
} from '../../src/eval/index.js';
import { resolveTaskConfig } from '../../src/models/index.js';
import type { ShuffleAndLearnConfig } from '../../src/models/shuffle-and-learn/config.js';
import task from '../../src/models/shuffle-and-learn/index.js';
import type { WangGuptaConfig } from '../../src/models/wang-gupta/config.js';
import wangGupta from '../../src/models/wang-gupta/index.js';
import { makeRecord } from '../models/shuffle-and-learn/records.js';
import { makeBatch as makePairBatch, makeRecord as makePair } from '../models/wang-gupta/records.js';
import { makeDataset } from './dataset.js';
import { makeWalk, makeWalker, makeWalks } from './prediction/walkers.js';
import { makeData, type MadeVideo } from './videos.js';

const config = resolveTaskConfig(task, { set: ['preset=tiny', 'crop=whole'] }).config as ShuffleAndLearnConfig;
const dir = mkdtempSync(join(tmpdir(), 'reelmine-evaluators-'));
const pairConfig = resolveTaskConfig(wangGupta, { set: ['preset=tiny'] }).config as WangGuptaConfig;
/** Evaluators that ask their own question of tracked pairs. */
const ofPairs: ReadonlySet<string> = new Set(['track-retrieval']);
let records: Sample[];
let pairs: Sample[];
beforeAll(async () => {
  await selectBackend('auto');
  records = await Promise.all(Array.from({ length: 12 }, (_, i) => makeRecord(i)));
  pairs = await Promise.all(Array.from({ length: 12 }, (_, i) => makePair(i)));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Two classes of plain colour, four groups each, half of them for testing. */
const videos: MadeVideo[] = [0, 1].flatMap((label) =>
  [0, 1, 2, 3].map((group) => ({
    name: `v${label}${group}`,
    label,
    group: `${label}:g${group}`,
    role: group < 2 ? ('train' as const) : ('test' as const),
    picture: (seconds: number, size: number) =>
      new Uint8Array(size * size * 3).fill(60 + 120 * label + 10 * group + seconds),
  })),
);

function optionsFor(evaluator: AnyEvaluator, out: string, empty = false): EvaluateOptions {
  const ability = (seed: number) => {
    if (evaluator.needs === 'predictor') return makeWalker(seed === 7 ? 'coin' : 0);
    const random = createRandom(seed);
    const trainer = ofPairs.has(evaluator.name)
      ? wangGupta.createTrainer(pairConfig, random)
      : task.createTrainer(config, random);
    const model = evaluator.needs === 'trainer' ? trainer : trainer.encoder!;
    return { ...model, dispose: () => trainer.dispose() };
  };
  return {
    evaluator,
    config: evaluator.config.parse({}) as unknown,
    model: ability(7),
    untrained: async (seed) => ability(seed),
    evaluated: { task: task.name, run: null, step: null, weightsSha256: null },
    ...(evaluator.input === 'samples'
      ? {
          dataset: heldOut(evaluator, empty),
        }
      : { data: makeData(empty ? [] : videos) }),
    seed: 3,
    seeds: 2,
    out: join(dir, out),
  };
}

function heldOut({ name, needs }: AnyEvaluator, empty: boolean): EvaluationDataset {
  if (needs === 'predictor') return makeWalks(empty ? [] : Array.from({ length: 5 }, (_, n) => makeWalk(n)));
  return ofPairs.has(name) ? makePairs(empty ? [] : pairs) : makeDataset(config, empty ? [] : records);
}

/** Held-out pairs in memory, prepared as the loader would. */
function makePairs(held: readonly Sample[]): EvaluationDataset {
  return {
    signal: 'patch-triplets',
    digest: 'made in a test',
    samples: held.length,
    sources: held.map(({ provenance }) => provenance.source),
    async *batches() {
      for (let i = 0; i < held.length; i += 5)
        yield makePairBatch(held.slice(i, i + 5), pairConfig, { mode: 'evaluate' });
    },
    async *stored() {
      yield* held;
    },
  };
}

describe.each(evaluators.names)('the evaluator %s', (name) => {
  it('is named as the registry names it, and has a default and a description for every key', async () => {
    const evaluator = await evaluators.load(name);
    expect(evaluator.name).toBe(name);
    expect(Number.isInteger(evaluator.version) && evaluator.version >= 1).toBe(true);
    const { properties } = configJsonSchema(evaluator.config) as {
      properties: Record<string, { default?: unknown; description?: string }>;
    };
    for (const [key, property] of Object.entries(properties)) {
      expect(property.default, key).toBeDefined();
      expect(property.description, key).toMatch(/\.$/);
    }
  });

  it('gives equal files for equal seeds, chance and untrained weights beside its metrics, and leaves no tensor', async () => {
    const evaluator = await evaluators.load(name);
    const files: string[][] = [];
    for (const out of [`${name}-a`, `${name}-b`]) {
      const options = optionsFor(evaluator, out);
      const before = tf.memory().numTensors;
      const result = await runJob(evaluate(options));
      expect(tf.memory().numTensors).toBe(before);
      (options.model as { dispose(): void }).dispose();
      // what to guess of a frame is the one before it
      const guess = evaluator.needs === 'predictor' ? 'copy-last' : 'chance';
      expect(result.rivals.map((rival) => rival.name)).toEqual(expect.arrayContaining([guess, 'untrained']));
      for (const metric of result.metrics) expect(Number.isFinite(metric.value), metric.name).toBe(true);
      files.push(['result.json', 'predictions.jsonl'].map((file) => readFileSync(join(dir, out, file), 'utf8')));
    }
    expect(files[1]).toEqual(files[0]);
    expect(files[0]![1]).not.toBe('');
  });

  it('says so where there is nothing to evaluate on', async () => {
    const options = optionsFor(await evaluators.load(name), `${name}-empty`, true);
    await expect(runJob(evaluate(options))).rejects.toThrow(PipelineError);
  });

  it('ends when stopped, writes nothing, and leaves no tensor', async () => {
    const options = optionsFor(await evaluators.load(name), `${name}-stopped`);
    const before = tf.memory().numTensors;
    const stop = new AbortController();
    stop.abort();
    await expect(runJob(evaluate(options, stop.signal))).rejects.toThrow(StoppedError);
    expect(tf.memory().numTensors).toBe(before);
    expect(() => readFileSync(join(dir, `${name}-stopped`, 'result.json'))).toThrow(/ENOENT/);
  });
});
