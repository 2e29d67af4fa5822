import { expect, test } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { resizeRgb } from '../../src/vision/index.js';

function noise(length: number, seed = 1): Uint8Array {
  const random = createRandom(seed);
  return Uint8Array.from({ length }, () => random.int(256));
}

/** Each output pixel by the definition: exact overlap of areas, or linear between pixel centres. */
function slowResize(data: Uint8Array, w: number, h: number, toW: number, toH: number, channels: number): Float64Array {
  const weight = (from: number, to: number, i: number, s: number): number => {
    const scale = from / to;
    if (scale >= 1) return Math.max(0, Math.min(s + 1, (i + 1) * scale) - Math.max(s, i * scale)) / scale;
    const centre = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), from - 1);
    return Math.max(0, 1 - Math.abs(s - centre));
  };
  const out = new Float64Array(toW * toH * channels);
  for (let y = 0; y < toH; y++) {
    for (let x = 0; x < toW; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let sy = 0; sy < h; sy++) {
          const wy = weight(h, toH, y, sy);
          if (wy === 0) continue;
          for (let sx = 0; sx < w; sx++) sum += wy * weight(w, toW, x, sx) * data[(sy * w + sx) * channels + c]!;
        }
        out[(y * toW + x) * channels + c] = sum;
      }
    }
  }
  return out;
}

test.each([
  [20, 15, 7, 5, 3],
  [13, 9, 13, 4, 1],
  [5, 4, 16, 11, 3],
  [9, 20, 17, 8, 3],
  [7, 7, 1, 1, 2],
])('scales %i×%i to %i×%i (%i channels) as the definition says', (w, h, toW, toH, channels) => {
  const data = noise(w * h * channels, w * 100 + toW);
  const fast = resizeRgb(data, w, h, toW, toH, channels);
  const slow = slowResize(data, w, h, toW, toH, channels);
  expect(fast.length).toBe(slow.length);
  for (let i = 0; i < slow.length; i++) expect(Math.abs(fast[i]! - slow[i]!)).toBeLessThanOrEqual(0.5 + 1e-9);
});

test('halves a picture to the rounded mean of each block of four', () => {
  expect([...resizeRgb(Uint8Array.of(0, 10, 20, 31, 2, 4, 100, 100), 4, 2, 2, 1, 1)]).toEqual([4, 63]);
});

test('gives the same pixels for the same size, in memory of their own', () => {
  const data = noise(6 * 5 * 3);
  const out = resizeRgb(data, 6, 5, 6, 5);
  expect([...out]).toEqual([...data]);
  out[0]! ^= 1;
  expect(out[0]).not.toBe(data[0]);
});

test('keeps white white, whatever the sizes', () => {
  for (const [w, toW] of [
    [320, 80],
    [341, 64],
    [17, 96],
  ] as const) {
    const out = resizeRgb(new Uint8Array(w * w).fill(255), w, w, toW, toW, 1);
    expect(out.every((value) => value === 255)).toBe(true);
  }
});

test('refuses data that is not of the stated size', () => {
  expect(() => resizeRgb(new Uint8Array(10), 2, 2, 1, 1)).toThrow(/must hold 12 bytes, got 10/);
  expect(() => resizeRgb(new Uint8Array(12), 2, 2, 0, 1)).toThrow(/toWidth must be a positive integer, got 0/);
});
