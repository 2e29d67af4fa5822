import { describe, expect, it } from 'vitest';
import {
  createStereoFilm,
  createStereoSet,
  packStereo,
  stereoPackings,
  stereoSetClassNames,
} from '../../src/synthetic/index.js';
import { splitEyes, type Arrangement } from '../../src/mining/stereo-pairs/layout.js';
import { expectSameBytes } from '../ingest/compare.js';

describe('a generated stereo film', () => {
  const film = createStereoFilm({ seed: 2, width: 128, height: 72, takes: [3, 2], grain: 0 });

  it('shows in the right eye, at its disparity away, what the left one shows, wherever both see it', () => {
    const { left, right } = film.view(1);
    const { disparity, visible } = film.truth(1);
    const [width] = [film.width];
    let [seen, off] = [0, 0];
    disparity.forEach((d, i) => {
      if (visible[i] === 0) return;
      const x = i % width;
      const at = x - d;
      const low = Math.floor(at);
      const [a, b] = [3 * (i - x + low), 3 * (i - x + Math.min(width - 1, low + 1))];
      for (let c = 0; c < 3; c++) {
        const value = right[a + c]! * (1 - (at - low)) + right[b + c]! * (at - low);
        seen++;
        if (Math.abs(value - left[3 * i + c]!) > 6) off++; // edges are blended, textures read between their points
      }
    });
    expect(seen).toBeGreaterThan(0.9 * 3 * disparity.length);
    expect(off / seen).toBeLessThan(0.05);
    expect(Math.min(...disparity)).toBeCloseTo(-0.02 * width, 4);
    expect(Math.max(...disparity)).toBeGreaterThan(0);
  });

  it('gives the same bytes in any order, has its cut, and refuses frames that it has not', () => {
    const again = createStereoFilm({ seed: 2, width: 128, height: 72, takes: [3, 2], grain: 0 });
    expectSameBytes(again.view(4).right, film.view(4).right);
    expect(film.cuts).toEqual([3]);
    expect(film.frameCount).toBe(5);
    expect(() => film.view(5)).toThrow(/from 0 to 4/);
  });
});

describe('packStereo', () => {
  const [width, height] = [16, 8];
  const eye = (seed: number) => Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * seed) % 251);
  const [a, b] = [eye(7), eye(13)];

  it('is undone by splitEyes, bit for bit, where eyes are whole', () => {
    for (const packing of ['sbs-full', 'tb-full'] as const) {
      const packed = packStereo(a, b, width, height, packing);
      const [first, second] = splitEyes({ ...packed, channels: 3 }, packing.slice(0, -5) as Arrangement);
      expectSameBytes(first.data, a);
      expectSameBytes(second.data, b);
    }
  });

  it('interleaves so that splitEyes finds every pixel in the eye it came from', () => {
    for (const packing of ['rows', 'columns', 'checkerboard'] as const) {
      const packed = packStereo(
        new Uint8Array(a.length).fill(10),
        new Uint8Array(b.length).fill(200),
        width,
        height,
        packing,
      );
      const [first, second] = splitEyes({ ...packed, channels: 3 }, packing);
      expect([new Set(first.data), new Set(second.data)]).toEqual([new Set([10]), new Set([200])]);
    }
  });

  it('keeps the size that each packing has', () => {
    const sizes = stereoPackings.map((packing) => {
      const { data, ...size } = packStereo(a, b, width, height, packing);
      expect(data.length).toBe(3 * size.width * size.height);
      return [packing, size.width, size.height];
    });
    expect(sizes).toEqual([
      ['sbs-full', 32, 8],
      ['sbs-half', 16, 8],
      ['tb-full', 16, 16],
      ['tb-half', 16, 8],
      ['rows', 16, 8],
      ['columns', 16, 8],
      ['checkerboard', 16, 8],
      ['anaglyph', 16, 8],
    ]);
  });
});

describe('the generated stereo set', () => {
  it('has films of every class in both roles, each scene in one film alone', () => {
    const set = createStereoSet({ seed: 4 });
    for (const name of stereoSetClassNames)
      expect(new Set(set.filter(({ className }) => className === name).map(({ role }) => role))).toEqual(
        new Set(['train', 'test']),
      );
    expect(new Set(set.map(({ group }) => group)).size).toBe(set.length);
    const [first] = set;
    expect(first!.frame(0).length).toBe(3 * first!.width * first!.height);
  });
});
