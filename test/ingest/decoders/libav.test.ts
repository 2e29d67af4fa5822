import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MediaError } from '../../../src/core/index.js';
import libav from '../../../src/ingest/decoders/libav.js';
import { blockPicture, buildClip, clipSize, sine, truncateFile } from '../../fixtures/clips.js';
import { testData } from '../../fixtures/test-data.js';
import { collect, expectSameBytes, psnr, timesOf } from '../compare.js';

let dir = '';
const clip = (name: string) => join(dir, name);
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-libav-'));
  const sound = { data: sine(440, 2.4, 16_000), sampleRateHz: 16_000 };
  await buildClip(clip('plain.mp4'), 60, { audio: sound, gop: 12, bFrames: 2, quality: 10 });
  await buildClip(clip('variable.mp4'), 12, { ptsOf: (i) => i * i * 900 + i * 1800, quality: 10 });
  await buildClip(clip('turned.mp4'), 3, { rotation: 90, quality: 5 });
  await buildClip(clip('wide.mp4'), 3, { sampleAspect: [2, 1], quality: 5 });
  await buildClip(clip('odd.mp4'), 5, { width: 61, height: 47, quality: 5 });
  await buildClip(clip('one.mp4'), 1);
  await buildClip(clip('fast-start.mp4'), 60, { fastStart: true, gop: 12 });
  truncateFile(clip('fast-start.mp4'), clip('half.mp4'), 0.6);
  truncateFile(clip('plain.mp4'), clip('no-index.mp4'), 0.5);
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const whole = { span: null, view: null } as const;

describe('libav', () => {
  it('gives every frame at its time and with its picture', async () => {
    const session = await libav.open(clip('plain.mp4'));
    const frames = await collect(session.frames(whole));
    const tick = session.media.video.timeBase[1] / session.media.video.timeBase[0] / 25;
    expect(timesOf(frames)).toEqual(Array.from({ length: 60 }, (_, i) => i * tick));
    for (const i of [0, 1, 7, 30, 59]) {
      expect(psnr(frames[i]!.data, blockPicture(i))).toBeGreaterThan(30);
      // The block moves two pixels a frame: its neighbours are clearly worse.
      expect(psnr(frames[i]!.data, blockPicture(i + 1))).toBeLessThan(26);
    }
  });

  it('gives the times of a variable rate as they are', async () => {
    const session = await libav.open(clip('variable.mp4'));
    const { timeBase } = session.media.video;
    const seconds = timesOf(await collect(session.frames(whole))).map((pts) => (pts * timeBase[0]) / timeBase[1]);
    seconds.forEach((time, i) => expect(time).toBeCloseTo((i * i * 900 + i * 1800) / 90_000, 6));
  });

  it('turns the picture upright', async () => {
    const session = await libav.open(clip('turned.mp4'));
    const { width, height } = clipSize;
    expect(session.media.video).toMatchObject({
      rotation: 90,
      codedWidth: width,
      codedHeight: height,
      width: height,
      height: width,
    });
    const [frame] = await collect(session.frames(whole));
    const upright = new Uint8Array(width * height * 3);
    const coded = blockPicture(0);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < 3; c++) upright[(x * height + (height - 1 - y)) * 3 + c] = coded[(y * width + x) * 3 + c]!;
    expect([frame!.width, frame!.height]).toEqual([height, width]);
    expect(psnr(frame!.data, upright)).toBeGreaterThan(30);
  });

  it('stretches by the sample aspect and keeps odd sizes', async () => {
    const wide = await libav.open(clip('wide.mp4'));
    expect(wide.media.video).toMatchObject({
      width: clipSize.width * 2,
      height: clipSize.height,
      sampleAspect: [2, 1],
    });
    const odd = await libav.open(clip('odd.mp4'));
    const frames = await collect(odd.frames(whole));
    expect([frames[0]!.width, frames[0]!.height, frames.length]).toEqual([61, 47, 5]);
    expect(psnr(frames[2]!.data, blockPicture(2, { width: 61, height: 47 }))).toBeGreaterThan(30);
  });

  it('fits a view by covering, containing or stretching, and gives luma for one channel', async () => {
    const session = await libav.open(clip('plain.mp4'));
    const base = { width: 24, height: 24, fps: null, channels: 3 } as const;
    const [cover] = await collect(
      session.frames({ span: { startPts: 0, endPts: 1 }, view: { ...base, fit: 'cover' } }),
    );
    const [contain] = await collect(
      session.frames({ span: { startPts: 0, endPts: 1 }, view: { ...base, fit: 'contain' } }),
    );
    const [grey] = await collect(
      session.frames({ span: { startPts: 0, endPts: 1 }, view: { ...base, fit: 'stretch', channels: 1 } }),
    );
    expect([cover!.width, cover!.height, cover!.data.length]).toEqual([24, 24, 24 * 24 * 3]);
    expect([contain!.width, contain!.height]).toEqual([24, 18]);
    expect(grey!.data.length).toBe(24 * 24);
    // Ground of shot 0 at the lower left: 40, 60, 140 and hardly any shade.
    const luma = 0.299 * 40 + 0.587 * 60 + 0.114 * 140;
    expect(Math.abs(grey!.data[20 * 24 + 1]! - luma)).toBeLessThan(6);
    // Cover cuts an eighth off at each side: what was at x = 8/64 of the whole is now at the left edge.
    const row = 20 * 24 * 3;
    expect(Math.abs(cover!.data[row]! - (40 + (8 * 60) / 64))).toBeLessThan(6);
  });

  it('gives the same frames for a span as a pass from the start', async () => {
    const session = await libav.open(clip('plain.mp4'));
    const all = await collect(session.frames(whole));
    for (const [from, to] of [
      [0, 5],
      [11, 14],
      [12, 13],
      [25, 60],
      [59, 60],
    ] as const) {
      const span = { startPts: all[from]!.pts, endPts: all[to]?.pts ?? all[59]!.pts + 1 };
      const part = await collect(session.frames({ span, view: null }));
      expect(timesOf(part)).toEqual(timesOf(all.slice(from, to)));
      part.forEach((frame, i) => expectSameBytes(frame.data, all[from + i]!.data));
    }
  });

  it('gives the nearest frame to each tick of a rate, each once', async () => {
    const session = await libav.open(clip('variable.mp4'));
    const every = timesOf(await collect(session.frames(whole)));
    const { timeBase } = session.media.video;
    for (const fps of [2, 5, 7.5, 1000]) {
      const got = timesOf(
        await collect(
          session.frames({ span: null, view: { width: 16, height: 16, fit: 'stretch', fps, channels: 3 } }),
        ),
      );
      const step = timeBase[1] / timeBase[0] / fps;
      const nearest = new Set<number>();
      for (let tick = every[0]!; tick <= every.at(-1)!; tick += step) {
        nearest.add(every.reduce((best, pts) => (Math.abs(pts - tick) < Math.abs(best - tick) ? pts : best)));
      }
      // Ticks while the last frame is still shown belong to it.
      expect(got.filter((pts) => pts !== every.at(-1))).toEqual([...nearest].filter((pts) => pts !== every.at(-1)));
      expect(new Set(got).size).toBe(got.length);
    }
  });

  it('gives the frame shown at a time', async () => {
    const session = await libav.open(clip('variable.mp4'));
    const every = await collect(session.frames(whole));
    const asked = [0, every[3]!.pts, every[4]!.pts - 1, every[9]!.pts + 5, every[11]!.pts + 1_000_000];
    const got = await session.framesAt(asked, null);
    expect(timesOf(got)).toEqual([0, 3, 3, 9, 11].map((i) => every[i]!.pts));
    expectSameBytes(got[2]!.data, every[3]!.data);
  });

  it('stops decoding when its reader leaves, and goes no faster than it reads', async () => {
    const session = await libav.open(clip('plain.mp4'));
    let read = 0;
    for await (const frame of session.frames(whole)) {
      expect(frame.width).toBe(64);
      await new Promise((resolve) => setTimeout(resolve, 1));
      // One frame ahead, for the rate; and the decoder's own delay is not counted as decoded.
      expect(session.stats().framesDecoded).toBeLessThanOrEqual(read + 2);
      if (++read === 5) break;
    }
    expect(session.stats().framesDecoded).toBeLessThanOrEqual(7);
    await session.close();
  });

  it('frees what a pass held: files, and memory over hundreds of passes left early', async () => {
    const session = await libav.open(clip('plain.mp4'));
    const open = () => readdirSync('/proc/self/fd').length;
    const pass = async () => {
      for await (const frame of session.frames(whole)) if (frame.pts >= 0) break;
    };
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const round = async () => {
      for (let i = 0; i < 300; i++) await pass();
      for (let i = 0; i < 3; i++) {
        collectGarbage();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return { files: open(), memoryMiB: process.memoryUsage().rss / 2 ** 20 };
    };
    await round();
    const [before, after] = [await round(), await round()];
    expect(after.files).toBeLessThanOrEqual(before.files);
    // A decoder or scaler that stayed each time would hold hundreds of megabytes after 300 passes.
    expect(after.memoryMiB - before.memoryMiB).toBeLessThan(50);
  });

  it('ends with the reason of an abort', async () => {
    const controller = new AbortController();
    const session = await libav.open(clip('plain.mp4'));
    const reading = (async () => {
      for await (const frame of session.frames({ ...whole, signal: controller.signal }))
        if (frame.pts > 2000) controller.abort(new Error('enough'));
    })();
    await expect(reading).rejects.toThrow('enough');
  });

  it('gives sound in phase with its time, at any rate', async () => {
    const session = await libav.open(clip('plain.mp4'));
    const { timeBase } = session.media.video;
    const second = timeBase[1] / timeBase[0];
    for (const rate of [16_000, 22_050, 8_000]) {
      for (const [from, to] of [
        [0.5, 1.5],
        [1.25, 2],
      ] as const) {
        const clipOfSound = await session.audio({ startPts: from * second, endPts: to * second }, rate);
        expect(clipOfSound.data.length).toBe(Math.round((to - from) * rate));
        expect(clipOfSound.startSeconds).toBeCloseTo(from, 6);
        const want = clipOfSound.data.map((_, i) => 0.5 * Math.sin(2 * Math.PI * 440 * (from + i / rate)));
        const error = Math.sqrt(
          clipOfSound.data.reduce((sum, value, i) => sum + (value - want[i]!) ** 2, 0) / want.length,
        );
        // An AAC encoder's own error is near 0.01; one sample off at 8 kHz would be 0.12.
        expect(error).toBeLessThan(0.05);
      }
    }
    const beyond = await session.audio({ startPts: 3 * second, endPts: 4 * second }, 8000);
    expect(beyond.data.every((value) => value === 0)).toBe(true);
  });

  it('gives one frame of a clip of one', async () => {
    const session = await libav.open(clip('one.mp4'));
    expect(await collect(session.frames(whole))).toHaveLength(1);
    expect(session.media.audio).toBeNull();
  });

  it('decodes what is left of a truncated file, and says why it cannot open one', async () => {
    const half = await libav.open(clip('half.mp4'));
    const frames = await collect(half.frames(whole));
    expect(frames.length).toBeGreaterThan(5);
    expect(frames.length).toBeLessThan(90);
    await expect(libav.open(clip('no-index.mp4'))).rejects.toMatchObject({ code: 'cannot-open' });
    await expect(libav.open(clip('nothing.mp4'))).rejects.toMatchObject({ code: 'file-missing' });
    await expect(libav.open(dir)).rejects.toBeInstanceOf(MediaError);
  });
});

const data = testData();
describe.skipIf(data === null)('libav on real files (needs the shared test data)', () => {
  const files = [
    'ucf101/videos/Surfing/v_Surfing_g01_c02.avi',
    'hmdb51/videos/wave/RATRACE_wave_f_nm_np1_fr_goo_37.avi',
    'kinetics/SOX5yA1l24A.mp4',
    'kinetics/flipping_a_pancake.mkv',
    'ucf11/UCF11_updated_mpg/biking/v_biking_01/v_biking_01_01.mpg',
    'odd/av1_video.mkv',
    'odd/test_non_zero_start.mp4',
    'odd/weird_aspect.small.mpg',
    'odd/sample.flv',
    'odd/no_duration.webm',
  ];
  it.each(files)('seeks in %s to the same frames as a pass from the start', async (name) => {
    const session = await libav.open(join(data!, name));
    const view = { width: 40, height: 30, fit: 'stretch', fps: null, channels: 3 } as const;
    const all = await collect(session.frames({ span: null, view }));
    for (const share of [0.1, 0.37, 0.72, 0.95]) {
      const at = Math.floor(all.length * share);
      const span = { startPts: all[at]!.pts, endPts: all[Math.min(at + 6, all.length - 1)]!.pts };
      const part = await collect(session.frames({ span, view }));
      expect(timesOf(part)).toEqual(timesOf(all.filter(({ pts }) => pts >= span.startPts && pts < span.endPts)));
      part.forEach((frame, i) => expectSameBytes(frame.data, all[at + i]!.data));
    }
  });
});
