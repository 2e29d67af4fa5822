import { describe, expect, test } from 'vitest';
import { createMovingTarget, still, straight } from '../../src/synthetic/index.js';

const scene = { width: 96, height: 72, size: 20, grain: 0, seed: 1 };

/** Pixels that differ between two pictures: their bounds, edges included. */
function difference(
  a: Uint8Array,
  b: Uint8Array,
  width: number,
): { x: number; y: number; width: number; height: number } {
  const places = Array.from({ length: a.length / 3 }, (_, i) => i).filter((i) =>
    [0, 1, 2].some((c) => a[3 * i + c] !== b[3 * i + c]),
  );
  const [xs, ys] = [places.map((i) => i % width), places.map((i) => Math.floor(i / width))];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { x: left, y: top, width: Math.max(...xs) - left + 1, height: Math.max(...ys) - top + 1 };
}

describe('createMovingTarget', () => {
  test('draws the target exactly in its box', () => {
    const target = createMovingTarget({ ...scene, x: straight(30, 7), y: straight(40, 2), isVisible: (i) => i !== 9 });
    const bare = target.frame(9);
    for (const index of [0, 1, 3]) expect(difference(target.frame(index), bare, 96)).toEqual(target.box(index));
  });

  test('moves it unchanged by whole pixels, and by half a pixel to the mean of two', () => {
    const target = createMovingTarget({ ...scene, x: straight(30, 0.5), y: still(40) });
    const [first, half, whole] = [0, 1, 2].map((index) => target.frame(index));
    for (let y = 31; y < 49; y++) {
      for (let x = 24; x < 38; x++) {
        const at = (y * 96 + x) * 3;
        expect(whole![at + 3]).toBe(first![at]);
        expect(Math.abs(half![at + 3]! - (first![at]! + first![at + 3]!) / 2)).toBeLessThanOrEqual(1);
      }
    }
  });

  test('covers the pixels at its edge by their share', () => {
    const target = createMovingTarget({ ...scene, x: straight(30, 0.25), y: still(40), isVisible: (i) => i < 2 });
    const [inside, between, bare] = [0, 1, 2].map((index) => target.frame(index));
    const at = (40 * 96 + 20) * 3; // its left edge lies at 20, and then at 20.25
    expect(Math.abs(between![at]! - (0.75 * inside![at]! + 0.25 * bare![at]!))).toBeLessThanOrEqual(1);
  });

  test('grows about its centre, and pans the backdrop round', () => {
    const target = createMovingTarget({
      ...scene,
      x: still(48),
      y: still(36),
      scale: straight(1, 0.5),
      panX: straight(0, 48),
    });
    expect(target.box(2)).toEqual({ x: 28, y: 16, width: 40, height: 40 });
    const [start, round] = [target.frame(0), target.frame(2)];
    expect([...round.subarray(0, 96 * 3)]).toEqual([...start.subarray(0, 96 * 3)]);
    expect([...target.frame(1).subarray(48 * 3, 96 * 3)]).toEqual([...start.subarray(0, 48 * 3)]);
  });

  test('gives the same bytes from the same seed in any order, others from another, and grain of the stated size', () => {
    const options = { ...scene, grain: 3, x: straight(30, 1), y: still(40) };
    const [a, b] = [createMovingTarget(options), createMovingTarget(options)];
    b.frame(7);
    expect(Buffer.compare(a.frame(3), b.frame(3))).toBe(0);
    expect(Buffer.compare(a.frame(3), createMovingTarget({ ...options, seed: 2 }).frame(3))).not.toBe(0);
    const still0 = createMovingTarget({ ...options, x: still(30) });
    const [first, second] = [still0.frame(0), still0.frame(1)];
    const squares =
      first.reduce((sum, value, i) => sum + (value - second[i]!) * (value - second[i]!), 0) / first.length;
    expect(Math.sqrt(squares / 2)).toBeGreaterThan(2.7);
    expect(Math.sqrt(squares / 2)).toBeLessThan(3.3);
  });
});
