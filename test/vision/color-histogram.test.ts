import { expect, test } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { histogram, histogramDistance, toLuma } from '../../src/vision/index.js';

test('gives grey its own level and weighs the primaries as BT.601 does, within half a level', () => {
  const greys = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  expect([...toLuma(greys)]).toEqual(Array.from({ length: 256 }, (_, i) => i));
  const random = createRandom(4);
  const rgb = Uint8Array.from({ length: 3000 }, () => random.int(256));
  toLuma(rgb).forEach((luma, i) => {
    const exact = 0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!;
    expect(Math.abs(luma - exact)).toBeLessThan(1.2);
  });
});

test('refuses a picture that is not whole pixels', () => {
  expect(() => toLuma(new Uint8Array(4))).toThrow(RangeError);
  expect(() => histogram(new Uint8Array(4))).toThrow(RangeError);
  expect(() => histogram(new Uint8Array(3), 3, 10)).toThrow(/bins must divide 256, got 10/);
});

test('counts each channel into its bins', () => {
  const shares = histogram(Uint8Array.of(0, 127, 255, 127, 128, 200), 3, 2);
  expect([...shares]).toEqual([1, 0, 0.5, 0.5, 0, 1]);
});

test('is a distance: 0 on itself, 1 where nothing is shared, symmetric', () => {
  const dark = histogram(new Uint8Array(30).fill(3));
  const light = histogram(new Uint8Array(30).fill(250));
  const half = histogram(Uint8Array.from({ length: 60 }, (_, i) => (i < 30 ? 3 : 250)));
  expect(histogramDistance(dark, dark)).toBe(0);
  expect(histogramDistance(dark, light)).toBe(1);
  expect(histogramDistance(dark, half)).toBeCloseTo(0.5, 12);
  expect(histogramDistance(half, dark)).toBe(histogramDistance(dark, half));
});
