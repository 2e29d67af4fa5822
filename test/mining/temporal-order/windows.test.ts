import { describe, expect, it } from 'vitest';
import type { RejectionCode, TimeSpan } from '../../../src/core/index.js';
import { temporalOrderConfig } from '../../../src/mining/temporal-order/config.js';
import type { ShotMotion } from '../../../src/mining/temporal-order/motion.js';
import { findBlocks, findWindows, leastLength, planDistances } from '../../../src/mining/temporal-order/windows.js';

const config = temporalOrderConfig.parse({ floorPercentile: 0 });

/** A shot at 25 fps of the given motion curve. */
function shotOf(curve: readonly number[], jumps: readonly number[] = curve.map(() => 1)): ShotMotion {
  const frames = curve.length + 1;
  return {
    frames,
    pts: Float64Array.from({ length: frames }, (_, i) => i),
    times: Float64Array.from({ length: frames }, (_, i) => i),
    curve: Float64Array.from(curve),
    jumps: Float64Array.from(jumps),
    cells: [],
  };
}

function windowsOf(motion: ShotMotion, settings = config) {
  const refused: { code: RejectionCode; span: TimeSpan }[] = [];
  const distances = planDistances(motion.frames - 1, settings)!;
  const windows = findWindows(motion, distances, settings, (code, span) => refused.push({ code, span }));
  return { windows, refused, need: leastLength(distances, settings.exactGaps) };
}

describe('planDistances', () => {
  it('takes 91 frames for a full quintuple and 76 for one side, as the paper counts', () => {
    const exact = { ...config, policy: 'exact' as const };
    const oneSided = { ...config, policy: 'one-sided' as const };
    expect(planDistances(90, exact)).toEqual({ tauMax: 60, tauMin: 15, sides: 'both' });
    expect(planDistances(89, exact)).toBeNull();
    expect(planDistances(90, oneSided)?.sides).toBe('both');
    expect(planDistances(89, oneSided)).toEqual({ tauMax: 60, tauMin: 15, sides: 'one' });
    expect(planDistances(75, oneSided)?.sides).toBe('one');
    expect(planDistances(74, oneSided)).toBeNull();
  });

  it('scales to the length with the relative policy, down to 4 and 2', () => {
    expect(planDistances(45, config)).toEqual({ tauMax: 30, tauMin: 7, sides: 'both' });
    expect(planDistances(500, config)).toEqual({ tauMax: 60, tauMin: 15, sides: 'both' });
    expect(planDistances(8, config)).toEqual({ tauMax: 4, tauMin: 2, sides: 'both' });
    expect(planDistances(7, config)).toBeNull();
  });

  it('never plans more than fits', () => {
    for (let length = 0; length < 130; length++) {
      const plan = planDistances(length, config);
      if (plan) expect(plan.tauMax + 2 * plan.tauMin).toBeLessThanOrEqual(length);
    }
  });
});

describe('findWindows', () => {
  it('gives a window at every step that leaves room for the smallest quintuple', () => {
    const { windows, need } = windowsOf(shotOf(Array.from({ length: 100 }, () => 1)));
    expect(need).toBe(60);
    expect(windows.map((window) => window.start)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39]);
    expect(windows[0]).toEqual({ start: 0, jitter: 2, room: 100, motion: 1 });
    expect(windows[13]).toEqual({ start: 39, jitter: 1, room: 61, motion: 1 });
  });

  it('states the mean motion of the frames that the window holds', () => {
    const curve = Array.from({ length: 120 }, (_, i) => 1 + i / 10);
    const { windows } = windowsOf(shotOf(curve));
    const slow = curve.slice(12, 12 + 90).reduce((a, b) => a + b, 0) / 90;
    expect(windows.find((window) => window.start === 12)?.motion).toBeCloseTo(slow, 10);
  });

  it('refuses all of a still shot as still', () => {
    const { windows, refused } = windowsOf(shotOf(Array.from({ length: 120 }, () => 0.02)));
    expect(windows).toEqual([]);
    expect(refused.length).toBe(21);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['still']));
  });

  it('gives windows of the moving half alone', () => {
    const still = Array.from({ length: 150 }, () => 0);
    const moving = Array.from({ length: 150 }, () => 2);
    const after = windowsOf(shotOf([...still, ...moving]));
    expect(after.windows.length).toBeGreaterThan(20);
    for (const window of after.windows) expect(window.start).toBeGreaterThanOrEqual(150);
    const before = windowsOf(shotOf([...moving, ...still]));
    expect(before.windows.length).toBeGreaterThan(20);
    for (const window of before.windows) expect(window.start + window.room).toBeLessThanOrEqual(150);
    expect(before.refused.every(({ code }) => code === 'still')).toBe(true);
  });

  it('lets a pause pass that is shorter than stillSeconds', () => {
    const pause = (frames: number) => [
      ...Array.from({ length: 60 }, () => 1),
      ...Array.from({ length: frames }, () => 0),
      ...Array.from({ length: 60 }, () => 1),
    ];
    expect(findBlocks(shotOf(pause(9)), config).every((block) => block === null)).toBe(true);
    expect(findBlocks(shotOf(pause(10)), config).filter((block) => block === 'still')).toHaveLength(10);
  });

  it('lets no window hold a cut that the manifest lacks', () => {
    const curve = Array.from({ length: 200 }, () => 1);
    const jumps = curve.map((_, i) => (i === 80 ? 70 : 6));
    const { windows, refused } = windowsOf(shotOf(curve, jumps));
    for (const { start, room } of windows) expect(start > 80 || start + room <= 80).toBe(true);
    expect(windows.some(({ start }) => start === 0)).toBe(true);
    expect(windows.some(({ start }) => start > 80)).toBe(true);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['cut']));
  });

  it('takes no cut where all frames differ as much, as under a shaking camera', () => {
    const curve = Array.from({ length: 120 }, () => 3);
    expect(
      windowsOf(
        shotOf(
          curve,
          curve.map(() => 45),
        ),
      ).refused,
    ).toEqual([]);
  });

  it('refuses the windows under the percentile of their shot', () => {
    const curve = Array.from({ length: 300 }, (_, i) => 0.5 + i / 100);
    const all = windowsOf(shotOf(curve)).windows;
    const upper = windowsOf(shotOf(curve), { ...config, floorPercentile: 20 });
    expect(upper.refused.length).toBe(Math.floor((all.length - 1) * 0.2));
    expect(upper.windows).toEqual(all.slice(upper.refused.length));
  });

  it('follows presentation times, not frame numbers', () => {
    const steady = shotOf(Array.from({ length: 100 }, () => 1));
    const slow = { ...steady, times: steady.times.map((time) => 2 * time) }; // 12.5 fps
    const distances = planDistances(200, config)!;
    const windows = findWindows(slow, distances, config, () => {});
    expect(windows.at(-1)?.start).toBe(138);
    expect(windows[0]?.room).toBe(200);
  });
});
