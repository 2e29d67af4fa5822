import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashJson, readJsonLines, runJob, type Cursor, type DatasetHeader } from '../../src/core/index.js';
import { train, type TrainOptions } from '../../src/jobs/train.js';
import { openTrainingBatches } from '../../src/jobs/training-data.js';
import { temporalOrderSample } from '../../src/mining/temporal-order/sample.js';
import { resolveTaskConfig, tasks } from '../../src/models/index.js';
import { openDataset, openSink, type Dataset } from '../../src/store/index.js';
import { makeRecord } from '../models/shuffle-and-learn/records.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-train-parts-'));
const data = join(dir, 'data');
const perSource = [1, 2, 3, 4, 9]; // samples of each source
const samples = perSource.reduce((a, b) => a + b, 0);
let dataset: Dataset;

beforeAll(async () => {
  const header: DatasetHeader = {
    signal: 'temporal-order',
    signalVersion: 1,
    spec: temporalOrderSample,
    config: {},
    configHash: hashJson({}),
    corpusDigest: '0'.repeat(64),
    decoder: { name: 'libav', version: '0' },
    toolVersion: '0',
    seed: 1,
    selection: {},
  };
  const sink = await openSink({ dir: data, header, shards: 2 });
  for (const [n, count] of perSource.entries()) {
    const record = await makeRecord(n);
    const { source } = record.provenance;
    const own = Array.from({ length: count }, (_, i) => ({ ...record, key: `${source}/0/${i}` }));
    await sink.writeUnit({ source, shot: 0, samples: own, rejections: {} });
  }
  await sink.finish(null);
  dataset = await openDataset(data);
});
afterAll(async () => {
  await dataset.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Keys of the batches that a training with these settings learns from. */
async function batchesOf(set: readonly string[], count: number, from: Cursor = { epoch: 0, batch: 0 }) {
  const task = await tasks.load('shuffle-and-learn');
  const { config } = resolveTaskConfig(task, { set: ['preset=tiny', ...set] });
  const ordinals = Array.from({ length: samples }, (_, i) => i);
  const source = openTrainingBatches(dataset, { task, config, seed: 5, workers: 0, ordinals });
  const taken: { readonly keys: readonly string[]; readonly cursor: Cursor }[] = [];
  for await (const batch of source.batches(from)) {
    const { keys, cursor } = batch;
    batch.release();
    taken.push({ keys, cursor });
    if (taken.length === count) break;
  }
  return taken;
}

describe('the setting part', () => {
  it('gives each trainer its share of every batch; all of them together see the whole epoch, each sample once', async () => {
    const whole = await batchesOf(['batchSize=6'], 6); // two epochs of three batches
    const parts = await Promise.all(
      [1, 2, 3].map((index) => batchesOf(['batchSize=2', `part=${index}/3`], 6)), // the same seed
    );
    for (const [n, { keys, cursor }] of whole.entries()) {
      expect(parts.flatMap((part) => part[n]!.keys)).toEqual(keys);
      for (const part of parts) expect(part[n]!.cursor).toEqual(cursor);
    }
    for (const epoch of [0, 1]) {
      const seen = parts.flatMap((part) => part.slice(3 * epoch, 3 * epoch + 3).flatMap(({ keys }) => keys));
      expect(new Set(seen).size).toBe(18); // of 19, the last of which fills no batch
    }
    expect(new Set(parts.map((part) => part.map(({ keys }) => keys.join()).join())).size).toBe(3);
  });

  it('goes on from any cursor as the part that was not interrupted', async () => {
    const whole = await batchesOf(['batchSize=2', 'part=2/3'], 7);
    for (const n of [0, 2, 5])
      expect(await batchesOf(['batchSize=2', 'part=2/3'], 6 - n, whole[n]!.cursor)).toEqual(whole.slice(n + 1));
  });

  it('refuses a part that is not among them', async () => {
    await expect(batchesOf(['part=3/2'], 1)).rejects.toThrow('I/N with I from 1 to N, got "3/2"');
    for (const part of ['0/2', '1/0', '1', 'x/2', '-1/2'])
      await expect(batchesOf([`part=${part}`], 1)).rejects.toThrow();
  });
});

describe('the setting balance', () => {
  const counted = (keys: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(key.split('/')[0]!, (counts.get(key.split('/')[0]!) ?? 0) + 1);
    return [...counts.values()].sort();
  };

  it('gives every source equally often, to the parts together too', async () => {
    const taken = await batchesOf(['batchSize=5', 'balance=source'], 3);
    expect(counted(taken.flatMap(({ keys }) => keys))).toEqual([3, 3, 3, 3, 3]);
    const parts = await Promise.all(
      [1, 2, 3, 4, 5].map((index) => batchesOf(['batchSize=1', `part=${index}/5`, 'balance=source'], 3)),
    );
    expect(parts[0]!.map((_, n) => parts.flatMap((part) => part[n]!.keys))).toEqual(taken.map(({ keys }) => keys));
    const unbalanced = await batchesOf(['batchSize=19'], 1);
    expect(counted(unbalanced.flatMap(({ keys }) => keys))).toEqual(perSource);
  });

  it('gives the values of a field equally often, and refuses one that has no single value', async () => {
    const taken = await batchesOf(['batchSize=5', 'balance=group'], 3);
    expect(counted(taken.flatMap(({ keys }) => keys))).toEqual([3, 3, 3, 3, 3]);
    await expect(batchesOf(['balance=images'], 1)).rejects.toThrow('no single value called images to balance by');
    await expect(batchesOf(['balance=nonsense'], 1)).rejects.toMatchObject({ code: 'config' });
  });
});

describe('train --part', () => {
  const warnings: string[] = [];
  const settings = ['preset=tiny', 'batchSize=2', 'steps=4', 'checkpointEverySteps=2', 'logEverySteps=1', 'pictures=0'];
  const run = (out: string, more: Partial<TrainOptions> = {}, stopAfter = Infinity) => {
    const stop = new AbortController();
    const part = { index: 1, count: 2 };
    const options = {
      task: 'shuffle-and-learn',
      data,
      out: join(dir, out),
      engine: 'cpu',
      set: settings,
      part,
      ...more,
    };
    return runJob(train({ workers: 0, ...options }, stop.signal), (event) => {
      if (event.kind === 'warning') warnings.push(event.message);
      if (event.kind === 'progress' && event.done >= stopAfter) stop.abort();
    });
  };
  const losses = (out: string) =>
    readJsonLines<{ readonly step: number; readonly loss: number }>(join(dir, out, 'metrics.jsonl')).map(
      ({ step, loss }) => [step, loss],
    );

  it('resumes its own part exactly, and no other', { timeout: 60_000 }, async () => {
    expect((await run('whole')).finished).toBe(true);
    expect(readFileSync(join(dir, 'whole/config.yaml'), 'utf8')).toMatch(/^ *part: 2\/2$/m);
    expect((await run('stopped', {}, 2)).finished).toBe(false);
    await expect(run('stopped', { resume: true, part: { index: 0, count: 2 } })).rejects.toThrow('cannot be resumed');
    expect((await run('stopped', { resume: true })).finished).toBe(true);
    expect(losses('stopped')).toEqual(losses('whole'));
    const weights = (out: string) => readFileSync(join(dir, out, 'checkpoints/step-00000004/weights.safetensors'));
    expect(weights('stopped').equals(weights('whole'))).toBe(true);
    expect(warnings).toEqual([]);
  });

  it('tells before the first step of a training that takes days', { timeout: 60_000 }, async () => {
    await run('long', { set: ['preset=tiny', 'batchSize=2', 'steps=1000000000', 'pictures=0'] }, 1);
    expect(warnings).toEqual([expect.stringMatching(/^1000000000 steps are .* days on a CPU/)]);
  });
});
