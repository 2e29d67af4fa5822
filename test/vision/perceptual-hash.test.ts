import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { decodeImage, encodeImage, hashDistance, perceptualHash, resizeRgb } from '../../src/vision/index.js';

const [width, height] = [96, 64];

/** Smooth random picture: noise enlarged. */
function scene(seed: number): Uint8Array {
  const random = createRandom(seed);
  const coarse = Uint8Array.from({ length: 12 * 8 }, () => 30 + random.int(190));
  return resizeRgb(coarse, 12, 8, width, height, 1);
}

/** The two-dimensional sum written out, with the machine's cosine. */
function slowHash(luma: Uint8Array): string {
  const small = resizeRgb(luma, width, height, 32, 32, 1);
  const values: number[] = [];
  for (let fx = 1; fx <= 8; fx++) {
    for (let fy = 1; fy <= 8; fy++) {
      let sum = 0;
      for (let y = 0; y < 32; y++) {
        for (let x = 0; x < 32; x++) {
          sum +=
            small[y * 32 + x]! *
            Math.cos((Math.PI * (2 * x + 1) * fx) / 64) *
            Math.cos((Math.PI * (2 * y + 1) * fy) / 64);
        }
      }
      values.push(sum);
    }
  }
  const sorted = [...values].sort((a, b) => a - b);
  const median = (sorted[31]! + sorted[32]!) / 2;
  const bits = values.map((value) => (value > median ? '1' : '0')).join('');
  return BigInt(`0b${bits}`).toString(16).padStart(16, '0');
}

describe('perceptualHash', () => {
  test.each([1, 2, 3])('equals the transform written out (scene %i)', (seed) => {
    expect(perceptualHash(scene(seed), width, height)).toBe(slowHash(scene(seed)));
  });

  test('hardly changes with size, brightness and compression', async () => {
    for (let seed = 10; seed < 20; seed++) {
      const luma = scene(seed);
      const hash = perceptualHash(luma, width, height);
      const larger = perceptualHash(resizeRgb(luma, width, height, 200, 130, 1), 200, 130);
      const brighter = perceptualHash(
        luma.map((value) => Math.round(value * 0.9 + 20)),
        width,
        height,
      );
      const { data } = await decodeImage(await encodeImage(luma, width, height, 1, { quality: 60 }));
      const recompressed = perceptualHash(data, width, height);
      for (const other of [larger, brighter, recompressed]) expect(hashDistance(hash, other)).toBeLessThanOrEqual(8);
    }
  });

  test('is far for pictures that have nothing in common', () => {
    const hashes = Array.from({ length: 20 }, (_, seed) => perceptualHash(scene(seed), width, height));
    const distances = hashes.flatMap((a, i) => hashes.slice(i + 1).map((b) => hashDistance(a, b)));
    expect(Math.min(...distances)).toBeGreaterThan(14);
    const mean = distances.reduce((a, b) => a + b) / distances.length;
    expect(mean).toBeGreaterThan(29);
    expect(mean).toBeLessThan(35);
  });

  test('gives zeros for a flat picture of any level', () => {
    for (const level of [0, 77, 255]) {
      expect(perceptualHash(new Uint8Array(width * height).fill(level), width, height)).toBe('0000000000000000');
    }
  });
});

test('counts the bits in which hashes differ', () => {
  expect(hashDistance('0000000000000000', 'ffffffffffffffff')).toBe(64);
  expect(hashDistance('8000000000000001', '0000000000000003')).toBe(2);
  expect(() => hashDistance('12', '0000000000000003')).toThrow(/16 hexadecimal digits/);
});
