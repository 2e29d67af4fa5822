import { describe, expect, it } from 'vitest';
import type { Frame } from '../../../src/core/index.js';
import { temporalOrderConfig } from '../../../src/mining/temporal-order/config.js';
import { measureMotion, motionGrid, summarizeFlow } from '../../../src/mining/temporal-order/motion.js';
import { movingReel, openReel, timeBase } from '../fakes.js';

const config = temporalOrderConfig.parse({});
const never = new AbortController().signal;

function luma(reel: ReturnType<typeof movingReel>): AsyncIterable<Frame> {
  const views = { flow: { width: 160, height: 120, fit: 'contain', fps: null, channels: 1 } } as const;
  const video = openReel(reel, views);
  return video.frames(video.source.shots[0]!, 'flow');
}

describe('measureMotion', () => {
  it('measures a known shift in pixels per frame of the reference width', async () => {
    const reel = movingReel('shift', { frames: 8, width: 160, height: 120, at: (i) => 2 * i });
    const { curve, frames, times, pts } = await measureMotion(luma(reel), timeBase, config, never);
    expect(frames).toBe(8);
    expect([...pts]).toEqual([0, 24, 48, 72, 96, 120, 144, 168]);
    times.forEach((time, i) => expect(time).toBeCloseTo(i, 9));
    expect(curve).toHaveLength(7);
    const truth = (2 * 340) / 160;
    for (const motion of curve) expect(Math.abs(motion - truth) / truth).toBeLessThan(0.25);
  });

  it('says 0 of a still picture, and takes a common shift off with median-subtracted', async () => {
    const still = await measureMotion(luma(movingReel('still', { frames: 5, at: () => 0 })), timeBase, config, never);
    for (const motion of still.curve) expect(motion).toBeLessThan(0.02);
    const shift = movingReel('shift', { frames: 5, width: 160, height: 120, at: (i) => 2 * i });
    const raw = await measureMotion(luma(shift), timeBase, config, never);
    const subtracted = await measureMotion(
      luma(shift),
      timeBase,
      { ...config, motionKind: 'median-subtracted' },
      never,
    );
    subtracted.curve.forEach((motion, i) => expect(motion).toBeLessThan(raw.curve[i]! / 4));
  });

  it('gives every frame pair a value when flow is measured over two frames, and the same pace', async () => {
    const reel = movingReel('shift', { frames: 8, width: 160, height: 120, at: (i) => i });
    const every = await measureMotion(luma(reel), timeBase, config, never);
    const second = await measureMotion(luma(reel), timeBase, { ...config, flowStride: 2 }, never);
    expect(second.curve).toHaveLength(7);
    expect(second.cells).toHaveLength(7);
    second.curve.forEach((motion, i) => expect(Math.abs(motion / every.curve[i]! - 1)).toBeLessThan(0.1));
    expect(second.curve[0]).toBe(second.curve[1]);
  });

  it('gives nothing for a shot of no frames, and no curve for one frame', async () => {
    const none = (async function* (): AsyncGenerator<Frame> {})();
    expect(await measureMotion(none, timeBase, config, never)).toMatchObject({ frames: 0 });
    const one = await measureMotion(luma(movingReel('one', { frames: 1 })), timeBase, config, never);
    expect(one.curve).toHaveLength(0);
  });
});

describe('summarizeFlow', () => {
  it('is right on a flow of one moving cell', () => {
    const [width, height] = [32, 24]; // cells of 2 × 2 pixels
    const flow = new Float32Array(2 * width * height);
    for (const [x, y] of [
      [6, 4],
      [7, 4],
      [6, 5],
      [7, 5],
    ] as const)
      flow.set([3, 4], 2 * (y * width + x));
    const { mean, grid } = summarizeFlow(flow, width, height, false);
    expect(mean).toBeCloseTo((4 * 5) / (width * height), 12);
    expect([...grid].flatMap((value, i) => (value === 0 ? [] : [[i, value]]))).toEqual([
      [2 * motionGrid.columns + 3, 5 * 256],
    ]);
  });
});
