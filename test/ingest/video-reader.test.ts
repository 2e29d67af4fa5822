import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VideoSource } from '../../src/core/index.js';
import { ingestConfig, openVideo, probeFile, sourcePath } from '../../src/ingest/index.js';
import libav from '../../src/ingest/decoders/libav.js';
import { buildClip, cutsAt, sine, truncateFile } from '../fixtures/clips.js';
import { collect, expectSameBytes, timesOf } from './compare.js';

let dir = '';
let source: VideoSource;
const views = {
  small: { width: 16, height: 12, fit: 'stretch', fps: null, channels: 3 },
  slow: { width: 32, height: 24, fit: 'stretch', fps: 5, channels: 1 },
} as const;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-reader-'));
  const path = await buildClip(join(dir, 'cuts.mp4'), 70, {
    cuts: cutsAt,
    bFrames: 2,
    gop: 10,
    audio: { data: sine(300, 2.8, 8000), sampleRateHz: 8000 },
  });
  const probed = await probeFile(path, libav, { config: ingestConfig.parse({}) });
  source = { ...probed, paths: ['cuts.mp4'], licence: null, origin: null, benchmarks: {} };
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const open = (options: { maxSpoolBytes?: number } = {}) =>
  openVideo(source, { corpusRoot: dir, decoder: libav, views, scratch: dir, ...options });

describe('probeFile', () => {
  it('finds the cuts where they are, to the frame', () => {
    const tick = source.video.timeBase[1] / source.video.timeBase[0] / 25;
    expect(source.shots.map(({ startPts }) => startPts / tick)).toEqual([0, ...cutsAt]);
    expect(source.shots.at(-1)!.endPts).toBe(source.video.endPts);
    source.shots.slice(1).forEach(({ startPts }, i) => expect(startPts).toBe(source.shots[i]!.endPts));
  });

  it('says what the file is, exactly', () => {
    expect(source.video).toMatchObject({
      codec: 'h264',
      codedWidth: 64,
      codedHeight: 48,
      frames: 70,
      startPts: 0,
      variableRate: false,
      colorRange: 'limited',
    });
    expect(source.video.durationSeconds).toBeCloseTo(2.8, 9);
    expect(source.video.averageRate).toBeCloseTo(25, 9);
    expect(source.audio).toMatchObject({ codec: 'aac', sampleRateHz: 8000, channels: 1 });
    expect(source.perceptualHash).toMatch(/^[0-9a-f]{16}(-[0-9a-f]{16}){3}$/);
    expect(source.id).toBe(source.sha256.slice(0, 16));
    expect(source.motion).toBeGreaterThan(1);
    expect(source.still).toBe(0);
  });

  it('finds a still video still, and a variable rate variable', async () => {
    const config = ingestConfig.parse({});
    const grey = () => new Uint8Array(64 * 48 * 3).fill(90);
    const still = await buildClip(join(dir, 'still.mp4'), 0, { frames: Array.from({ length: 10 }, grey) });
    expect(await probeFile(still, libav, { config })).toMatchObject({ motion: 0, still: 1, audio: null });
    const variable = await buildClip(join(dir, 'variable.mp4'), 12, { ptsOf: (i) => i * i * 900 + i * 1800 });
    expect((await probeFile(variable, libav, { config })).video.variableRate).toBe(true);
  });

  it('refuses what the settings refuse, each with its code', async () => {
    const path = join(dir, 'cuts.mp4');
    const probe = (set: object, file = path) => probeFile(file, libav, { config: ingestConfig.parse(set) });
    await expect(probe({ minSeconds: 3 })).rejects.toMatchObject({ code: 'too-short' });
    await expect(probe({ minSide: 49 })).rejects.toMatchObject({ code: 'too-small' });
    await buildClip(join(dir, 'fast.mp4'), 70, { fastStart: true });
    const half = truncateFile(join(dir, 'fast.mp4'), join(dir, 'half.mp4'), 0.5);
    await expect(probe({ minDecodableShare: 0.9 }, half)).rejects.toMatchObject({ code: 'truncated' });
    const kept = await probe({ minDecodableShare: 0 }, half);
    expect(kept.video.frames).toBeLessThan(63);
  });
});

describe('openVideo', () => {
  it('gives each view of a shot, decoding the shot once however often and in whatever order it is read', async () => {
    const video = await open();
    const shot = source.shots[1]!;
    const [small, slow] = await Promise.all([
      collect(video.frames(shot, 'small')),
      collect(video.frames(shot, 'slow')),
    ]);
    expect(small).toHaveLength(24);
    expect(slow.length).toBe(5);
    expect(slow.every(({ pts }) => small.some((frame) => frame.pts === pts))).toBe(true);
    const decoded = video.framesDecoded;
    const [first] = await Promise.all([collect(video.frames(shot, 'slow')), collect(video.frames(shot, 'small'))]);
    expect(timesOf(first)).toEqual(timesOf(slow));
    const again = await collect(video.frames(shot, 'small'));
    again.forEach((frame, i) => expectSameBytes(frame.data, small[i]!.data));
    expect(video.framesDecoded).toBe(decoded);
    // From the key frame before (10 frames apart) to one frame beyond.
    expect(decoded).toBeLessThanOrEqual(24 + 10 + 3);
    await video.close();
  });

  it('gives frames that belong to their receiver', async () => {
    const video = await open();
    const [first] = await collect(video.frames(source.shots[0]!, 'small'));
    const before = first!.data.slice();
    first!.data.fill(0);
    const [again] = await collect(video.frames(source.shots[0]!, 'small'));
    expectSameBytes(again!.data, before);
    await video.close();
  });

  it('gives the same frames from a scratch file, and leaves none behind', async () => {
    const [memory, disk] = [await open(), await open({ maxSpoolBytes: 2000 })];
    for (const shot of source.shots) {
      const a = await collect(memory.frames(shot, 'slow'));
      const b = await collect(disk.frames(shot, 'slow'));
      const c = await collect(disk.frames(shot, 'small'));
      expect(timesOf(b)).toEqual(timesOf(a));
      a.forEach((frame, i) => expectSameBytes(frame.data, b[i]!.data));
      expect(c.length).toBeGreaterThan(a.length);
    }
    const spools = () => readdirSync(dir).filter((name) => name.startsWith('reelmine-spool-'));
    expect(spools()).toHaveLength(1);
    await Promise.all([memory.close(), disk.close()]);
    expect(spools()).toEqual([]);
  });

  it('hands over what is read once: the same frames, none kept, and none of what its reader left', async () => {
    const once = { small: views.small, slow: { ...views.slow, readOnce: true } };
    const openPlain = () => openVideo(source, { corpusRoot: dir, decoder: libav, views });
    const open = (maxSpoolBytes: number) =>
      openVideo(source, { corpusRoot: dir, decoder: libav, views: once, scratch: dir, maxSpoolBytes });
    const isSpooling = () => readdirSync(dir).some((name) => name.startsWith('reelmine-spool-'));
    const [kept, all, lean] = [await openPlain(), await open(2 ** 20), await open(0)];
    for (const shot of source.shots) {
      const small = await collect(all.frames(shot, 'small'));
      const slow = await collect(all.frames(shot, 'slow')); // kept until now
      expect(small.length).toBeGreaterThan(slow.length);
      const plain = await collect(kept.frames(shot, 'slow'));
      expect(timesOf(slow)).toEqual(timesOf(plain));
      slow.forEach((frame, i) => expectSameBytes(frame.data, plain[i]!.data));
      await expect(collect(all.frames(shot, 'slow'))).rejects.toThrow(/slow is read once/);
      expect(timesOf(await collect(all.frames(shot, 'small')))).toEqual(timesOf(small));
    }
    expect(isSpooling()).toBe(false);
    const [shot] = source.shots;
    let shown = 0;
    for await (const { pts } of lean.frames(shot!, 'slow')) {
      shown++;
      if (pts > 0) break;
    }
    const rest = await collect(lean.frames(shot!, 'small'));
    const [folder] = readdirSync(dir).filter((name) => name.startsWith('reelmine-spool-'));
    expect(statSync(join(dir, folder!, 'frames')).size).toBe(rest.length * 16 * 12 * 3 + shown * 32 * 24);
    await Promise.all([kept.close(), all.close(), lean.close()]);
    expect(isSpooling()).toBe(false);
  });

  it('decodes no further than its slowest need: a reader that leaves early stops it', async () => {
    const video = await open();
    for await (const frame of video.frames(source.shots[0]!, 'small')) if (frame.pts > 0) break;
    expect(video.framesDecoded).toBeLessThanOrEqual(6);
    await video.close();
  });

  it('gives frames at times, sound, and nothing else but its views', async () => {
    const video = await open();
    const [frame] = await video.framesAt([source.shots[2]!.startPts], 'small');
    const [shotFrame] = await collect(video.frames(source.shots[2]!, 'small'));
    expectSameBytes(frame!.data, shotFrame!.data);
    expect((await video.audio(source.shots[0]!, 8000))!.data.length).toBe(Math.round((20 / 25) * 8000));
    await expect(collect(video.frames(source.shots[0]!, 'large'))).rejects.toThrow(/"large"; it has small, slow/);
    await video.close();
  });

  it('gives a decoding error to every reader', async () => {
    const controller = new AbortController();
    const video = await openVideo(source, { corpusRoot: dir, decoder: libav, views, signal: controller.signal });
    const read = async (view: string) => {
      for await (const frame of video.frames(source.shots[0]!, view))
        if (frame.pts > 0) controller.abort(new Error('enough'));
    };
    const results = await Promise.allSettled([read('small'), read('slow')]);
    expect(results.map((it) => it.status === 'rejected' && (it.reason as Error).message)).toEqual(['enough', 'enough']);
    await video.close();
  });
});

describe('sourcePath', () => {
  it('gives the first place that exists, and names all where none does', () => {
    expect(sourcePath(dir, { ...source, paths: ['gone.mp4', 'cuts.mp4'] })).toBe(join(dir, 'cuts.mp4'));
    expect(existsSync(join(dir, 'cuts.mp4'))).toBe(true);
    expect(() => sourcePath(dir, { ...source, paths: ['gone.mp4', '/nowhere/x.mp4'] })).toThrow(
      /gone\.mp4, \/nowhere\/x\.mp4/,
    );
  });
});
