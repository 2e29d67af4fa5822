import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runJob } from '../../src/core/index.js';
import { openMedia, encodeVideo, selectDecoder } from '../../src/ingest/index.js';
import { predict, type PredictOptions } from '../../src/index.js';
import { drawFutures } from '../../src/jobs/future-panels.js';
import { encodeGif } from '../../src/vision/index.js';
import { blockPicture } from '../fixtures/clips.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-predict-'));
const size = { width: 64, height: 48 };
const untrained = { run: 'random:prednet', set: ['preset=tiny'] };

beforeAll(async () => {
  mkdirSync(join(dir, 'videos'));
  for (const [name, frames] of [
    ['long', 20],
    ['short', 2],
  ] as const) {
    const pictures = Array.from({ length: frames }, (_, i) => blockPicture(i, size));
    await encodeVideo(join(dir, 'videos', `${name}.mp4`), { frames: pictures, ...size, fps: 25 });
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (out: string, input: readonly string[], more: Partial<PredictOptions> = {}) =>
  runJob(predict({ ...untrained, input: input.map((name) => join(dir, name)), out: join(dir, out), ...more }));

/** Frames and size of a video, and their times in seconds. */
async function read(path: string) {
  const { decoder } = await selectDecoder('auto');
  const { session } = await openMedia(path, { decoder });
  const times: number[] = [];
  let [width, height] = [0, 0];
  const [numerator, denominator] = session.media.video.timeBase;
  for await (const frame of session.frames({ span: null, view: null })) {
    times.push((frame.pts * numerator) / denominator);
    [width, height] = [frame.width, frame.height];
  }
  await session.close();
  return { times, width, height };
}

describe('predict', () => {
  it('draws masks over every picture, beside it, of a model of single pictures', async () => {
    const given = { run: 'random:motion-segmentation', set: ['preset=tiny'], steps: 5 };
    const summary = await run('masks.mp4', ['videos/long.mp4'], given);
    expect(summary).toMatchObject({ counts: { done: 1, failed: 0 }, settings: { steps: 5, fps: null } });
    expect(summary.videos[0]!.psnr).toEqual([]);
    const { times, width, height } = await read(join(dir, 'masks.mp4'));
    expect(times).toHaveLength(5);
    expect([width, height]).toEqual([2 * size.width, size.height]);
  });

  it('writes an MP4 and a GIF of each video, skips what is too short and says why', async () => {
    const summary = await run('out', ['videos'], { observe: 3, steps: 4 });
    expect(summary.counts).toEqual({ done: 1, skipped: 0, failed: 1 });
    expect(summary.failures[0]).toMatchObject({ code: 'too-short' });
    expect(summary.failures[0]!.message).toBe('It has 2 frames, and the model must see 3 before it predicts.');
    expect(summary.videos[0]!.psnr).toHaveLength(1);
    expect(summary.videos[0]!.psnr[0]).toBeGreaterThan(3);
    for (const kind of ['mp4', 'gif']) {
      const { times, width, height } = await read(join(dir, 'out', `long.${kind}`));
      expect(times).toHaveLength(7);
      expect(times[6]! - times[0]!).toBeCloseTo(6 / 25, 2);
      // two panels of 16 × 8 pixels, twenty times as large, with borders and gaps
      expect([width, height]).toEqual([2 * 326 + 12, 174]);
    }
    const index = JSON.parse(readFileSync(join(dir, 'out', 'predictions.json'), 'utf8')) as object;
    expect(index).toMatchObject({ task: 'prednet', observe: 3, steps: 4, failures: [{ code: 'too-short' }] });
  });

  it('takes frames at a rate, from a time on, into one file, and gives the same bytes again', async () => {
    const settings = { observe: 2, steps: 2, fps: 5, startSeconds: 0.2 };
    const [a, b] = [
      await run('a.gif', ['videos/long.mp4'], settings),
      await run('b.gif', ['videos/long.mp4'], settings),
    ];
    expect(readFileSync(join(dir, 'b.gif')).equals(readFileSync(join(dir, 'a.gif')))).toBe(true);
    expect(a.videos[0]!.pts).toHaveLength(3); // 20 frames are 0.8 s: of the two predicted ones one came
    expect(b.outputs).toEqual([join(dir, 'b.gif')]);
    expect((await read(join(dir, 'a.gif'))).times).toHaveLength(4);
  });

  it('draws several futures of a model that can, each from its own seed', async () => {
    const summary = await run('svg', ['videos/long.mp4'], { run: 'random:svg-lp', samples: 3 });
    expect(summary.videos[0]!.psnr).toHaveLength(3);
    const { width } = await read(join(dir, 'svg', 'long.mp4'));
    expect(width).toBeGreaterThan(4 * 160);
  });

  it('fails clearly for one video that is too short, for several into one file, and for a task that predicts nothing', async () => {
    await expect(run('x.mp4', ['videos/short.mp4'], { observe: 5 })).rejects.toThrow(/short\.mp4: It has 2 frames/);
    expect(existsSync(join(dir, 'x.mp4'))).toBe(false);
    await expect(run('x.mp4', ['videos'])).rejects.toThrow(/2 videos do not fit into/);
    const other = { run: 'random:wang-gupta', set: ['preset=tiny'] };
    await expect(run('x', ['videos/long.mp4'], other)).rejects.toThrow(/wang-gupta predicts no frames/);
    await expect(run('x', ['videos/long.mp4'], { observe: 0 })).rejects.toThrow(/observe must be a whole number/);
  });
});

describe('panels', () => {
  it('show what was seen in all of them, then the truth and each future, and nothing where the video has ended', () => {
    const picture = (level: number) => new Float32Array(200 * 200).fill(level);
    const { frames, width, height } = drawFutures({
      width: 200,
      height: 200,
      channels: 1,
      observed: 1,
      steps: 2,
      truth: Float32Array.from([...picture(0.2), ...picture(0.4)]),
      futures: [Float32Array.from([...picture(0.6), ...picture(0.8)])],
    });
    expect([width, height, frames.length]).toEqual([2 * 206 + 12, 214, 3]);
    const levels = (t: number) => [110, 320].map((x) => frames[t]![(100 * width + x) * 3]);
    expect(levels(0)).toEqual([51, 51]);
    expect(levels(1)).toEqual([102, 153]);
    expect(levels(2)).toEqual([24, 204]);
    const borderOf = (t: number, x: number) => [
      ...frames[t]!.subarray((100 * width + x) * 3, (100 * width + x) * 3 + 3),
    ];
    expect(borderOf(0, 5)).toEqual(borderOf(0, 215));
    expect(borderOf(1, 5)).not.toEqual(borderOf(1, 215));
  });

  it('need frames of one size for an animation', async () => {
    await expect(encodeGif([], 2, 2, { delayMs: 40 })).rejects.toThrow(RangeError);
    await expect(encodeGif([new Uint8Array(11)], 2, 2, { delayMs: 40 })).rejects.toThrow(/12 bytes, got 11/);
  });
});
