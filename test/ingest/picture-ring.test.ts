import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom, packageRoot } from '../../src/core/index.js';
import { createPictureRing } from '../../src/ingest/picture-ring.js';
import { toLuma } from '../../src/vision/index.js';
import { expectSameBytes } from './compare.js';

const built = existsSync(join(packageRoot(), 'dist', 'ingest', 'kernels', 'pictures.wasm'));
const random = createRandom(5);
const picture = (pixels: number) => Uint8Array.from({ length: 3 * pixels }, () => random.int(256));

/** The sums of the kernel, the slow way. */
function slowMixture(a: Uint8Array, m: Uint8Array, b: Uint8Array) {
  let [whole, along, part] = [0, 0, 0];
  a.forEach((from, i) => {
    whole += (b[i]! - from) ** 2;
    along += (m[i]! - from) * (b[i]! - from);
    part += (m[i]! - from) ** 2;
  });
  const share = whole > 0 ? along / whole : 0;
  return { apart: Math.sqrt(whole / a.length), share, rest: whole > 0 ? Math.max(0, part - share * along) / whole : 1 };
}

describe.skipIf(!built)('the ring of pictures (needs npm run build)', () => {
  it.each([16, 256, 259, 3072])('gives what plain loops over %i pixels give', (pixels) => {
    const pictures = Array.from({ length: 5 }, () => picture(pixels));
    const ring = createPictureRing(pixels, 4);
    pictures.forEach((rgb, n) => {
      ring.push(rgb);
      const before = pictures[n - 1];
      const apart = before ? rgb.reduce((sum, value, i) => sum + Math.abs(value - before[i]!), 0) / rgb.length : 0;
      expect(ring.difference).toBe(apart);
    });
    const lumas = pictures.map(toLuma);
    for (const n of [1, 2, 3, 4]) {
      expectSameBytes(ring.luma(n), lumas[n]!);
      const mean = lumas[n]!.reduce((sum, value) => sum + value, 0) / pixels;
      const variance = lumas[n]!.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pixels;
      expect(ring.contrast(n)).toBeCloseTo(Math.sqrt(variance), 6);
    }
    expect(ring.mixture(1, 2, 4)).toEqual(slowMixture(lumas[1]!, lumas[2]!, lumas[4]!));
  });

  it('sees a mixture where there is one, and none between unrelated pictures', () => {
    const pixels = 3072;
    const [a, b] = [picture(pixels), picture(pixels)];
    const ring = createPictureRing(pixels, 8);
    for (const rgb of [a, a.map((value, i) => Math.round(0.7 * value + 0.3 * b[i]!)), picture(pixels), b])
      ring.push(rgb);
    const mixed = ring.mixture(0, 1, 3);
    expect(mixed.share).toBeCloseTo(0.3, 2);
    expect(mixed.rest).toBeLessThan(0.001);
    expect(ring.mixture(0, 2, 3).rest).toBeCloseTo(0.75, 1);
  });
});
