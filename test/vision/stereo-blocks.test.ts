import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { matchBlocks } from '../../src/vision/index.js';

const [width, height] = [70, 40];
const random = createRandom('blocks');
const wide = Uint8Array.from({ length: (width + 20) * (height + 8) }, () => random.int(256));
const cut = (x0: number, y0: number, change = (value: number) => value) =>
  Uint8Array.from({ length: width * height }, (_, i) =>
    change(wide[(Math.floor(i / width) + y0) * (width + 20) + (i % width) + x0]!),
  );
const search = { dx: [-5, 5], dy: [-2, 2], leastDeviation: 6 } as const;

/** Normalised correlation of two blocks of 16 × 16, by its definition. */
function correlate(a: Uint8Array, b: Uint8Array, [ax, ay]: readonly number[], [bx, by]: readonly number[]): number {
  const take = (from: Uint8Array, x: number, y: number) =>
    Array.from({ length: 256 }, (_, i) => from[(y + (i >> 4)) * width + x + (i & 15)]!);
  const [p, q] = [take(a, ax!, ay!), take(b, bx!, by!)];
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / 256;
  const [mp, mq] = [mean(p), mean(q)];
  const dot = (f: number[], mf: number, g: number[], mg: number) =>
    f.reduce((sum, value, i) => sum + (value - mf) * (g[i]! - mg), 0);
  return dot(p, mp, q, mq) / Math.sqrt(dot(p, mp, p, mp) * dot(q, mq, q, mq));
}

describe('matchBlocks', () => {
  it('finds a picture that is moved and of another brightness and contrast', () => {
    const found = matchBlocks(
      cut(8, 4),
      cut(11, 3, (value) => 20 + value / 2),
      width,
      height,
      search,
    );
    expect(found.length).toBe(4 * 2);
    for (const { x, y, dx, dy, correlation } of found) {
      const fits = x - 3 >= 0 && y + 1 + 16 <= height;
      if (!fits) continue;
      expect(Math.abs(dx + 3)).toBeLessThan(0.2);
      expect(dy).toBe(1);
      expect(correlation).toBeGreaterThan(0.999);
    }
  });

  it('gives the best correlation of a slow search over the same places', () => {
    const [a, b] = [cut(8, 4), cut(10, 5, (value) => (value * 7) % 256)];
    for (const { x, y, dx, dy, correlation, atRest } of matchBlocks(a, b, width, height, search)) {
      let best = { value: -2, dx: 0, dy: 0 };
      for (let v = -2; v <= 2; v++)
        for (let u = -5; u <= 5; u++) {
          if (x + u < 0 || y + v < 0 || x + u + 16 > width || y + v + 16 > height) continue;
          const value = correlate(a, b, [x, y], [x + u, y + v]);
          if (value > best.value + 1e-9) best = { value, dx: u, dy: v };
        }
      expect(correlation).toBeCloseTo(best.value, 5);
      expect(dy).toBe(best.dy);
      expect(Math.abs(dx - best.dx)).toBeLessThanOrEqual(0.5);
      expect(atRest).toBeCloseTo(correlate(a, b, [x, y], [x, y]), 5);
    }
  });

  it('passes over what has no texture, and pictures smaller than a block', () => {
    expect(matchBlocks(new Uint8Array(width * height), cut(8, 4), width, height, search)).toEqual([]);
    expect(matchBlocks(new Uint8Array(100), new Uint8Array(100), 10, 10, search)).toEqual([]);
    expect(() => matchBlocks(new Uint8Array(9), new Uint8Array(100), 10, 10, search)).toThrow(/must hold 100 bytes/);
  });
});
