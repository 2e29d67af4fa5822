import { describe, expect, it } from 'vitest';
import { createMotionSet, type SyntheticVideo } from '../../../src/synthetic/index.js';
import { mineVideo, unitedViews } from '../../../src/mining/index.js';
import { temporalOrderConfig } from '../../../src/mining/temporal-order/config.js';
import miner from '../../../src/mining/temporal-order/index.js';
import { measureMotion } from '../../../src/mining/temporal-order/motion.js';
import { openReel, timeBase, type Reel } from '../fakes.js';

const never = new AbortController().signal;
const videos = createMotionSet({ seed: 11, groups: 2, testGroups: 1, clipsPerGroup: 2 });
const reelOf = (video: SyntheticVideo): Reel => ({
  id: video.name,
  width: video.width,
  height: video.height,
  fps: video.fps,
  frames: video.frameCount,
  cuts: video.truth.cuts,
  frame: (i) => video.frame(i),
});

describe('temporal-order on the generated motion set', () => {
  it('measures a motion curve that rises and falls with the true motion', async () => {
    const config = temporalOrderConfig.parse({});
    const views = { flow: { width: 160, height: 120, fit: 'contain', fps: null, channels: 1 } } as const;
    let compared = 0;
    for (const video of videos) {
      const open = openReel(reelOf(video), views);
      const shot = open.source.shots[0]!;
      const length = Math.min(40, video.frameCount);
      const truth = Array.from({ length: length - 1 }, (_, i) => video.truth.motion(i));
      if (spread(truth) < 0.3) continue; // an even pace has nothing to follow
      const first = { ...shot, endPts: shot.startPts + (length * 600) / video.fps };
      const { curve } = await measureMotion(open.frames(first, 'flow'), timeBase, config, never);
      expect(correlation([...curve], truth), video.name).toBeGreaterThan(0.8);
      if (++compared === 4) break;
    }
    expect(compared).toBe(4);
  });

  it('gives quintuples of one take, whose stored times are those frames', async () => {
    const config = temporalOrderConfig.parse({ imageWidth: 64, imageHeight: 64 });
    const signals = [{ name: 'temporal-order', miner, config }];
    let samples = 0;
    for (const video of videos.filter(({ truth }) => truth.cuts.length > 0).slice(0, 2)) {
      const open = openReel(reelOf(video), unitedViews(signals));
      const units = open.source.shots.map(({ index: shot }) => ({ shot, signal: 'temporal-order' }));
      for await (const { unit } of mineVideo(open, { signals, units, seed: 1, stop: never, signal: never })) {
        for (const { fields, provenance } of unit.samples) {
          const frames = [...(fields['frames'] as Int32Array)];
          const takes = frames.map((frame) => video.truth.cuts.filter((cut) => cut <= frame).length);
          expect(new Set(takes)).toEqual(new Set([unit.shot]));
          expect(provenance.pts).toEqual(frames.map((frame) => (frame * 600) / video.fps));
          samples++;
        }
      }
    }
    expect(samples).toBeGreaterThan(0);
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Standard deviation over mean. */
function spread(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2))) / middle;
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)];
  const product = (p: readonly number[], mp: number, q: readonly number[], mq: number): number =>
    p.reduce((sum, value, i) => sum + (value - mp) * (q[i]! - mq), 0);
  return product(x, mx, y, my) / Math.sqrt(product(x, mx, x, mx) * product(y, my, y, my));
}
