import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ptsToSeconds, type Frame } from '../../../src/core/index.js';
import { decoders, hashSource, openMedia, probeFile, ingestConfig, type Decoder } from '../../../src/ingest/index.js';
import { buildClip, clipSize, cutsAt, sine } from '../../fixtures/clips.js';
import { expectSameBytes } from '../compare.js';

let dir = '';
let decoder: Decoder;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-clip-'));
  decoder = await decoders.load('libav');
  const audio = { data: sine(440, 3, 16_000), sampleRateHz: 16_000 };
  await buildClip(join(dir, 'whole.mp4'), 75, { cuts: cutsAt, audio });
  mkdirSync(join(dir, 'media', 'clips'), { recursive: true });
}, 30_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let made = 0;
/** Writes a description of a stretch of the clip, relative to itself. */
function describeClip(startSeconds: number, endSeconds: number | null, file = '../../whole.mp4'): string {
  const path = join(dir, 'media', 'clips', `${made++}.reel.json`);
  writeFileSync(path, JSON.stringify({ schema: 1, kind: 'clip', file, startSeconds, endSeconds }));
  return path;
}

const collect = async (frames: AsyncIterable<Frame>): Promise<readonly Frame[]> => {
  const out: Frame[] = [];
  for await (const frame of frames) out.push(frame);
  return out;
};
const open = async (path: string) => (await openMedia(path, { decoder })).session;

describe('a stretch of a file', () => {
  it('shows exactly the pictures of the file that lie in it, with their times', async () => {
    const all = await collect((await open(join(dir, 'whole.mp4'))).frames({ span: null, view: null }));
    const session = await open(describeClip(0.5, 2));
    const { timeBase } = session.media.video;
    const own = await collect(session.frames({ span: null, view: null }));
    const wanted = all.filter(({ pts }) => ptsToSeconds(pts, timeBase) >= 0.5 && ptsToSeconds(pts, timeBase) < 2);
    expect(own.map(({ pts }) => pts)).toEqual(wanted.map(({ pts }) => pts));
    expect(own.length).toBeGreaterThan(35);
    own.forEach((frame, i) => expectSameBytes(frame.data, wanted[i]!.data));
    const beyond = await collect(
      session.frames({ span: { startPts: all[0]!.pts, endPts: all.at(-1)!.pts + 1 }, view: null }),
    );
    expect(beyond.map(({ pts }) => pts)).toEqual(own.map(({ pts }) => pts));
    const outside = await collect(
      session.frames({ span: { startPts: all[60]!.pts, endPts: all[70]!.pts }, view: null }),
    );
    expect(outside).toEqual([]);
  });

  it('gives no picture and no sound from outside when asked for one', async () => {
    const session = await open(describeClip(1, 2));
    const { timeBase } = session.media.video;
    const own = await collect(session.frames({ span: null, view: null }));
    const [first, last] = [own[0]!.pts, own.at(-1)!.pts];
    const shown = await session.framesAt([0, first, last, last + 10 * (own[1]!.pts - first)], null);
    expect(shown.map(({ pts }) => pts)).toEqual([first, first, last, last]);
    const at = (seconds: number) => Math.round((seconds * timeBase[1]) / timeBase[0]);
    const heard = await session.audio({ startPts: at(0.5), endPts: at(2.5) }, 16_000);
    expect(heard.data).toHaveLength(32_000);
    const loud = (from: number, to: number) =>
      heard.data.subarray(from * 16_000, to * 16_000).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(loud(0, 0.49)).toBe(0);
    expect(loud(0.55, 1.45)).toBeGreaterThan(0.3);
    expect(loud(1.51, 2)).toBe(0);
    const blocks: { from: number; to: number }[] = [];
    for await (const { seconds, channels } of session.sound!(0, 16_000))
      blocks.push({ from: seconds, to: seconds + channels[0]!.length / 16_000 });
    expect(blocks[0]!.from).toBeCloseTo(1, 3);
    expect(blocks.at(-1)!.to).toBeCloseTo(2, 3);
    const whole = await session.audio(null, 16_000);
    expect(Math.abs(whole.data.length - 16_000)).toBeLessThan(2);
    expect(whole.startSeconds).toBeCloseTo(1, 3);
  });

  it('reads on from span to span as the file does', async () => {
    const session = await open(describeClip(0.4, 2.4));
    const own = await collect(session.frames({ span: null, view: null }));
    const pass = session.openPass!({ views: { all: null } });
    const cut = own[20]!.pts;
    const parts: number[] = [];
    for (const span of [
      { startPts: 0, endPts: cut },
      { startPts: cut, endPts: own.at(-1)!.pts * 2 },
    ])
      for await (const { frame } of pass.spanFrames(span)) parts.push(frame.pts);
    await pass.close();
    expect(parts).toEqual(own.map(({ pts }) => pts));
  });

  it('is probed as a source: shots inside it, an id of file and span', async () => {
    const config = ingestConfig.parse({});
    const probe = async (path: string) => probeFile(path, decoder, { config });
    const [a, same, b] = [describeClip(0.5, 2.5), describeClip(0.5, 2.5), describeClip(0.5, 2.4)];
    const probed = await probe(a);
    const { timeBase, startPts, endPts, frames } = probed.video;
    expect(ptsToSeconds(startPts, timeBase)).toBeGreaterThanOrEqual(0.5);
    expect(ptsToSeconds(endPts, timeBase)).toBeLessThanOrEqual(2.5 + 0.04);
    expect(frames).toBe(50);
    const cuts = probed.shots.slice(1).map((shot) => ptsToSeconds(shot.startPts, timeBase));
    expect(cuts.map((seconds) => Math.round(seconds * 25))).toEqual(cutsAt);
    expect(probed.shots[0]!.startPts).toBe(startPts);
    expect(probed.shots.at(-1)!.endPts).toBe(endPts);
    expect((await probe(same)).id).toBe(probed.id);
    expect((await probe(b)).id).not.toBe(probed.id);
    expect(await hashSource(a)).toBe(probed.sha256);
  });

  it('cannot begin after the end, name nothing, or name another description', async () => {
    await expect(open(describeClip(5, 6))).rejects.toMatchObject({ code: 'too-short' });
    await expect(open(describeClip(0, 1, '../../no.mp4'))).rejects.toMatchObject({ code: 'file-missing' });
    const inner = describeClip(0, 1);
    await expect(open(describeClip(0, 1, inner))).rejects.toMatchObject({ code: 'file-missing' });
    expect(clipSize.width).toBe((await open(inner)).media.video.width);
  });
});
