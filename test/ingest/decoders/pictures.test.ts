import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Frame, View } from '../../../src/core/index.js';
import { decoders, encodeVideo } from '../../../src/ingest/index.js';
import { openPictures } from '../../../src/ingest/decoders/pictures.js';
import { createPictureSession } from '../../../src/ingest/decoders/picture-list.js';
import { listSeries } from '../../../src/ingest/decoders/picture-series.js';
import { encodeImage, resample, toLuma } from '../../../src/vision/index.js';

const size = { width: 40, height: 30 };
let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-pictures-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A picture that says its number in its first bytes. */
function picture(n: number, { width, height } = size): Uint8Array {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + n * 31) % 256);
  data[0] = n;
  return data;
}

async function folderOf(name: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const folder = join(dir, name);
  mkdirSync(folder, { recursive: true });
  for (const [file, data] of Object.entries(files)) writeFileSync(join(folder, file), data);
  return folder;
}
const png = async (n: number, at = size) =>
  (await encodeImage(picture(n, at), at.width, at.height, 3, { format: 'png' })).data;

async function read(folder: string, view: View | null, span: { startPts: number; endPts: number } | null = null) {
  const damaged: string[] = [];
  const onDamaged = (path: string, why: string) => void damaged.push(`${path.slice(folder.length + 1)}: ${why}`);
  const session = createPictureSession(await openPictures(folder, { rate: [10, 1], onDamaged }));
  const frames: Frame[] = [];
  for await (const frame of session.frames({ span, view })) frames.push(frame);
  return { frames, damaged, session };
}

describe('a folder of numbered pictures', () => {
  it('is shown in the order of its numbers, not of its names, with gaps in time where numbers are missing', async () => {
    const folder = await folderOf('unpadded', {
      '2.png': await png(2),
      '10.png': await png(10),
      '1.png': await png(1),
      '9.png': await png(9),
      'notes.txt': 'no picture',
      'cover.png': await png(99),
    });
    const { frames, session } = await read(folder, null);
    expect(frames.map(({ data }) => data[0])).toEqual([1, 2, 9, 10]);
    expect(frames.map(({ pts }) => pts)).toEqual([0, 1, 8, 9]);
    expect(session.media.video).toMatchObject({ ...size, timeBase: [1, 10], frames: 4, startPts: 0, endPts: 10 });
    for (const { data } of frames) expect(Buffer.compare(data, picture(data[0]!))).toBe(0);
  });

  it('takes numbers that all rise by the same step as frames that follow each other', async () => {
    const folder = await folderOf('step', { 'a_000.png': 'x', 'a_003.png': 'x', 'a_006.png': 'x', 'a_015.png': 'x' });
    expect(listSeries(folder)!.pictures.map(({ pts }) => pts)).toEqual([0, 1, 2, 5]);
  });

  it('takes the longest of several series', async () => {
    const folder = await folderOf('two', { 'l1.png': 'x', 'r1.png': 'x', 'r2.png': 'x', 'm1_2.jpg': 'x' });
    expect(listSeries(folder)!.pictures.map(({ name }) => name)).toEqual(['r1.png', 'r2.png']);
    expect(listSeries(await folderOf('none', { 'a.png': 'x', '1.txt': 'x' }))).toBeNull();
  });

  it('leaves out a damaged picture, or one of another size, and says so once', async () => {
    const whole = await png(2);
    const flipped = Uint8Array.from(whole);
    flipped[Math.floor(flipped.length / 2)]! ^= 0x10;
    const jpeg = (await encodeImage(picture(5), size.width, size.height, 3, { format: 'jpeg' })).data;
    const folder = await folderOf('damaged', {
      '1.png': 'no picture at all',
      '2.png': await png(2),
      '3.png': whole.subarray(0, whole.length >> 1),
      '4.png': flipped,
      '5.jpg': jpeg.subarray(0, jpeg.length - 40),
      '6.png': await png(6, { width: 41, height: 30 }),
      '7.png': await png(7),
    });
    const { frames, damaged, session } = await read(folder, null);
    expect(frames.map(({ data }) => data[0])).toEqual([2, 7]);
    expect(frames.map(({ pts }) => pts)).toEqual([1, 6]);
    expect(damaged.map((line) => line.split(':')[0])).toEqual(['1.png', '3.png', '4.png', '5.jpg', '6.png']);
    expect(damaged.at(-1)).toMatch(/41×30/);
    for await (const frame of session.frames({ span: null, view: null })) expect([2, 7]).toContain(frame.data[0]);
    expect(damaged).toHaveLength(5);
    expect((await session.framesAt([0, 3, 6], null)).map(({ data }) => data[0])).toEqual([2, 2, 7]);
    await expect(read(await folderOf('all-bad', { '1.png': 'x' }), null)).rejects.toMatchObject({ code: 'no-frames' });
    await expect(read(await folderOf('empty', {}), null)).rejects.toMatchObject({ code: 'no-video' });
  });

  it('gives the rate asked for and the span asked for, in luma or colour, scaled as Pillow scales', async () => {
    const files: Record<string, Uint8Array> = {};
    for (let n = 0; n < 20; n++) files[`${n}.png`] = await png(n);
    const folder = await folderOf('twenty', files);
    const view: View = { ...size, fit: 'stretch', fps: 5, channels: 1 };
    const { frames } = await read(folder, view, { startPts: 4, endPts: 13 });
    expect(frames.map(({ pts }) => pts)).toEqual([4, 6, 8, 10, 12]);
    expect(Buffer.compare(frames[0]!.data, toLuma(picture(4)))).toBe(0);

    const cover: View = { width: 16, height: 16, fit: 'cover', fps: null, channels: 3, filter: 'bilinear' };
    const [first] = (await read(folder, cover)).frames;
    const scaled = resample({ data: picture(0), ...size, channels: 3, toWidth: 21, toHeight: 16, filter: 'bilinear' });
    const cut = Array.from({ length: 16 }, (_, y) => [...scaled.subarray((y * 21 + 2) * 3, (y * 21 + 18) * 3)]).flat();
    expect([...first!.data]).toEqual(cut);
  });

  it('reads one picture ahead of the reader and no more', async () => {
    const files: Record<string, Uint8Array> = {};
    for (let n = 0; n < 12; n++) files[`${n}.png`] = await png(n);
    const folder = await folderOf('lazy', files);
    const session = createPictureSession(await openPictures(folder, { rate: [10, 1] }));
    for await (const frame of session.frames({ span: null, view: null })) if (frame.pts === 3) break;
    expect(session.stats().framesDecoded).toBe(5);
  });
});

describe('the filter of a view', () => {
  it('makes both decoders scale with straight weights, nearly as Pillow does', async () => {
    const file = join(dir, 'smooth.mp4');
    const wide = { width: 320, height: 240 };
    const smooth = Uint8Array.from({ length: wide.width * wide.height * 3 }, (_, i) => {
      const at = Math.floor(i / 3);
      const [x, y] = [at % wide.width, Math.floor(at / wide.width)];
      return 128 + 60 * Math.sin(x / 5) + 50 * Math.cos(y / 4);
    });
    await encodeVideo(file, { frames: [smooth, smooth], ...wide, fps: 25, quality: 4 });
    const to = { width: 88, height: 64 };
    const meanSquare = (a: Uint8Array, b: Uint8Array) =>
      a.reduce((sum, value, i) => sum + (value - b[i]!) * (value - b[i]!), 0) / a.length;
    for (const name of ['libav', 'ffmpeg']) {
      const decoder = await decoders.load(name);
      if ((await decoder.unavailable()) !== null) continue;
      const session = await decoder.open(file);
      const one = async (view: View | null) => {
        for await (const { data } of session.frames({ span: null, view })) return data;
        throw new Error('No frame.');
      };
      const view = { ...to, fit: 'stretch', fps: null, channels: 3 } as const;
      const [full, bilinear, bicubic] = [
        await one(null),
        await one({ ...view, filter: 'bilinear' }),
        await one({ ...view, filter: 'bicubic' }),
      ];
      const straight = resample({
        data: full,
        ...wide,
        channels: 3,
        toWidth: to.width,
        toHeight: to.height,
        filter: 'bilinear',
      });
      expect(meanSquare(bilinear, straight), name).toBeLessThan(1.5); // above 46 dB
      expect(meanSquare(bicubic, straight), name).toBeGreaterThan(2 * meanSquare(bilinear, straight));
      await session.close();
    }
  });
});
