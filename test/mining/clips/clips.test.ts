import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createRandom,
  type MinedUnit,
  type Rejections,
  type Sample,
  type VideoSource,
} from '../../../src/core/index.js';
import { decoders, encodeVideo, ingestConfig, openVideo, probeFile } from '../../../src/ingest/index.js';
import clips from '../../../src/mining/clips/index.js';
import { clipPresets, planClips } from '../../../src/mining/clips/config.js';
import { groupOf } from '../../../src/mining/group.js';
import type { clipSample } from '../../../src/mining/clips/sample.js';
import { findSteady, layClips, type ShotFrames } from '../../../src/mining/clips/windows.js';
import { mineVideo, unitedViews, type DrawnClip } from '../../../src/mining/index.js';
import { decodeImage, resample } from '../../../src/vision/index.js';
import { testData } from '../../fixtures/test-data.js';
import { sourceOf } from '../fakes.js';

type Clip = Sample<typeof clipSample>;
const data = testData();
const kth = join(data ?? '', 'kth', 'boxing', 'person01_boxing_d1_uncomp.avi');
const driving = join(data ?? '', 'driving', 'KITTI_sequence_1', 'image_l');
let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-clips-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const side = 64;
/** A frame with its number painted in as 8 bits: a row of black and white tiles of 8 pixels, most significant first. */
function numbered(n: number): Uint8Array {
  const out = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      out.fill((n >> (7 - (x >> 3))) & 1 ? 235 : 20, (y * side + x) * 3, (y * side + x) * 3 + 3);
  return out;
}

/** The number that is painted into a frame of any size. */
function numberIn(frame: Uint8Array, width: number, height: number, channels: number): number {
  let n = 0;
  for (let bit = 0; bit < 8; bit++) {
    const x = Math.floor(((bit + 0.5) * width) / 8);
    n = 2 * n + (frame[((height >> 1) * width + x) * channels]! > 127 ? 1 : 0);
  }
  return n;
}

async function filmOf(
  name: string,
  count: number,
  { fps = 25, ptsOf, cut }: { fps?: number | [number, number]; ptsOf?: (i: number) => number; cut?: number } = {},
): Promise<VideoSource> {
  const path = join(dir, `${name}.mp4`);
  const frames = Array.from({ length: count }, (_, i) => numbered(i));
  await encodeVideo(path, { frames, width: side, height: side, fps, quality: 12, ...(ptsOf ? { ptsOf } : {}) });
  const probed = await probeFile(path, await decoders.load('libav'), { config: ingestConfig.parse({}) });
  const { startPts, endPts, timeBase } = probed.video;
  const cutPts = cut === undefined ? endPts : Math.round((cut * timeBase[1]) / (timeBase[0] * 25));
  const shots = [
    { index: 0, startPts, endPts: cutPts, crop: null },
    ...(cut === undefined ? [] : [{ index: 1, startPts: cutPts, endPts, crop: null }]),
  ];
  return { ...probed, shots, paths: [path], licence: null, origin: null, benchmarks: {} };
}

async function mine(source: VideoSource, set: object, seed = 1): Promise<{ clips: Clip[]; units: MinedUnit[] }> {
  const signals = [{ name: 'clips', miner: clips, config: clips.config.parse(set) }];
  const decoder = await decoders.load('libav');
  const video = await openVideo(source, { corpusRoot: dir, decoder, views: unitedViews(signals) });
  const { signal } = new AbortController();
  const units: MinedUnit[] = [];
  const wanted = source.shots.map(({ index }) => ({ shot: index, signal: 'clips' }));
  for await (const { unit } of mineVideo(video, { signals, units: wanted, seed, stop: signal, signal }))
    units.push(unit);
  await video.close();
  return { clips: units.flatMap(({ samples }) => samples as readonly unknown[] as Clip[]), units };
}

function numbersOf({ fields: { size, frames } }: Clip): number[] {
  const [length = 0, height = 0, width = 0, channels = 0] = size;
  const bytes = height * width * channels;
  return Array.from({ length }, (_, i) =>
    numberIn(frames!.data.subarray(i * bytes, (i + 1) * bytes), width, height, channels),
  );
}
const range = (from: number, count: number, step = 1) => Array.from({ length: count }, (_, i) => from + i * step);
const countsOf = (rejections: Rejections) =>
  Object.fromEntries(Object.entries(rejections).map(([code, { count }]) => [code, count]));

describe('clips of a video with frame numbers painted in', () => {
  const own = { preset: 'bair', framesPerSecond: 0, phase: 'start' };

  it('hold the frames that they say, side by side or overlapping, and their times', async () => {
    const film = await filmOf('plain', 50);
    const beside = await mine(film, { ...own, length: 12 });
    expect(beside.clips.map(numbersOf)).toEqual([range(0, 12), range(12, 12), range(24, 12), range(36, 12)]);
    const over = await mine(film, { ...own, length: 12, stride: 5 });
    expect(over.clips.map(numbersOf)).toEqual(range(0, 8).map((n) => range(5 * n, 12)));
    const { timeBase } = film.video;
    for (const { fields, provenance } of over.clips) {
      expect([...fields.size]).toEqual([12, 64, 64, 3]);
      expect(fields.framesPerSecond).toBeCloseTo(25, 3);
      const frames = provenance.pts.map((pts) => Math.round((pts * timeBase[0] * 25) / timeBase[1]));
      expect(frames).toEqual(range(fields.start, 12));
    }
  });

  it('keep every third frame for CalTech from the first on, and its window lengths', async () => {
    const film = await filmOf('thirty', 70, { fps: 30 });
    const { clips: ten } = await mine(film, { preset: 'caltech' });
    expect(ten.map(numbersOf)).toEqual([range(0, 10, 3), range(30, 10, 3)]);
    expect(ten[0]!.fields.framesPerSecond).toBeCloseTo(10, 3);
    expect([...ten[0]!.fields.size]).toEqual([10, 128, 160, 3]);
    const { clips: eleven } = await mine(film, { preset: 'caltech-10-1' });
    expect(eleven.map(numbersOf)).toEqual([range(0, 11, 3), range(33, 11, 3)]);
  });

  it('take the nearest frame to each tick of the rate: 29.97 to 10, 50 to 25, 24 to 25 as it is', async () => {
    const ntsc = await mine(await filmOf('ntsc', 60, { fps: [30_000, 1001] }), {
      ...own,
      framesPerSecond: 10,
      length: 8,
    });
    expect(ntsc.clips.map(numbersOf)).toEqual([range(0, 8, 3), range(24, 8, 3)]);
    const half = await mine(await filmOf('fifty', 60, { fps: 50 }), { ...own, framesPerSecond: 25, length: 15 });
    expect(half.clips.map(numbersOf)).toEqual([range(0, 15, 2), range(30, 15, 2)]);
    const cinema = await mine(await filmOf('cinema', 60, { fps: 24 }), { ...own, framesPerSecond: 25, length: 50 });
    expect(cinema.clips.map(numbersOf)).toEqual([range(0, 50)]);
    expect(cinema.clips[0]!.fields.framesPerSecond).toBeCloseTo(24, 3);
  });

  it('refuse a rate that the video has not, and windows with frames missing', async () => {
    const slow = await mine(await filmOf('slow', 40, { fps: 12 }), { ...own, framesPerSecond: 25, length: 10 });
    expect(slow.clips).toEqual([]);
    expect(countsOf(slow.units[0]!.rejections)).toEqual({ 'uneven-rate': 4 });
    // Two frames are missing after the 14th.
    const ptsOf = (i: number) => (i + (i >= 15 ? 2 : 0)) * 3600;
    for (const framesPerSecond of [0, 25]) {
      const gap = await mine(await filmOf('gap', 40, { ptsOf }), { ...own, framesPerSecond, length: 10 });
      expect(gap.clips.map(numbersOf)).toEqual([range(0, 10), range(20, 10), range(30, 10)]);
      expect(countsOf(gap.units[0]!.rejections)).toEqual({ 'uneven-rate': 1 });
    }
  });

  it('never cross a cut, and a short shot is refused with its span', async () => {
    const film = await filmOf('cut', 50, { cut: 32 });
    const { clips: found, units } = await mine(film, { ...own, length: 20 });
    expect(found.map(numbersOf)).toEqual([range(0, 20)]);
    const [, second] = film.shots;
    expect(units[1]!.rejections['too-short']).toMatchObject({
      count: 1,
      examples: [{ span: { startPts: second!.startPts, endPts: second!.endPts } }],
    });
  });

  it('start anywhere within what is left over, by the seed alone; every start of a trained stretch is in one clip', async () => {
    const film = await filmOf('phase', 50);
    const set = { ...own, length: 20, stride: 11, phase: 'random' }; // 10-frame stretches
    const firsts = new Set<number>();
    for (let seed = 0; seed < 12; seed++) {
      const { clips: found } = await mine(film, set, seed);
      const first = numbersOf(found[0]!)[0]!;
      expect(first).toBeLessThanOrEqual(8);
      expect(found.map(numbersOf)).toEqual(range(0, 3).map((n) => range(first + 11 * n, 20)));
      const starts = found.flatMap(({ fields: { start } }) => range(start, 11));
      expect(starts).toEqual(range(first, 33));
      firsts.add(first);
    }
    expect(firsts.size).toBeGreaterThan(3);
  });

  it('keep the first ones, or some drawn by the seed, where a shot may give only so many', async () => {
    const film = await filmOf('plain', 50);
    const first = await mine(film, { ...own, length: 12, clipsPerShot: 1 });
    expect(first.clips.map(numbersOf)).toEqual([range(0, 12)]); // what BAIR’s first loader saw
    expect(countsOf(first.units[0]!.rejections)).toEqual({ budget: 3 });
    const drawn = await Promise.all(
      range(0, 8).map((seed) => mine(film, { ...own, length: 12, clipsPerShot: 2, phase: 'random' }, seed)),
    );
    for (const { clips: two } of drawn) expect(two).toHaveLength(2);
    expect(new Set(drawn.map(({ clips: two }) => two.map(({ fields }) => fields.start).join())).size).toBeGreaterThan(
      2,
    );
  });

  it('take a whole shot with length 0, and refuse clips that stand still', async () => {
    const film = await filmOf('plain', 50);
    const { clips: whole } = await mine(film, { preset: 'moving-mnist' });
    expect(whole.map(numbersOf)).toEqual([range(0, 50)]);
    const frames = whole[0]!.fields.frames!;
    const mean = range(0, 49).map((i) => {
      let sum = 0;
      for (let k = 0; k < 4096; k++) sum += Math.abs(frames.data[4096 * (i + 1) + k]! - frames.data[4096 * i + k]!);
      return sum / 4096;
    });
    expect(whole[0]!.fields.motion).toBeCloseTo(mean.reduce((a, b) => a + b, 0) / 49, 3);
    const still = await mine(film, { preset: 'moving-mnist', minMotion: 200 });
    expect(countsOf(still.units[0]!.rejections)).toEqual({ still: 1 });
  });

  it('hold the same pixels as PNG, and nearly so as JPEG; either way they can be played', async () => {
    const film = await filmOf('plain', 50);
    for (const colour of ['rgb', 'luma', 'red'] as const) {
      const set = { ...own, length: 25, colour, clipsPerShot: 1 };
      const [raw] = (await mine(film, set)).clips;
      const { data: pixels, shape } = raw!.fields.frames!;
      expect(shape).toEqual([25, 64, 64, colour === 'rgb' ? 3 : 1]);
      for (const storage of ['png', 'jpeg'] as const) {
        const [packed] = (await mine(film, { ...set, storage })).clips;
        expect(packed!.fields.frames).toBeUndefined();
        const unpacked = await Promise.all(packed!.fields.images!.map((image) => decodeImage(image)));
        const together = Buffer.concat(unpacked.map((it) => it.data));
        if (storage === 'png') expect(Buffer.compare(together, pixels)).toBe(0);
        else {
          const error = pixels.reduce((sum, value, i) => sum + (value - together[i]!) * (value - together[i]!), 0);
          expect(10 * Math.log10((255 * 255 * pixels.length) / error)).toBeGreaterThan(40);
        }
        const [playing] = (await clips.draw!(packed as never, {
          config: clips.config.parse({}),
          video: null,
        })) as DrawnClip[];
        expect(playing).toMatchObject({ width: 64, height: 64, framesPerSecond: raw!.fields.framesPerSecond });
        expect(playing!.frames.map((frame) => numberIn(frame, 64, 64, 3))).toEqual(range(0, 25));
        expect(playing!.frames.every((frame) => frame.length === 64 * 64 * 3)).toBe(true);
      }
    }
  });
});

describe('the plan of clips', () => {
  it('is the preset with what is said otherwise', () => {
    const plan = (set: object) => planClips(clips.config.parse(set));
    expect(plan({})).toEqual(clipPresets.kth);
    expect(plan({ preset: 'kitti' })).toMatchObject({
      width: 160,
      height: 128,
      filter: 'bilinear',
      framesPerSecond: 10,
    });
    expect(plan({ preset: 'kitti', length: 15 })).toMatchObject({ length: 15, stride: 15 });
    expect(plan({ preset: 'kitti', length: 15, stride: 4, framesPerSecond: 0 })).toMatchObject({
      stride: 4,
      framesPerSecond: 0,
    });
    expect(() => clips.config.parse({ length: 1 })).toThrow(/at least 2/);
    expect(() => clips.config.parse({ groupPattern: '(' })).toThrow(/regular expression/);
  });

  it('groups by benchmark, else by what the preset finds in the path, else by source', () => {
    const source = sourceOf({ id: 'abc', width: 8, height: 8, fps: 25, frames: 2, frame: () => new Uint8Array(192) });
    const at = (path: string) => ({ ...source, paths: [path] });
    expect(groupOf(at('/kth/boxing/person07_boxing_d1_uncomp.avi'), clipPresets.kth.groupPattern)).toBe('person07');
    expect(groupOf(at('/raw/2011_09_26_drive_0005_sync/image_03'), clipPresets.kitti.groupPattern)).toBe(
      '2011_09_26_drive_0005',
    );
    expect(groupOf(at('/caltech/set06/V001.avi'), clipPresets.caltech.groupPattern)).toBe('set06');
    expect(groupOf(at('/other.avi'), clipPresets.kth.groupPattern)).toBe('abc');
    expect(groupOf(at('/person07.avi'), null)).toBe('abc');
    const entry = { key: 'a/b', label: 0, className: 'a', group: 'g3', roles: ['train'] as const };
    expect(groupOf({ ...source, benchmarks: { ucf101: [entry] } }, 'person\\d+')).toBe('ucf101/g3');
  });

  it('lays clips and judges rates by hand', () => {
    expect(findSteady([0, 10, 20, 40, 50], 0, 10)).toEqual([true, true, false, true]);
    expect(findSteady([0, 13, 17, 30], 0, 10)).toEqual([true, true, true]); // shaken, none missing
    const frames: ShotFrames = {
      pts: range(0, 10, 10),
      endPts: 100,
      isSteady: range(0, 9).map((i) => i !== 4),
      differences: range(0, 9).map((i) => (i < 2 ? 0 : 8)),
      period: 10,
    };
    const refused: string[] = [];
    const lay = (length: number, stride: number) =>
      layClips(
        frames,
        { ...clipPresets.bair, length, stride },
        { clipsPerShot: null, minMotion: 1 },
        {
          random: createRandom(1),
          reject: (code, { startPts, endPts }) => void refused.push(`${code} ${startPts}-${endPts}`),
        },
      ).map(({ start, motion }) => [start, motion]);
    expect(lay(3, 2)).toEqual([
      [2, 8],
      [6, 8],
    ]);
    expect(refused).toEqual(['still 0-30', 'uneven-rate 40-70']);
    refused.length = 0;
    expect(lay(11, 1)).toEqual([]);
    expect(refused).toEqual(['too-short 0-100']);
  });
});

describe.skipIf(data === null)('clips of the test data', () => {
  it('squash KTH to 64×64 in its red channel at 25 frames per second, 40 frames every 21', async () => {
    const probed = await probeFile(kth, await decoders.load('libav'), { config: ingestConfig.parse({}) });
    const source = { ...probed, paths: [kth], licence: null, origin: null, benchmarks: {} };
    const { clips: found } = await mine(source, { preset: 'kth' });
    expect(source.shots).toHaveLength(1);
    expect(found).toHaveLength(Math.floor((source.video.frames - 40) / 21) + 1);
    const decoder = await decoders.load('libav');
    const session = await decoder.open(kth);
    const full: Uint8Array[] = [];
    for await (const { data: pixels } of session.frames({ span: null, view: null })) full.push(pixels);
    for (const { fields } of [found[0]!, found.at(-1)!]) {
      expect([...fields.size]).toEqual([40, 64, 64, 1]);
      expect(fields.group).toBe('person01');
      expect(fields.framesPerSecond).toBeCloseTo(25, 3);
      let error = 0;
      for (let i = 0; i < 40; i++) {
        const size = { width: 160, height: 120, channels: 3, toWidth: 64, toHeight: 64, filter: 'bicubic' } as const;
        const straight = resample({ data: full[fields.start + i]!, ...size });
        for (let k = 0; k < 4096; k++) {
          const difference = fields.frames!.data[4096 * i + k]! - straight[3 * k]!;
          error += difference * difference;
        }
      }
      // Two cubics of different shape; a crop instead of the squash is under 20 dB.
      expect(10 * Math.log10((255 * 255 * 40 * 4096) / error)).toBeGreaterThan(34);
    }
  });

  it.skipIf(!existsSync(driving))(
    'scale KITTI to 128 rows and cut out 160 columns, byte for byte as Pillow does',
    async () => {
      const probed = await probeFile(driving, await decoders.load('libav'), {
        config: ingestConfig.parse({}),
        rate: [10, 1],
      });
      expect(probed).toMatchObject({
        kind: 'frames',
        video: { frames: 51, width: 1226, height: 370, timeBase: [1, 10] },
      });
      const source = { ...probed, paths: [driving], licence: null, origin: null, benchmarks: {} };
      const { clips: found } = await mine(source, { preset: 'kitti' });
      expect(found).toHaveLength(3);
      const { start, size, frames } = found[0]!.fields;
      expect([...size]).toEqual([20, 128, 160, 3]);
      for (const i of [0, 19]) {
        const file = join(driving, `${String(start + i).padStart(6, '0')}.png`);
        const grey = await decodeImage(readFileSync(file));
        const scaled = resample({ ...grey, toWidth: 424, toHeight: 128, filter: 'bilinear' });
        const wanted = Uint8Array.from({ length: 128 * 160 * 3 }, (_, k) => {
          const at = Math.floor(k / 3);
          return scaled[Math.floor(at / 160) * 424 + 132 + (at % 160)]!;
        });
        expect(Buffer.compare(frames!.data.subarray(i * wanted.length, (i + 1) * wanted.length), wanted)).toBe(0);
      }
    },
  );
});
