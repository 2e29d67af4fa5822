import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { centredEllipse, contourAccuracy, regionSimilarity } from '../../../src/eval/metrics/index.js';

const [width, height] = [854, 480];

function square(x: number, y: number, side = 120): Uint8Array {
  const mask = new Uint8Array(width * height);
  for (let v = y; v < y + side; v++) mask.fill(1, v * width + x, v * width + x + side);
  return mask;
}

describe('J', () => {
  it('is right by hand, symmetric, 1 on itself and where both are empty, and leaves void out', () => {
    const [a, b] = [Uint8Array.of(1, 1, 0, 0), Uint8Array.of(0, 255, 255, 0)];
    expect(regionSimilarity(a, b)).toBeCloseTo(1 / 3, 12);
    expect(regionSimilarity(b, a)).toBe(regionSimilarity(a, b));
    expect(regionSimilarity(a, a)).toBe(1);
    expect(regionSimilarity(new Uint8Array(4), new Uint8Array(4))).toBe(1);
    expect(regionSimilarity(a, b, Uint8Array.of(1, 0, 0, 0))).toBe(0.5);
    expect(() => regionSimilarity(a, new Uint8Array(3))).toThrow(/one size/);
  });
});

describe('F', () => {
  it('is 1 for a mask shifted by half the tolerance at 480p, and under one half by 20 pixels', () => {
    const truth = square(300, 150);
    expect(contourAccuracy(truth, truth, width, height)).toBe(1);
    expect(contourAccuracy(truth, square(304, 154), width, height)).toBe(1);
    expect(contourAccuracy(truth, square(320, 170), width, height)).toBeLessThan(0.5);
    const [a, b] = [
      contourAccuracy(truth, square(310, 150), width, height),
      contourAccuracy(square(310, 150), truth, width, height),
    ];
    expect(a).toBeCloseTo(b, 12);
  });

  it('is 1 where neither has an outline, and 0 where one has none', () => {
    const empty = new Uint8Array(width * height);
    expect(contourAccuracy(empty, empty, width, height)).toBe(1);
    expect(contourAccuracy(empty, square(5, 5), width, height)).toBe(0);
    expect(contourAccuracy(square(5, 5), empty, width, height)).toBe(0);
  });

  it('equals a slow rewrite that measures every distance between outlines', () => {
    const random = createRandom(3);
    const [w, h] = [40, 30];
    const radius = Math.ceil(0.008 * Math.sqrt(w * w + h * h));
    for (let round = 0; round < 5; round++) {
      const draw = () => {
        const [cx, cy, r] = [random.int(w), random.int(h), 4 + random.int(9)];
        return Uint8Array.from({ length: w * h }, (_, i) =>
          (i % w) ** 2 - 2 * cx * (i % w) + cx * cx + (Math.floor(i / w) - cy) ** 2 < r * r ? 1 : 0,
        );
      };
      const [truth, found] = [draw(), draw()];
      const edge = (mask: Uint8Array) => {
        const at = (x: number, y: number) => mask[Math.min(h - 1, y) * w + Math.min(w - 1, x)]!;
        const out: [number, number][] = [];
        for (let y = 0; y < h; y++)
          for (let x = 0; x < w; x++) {
            const other = x === w - 1 || y === h - 1 ? [] : [at(x + 1, y + 1)];
            const own = [at(x + 1, y), at(x, y + 1), ...other];
            if (own.some((value) => value !== at(x, y))) out.push([x, y]);
          }
        return out;
      };
      const [t, f] = [edge(truth), edge(found)];
      const near = (from: [number, number][], to: [number, number][]) =>
        from.filter(([x, y]) => to.some(([u, v]) => (x - u) ** 2 + (y - v) ** 2 <= radius * radius)).length /
        from.length;
      const [precision, recall] = [near(f, t), near(t, f)];
      const slow = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
      expect(contourAccuracy(truth, found, w, h)).toBeCloseTo(slow, 12);
    }
  });
});

describe('an ellipse at the centre', () => {
  it('has the area of its radii', () => {
    const pixels = centredEllipse(200, 100, 0.2, 0.3).reduce((a, b) => a + b, 0);
    expect(pixels / 20000).toBeCloseTo(Math.PI * 0.2 * 0.3, 2);
  });
});
