import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decoders, selectDecoder } from '../../../src/ingest/decoders/index.js';
import { buildClip, sine, truncateFile } from '../../fixtures/clips.js';
import { testData } from '../../fixtures/test-data.js';
import { collect, expectSameBytes, psnr, timesOf } from '../compare.js';

let dir = '';
const clip = (name: string) => join(dir, name);
const missing = Object.fromEntries(
  await Promise.all(
    decoders.names.map(async (name) => [name, await (await decoders.load(name)).unavailable()] as const),
  ),
);
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-contract-'));
  const sound = { data: sine(440, 2.4, 16_000), sampleRateHz: 16_000 };
  await buildClip(clip('plain.mp4'), 60, { audio: sound, gop: 12, bFrames: 2 });
  await buildClip(clip('silent.mp4'), 5);
  await buildClip(clip('fast-start.mp4'), 60, { fastStart: true });
  truncateFile(clip('plain.mp4'), clip('broken.mp4'), 0.5);
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.each(decoders.names)('decoder %s', (name) => {
  it.runIf(missing[name] !== null)(`says what is missing: ${missing[name] ?? ''}`, () => {
    expect(missing[name]).toMatch(/\w/);
  });

  describe.skipIf(missing[name] !== null)('where it works', () => {
    it('is listed under its own name and knows common codecs', async () => {
      const decoder = await decoders.load(name);
      expect(decoder.name).toBe(name);
      expect(await decoder.version()).toMatch(/\d/);
      expect(await decoder.codecs()).toEqual(expect.arrayContaining(['h264', 'mpeg4', 'vp9']));
    });

    it('gives the same bytes twice, all of them of the view asked for, at rising times', async () => {
      const session = await (await decoders.load(name)).open(clip('plain.mp4'));
      const request = { span: null, view: { width: 20, height: 20, fit: 'cover', fps: 10, channels: 1 } } as const;
      const [once, twice] = [await collect(session.frames(request)), await collect(session.frames(request))];
      expect(once).toHaveLength(24);
      expect(timesOf(once)).toEqual(timesOf(twice));
      once.forEach((frame, i) => {
        expect([frame.width, frame.height, frame.data.length]).toEqual([20, 20, 400]);
        expectSameBytes(frame.data, twice[i]!.data);
        if (i > 0) expect(frame.pts).toBeGreaterThan(once[i - 1]!.pts);
      });
      await session.close();
    });

    it('gives several views of one decoding as it gives each alone', async () => {
      const decoder = await decoders.load(name);
      const views = {
        small: { width: 16, height: 16, fit: 'stretch', fps: 5, channels: 3 },
        grey: { width: 30, height: 20, fit: 'contain', fps: null, channels: 1 },
      } as const;
      const session = await decoder.open(clip('plain.mp4'));
      const span = { startPts: 512 * 13, endPts: 512 * 41 };
      const merged = await collect(session.viewFrames({ span, views }));
      const decoded = session.stats().framesDecoded;
      for (const view of ['small', 'grey'] as const) {
        const alone = await collect(session.frames({ span, view: views[view] }));
        const ours = merged.filter((it) => it.view === view).map((it) => it.frame);
        expect(ours.length).toBe(view === 'grey' ? 28 : 6);
        expect(timesOf(ours)).toEqual(timesOf(alone));
        ours.forEach((frame, i) => expectSameBytes(frame.data, alone[i]!.data));
      }
      expect(session.stats().framesDecoded).toBe(decoded * 3);
    });

    it('gives nothing for a span without frames, and frames at times asked for', async () => {
      const session = await (await decoders.load(name)).open(clip('plain.mp4'));
      expect(await collect(session.frames({ span: { startPts: 513, endPts: 1000 }, view: null }))).toEqual([]);
      expect(timesOf(await session.framesAt([0, 1100, 1024 * 20 + 511, 512 * 500], null))).toEqual([
        0,
        1024,
        512 * 40,
        512 * 59,
      ]);
    });

    it('leaves no process and no frame behind when its reader leaves early', async () => {
      const session = await (await decoders.load(name)).open(clip('plain.mp4'));
      const passes = Array.from({ length: 3 }, async () => {
        for await (const frame of session.frames({ span: null, view: null })) if (frame.pts >= 1024) return frame.pts;
        return null;
      });
      expect(await Promise.all(passes)).toEqual([1024, 1024, 1024]);
      const { readFileSync } = await import('node:fs');
      const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter(Boolean);
      const running = children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir));
      expect(running).toEqual([]);
    });

    it('ends when aborted', async () => {
      const session = await (await decoders.load(name)).open(clip('plain.mp4'));
      const controller = new AbortController();
      const reading = (async () => {
        for await (const frame of session.frames({ span: null, view: null, signal: controller.signal })) {
          if (frame.pts >= 2048) controller.abort(new Error('enough'));
        }
      })();
      await expect(reading).rejects.toThrow('enough');
    });

    it('gives sound that is in phase, and silence without a sound stream', async () => {
      const decoder = await decoders.load(name);
      const session = await decoder.open(clip('plain.mp4'));
      const { timeBase } = session.media.video;
      const second = timeBase[1] / timeBase[0];
      const sound = await session.audio({ startPts: second / 2, endPts: second * 2 }, 8000);
      expect(sound.data.length).toBe(12_000);
      const squares = sound.data.reduce(
        (sum, value, i) => sum + (value - 0.5 * Math.sin(2 * Math.PI * 440 * (0.5 + i / 8000))) ** 2,
        0,
      );
      expect(Math.sqrt(squares / 12_000)).toBeLessThan(0.05);
      const silent = await decoder.open(clip('silent.mp4'));
      expect(silent.media.audio).toBeNull();
      const none = await silent.audio({ startPts: 0, endPts: second }, 8000);
      expect(none.data).toEqual(new Float32Array(8000));
    });

    it('names what is wrong with a file', async () => {
      const decoder = await decoders.load(name);
      await expect(decoder.open(clip('absent.mp4'))).rejects.toMatchObject({ code: 'file-missing' });
      await expect(decoder.open(clip('broken.mp4'))).rejects.toMatchObject({ code: 'cannot-open' });
    });
  });
});

const data = testData();
const both = Object.values(missing).every((reason) => reason === null);
describe.skipIf(data === null || !both)('both decoders (needs the shared test data and an ffmpeg program)', () => {
  const files = [
    'ucf101/videos/Archery/v_Archery_g01_c04.avi',
    'hmdb51/videos/wave/RATRACE_wave_f_nm_np1_fr_goo_37.avi',
    'kinetics/SOX5yA1l24A.mp4',
    'kinetics/abseiling_k400.mp4',
    'kinetics/flipping_a_pancake.mkv',
    'general/car-turn.mp4',
    'odd/nasa_13013_rotated.mp4',
    'odd/h264_10bits.mp4',
    'odd/sar_2x1.mp4',
  ];
  it.each(files)('agree on times and pixels of %s', async (file) => {
    const [libav, ffmpeg] = await Promise.all(
      ['libav', 'ffmpeg'].map(async (name) => (await decoders.load(name)).open(join(data!, file))),
    );
    for (const key of [
      'width',
      'height',
      'rotation',
      'timeBase',
      'codec',
      'pixelFormat',
      'index',
      'colorRange',
    ] as const) {
      expect(ffmpeg!.media.video[key], key).toEqual(libav!.media.video[key]);
    }
    const view = { width: 160, height: 120, fit: 'contain', fps: null, channels: 3 } as const;
    const [a, b] = await Promise.all([libav!, ffmpeg!].map((session) => collect(session.frames({ span: null, view }))));
    expect(timesOf(b!)).toEqual(timesOf(a!));
    expect(Math.min(...a!.map((frame, i) => psnr(frame.data, b![i]!.data)))).toBeGreaterThanOrEqual(45);
    const full = await Promise.all(
      [libav!, ffmpeg!].map((session) =>
        collect(session.frames({ span: { startPts: a![0]!.pts, endPts: a![1]!.pts }, view: null })),
      ),
    );
    expect(psnr(full[0]![0]!.data, full[1]![0]!.data)).toBeGreaterThanOrEqual(45);
  });

  it('agree on sound', async () => {
    const clips = await Promise.all(
      ['libav', 'ffmpeg'].map(async (name) => {
        const session = await (await decoders.load(name)).open(join(data!, 'kinetics/SOX5yA1l24A.mp4'));
        const [num, den] = session.media.video.timeBase;
        return session.audio({ startPts: Math.round((2 * den) / num), endPts: Math.round((5 * den) / num) }, 16_000);
      }),
    );
    const [a, b] = clips.map((sound) => sound.data);
    const power = (x: Float32Array) => x.reduce((sum, value) => sum + value * value, 0);
    const difference = a!.map((value, i) => value - b![i]!);
    expect(power(a!)).toBeGreaterThan(1);
    expect(power(difference) / power(a!)).toBeLessThan(0.001);
  });
});

describe('selectDecoder', () => {
  it('takes the first that works, and says why it passed over others', async () => {
    const { decoder, passedOver } = await selectDecoder('auto');
    expect(decoder.name).toBe(missing.libav === null ? 'libav' : 'ffmpeg');
    expect(passedOver.map((it) => it.name)).toEqual(missing.libav === null ? [] : ['libav']);
  });

  it('names the nearest for an unknown name', async () => {
    await expect(selectDecoder('libva')).rejects.toMatchObject({
      code: 'unknown-name',
      message: expect.stringContaining('"libav"') as unknown,
    });
  });
});
