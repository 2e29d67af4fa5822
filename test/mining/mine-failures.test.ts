import { existsSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnyMiner, MineOptions } from '../../src/mining/index.js';
import { makeClipCorpus, type ClipCorpus } from './clips.js';
import { loadEveryField } from './every-field.js';
import { memorySink } from './fakes.js';
import { mineClips, type EveryFieldRun } from './mine-clips.js';

const clips = 4;
let corpus: ClipCorpus;
let everyField: AnyMiner;

beforeAll(async () => {
  corpus = await makeClipCorpus(clips);
  everyField = await loadEveryField();
});

afterAll(() => corpus.remove());

const mineWith = (settings: object, job?: Partial<MineOptions>, stop?: AbortSignal): Promise<EveryFieldRun> =>
  mineClips(corpus, settings, job, stop);
const pathOf = (id: string): string => corpus.sources.find((source) => source.id === id)!.paths[0]!;
const idOf = (path: string): string => corpus.sources.find((source) => source.paths[0] === path)!.id;
const temporary = (name: string): string => join(corpus.root, name);

describe('mine, where something fails,', () => {
  it('replaces a worker that dies and tries its video once more', async () => {
    const file = temporary('once');
    const { result, sink } = await mineWith({ behaviour: 'die-once', on: 'clip-2', file }, { workers: 2 });
    expect(existsSync(`${file}.died`)).toBe(true);
    expect(result).toMatchObject({ failures: [], counts: { done: clips, failed: 0 } });
    expect(sink.units.size).toBe(2 * clips);
  });

  it('loses nothing to signals that a terminal or scheduler sends to workers, too', async () => {
    const file = temporary('signals');
    const { result, sink } = await mineWith({ behaviour: 'signalled', on: 'clip-2', file }, { workers: 2 });
    expect(existsSync(`${file}.signalled`)).toBe(true);
    expect(result).toMatchObject({ failures: [], counts: { done: clips, failed: 0 } });
    expect(sink.units.size).toBe(2 * clips);
  });

  it('gives up on a video whose worker dies twice, and on no other', async () => {
    const { result, sink } = await mineWith({ behaviour: 'die', on: 'clip-2' }, { workers: 2 });
    expect(result.failures).toEqual([
      {
        source: idOf('clip-2.mp4'),
        path: 'clip-2.mp4',
        stage: 'mine',
        code: 'worker-died',
        message: 'the process ended with SIGKILL',
        attempts: 2,
        at: '2024-01-02T03:04:05.000Z',
      },
    ]);
    expect(result.counts).toMatchObject({ done: clips - 1, failed: 1 });
    expect(result.signals['every-field']!.counts).toMatchObject({ done: 2 * clips - 2, failed: 2 });
    expect(new Set([...sink.units.values()].map((unit) => pathOf(unit.source))).has('clip-2.mp4')).toBe(false);
    expect(result.signals['every-field']!.summary).not.toBeNull();
  });

  it('ends a video in which nothing moves any more', async () => {
    const { result } = await mineWith({ behaviour: 'hang', on: 'clip-1' }, { stallTimeoutMs: 1500 });
    expect(result.failures).toMatchObject([
      { path: 'clip-1.mp4', code: 'timeout', attempts: 1, message: 'no progress for 1.5 s' },
    ]);
    expect(result.counts).toMatchObject({ done: clips - 1, failed: 1 });
  });

  it('keeps the units before the place where decoding breaks off', async () => {
    const { result, sink } = await mineWith({ behaviour: 'break', on: 'clip-3' });
    expect(result.failures).toMatchObject([
      { path: 'clip-3.mp4', code: 'decode-error', message: 'the stream broke off' },
    ]);
    expect(
      [...sink.units.values()].filter((unit) => unit.source === idOf('clip-3.mp4')).map((unit) => unit.shot),
    ).toEqual([0]);
    expect(result.signals['every-field']!.counts).toMatchObject({ done: 2 * clips - 1, failed: 1 });
  });

  it('records files that are gone or changed, and mines the rest', async () => {
    const damaged = await makeClipCorpus(3);
    try {
      rmSync(join(damaged.root, 'clip-0.mp4'));
      truncateSync(join(damaged.root, 'clip-1.mp4'), 500);
      const { result } = await mineWith({}, { corpus: damaged });
      expect(result.failures.map(({ path, code }) => `${path} ${code}`)).toEqual([
        'clip-0.mp4 file-missing',
        'clip-1.mp4 source-changed',
      ]);
      expect(result.counts).toMatchObject({ done: 1, failed: 2 });
    } finally {
      damaged.remove();
    }
  });

  it('ends with the first failure under onError stop, and gives up beyond maxFailures', async () => {
    const broken = { behaviour: 'break', on: 'clip' };
    await expect(mineWith(broken, { onError: 'stop' })).rejects.toMatchObject({
      name: 'MediaError',
      code: 'decode-error',
    });
    await expect(mineWith(broken, { maxFailures: 1, workers: 1 })).rejects.toMatchObject({ code: 'too-many-failures' });
    expect((await mineWith(broken, { maxFailures: clips })).result.counts.failed).toBe(clips);
  });

  it('ends with an error, not with a failed video, where the miner has a bug or the disk is full', async () => {
    await expect(mineWith({ behaviour: 'bug', on: 'clip-0' })).rejects.toThrow(/a bug of the miner/);
    const full = { ...memorySink(), writeUnit: () => Promise.reject(new Error('no space left')) };
    await expect(mineWith({}, { sinks: { 'every-field': full } })).rejects.toThrow(/no space left/);
  });

  it('says what a worker said that could not start', async () => {
    const module = temporary('broken.mjs');
    writeFileSync(module, 'throw new Error("broken on purpose");');
    const signals = [{ miner: everyField, name: 'every-field', config: {}, module }];
    await expect(mineWith({}, { signals })).rejects.toThrow(/could not start[^]*broken on purpose/);
  });
});
