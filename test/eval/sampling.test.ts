import { describe, expect, it } from 'vitest';
import { clipInstants, segmentCentres, tsn25 } from '../../src/eval/sampling.js';

describe('tsn25', () => {
  it.each([
    [1, 0, 0],
    [24, 0, 0],
    [25, 1, 24],
    [26, 1, 24],
    [48, 1, 24],
    [49, 2, 48],
    [167, 6, 144],
    [1776, 73, 1752],
  ])('takes 25 frames of %i with step %i up to frame %i', (frameCount, step, last) => {
    const ticks = tsn25(frameCount);
    expect(ticks).toHaveLength(25);
    expect(ticks[0]).toBe(0);
    expect(ticks[1]! - ticks[0]!).toBe(step);
    expect(ticks.at(-1)).toBe(last);
  });
});

describe('segmentCentres', () => {
  it.each([
    [1, [0, 0, 0]],
    [24, [4, 12, 20]],
    [25, [4, 12, 20]],
    [26, [4, 13, 21]],
    [48, [8, 24, 40]],
    [49, [8, 24, 40]],
    [167, [27, 83, 139]],
    [1776, [296, 888, 1480]],
  ])('takes the middles of three segments of %i frames', (frameCount, expected) => {
    expect(segmentCentres(frameCount, 3)).toEqual(expected);
  });

  it('stays inside the video and reaches further than tsn25', () => {
    for (const frameCount of [1, 24, 25, 26, 48, 49, 167, 1776]) {
      const ticks = segmentCentres(frameCount, 25);
      expect(Math.min(...ticks)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...ticks)).toBeLessThan(frameCount);
      if (frameCount === 48) expect(ticks.at(-1)).toBeGreaterThan(tsn25(48).at(-1)!);
    }
  });

  it('refuses a video without frames', () => {
    expect(() => segmentCentres(0, 3)).toThrow(RangeError);
  });
});

describe('clipInstants', () => {
  it('spreads the same instants over the middle of any longer video', () => {
    const long = clipInstants({ startSeconds: 2, durationSeconds: 9, clipSeconds: 1, ticks: 3 });
    const short = clipInstants({ startSeconds: 0, durationSeconds: 1.5, clipSeconds: 1, ticks: 3 });
    expect(long.map((t) => t - long[0]!)).toEqual([0, expect.closeTo(1 / 3, 12), expect.closeTo(2 / 3, 12)]);
    long.forEach((t, i) => expect(t - long[0]!).toBeCloseTo(short[i]! - short[0]!, 12));
    expect(long[1]).toBeCloseTo(6.5, 12);
  });

  it('repeats the last instant of a video that is too short', () => {
    expect(clipInstants({ startSeconds: 0, durationSeconds: 0.5, clipSeconds: 1, ticks: 4 })).toEqual([
      0.125, 0.375, 0.5, 0.5,
    ]);
  });
});
