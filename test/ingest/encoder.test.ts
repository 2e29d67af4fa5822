import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import libav from '../../src/ingest/decoders/libav.js';
import { encodeVideo } from '../../src/ingest/index.js';
import { blockFrames, blockPicture, buildClip, clipSize, sine } from '../fixtures/clips.js';
import { collect, expectSameBytes, psnr } from './compare.js';

let dir = '';
beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'reelmine-encoder-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('encodeVideo', () => {
  it('gives the same bytes for the same input', async () => {
    const audio = { data: sine(440, 1, 16_000), sampleRateHz: 16_000 };
    const [a, b] = await Promise.all(
      ['a.mp4', 'b.mp4'].map((name) => buildClip(join(dir, name), 25, { audio, bFrames: 2 })),
    );
    expectSameBytes(readFileSync(a!), readFileSync(b!));
  });

  it.each([
    ['mpeg4', 'x.avi', 3],
    ['libvpx-vp9', 'x.webm', 10],
    ['libx264', 'x.mkv', 10],
  ] as const)('writes %s as %s that decodes to its pictures', async (codec, name, quality) => {
    const path = await buildClip(join(dir, name), 10, { codec, quality });
    const session = await libav.open(path);
    const frames = await collect(session.frames({ span: null, view: null }));
    expect(frames).toHaveLength(10);
    frames.forEach((frame, i) => expect(psnr(frame.data, blockPicture(i))).toBeGreaterThan(28));
  });

  it('takes frames as they are made, an exact rate, and marks the turn', async () => {
    const path = join(dir, 'rate.mp4');
    const later = async function* () {
      yield* blockFrames(6);
    };
    await encodeVideo(path, { ...clipSize, frames: later(), fps: [30_000, 1001], rotation: 270 });
    const { media } = await libav.open(path);
    expect(media.video.averageRate).toBeCloseTo(30_000 / 1001, 6);
    expect(media.video.rotation).toBe(270);
  });

  it('leaves nothing behind when its frames break off or are of another size', async () => {
    const failing = function* () {
      yield blockPicture(0);
      throw new Error('no more');
    };
    const options = { ...clipSize, fps: 25 };
    await expect(encodeVideo(join(dir, 'bad.mp4'), { ...options, frames: failing() })).rejects.toThrow('no more');
    await expect(encodeVideo(join(dir, 'bad.mp4'), { ...options, frames: [new Uint8Array(5)] })).rejects.toThrow(
      /9216 bytes, got 5/,
    );
    await expect(encodeVideo(join(dir, 'bad.mp4'), { ...options, frames: [] })).rejects.toThrow(/at least one frame/);
    expect(readdirSync(dir).filter((name) => name.startsWith('bad'))).toEqual([]);
  });
});
