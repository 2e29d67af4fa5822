import { describe, expect, it } from 'vitest';
import { createRandom, ptsToSeconds, type MinedUnit, type Sample } from '../../../src/core/index.js';
import miner from '../../../src/mining/temporal-order/index.js';
import { temporalOrderConfig, type TemporalOrderConfig } from '../../../src/mining/temporal-order/config.js';
import { drawQuintuple } from '../../../src/mining/temporal-order/gallery.js';
import type { temporalOrderSample } from '../../../src/mining/temporal-order/sample.js';
import { mineVideo, unitedViews } from '../../../src/mining/index.js';
import { decodeImage, resizeRgb } from '../../../src/vision/index.js';
import { digestOf, movingReel, openReel, timeBase, type Reel } from '../fakes.js';

const small = { flowWidth: 80, flowHeight: 60, imageWidth: 64, imageHeight: 64, floorPercentile: 0 };

type Quintuple = Sample<typeof temporalOrderSample>;

async function mineReel(
  reel: Reel,
  settings: Partial<TemporalOrderConfig> = {},
  seed = 1,
): Promise<{
  units: MinedUnit[];
  samples: Quintuple[];
  rejections: Record<string, number>;
  config: TemporalOrderConfig;
}> {
  const config = temporalOrderConfig.parse({ ...small, ...settings });
  const signals = [{ name: 'temporal-order', miner, config }];
  const video = openReel(reel, unitedViews(signals));
  const never = new AbortController().signal;
  const units: MinedUnit[] = [];
  const wanted = video.source.shots.map(({ index: shot }) => ({ shot, signal: 'temporal-order' }));
  for await (const { unit } of mineVideo(video, { signals, units: wanted, seed, stop: never, signal: never }))
    units.push(unit);
  const rejections: Record<string, number> = {};
  for (const unit of units) {
    for (const [code, { count }] of Object.entries(unit.rejections)) rejections[code] = (rejections[code] ?? 0) + count;
  }
  return { units, samples: units.flatMap((unit) => unit.samples) as unknown as Quintuple[], rejections, config };
}

describe('temporal-order', () => {
  it('gives five rising frames within the policy and the shot, never across a cut', async () => {
    const reel = movingReel('film', { frames: 260, cuts: [120] });
    const { samples, units } = await mineReel(reel);
    expect(samples).toHaveLength(16);
    expect(units.map((unit) => unit.samples.length > 0)).toEqual([true, true]);
    for (const { fields, provenance } of samples) {
      const [a, b, c, d, e] = [...fields.frames] as [number, number, number, number, number];
      expect(a < b && b < c && c < d && d < e && e < 260).toBe(true);
      expect(a < 120).toBe(e < 120);
      expect(provenance.shot).toBe(a < 120 ? 0 : 1);
      expect(d - b).toBeGreaterThanOrEqual(30);
      expect(d - b).toBeLessThanOrEqual(60);
      for (const side of [b - a, e - d]) {
        expect(side).toBeGreaterThanOrEqual(15);
        expect(side).toBeLessThanOrEqual(30);
      }
      expect(fields).toMatchObject({ has: 3, tauMax: d - b, tauMin: Math.min(b - a, e - d), policy: 'relative' });
      expect(fields.tauMaxSeconds).toBeCloseTo((d - b) / 25, 6);
      expect(fields.tauMinSeconds).toBeCloseTo(fields.tauMin / 25, 6);
      expect(provenance.pts).toEqual([a, b, c, d, e].map((frame) => 24 * frame));
      expect(fields.images).toHaveLength(5);
      expect(fields.weight).toBeGreaterThan(0);
      expect(fields.weight).toBeLessThanOrEqual(1);
    }
  });

  it('stores the pictures that are shown at its times', async () => {
    const reel = movingReel('film', { frames: 130 });
    const { samples, config } = await mineReel(reel);
    const { fields } = samples[3]!;
    for (const [i, frame] of [...fields.frames].entries()) {
      const stored = await decodeImage(fields.images[i]!);
      const truth = resizeRgb(reel.frame(frame), reel.width, reel.height, config.imageWidth, config.imageHeight);
      const off = truth.reduce((sum, value, k) => sum + Math.abs(value - stored.data[k]!), 0) / truth.length;
      expect(off).toBeLessThan(2);
    }
  });

  it('keeps distances in seconds at another frame rate', async () => {
    const { samples } = await mineReel(movingReel('fast', { frames: 300, fps: 50, at: (i) => i }), { exactGaps: true });
    expect(samples.length).toBeGreaterThan(0);
    for (const { fields, provenance } of samples) {
      const at = provenance.pts.map((pts) => ptsToSeconds(pts, timeBase));
      expect(at[3]! - at[1]!).toBeCloseTo(2.4, 6);
      expect(at[1]! - at[0]!).toBeCloseTo(0.6, 6);
      expect(at[4]! - at[3]!).toBeCloseTo(0.6, 6);
      expect(fields.tauMax).toBe(120);
    }
  });

  it('gives nothing of a still video, and says still', async () => {
    const { samples, rejections } = await mineReel(movingReel('still', { frames: 130, at: () => 0 }));
    expect(samples).toEqual([]);
    expect(Object.keys(rejections)).toEqual(['still']);
  });

  it('takes frames only from the half that moves', async () => {
    const later = await mineReel(movingReel('later', { frames: 260, at: (i) => 1.5 * Math.max(0, i - 130) }));
    expect(later.samples.length).toBeGreaterThan(5);
    for (const { fields } of later.samples) expect(fields.frames[0]).toBeGreaterThanOrEqual(130);
    const earlier = await mineReel(movingReel('earlier', { frames: 260, at: (i) => 1.5 * Math.min(i, 130) }));
    expect(earlier.samples.length).toBeGreaterThan(5);
    for (const { fields } of earlier.samples) expect(fields.frames[4]).toBeLessThanOrEqual(130);
    expect(earlier.rejections['still']).toBeGreaterThan(0);
  });

  it('refuses a cut that the manifest lacks', async () => {
    const cut = movingReel('cut', { frames: 240, gain: (i) => (i < 120 ? 1 : 0.25) });
    const { samples, rejections } = await mineReel(cut, { lookalikeMsd: 10, duplicateMsd: 1 });
    expect(rejections['cut']).toBeGreaterThan(0);
    expect(samples.length).toBeGreaterThan(0);
    for (const { fields } of samples) expect(fields.frames[0]! < 120).toBe(fields.frames[4]! < 120);
  });

  it('counts every other reason, too', async () => {
    const short = await mineReel(movingReel('short', { frames: 89 }), { policy: 'exact' });
    expect(short).toMatchObject({ samples: [], rejections: { 'too-short': 1 } });
    const fade = await mineReel(movingReel('fade', { frames: 130, gain: (i) => 0.3 + 0.005 * i }));
    expect(fade.rejections['fade']).toBeGreaterThan(0);
    const alike = await mineReel(movingReel('alike', { frames: 130 }), { lookalikeMsd: 60_000 });
    expect(Object.keys(alike.rejections)).toEqual(['looks-same']);
    const period = await mineReel(movingReel('loop', { frames: 130, at: (i) => 2 * (i % 5) }));
    expect(period.rejections['duplicate-frame']).toBeGreaterThan(0);
    const budget = await mineReel(movingReel('long', { frames: 400 }), { quintuplesPerVideo: 2 });
    expect(budget.samples).toHaveLength(2);
    expect(budget.rejections['budget']).toBeGreaterThan(50);
  });

  it('accounts for every window: a sample or a rejection', async () => {
    const { samples, rejections } = await mineReel(movingReel('film', { frames: 240, gain: (i) => 1 - i / 800 }));
    const windows = Math.floor((239 - 60) / 3) + 1;
    expect(samples.length + Object.values(rejections).reduce((a, b) => a + b, 0)).toBe(windows);
  });

  it('stores four frames and says which is missing, where one side alone fits', async () => {
    const { samples } = await mineReel(movingReel('brief', { frames: 80 }), { policy: 'one-sided' });
    expect(new Set(samples.map(({ fields }) => fields.has))).toEqual(new Set([1, 2]));
    for (const { fields, provenance } of samples) {
      expect(fields.images).toHaveLength(4);
      expect(provenance.pts).toHaveLength(4);
      const missing = fields.has === 1 ? 4 : 0;
      expect(fields.frames[missing]).toBe(-1);
      expect(missing === 4 ? fields.msdCe : fields.msdCa).toBe(-1);
      expect(missing === 4 ? fields.msdCa : fields.msdCe).toBeGreaterThan(100);
    }
  });

  it('draws more from where more moves', async () => {
    const paced = movingReel('paced', { frames: 400, at: (i) => (i < 200 ? 0.5 * i : 100 + 2.5 * (i - 200)) });
    let slow = 0;
    let fast = 0;
    for (let seed = 0; seed < 6; seed++) {
      const { samples } = await mineReel(paced, { quintuplesPerVideo: 4 }, seed);
      for (const { fields } of samples) {
        if (fields.frames[4]! < 200) slow++;
        else if (fields.frames[0]! >= 200) fast++;
      }
    }
    expect(fast).toBeGreaterThan(2 * slow);
  });

  it('gives other samples for another seed and the same for the same', async () => {
    const reel = movingReel('film', { frames: 150 });
    const digests = await Promise.all(
      [1, 1, 2].map(async (seed) => digestOf((await mineReel(reel, {}, seed)).units[0]!.samples)),
    );
    expect(digests[1]).toBe(digests[0]);
    expect(digests[2]).not.toBe(digests[0]);
  });

  it('marks the square that moves, and the group', async () => {
    const still = movingReel('still', { at: () => 0 });
    const back = movingReel('back', { width: 128, height: 128, at: () => 0 });
    const random = createRandom(4);
    const dots = Uint8Array.from({ length: 3 * 24 * 24 }, () => random.int(256));
    const mover: Reel = {
      ...still,
      width: 128,
      height: 128,
      frames: 130,
      frame(i) {
        const out = back.frame(0);
        const left = Math.round(92 + 8 * Math.sin(i / 9));
        for (let y = 0; y < 24; y++) out.set(dots.subarray(3 * 24 * y, 3 * 24 * (y + 1)), 3 * ((y + 96) * 128 + left));
        return out;
      },
      source: {
        benchmarks: { ucf101: [{ key: 'A/v', label: 0, className: 'A', group: 'g09', roles: ['train'] }] },
      },
    };
    const { samples } = await mineReel(mover, { lookalikeMsd: 0, duplicateMsd: 0 });
    expect(samples.length).toBeGreaterThan(0);
    for (const { fields } of samples) {
      const [x, y, width, height] = [...fields.patch] as [number, number, number, number];
      expect([width, height]).toEqual([28, 28]);
      expect(x).toBeGreaterThanOrEqual(32);
      expect(x + width).toBeLessThanOrEqual(64);
      expect(y).toBeGreaterThanOrEqual(32);
      expect(fields.group).toBe('ucf101/g09');
    }
  });

  it('draws five pictures with their roles', async () => {
    const { samples } = await mineReel(movingReel('film', { frames: 130 }));
    const { pictures } = await drawQuintuple(samples[0]!, { config: miner.config.parse({}), video: null });
    expect(pictures.map(({ caption }) => caption.slice(0, 1))).toEqual(['a', 'b', 'c', 'd', 'e']);
    for (const { width, height, ...still } of pictures) {
      expect('data' in still && still.data.length).toBe(3 * width * height);
    }
  });
});
