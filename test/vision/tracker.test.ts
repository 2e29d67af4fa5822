import { describe, expect, test } from 'vitest';
import type { Box } from '../../src/core/index.js';
import { createMovingTarget, type MovingTarget, still, straight } from '../../src/synthetic/index.js';
import { createTracker, type TrackerFrame, type TrackerOptions, type TrackerUpdate } from '../../src/vision/index.js';

const [width, height, frames] = [400, 300, 31];

function toFrame(target: MovingTarget, index: number): TrackerFrame {
  return { data: target.frame(index), width: target.width, height: target.height, channels: 3 };
}

/** What a tracker says of frames 1 to the last, started on the truth. */
function follow(target: MovingTarget, options: TrackerOptions = {}, last = frames - 1): TrackerUpdate[] {
  const tracker = createTracker(options);
  tracker.start(toFrame(target, 0), target.box(0));
  const updates = Array.from({ length: last }, (_, i) => tracker.update(toFrame(target, i + 1)));
  tracker.dispose();
  return updates;
}

function centreErrors(target: MovingTarget, updates: readonly TrackerUpdate[]): number[] {
  return updates.map(({ box }, i) => {
    const truth = target.box(i + 1);
    return Math.hypot(
      box.x + box.width / 2 - truth.x - truth.width / 2,
      box.y + box.height / 2 - truth.y - truth.height / 2,
    );
  });
}

function overlap(a: Box, b: Box): number {
  const across = Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x));
  const down = Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));
  return (across * down) / (a.width * a.height + b.width * b.height - across * down);
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const endOverlap = (target: MovingTarget, updates: readonly TrackerUpdate[]): number =>
  overlap(updates.at(-1)!.box, target.box(updates.length));

describe('a tracker on known motion', () => {
  test.each([
    { size: 64, speed: [2.7, 1.3], overlapAtLeast: 0.94, medianAtMost: 1 },
    { size: 64, speed: [8.5, 2], overlapAtLeast: 0.9, medianAtMost: 2 },
    { size: 110, speed: [3, 1], overlapAtLeast: 0.94, medianAtMost: 2 },
    { size: 227, speed: [1.7, 0.6], overlapAtLeast: 0.94, medianAtMost: 4 },
  ])('holds a box of $size pixels at $speed pixels a frame', ({ size, speed, overlapAtLeast, medianAtMost }) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const [x, y] = [straight(50 + size / 2, speed[0]!), straight(30 + size / 2, speed[1]!)];
      const target = createMovingTarget({ width: size > 200 ? 500 : width, height, size, x, y, seed });
      const updates = follow(target);
      const errors = centreErrors(target, updates);
      expect(mean(errors.map((error) => Number(error <= 20)))).toBeGreaterThanOrEqual(0.99);
      expect(mean(updates.map(({ box }, i) => overlap(box, target.box(i + 1))))).toBeGreaterThan(overlapAtLeast);
      expect(median(errors)).toBeLessThan(medianAtMost);
      expect(updates.filter(({ isLost }) => isLost)).toEqual([]);
    }
  });

  test('does not wander from what stands still', () => {
    const target = createMovingTarget({ width, height, size: 60, x: still(171.3), y: still(140.8), seed: 3 });
    expect(centreErrors(target, follow(target)).at(-1)).toBeLessThan(0.5);
  });

  test('with grey values holds a place to a fifth of a pixel, and follows', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const fixed = createMovingTarget({ width, height, size: 60, x: still(171.3), y: still(140.8), seed });
      const stays = follow(fixed, { features: 'grey' });
      expect(centreErrors(fixed, stays).at(-1)).toBeLessThanOrEqual(0.2);
      const moving = createMovingTarget({ width, height, size: 60, x: straight(90, 3), y: straight(80, 1), seed });
      const follows = follow(moving, { features: 'grey' });
      expect(Math.max(...centreErrors(moving, follows))).toBeLessThan(2);
      expect([...stays, ...follows].filter(({ isLost }) => isLost)).toEqual([]);
    }
    const gone = { width, height, size: 60, x: straight(90, 3), y: still(150), seed: 6 };
    const updates = follow(createMovingTarget({ ...gone, isVisible: (i) => i < 10 }), { features: 'grey' });
    expect(updates.map(({ isLost }) => isLost)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1 >= 10));
  });

  test('stays with the target while the camera pans', () => {
    const target = createMovingTarget({
      ...{ width, height, size: 64, seed: 4 },
      ...{ x: straight(80, 3), y: straight(90, 1), panX: straight(0, -2), panY: straight(0, 1) },
    });
    expect(Math.max(...centreErrors(target, follow(target)))).toBeLessThan(4);
  });

  test('holds a box that is not square', () => {
    const target = createMovingTarget({ width, height, size: 96, x: straight(120, 2), y: straight(130, 0.5), seed: 5 });
    const tracker = createTracker();
    const narrow = ({ x, y, width: w, height: h }: Box): Box => ({ x: x + w / 4, y, width: w / 2, height: h });
    tracker.start(toFrame(target, 0), narrow(target.box(0)));
    for (let i = 1; i < frames; i++) {
      expect(overlap(tracker.update(toFrame(target, i)).box, narrow(target.box(i)))).toBeGreaterThan(0.85);
    }
  });

  test('reads luma as well as colour', () => {
    const target = createMovingTarget({ width, height, size: 64, x: straight(90, 2), y: straight(110, 1), seed: 6 });
    const grey = (i: number): TrackerFrame => ({
      ...{ width, height, channels: 1 },
      data: target.frame(i).filter((_, at) => at % 3 === 1),
    });
    const tracker = createTracker();
    tracker.start(grey(0), target.box(0));
    for (let i = 1; i < 15; i++) expect(overlap(tracker.update(grey(i)).box, target.box(i))).toBeGreaterThan(0.9);
  });

  test('gains by a tenth of overlap from looking for the size, where the target grows by a third or shrinks', () => {
    for (const speed of [0.0117, -0.008]) {
      const target = createMovingTarget({
        ...{ width, height, size: 90, x: straight(170, 0.5), y: straight(140, 0.3), seed: 7 },
        scale: straight(1, speed),
      });
      const [fixed, searched] = [follow(target), follow(target, { scale: true })];
      expect(endOverlap(target, searched)).toBeGreaterThan(endOverlap(target, fixed) + 0.1);
      expect(Math.sign(searched.at(-1)!.scale - 1)).toBe(Math.sign(speed));
      expect(fixed.at(-1)!.scale).toBe(1);
    }
  });
});

describe('a tracker that loses its target', () => {
  const path = { width, height, size: 64, x: straight(80, 3), y: straight(90, 1) };

  test('says so when the target vanishes, and stays where it was', () => {
    for (const seed of [1, 2, 3]) {
      const target = createMovingTarget({ ...path, seed, isVisible: (i) => i < 12 });
      const updates = follow(target, {}, 20);
      expect(updates.slice(0, 11).some(({ isLost }) => isLost)).toBe(false);
      expect(updates.slice(12).every(({ isLost }) => isLost)).toBe(true);
      expect(updates.at(-1)!.box).toEqual(updates[12]!.box);
    }
  });

  test('says so while the target is hidden, and finds it again', () => {
    const target = createMovingTarget({ ...path, seed: 2, isVisible: (i) => i < 12 || i > 16 });
    const updates = follow(target);
    expect(updates.slice(12, 16).every(({ isLost }) => isLost)).toBe(true);
    expect(updates.at(-1)!.isLost).toBe(false);
    expect(endOverlap(target, updates)).toBeGreaterThan(0.9);
  });

  test('says so on a box without texture', () => {
    const tracker = createTracker();
    const flat = (level: number): TrackerFrame => ({
      ...{ width: 100, height: 100, channels: 1 },
      data: new Uint8Array(10_000).fill(level),
    });
    tracker.start(flat(100), { x: 30, y: 30, width: 40, height: 40 });
    expect(tracker.update(flat(101)).isLost).toBe(true);
  });

  test('says when the target has left the frame', () => {
    const target = createMovingTarget({ width, height, size: 64, x: straight(300, 6), y: still(150), seed: 3 });
    const updates = follow(target, {}, 25);
    expect(updates[5]!.isLost).toBe(false);
    expect(updates.at(-1)!.isLost).toBe(true);
  });

  test('says so, and keeps its box in the frame, when the whole scene goes out', () => {
    const target = createMovingTarget({
      width,
      height,
      size: 64,
      x: straight(360, 8),
      y: still(150),
      panX: straight(0, 8),
    });
    for (const options of [{}, { minPeak: 0, minPeakToSidelobe: 0 }]) {
      const updates = follow(target, options, 12);
      expect(updates[1]!.isLost).toBe(false);
      expect(updates.every(({ box }) => box.x + box.width / 2 <= width)).toBe(true);
      if (!('minPeak' in options)) expect(updates.slice(6).every(({ isLost }) => isLost)).toBe(true);
    }
  });
});

describe('createTracker', () => {
  test('gives the same bits every time, and after another target too', () => {
    const target = createMovingTarget({
      width,
      height,
      size: 64,
      x: straight(90, 2.3),
      y: straight(110, 1.1),
      seed: 8,
    });
    const first = follow(target, { scale: true }, 10);
    expect(follow(target, { scale: true }, 10)).toEqual(first);
    const tracker = createTracker({ scale: true });
    tracker.start(toFrame(target, 5), { x: 10, y: 10, width: 80, height: 80 });
    tracker.update(toFrame(target, 6));
    tracker.start(toFrame(target, 0), target.box(0));
    expect(Array.from({ length: 10 }, (_, i) => tracker.update(toFrame(target, i + 1)))).toEqual(first);
  });

  test('refuses what it cannot follow', () => {
    const frame: TrackerFrame = { data: new Uint8Array(300), width: 10, height: 10, channels: 3 };
    const tracker = createTracker();
    expect(() => tracker.update(frame)).toThrow(/not been started/);
    expect(() => tracker.start(frame, { x: 1, y: 1, width: 0, height: 4 })).toThrow(/empty box/);
    expect(() => tracker.start(frame, { x: 9, y: 1, width: 6, height: 4 })).toThrow(/centre of the box lies outside/);
    expect(() => createTracker({ padding: 1 })).toThrow(/padding must be above 1, got 1/);
    expect(() => createTracker({ template: 8 })).toThrow(/template must be 32 to 512 pixels, got 8/);
    expect(() => createTracker({ lambda: -1 })).toThrow(/lambda must not be negative, got -1/);
  });
});
