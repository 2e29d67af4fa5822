import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import {
  cutSuperpixels,
  findComponents,
  grabCut,
  grabCutHints,
  prepareNearest,
  rgbToLab,
} from '../../src/vision/index.js';

/** A picture of two halves of colour, with noise. */
function halves(width: number, height: number, seed = 1): Uint8Array {
  const random = createRandom(seed);
  return Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const left = Math.floor(i / 3) % width < width / 2;
    return (left ? [200, 60, 40] : [40, 90, 180])[i % 3]! + random.int(9);
  });
}

describe('Lab', () => {
  it('is that of the tables for white, black and the primaries', () => {
    const lab = (rgb: readonly number[]) => [...rgbToLab(Uint8Array.from(rgb), 1, 1, new Float32Array(3))];
    const known = [
      [
        [255, 255, 255],
        [100, 0, 0],
      ],
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
      [
        [255, 0, 0],
        [53.24, 80.09, 67.2],
      ],
      [
        [0, 255, 0],
        [87.73, -86.18, 83.18],
      ],
      [
        [0, 0, 255],
        [32.3, 79.19, -107.86],
      ],
      [
        [128, 128, 128],
        [53.59, 0, 0],
      ],
    ] as const;
    for (const [rgb, [l, a, b]] of known) {
      const found = lab(rgb);
      expect(Math.abs(found[0]! / 2.55 - l)).toBeLessThan(0.1);
      expect(Math.abs(found[1]! - 128 - a)).toBeLessThan(0.3);
      expect(Math.abs(found[2]! - 128 - b)).toBeLessThan(0.3);
    }
  });
});

describe('superpixels', () => {
  it('equals a slow rewrite that compares every pixel with every centre in reach', () => {
    const [width, height] = [37, 23];
    const rgb = halves(width, height);
    const options = { regions: 20, compactness: 12, rounds: 3 };
    const { labels, count, centres } = cutSuperpixels(rgb, width, height, options);
    const slow = slowSuperpixels(rgb, width, height, options);
    expect(count).toBe(slow.count);
    const equal = labels.filter((label, i) => label === slow.labels[i]).length;
    expect(equal / labels.length).toBeGreaterThan(0.995); // sums in float32 round otherwise
    expect(centres.length).toBe(5 * count);
  });

  it('keeps to a strong edge, covers the picture and says how large each region is', () => {
    const [width, height] = [64, 48];
    const { labels, sizes, count } = cutSuperpixels(halves(width, height), width, height, { regions: 48 });
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(width * height);
    const onLeft = new Float64Array(count);
    labels.forEach((label, i) => (onLeft[label]! += i % width < width / 2 ? 1 : 0));
    const mixed = [...onLeft].filter((pixels, n) => Math.min(pixels, sizes[n]! - pixels) > 0.1 * sizes[n]!);
    expect(mixed.length).toBe(0);
  });

  it('refuses bytes that are not the picture', () => {
    expect(() => cutSuperpixels(new Uint8Array(5), 2, 2)).toThrow(/12 bytes, got 5/);
  });
});

function slowSuperpixels(
  rgb: Uint8Array,
  width: number,
  height: number,
  { regions, compactness, rounds }: { regions: number; compactness: number; rounds: number },
) {
  const lab = rgbToLab(rgb, width, height, new Float32Array(3 * width * height));
  const step = Math.sqrt((width * height) / regions);
  const [columns, lines] = [Math.round(width / step), Math.round(height / step)];
  const reach = Math.ceil(Math.max(width / columns, height / lines));
  const at = (c: number, i: number) => lab[c * width * height + i]!;
  let centres = Array.from({ length: columns * lines }, (_, n) => {
    const x = ((n % columns) + 0.5) * (width / columns) - 0.5;
    const y = (Math.floor(n / columns) + 0.5) * (height / lines) - 0.5;
    const i = Math.round(y) * width + Math.round(x);
    return [at(0, i), at(1, i), at(2, i), x, y];
  });
  const labels = new Int32Array(width * height);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < labels.length; i++) {
      const [x, y] = [i % width, Math.floor(i / width)];
      let best = Infinity;
      centres.forEach((centre, n) => {
        const from = Math.max(0, Math.trunc(centre[3]!) - reach) & ~3;
        // Four pixels at a time: the last four may reach a little further.
        const to = from + 4 * Math.ceil((Math.min((width + 3) & ~3, Math.trunc(centre[3]!) + reach + 1) - from) / 4);
        if (x < from || x >= to || Math.abs(y - Math.trunc(centre[4]!)) > reach) return;
        const colour = [0, 1, 2].reduce((sum, c) => sum + (at(c, i) - centre[c]!) ** 2, 0);
        const place = ((x - centre[3]!) ** 2 + (y - centre[4]!) ** 2) * (compactness / step) ** 2;
        if (colour + place < best) {
          best = colour + place;
          labels[i] = n;
        }
      });
    }
    centres = centres.map((centre, n) => {
      const own = [...labels.keys()].filter((i) => labels[i] === n);
      if (own.length === 0) return centre;
      const mean = (of: (i: number) => number) => own.reduce((sum, i) => sum + of(i), 0) / own.length;
      return [
        ...[0, 1, 2].map((c) => mean((i) => at(c, i))),
        mean((i) => i % width),
        mean((i) => Math.floor(i / width)),
      ];
    });
  }
  return { labels, count: centres.length };
}

describe('the nearest rows', () => {
  it('are those of a search of all of them, nearest first', () => {
    const random = createRandom(7);
    const [length, rows, most] = [8, 61, 5];
    const data = Float32Array.from({ length: length * rows }, () => random.float());
    const find = prepareNearest({ data, length }, most, rows);
    const { found, distances } = find({ first: 10, count: 20 }, { first: 3, count: 50 });
    for (let q = 0; q < 20; q++) {
      const all = Array.from({ length: 50 }, (_, k) => {
        const row = 3 + k;
        let sum = 0;
        for (let i = 0; i < length; i++) sum += (data[(10 + q) * length + i]! - data[row * length + i]!) ** 2;
        return { row, sum };
      }).sort((a, b) => a.sum - b.sum);
      expect([...found.subarray(q * most, (q + 1) * most)]).toEqual(all.slice(0, most).map(({ row }) => row));
      expect(distances[q * most]).toBe(0); // itself is among them
      expect(distances[q * most + 4]).toBeCloseTo(all[4]!.sum, 5);
    }
  });

  it('says -1 where there are not as many', () => {
    const find = prepareNearest({ data: new Float32Array(8), length: 4 }, 3, 2);
    expect([...find({ first: 0, count: 1 }, { first: 0, count: 2 }).found]).toEqual([0, 1, -1]);
    expect(() => find({ first: 0, count: 3 }, { first: 0, count: 2 })).toThrow(/At most 2 queries/);
    expect(() => prepareNearest({ data: new Float32Array(6), length: 3 }, 1, 1)).toThrow(/multiple of 4/);
  });
});

describe('the parts of a mask', () => {
  it('touch at corners, and are numbered in reading order', () => {
    const mask = Uint8Array.from([1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0]);
    const { labels, sizes } = findComponents(mask, 4, 4);
    expect(sizes).toEqual([2, 1, 2]);
    expect([...labels]).toEqual([1, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0]);
  });
});

describe('GrabCut', () => {
  it('finds the half that is hinted at, and the same whatever was cut before', () => {
    const [width, height] = [48, 32];
    const hints = Uint8Array.from({ length: width * height }, (_, i) => {
      const x = i % width;
      return x < 8
        ? grabCutHints.background
        : x > 30
          ? grabCutHints.probablyForeground
          : grabCutHints.probablyBackground;
    });
    const first = grabCut(halves(width, height), hints, width, height, 2);
    grabCut(halves(width, height, 9), hints, width, height, 1);
    const again = grabCut(halves(width, height), hints, width, height, 2);
    expect(Buffer.compare(first, again)).toBe(0);
    const right = first.filter((value, i) => value === (i % width >= width / 2 ? 1 : 0)).length;
    expect(right / first.length).toBeGreaterThan(0.97);
  });
});
