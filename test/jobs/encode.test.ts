import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom, decodeNpy, readJsonLines, runJob, type FailureEntry } from '../../src/core/index.js';
import { selectBackend, tf } from '../../src/engine/index.js';
import { encodeVideo, openMedia, selectDecoder } from '../../src/ingest/index.js';
import { encode, ingest, type EncodeOptions } from '../../src/index.js';
import { resolveTaskConfig } from '../../src/models/index.js';
import task from '../../src/models/wang-gupta/index.js';
import { blockPicture } from '../fixtures/clips.js';
import { testData } from '../fixtures/test-data.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-encode-'));
const videos = join(dir, 'videos');
const untrained = { run: 'random:wang-gupta', set: ['preset=tiny'] };
const size = { width: 64, height: 48 };

beforeAll(async () => {
  mkdirSync(videos);
  for (const [name, frames] of [
    ['a', 23],
    ['b', 10],
  ] as const) {
    const pictures = Array.from({ length: frames }, (_, i) => blockPicture(i + (name === 'b' ? 7 : 0), size));
    await encodeVideo(join(videos, `${name}.mp4`), { frames: pictures, ...size, fps: 25 });
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const encodeTo = (out: string, more: Partial<EncodeOptions> = {}) =>
  runJob(encode({ ...untrained, input: videos, out: join(dir, out), ...more }));
const readArray = (name: string) => decodeNpy(readFileSync(join(dir, name)));

interface Index {
  readonly layer: string;
  readonly rows: number;
  readonly videos: readonly {
    readonly source: string | null;
    readonly path: string;
    readonly from: number;
    readonly rows: number;
  }[];
}

describe('encode', () => {
  it('writes a row for every picture, as the encoder gives them one by one, and its time', async () => {
    const summary = await encodeTo('all.npy', { layer: 'fc6', batch: 8 });
    expect(summary).toMatchObject({ counts: { done: 2, failed: 0, rows: 33 }, features: 32, stopped: false });
    const features = readArray('all.npy');
    expect(features).toMatchObject({ dtype: 'float32', shape: [33, 32] });
    const times = readArray('all.times.npy');
    expect(times.shape).toEqual([33]);
    const index = JSON.parse(readFileSync(join(dir, 'all.json'), 'utf8')) as Index;
    expect(index.videos.map(({ from, rows }) => [from, rows])).toEqual([
      [0, 23],
      [23, 10],
    ]);
    expect(index).toMatchObject({ layer: 'fc6', rows: 33, task: 'wang-gupta', weightsSha256: null });

    await selectBackend('auto');
    const { config } = resolveTaskConfig(task, { set: ['preset=tiny'] });
    const trainer = task.createTrainer(config as never, createRandom(1).fork('untrained', 'run'));
    const { decoder } = await selectDecoder('auto');
    const { session } = await openMedia(join(videos, 'b.mp4'), { decoder });
    let row = 23;
    const view = { width: 32, height: 32, fit: 'cover', fps: null, channels: 3 } as const;
    for await (const { data, pts } of session.frames({ span: null, view })) {
      const expected = tf.tidy(() =>
        trainer.encoder!.encode(tf.tensor(Float32Array.from(data), [1, 32, 32, 3]), 'fc6').dataSync(),
      );
      const got = (features.data as Float32Array).subarray(row * 32, (row + 1) * 32);
      expected.forEach((value, i) => expect(got[i]).toBeCloseTo(value, 4));
      const [numerator, denominator] = session.media.video.timeBase;
      expect(times.data[row]).toBeCloseTo((pts * numerator) / denominator, 9);
      expect(Number(times.data[row]) - Number(times.data[23])).toBeCloseTo((row - 23) / 25, 3);
      row++;
    }
    expect(row).toBe(33);
    await session.close();
    trainer.dispose();
  });

  it('gives equal bytes for equal options, whatever the pictures encoded at once', async () => {
    await encodeTo('one.npy', { fps: 5 });
    await encodeTo('two.npy', { fps: 5 });
    expect(Buffer.compare(readFileSync(join(dir, 'one.npy')), readFileSync(join(dir, 'two.npy')))).toBe(0);
    expect(readArray('one.npy').shape[0]).toBe(5 + 2);
    await encodeTo('three.npy', { fps: 5, batch: 2 });
    const [a, b] = ['one.npy', 'three.npy'].map((name) => readArray(name).data as Float32Array);
    a!.forEach((value, i) => expect(b![i]).toBeCloseTo(value, 5));
  });

  it('writes the same rows as Parquet', async () => {
    await encodeTo('table.parquet', { layer: 'embedding' });
    await encodeTo('table-too.npy', { layer: 'embedding' });
    const file = await asyncBufferFromFile(join(dir, 'table.parquet'));
    const rows = (await parquetReadObjects({ file })) as unknown as readonly {
      readonly path: string;
      readonly source: string;
      readonly pts: bigint;
      readonly seconds: number;
      readonly features: readonly number[];
    }[];
    const { data, shape } = readArray('table-too.npy');
    expect([rows.length, rows[0]!.features.length]).toEqual(shape);
    const times = readArray('table-too.times.npy').data;
    rows.forEach(({ path, seconds, features, source, pts }, i) => {
      expect(path).toBe(join(videos, i < 23 ? 'a.mp4' : 'b.mp4'));
      expect([source, typeof pts, seconds]).toEqual(['', 'bigint', times[i]]);
      expect([...features]).toEqual([...(data as Float32Array).subarray(i * shape[1]!, (i + 1) * shape[1]!)]);
    });
  });

  it('skips what cannot be read, keeps none of its rows, and says so in a ledger', async () => {
    const mixed = join(dir, 'mixed');
    mkdirSync(mixed);
    writeFileSync(join(mixed, 'broken.mp4'), 'no video');
    const whole = readFileSync(join(videos, 'a.mp4'));
    writeFileSync(join(mixed, 'good.mp4'), whole);
    const summary = await encodeTo('mixed.npy', { input: mixed });
    expect(summary.counts).toMatchObject({ done: 1, failed: 1, rows: 23 });
    const ledger = readJsonLines<FailureEntry>(join(dir, 'mixed.failures.jsonl'));
    expect(ledger).toMatchObject([{ path: join(mixed, 'broken.mp4'), stage: 'encode', code: 'cannot-open' }]);
    expect(readArray('mixed.npy').shape[0]).toBe(23);
    rmSync(join(mixed, 'good.mp4'));
    await expect(encodeTo('none.npy', { input: mixed })).rejects.toThrow(/None of 1 videos/);
    expect(existsSync(join(dir, 'none.npy'))).toBe(false);
  });

  it('skips real damaged files and encodes a turned one', async (context) => {
    const data = testData();
    if (data === null) return context.skip('the shared test data are not here: set REELMINE_TEST_DATA');
    const files = ['broken.mp4', 'annex-b.mp4', 'nasa_13013_rotated.mp4'].map((name) => join(data, 'odd', name));
    writeFileSync(join(dir, 'odd.txt'), `${files.join('\n')}\n`);
    const summary = await encodeTo('odd.npy', { input: join(dir, 'odd.txt') });
    expect(summary.counts).toMatchObject({ done: 1, failed: 2, rows: 17 });
    expect(Object.fromEntries(summary.failures.map(({ path, code }) => [path, code]))).toEqual({
      [files[0]!]: 'cannot-open',
      [files[1]!]: 'truncated',
    });
  });

  it('reads a corpus, and names its sources', async () => {
    const corpus = join(dir, 'corpus');
    await runJob(ingest({ sources: [videos], corpus, workers: 1 }));
    const summary = await encodeTo('corpus.npy', { input: corpus, fps: 5, limit: 1 });
    expect(summary.counts.done).toBe(1);
    const { videos: encoded } = JSON.parse(readFileSync(join(dir, 'corpus.json'), 'utf8')) as Index;
    expect(encoded).toHaveLength(1);
    expect(encoded[0]!.source).toMatch(/^[0-9a-f]{16}$/);
  });

  it('ends after the video in hand when stopped, with what is done', async () => {
    const stop = new AbortController();
    const options = { ...untrained, input: videos, out: join(dir, 'stopped.npy') };
    const summary = await runJob(encode(options, stop.signal), () => stop.abort());
    expect(summary).toMatchObject({ stopped: true, counts: { done: 1, rows: 23 } });
    expect(readArray('stopped.npy').shape[0]).toBe(23);
  });

  it('leaves no tensor', async () => {
    const before = tf.memory().numTensors;
    await encodeTo('leaks.npy', { fps: 5 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    [{ layer: 'fc66' }, /did you mean "fc6"/],
    [{ out: '/nowhere/features.csv' }, /must end in .npy or .parquet/],
    [{ run: '/nowhere' }, /not the folder of a run/],
    [{ input: 'synthetic:1' }, /ingest it/],
  ] as const)('says what is wrong with %j', async (more, message) => {
    await expect(encodeTo('wrong.npy', more)).rejects.toThrow(message);
  });
});
