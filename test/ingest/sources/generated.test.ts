import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot, runJob, type VideoSource } from '../../../src/core/index.js';
import {
  decoders,
  ingest,
  ingestConfig,
  openVideo,
  readCorpus,
  type IngestOptions,
  type IngestResult,
} from '../../../src/ingest/index.js';
import { openMedia } from '../../../src/ingest/open-media.js';
import { npyLayout } from '../../../src/ingest/decoders/npy.js';
import { expandSources } from '../../../src/ingest/sources/index.js';
import { parseRate } from '../../../src/ingest/sources/source-text.js';
import { createMovingMnist, glyphDigits, idxDigits } from '../../../src/synthetic/index.js';
import { encodeImage } from '../../../src/vision/index.js';
import { testData } from '../../fixtures/test-data.js';

const built = existsSync(join(packageRoot(), 'dist', 'ingest', 'worker.js'));
const mnist = join(testData() ?? '', 'mnist');
let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-generated-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = async (corpus: string, sources: readonly string[], more: Partial<IngestOptions> = {}) => {
  const options: IngestOptions = {
    sources,
    corpus: join(dir, corpus),
    config: ingestConfig.parse({}),
    decoder: 'libav',
    workers: 2,
    seed: 1,
    now: () => new Date('2020-01-01T00:00:00Z'),
    ...more,
  };
  return runJob<IngestResult>(ingest(options), () => {});
};

async function framesOf(corpus: string, source: VideoSource, channels: 1 | 3 = 1): Promise<Uint8Array[]> {
  const { width, height } = source.video;
  const view = { width, height, fit: 'stretch', fps: null, channels } as const;
  const decoder = await decoders.load('libav');
  const video = await openVideo(source, { corpusRoot: join(dir, corpus), decoder, views: { view } });
  const out: Uint8Array[] = [];
  for (const shot of source.shots) for await (const { data } of video.frames(shot, 'view')) out.push(data);
  await video.close();
  return out;
}

/** A NumPy array file of bytes, by the format's description. */
function npyFile(name: string, shape: readonly number[], values: Uint8Array, dtype = '|u1'): string {
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(header.length, 8);
  const file = join(dir, name);
  writeFileSync(file, Buffer.concat([head, Buffer.from(header, 'latin1'), values]));
  return file;
}

describe('expandSources of made and counted videos', () => {
  const expand = (source: string) => expandSources([source], join(dir, 'corpus'));

  it('names as many videos of Moving MNIST as are asked for, roles side by side, and writes nothing', async () => {
    const { candidates, benchmarks, warnings } = await expand('moving-mnist:srvp@5?train=3&test=2&frames=12');
    expect(candidates.map(({ key }) => key.split('/')[1])).toEqual([
      '000000-test',
      '000000-train',
      '000001-test',
      '000001-train',
      '000002-train',
    ]);
    expect(candidates[0]!.benchmarks['moving-mnist-srvp']).toMatchObject([{ roles: ['test'] }]);
    expect(benchmarks).toMatchObject({ 'moving-mnist-srvp': { listed: 5 } });
    expect(warnings.join()).toMatch(/8000 glyphs/);
    expect(existsSync(join(dir, 'corpus'))).toBe(false);
  });

  it.each([
    ['moving-mnist:svgg@1', /svg\|srvp\|srivastava@SEED/],
    ['moving-mnist:svg@x', /@SEED/],
    ['moving-mnist:svg@1?tran=3', /did you mean "train"/],
    ['moving-mnist:svg@1?train=-3', /whole number/],
    ['moving-mnist:svg@1?digits=/no/such/folder', /no pictures of digits/],
    ['frames:/tmp', /frames:DIR@FPS/],
    ['frames:/no/such/folder@25', /no folder/],
    ['frames:/tmp@fast', /frames per second/],
    ['npy:/no/such/file.npy', /no file/],
    ['kitti:/no/such/folder', /no folder/],
  ])('refuses %s with a sentence', async (source, message) => {
    await expect(expand(source)).rejects.toThrow(message);
  });

  it('reads rates as exact fractions', () => {
    expect(parseRate('25')).toEqual([25, 1]);
    expect(parseRate('29.97')).toEqual([2997, 100]);
    expect(parseRate('30000/1001')).toEqual([30_000, 1001]);
    expect(parseRate('12.5')).toEqual([25, 2]);
    for (const text of ['0', '-1', '1e3', '', '1/0']) expect(() => parseRate(text), text).toThrow(/above 0/);
  });

  it('takes each folder of numbered pictures for a video, and counts every other file as ignored', async () => {
    for (const file of ['a/1.png', 'a/2.png', 'a/x.txt', 'a/b/001.jpg', '.hidden/1.png', 'readme.txt', 'c/cover.png']) {
      mkdirSync(join(dir, 'pictures', file, '..'), { recursive: true });
      writeFileSync(join(dir, 'pictures', file), 'x');
    }
    const { candidates, ignored } = await expand(`frames:${join(dir, 'pictures')}@12.5`);
    expect(candidates.map(({ key, rate }) => [key, rate])).toEqual([
      ['a', [25, 2]],
      ['a/b', [25, 2]],
    ]);
    expect(ignored).toBe(3);
    await expect(expand(`frames:${join(dir, 'pictures', 'c')}@25`)).rejects.toThrow(/no numbered pictures/);
  });

  it('knows the recordings of KITTI by their names, and PredNet’s split of them', async () => {
    const raw = join(dir, 'kitti');
    const drives = ['0001', '0005', '0070', '0079', '0104'];
    for (const drive of drives) {
      for (const camera of ['image_02', 'image_03']) {
        const folder = join(raw, '2011_09_26', `2011_09_26_drive_${drive}_sync`, camera, 'data');
        mkdirSync(folder, { recursive: true });
        for (let n = 0; n < 3; n++) writeFileSync(join(folder, `${String(n).padStart(10, '0')}.png`), 'x');
      }
    }
    const late = join(raw, '2011_09_30', '2011_09_30_drive_0070_sync', 'image_03', 'data');
    mkdirSync(late, { recursive: true });
    writeFileSync(join(late, '0000000000.png'), 'x');
    const { candidates, ignored } = await expand(`kitti:${raw}`);
    const roles = candidates
      .map(({ benchmarks }) => benchmarks.kitti![0]!)
      .map(({ group, roles: [role] }) => [group, role]);
    expect(roles).toEqual([
      ['2011_09_26_drive_0001', 'train'],
      ['2011_09_26_drive_0005', 'unused'],
      ['2011_09_26_drive_0070', 'test'],
      ['2011_09_26_drive_0079', 'test'],
      ['2011_09_26_drive_0104', 'test'],
      ['2011_09_30_drive_0070', 'train'],
    ]);
    expect(candidates.every(({ path, rate }) => path.endsWith('image_03/data') && rate?.join() === '10,1')).toBe(true);
    expect(ignored).toBe(15);
    await expect(expand(`kitti:${join(dir, 'pictures')}`)).rejects.toThrow(/no recording of KITTI/);
  });

  it('tells how videos lie in an array from its shape', () => {
    expect(npyLayout([20, 10_000, 64, 64], null)).toMatchObject({ frames: 20, sequences: 10_000, timeFirst: true });
    expect(npyLayout([100, 20, 64, 64], null)).toMatchObject({ frames: 20, sequences: 100, timeFirst: false });
    expect(npyLayout([20, 100, 64, 64], 1)).toMatchObject({ frames: 100, sequences: 20, timeFirst: false });
    expect(npyLayout([20, 48, 64, 3], null)).toMatchObject({ frames: 20, sequences: 1, channels: 3, height: 48 });
    expect(npyLayout([5, 20, 48, 64, 1], null)).toMatchObject({ frames: 5, sequences: 20, channels: 1, width: 64 });
    expect(npyLayout([20, 48, 64], null)).toMatchObject({ frames: 20, sequences: 1, channels: 1, timeFirst: false });
    expect(npyLayout([64, 64], null)).toBeNull();
    expect(npyLayout([2, 3, 4, 5, 7], null)).toBeNull();
  });
});

describe.skipIf(!built)('ingest of made and counted videos (needs npm run build)', () => {
  it('makes Moving MNIST whose frames are the generator’s, pixel for pixel, one shot each', async () => {
    const source = 'moving-mnist:svg@8?train=4&test=2&frames=9';
    const { counts, digest } = await run('mnist', [source]);
    expect(counts).toMatchObject({ done: 6, failed: 0 });
    const { sources } = await readCorpus(join(dir, 'mnist'));
    const seen: string[] = [];
    for (const source of sources) {
      expect(source).toMatchObject({ kind: 'synthetic', container: 'moving-mnist', video: { frames: 9 } });
      expect(source.shots).toHaveLength(1);
      const [, number, role] = /(\d+)-(train|test)\.reel\.json$/.exec(source.paths[0]!)!;
      seen.push(`${number}-${role}`);
      const about = { variant: 'svg', seed: 8, frames: 9, digits: 2, deterministic: false } as const;
      const truth = createMovingMnist(
        { ...about, role: role as 'train' | 'test', index: Number(number) },
        glyphDigits(8),
      );
      const frames = await framesOf('mnist', source);
      expect(frames).toHaveLength(9);
      frames.forEach((frame, i) => expect(Buffer.compare(frame, truth.frame(i))).toBe(0));
      const [rgb] = await framesOf('mnist', source, 3);
      expect(truth.frame(0).every((value, i) => rgb!.subarray(3 * i, 3 * i + 3).every((it) => it === value))).toBe(
        true,
      );
    }
    expect(seen.sort()).toEqual([
      '000000-test',
      '000000-train',
      '000001-test',
      '000001-train',
      '000002-train',
      '000003-train',
    ]);
    expect((await run('mnist', [source])).counts).toMatchObject({ done: 0, skipped: 6 });
    expect((await run('mnist-elsewhere', [source], { workers: 1 })).digest).toBe(digest);
  });

  it.skipIf(!existsSync(mnist))('shows the digits of IDX files, and keeps a copy of them in the corpus', async () => {
    const source = `moving-mnist:srvp@8?digits=${mnist}&train=1&test=1&frames=3`;
    const { counts } = await run('idx', [source]);
    expect(counts).toMatchObject({ done: 2, failed: 0 });
    const pools = idxDigits([gunzipSync(readFileSync(join(mnist, 't10k-images-idx3-ubyte.gz')))]);
    const { sources } = await readCorpus(join(dir, 'idx'));
    for (const source of sources) {
      const role = /train/.test(source.paths[0]!) ? 'train' : 'test';
      const about = { variant: 'srvp', seed: 8, role, index: 0, frames: 3, digits: 2, deterministic: false } as const;
      const [first] = await framesOf('idx', source);
      expect(Buffer.compare(first!, createMovingMnist(about, pools).frame(0))).toBe(0);
    }
    const [copy] = sources[0]!.origin!.match(/[0-9a-f]{16}/)!;
    const digits = join(dir, 'idx', 'media', 'digits', `${copy}.idx`);
    writeFileSync(digits, readFileSync(digits).subarray(0, 1000));
    // The digits read last are kept in memory: other digits in between.
    const { sources: others } = await readCorpus(join(dir, 'mnist'));
    await framesOf('mnist', others[0]!);
    await expect(framesOf('idx', sources[0]!)).rejects.toMatchObject({ code: 'source-changed' });
  });

  it('reads pictures, with a ledger line for a damaged one, until it is mended', async () => {
    const folder = join(dir, 'walk');
    mkdirSync(folder);
    const size = { width: 32, height: 24 };
    const picture = (n: number) => Uint8Array.from({ length: 32 * 24 }, (_, i) => (i * 3 + n * 11) % 256);
    const png = async (n: number) =>
      (await encodeImage(picture(n), size.width, size.height, 1, { format: 'png' })).data;
    for (let n = 1; n <= 12; n++) writeFileSync(join(folder, `${n}.png`), await png(n));
    const whole = readFileSync(join(folder, '5.png'));
    writeFileSync(join(folder, '5.png'), whole.subarray(0, whole.length - 30));

    const source = `frames:${folder}@10`;
    const first = await run('walk-corpus', [source]);
    expect(first.counts).toMatchObject({ done: 1, failed: 0 });
    expect(first.failures).toMatchObject([{ path: join(folder, '5.png'), code: 'decode-error' }]);
    const [before] = (await readCorpus(join(dir, 'walk-corpus'))).sources;
    expect(before).toMatchObject({ kind: 'frames', video: { frames: 11, endPts: 12, timeBase: [1, 10] } });
    expect(before!.shots).toHaveLength(1);
    const frames = await framesOf('walk-corpus', before!);
    expect(frames).toHaveLength(11);
    [1, 2, 3, 4, 6].forEach((n, i) => expect(Buffer.compare(frames[i]!, picture(n))).toBe(0));
    expect((await run('walk-corpus', [source])).counts).toMatchObject({ done: 0, skipped: 1 });

    writeFileSync(join(folder, '5.png'), whole);
    await expect(framesOf('walk-corpus', before!)).rejects.toMatchObject({ code: 'source-changed' });
    const second = await run('walk-corpus', [source]);
    expect(second.counts).toMatchObject({ done: 1, failed: 0 });
    expect(second.failures).toEqual([]);
    const [after] = (await readCorpus(join(dir, 'walk-corpus'))).sources;
    expect(after!.video.frames).toBe(12);
    expect(after!.id).not.toBe(before!.id);

    const faster = await run('walk-corpus', [`frames:${folder}@20`]);
    expect(faster.counts).toMatchObject({ done: 1 });
    expect((await readCorpus(join(dir, 'walk-corpus'))).sources[0]!.video.timeBase).toEqual([1, 20]);
  });

  it('gives a folder its id by names and contents, wherever it lies', async () => {
    const make = async (name: string, file: string) => {
      const folder = join(dir, name);
      mkdirSync(folder, { recursive: true });
      for (let n = 0; n < 4; n++) {
        const data = new Uint8Array(16 * 16).fill(40 * n);
        writeFileSync(join(folder, `${file}${n}.png`), (await encodeImage(data, 16, 16, 1, { format: 'png' })).data);
      }
      const { hash } = await openMedia(folder, { decoder: await decoders.load('libav'), rate: [5, 1] });
      return (await hash()).sha256;
    };
    const here = await make('here', 'a');
    expect(await make('there', 'a')).toBe(here);
    expect(await make('renamed', 'b')).not.toBe(here);
  });

  it('reads each video of an array in place, and notices when the array changes', async () => {
    const [videos, time, height, width] = [3, 5, 80, 64]; // more than what tells arrays apart
    const value = (n: number, t: number, i: number) => (n * 50 + t * 9 + i) % 256;
    const values = new Uint8Array(videos * time * height * width);
    let at = 0;
    for (let n = 0; n < videos; n++)
      for (let t = 0; t < time; t++) for (let i = 0; i < height * width; i++) values[at++] = value(n, t, i);
    const file = npyFile('videos.npy', [videos, time, height, width], values);
    const source = `npy:${file}?time=1&fps=12.5`;
    expect((await run('array', [source])).counts).toMatchObject({ done: 3, failed: 0 });
    const { sources } = await readCorpus(join(dir, 'array'));
    for (const one of sources) {
      const n = Number(/(\d+)\.reel\.json$/.exec(one.paths[0]!)![1]);
      expect(one).toMatchObject({ kind: 'frames', container: 'npy', video: { timeBase: [2, 25], frames: 5 } });
      const frames = await framesOf('array', one);
      frames.forEach((frame, t) => expect(frame.every((it, i) => it === value(n, t, i))).toBe(true));
      expect(frames).toHaveLength(5);
    }
    expect((await run('array', [source])).counts).toMatchObject({ done: 0, skipped: 3 });

    copyFileSync(file, `${file}.before`);
    const changed = Uint8Array.from(values);
    changed[values.length - 1]! ^= 1; // in the last video
    npyFile('videos.npy', [videos, time, height, width], changed);
    utimesSync(file, 2_000_000_000, 2_000_000_000);
    await expect(framesOf('array', sources[0]!)).rejects.toMatchObject({ code: 'source-changed' });
    expect((await run('array', [source])).counts).toMatchObject({ done: 3 });
    const before = new Set(sources.map(({ id }) => id));
    const after = (await readCorpus(join(dir, 'array'))).sources;
    expect(after.filter(({ id }) => before.has(id))).toHaveLength(2);
    const floats = npyFile('floats.npy', [1, 2, 4, 4], new Uint8Array(128), '<f4');
    await expect(expandSources([`npy:${floats}`], dir)).rejects.toThrow(/this is <f4 \[1, 2, 4, 4\]/);
    await expect(expandSources([`npy:${join(dir, 'walk', '1.png')}`], dir)).rejects.toMatchObject({
      code: 'cannot-open',
    });
  });
});
