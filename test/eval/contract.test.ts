import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  configJsonSchema,
  createRandom,
  PipelineError,
  runJob,
  sha256,
  StoppedError,
  type Sample,
  type SampleBatch,
} from '../../src/core/index.js';
import { selectBackend, tf, type Trainer } from '../../src/engine/index.js';
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
import type { AmbientSoundConfig } from '../../src/models/ambient-sound/config.js';
import ambientSound from '../../src/models/ambient-sound/index.js';
import type { Deep3dConfig } from '../../src/models/deep3d/config.js';
import deep3d from '../../src/models/deep3d/index.js';
import type { MotionSegmentationConfig } from '../../src/models/motion-segmentation/config.js';
import motionSegmentation from '../../src/models/motion-segmentation/index.js';
import { makeMoverFilm, writeMaskTruth } from '../../src/synthetic/index.js';
import { makeBatch as makeSoundBatch, makeRecord as makeSound } from '../models/ambient-sound/records.js';
import { makeRecord } from '../models/shuffle-and-learn/records.js';
import { makeBatch as makePairBatch, makeRecord as makePair } from '../models/wang-gupta/records.js';
import { makeBatch as makeEyeBatch, makeRecord as makeEye } from '../models/deep3d/records.js';
import { makeDataset } from './dataset.js';
import { makeWalk, makeWalker, makeWalks } from './prediction/walkers.js';
import { makeData, type MadeVideo } from './videos.js';

const config = resolveTaskConfig(task, { set: ['preset=tiny', 'crop=whole'] }).config as ShuffleAndLearnConfig;
const dir = mkdtempSync(join(tmpdir(), 'reelmine-evaluators-'));
const eyeConfig = resolveTaskConfig(deep3d, { set: ['preset=tiny'] }).config as Deep3dConfig;
const pairConfig = resolveTaskConfig(wangGupta, { set: ['preset=tiny'] }).config as WangGuptaConfig;
const maskConfig = resolveTaskConfig(motionSegmentation, { set: ['preset=tiny'] }).config as MotionSegmentationConfig;
const soundConfig = resolveTaskConfig(ambientSound, { set: ['preset=tiny'] }).config as AmbientSoundConfig;
/** Evaluators that ask their own question of tracked pairs. */
const ofPairs: ReadonlySet<string> = new Set(['track-retrieval']);
/** Evaluators with a rival by k-means, which need not be a good one here. */
const withKMeans: ReadonlySet<string> = new Set(['action-recognition', 'retrieval', 'voc-classification']);
let records: Sample[];
let pairs: Sample[];
let eyes: Sample[];
let sounds: Sample[];
beforeAll(async () => {
  await selectBackend('auto');
  records = await Promise.all(Array.from({ length: 12 }, (_, i) => makeRecord(i)));
  pairs = await Promise.all(Array.from({ length: 12 }, (_, i) => makePair(i)));
  sounds = await Promise.all(Array.from({ length: 12 }, (_, i) => makeSound(i)));
  eyes = await Promise.all(Array.from({ length: 7 }, (_, i) => makeEye(i)));
  const film = (seed: number) => {
    const thing = { outline: 'disc', radius: 12, from: [30, 24], velocity: [2, 0] } as const;
    return makeMoverFilm({ seed, width: 64, height: 48, frames: 4, things: [thing] });
  };
  await writeMaskTruth(join(dir, 'davis'), { v02: film(1), v03: film(2) });
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
    if (evaluator.needs === 'segmenter') {
      const drawer = motionSegmentation.createTrainer(maskConfig, random);
      return { ...drawer.segmenter!, dispose: () => drawer.dispose() };
    }
    if (evaluator.needs === 'stereo') {
      const eyes = deep3d.createTrainer(eyeConfig, random);
      return { ...eyes.stereo!, dispose: () => eyes.dispose() };
    }
    const trainer = ofPairs.has(evaluator.name)
      ? wangGupta.createTrainer(pairConfig, random)
      : evaluator.name === 'sound'
        ? ambientSound.createTrainer(soundConfig, random)
        : task.createTrainer(config, random);
    const model = evaluator.needs === 'trainer' ? trainer : trainer.encoder!;
    return { ...model, variables: trainer.variables, dispose: () => trainer.dispose() };
  };
  return {
    evaluator,
    config: evaluator.config.parse(withKMeans.has(evaluator.name) ? { kMeans: { patches: 200, rounds: 2 } } : {}) as unknown, // prettier-ignore
    model: ability(7),
    untrained: async (seed) => ability(seed),
    evaluated: { task: task.name, run: null, step: null, weightsSha256: null },
    ...(evaluator.input === 'samples'
      ? {
          dataset: heldOut(evaluator, empty),
        }
      : { data: evaluator.needs === 'segmenter' ? maskData(empty) : makeData(empty ? [] : videos) }),
    seed: 3,
    seeds: 2,
    out: join(dir, out),
  };
}

/** Pictures with masks beside them, of the first videos. */
function maskData(empty: boolean): ReturnType<typeof makeData> {
  const data = makeData(empty ? [] : videos.slice(2, 4));
  const below = join(dir, 'davis', 'JPEGImages', '480p');
  return { ...data, sources: data.sources.map((source) => ({ ...source, paths: [join(below, source.id)] })) };
}

function heldOut({ name, needs }: AnyEvaluator, empty: boolean): EvaluationDataset {
  if (needs === 'predictor') return makeWalks(empty ? [] : Array.from({ length: 5 }, (_, n) => makeWalk(n)));
  if (needs === 'stereo') return makeEyes(empty ? [] : eyes);
  if (name === 'sound') return makeSounds(empty ? [] : sounds);
  return ofPairs.has(name) ? makePairs(empty ? [] : pairs) : makeDataset(config, empty ? [] : records);
}

const makePairs = (held: readonly Sample[]) =>
  heldInMemory('patch-triplets', held, (some) => makePairBatch(some, pairConfig, { mode: 'evaluate' }));
const makeSounds = (held: readonly Sample[]) =>
  heldInMemory('audio-clusters', held, (some) => makeSoundBatch(some, soundConfig, { mode: 'evaluate' }));
const makeEyes = (held: readonly Sample[]) =>
  heldInMemory('stereo-pairs', held, (some) => makeEyeBatch(some, eyeConfig, { mode: 'evaluate' }));

/** Held-out samples in memory, prepared as the loader would. */
function heldInMemory(
  signal: string,
  held: readonly Sample[],
  makeBatch: (some: readonly Sample[]) => Promise<SampleBatch>,
): EvaluationDataset {
  return {
    signal,
    digest: 'made in a test',
    samples: held.length,
    sources: held.map(({ provenance }) => provenance.source),
    async *batches() {
      for (let i = 0; i < held.length; i += 5) yield makeBatch(held.slice(i, i + 5));
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
      const { variables } = options.model as { readonly variables?: Trainer['variables'] };
      // running statistics of batch normalisation are among them
      const weights = () =>
        [...(variables ?? [])].map(([name, variable]) => [name, sha256(variable.dataSync().toString())]);
      const frozen = weights();
      const before = tf.memory().numTensors;
      const result = await runJob(evaluate(options));
      expect(tf.memory().numTensors).toBe(before);
      expect(weights()).toEqual(frozen);
      (options.model as { dispose(): void }).dispose();
      // what to guess of a frame is the one before it, and of a mask its middle
      const guesses: Readonly<Record<string, string>> = {
        predictor: 'copy-last',
        segmenter: 'ellipse',
        stereo: 'copy-left',
      };
      const guess = guesses[evaluator.needs as string] ?? 'chance';
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
