import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../src/core/index.js';
import type { stereoPairsSample } from '../../../src/mining/stereo-pairs/sample.js';
import { decodeImage, resizeRgb } from '../../../src/vision/index.js';
import { codesOf, keptFilm, mineReel, packedReel } from './films.js';

type Record_ = Fields<typeof stereoPairsSample>;

const film = keptFilm(3);

describe('layouts', () => {
  it.each([
    ['sbs-full', 'right-first'],
    ['sbs-half', 'left-first'],
    ['tb-full', 'left-first'],
    ['tb-half', 'right-first'],
  ] as const)('finds %s, %s, and gives the true depth', async (packing, order) => {
    const unit = await mineReel(packedReel(film, { packing, order }));
    expect(codesOf(unit)).toEqual({});
    expect(unit.samples.length).toBeGreaterThanOrEqual(2);
    for (const { fields } of unit.samples) {
      const record = fields as Record_;
      expect([record.layout, record.eyeOrder, record.flags]).toEqual([packing, order, 0]);
      const { disparity, visible } = film.truth(record.frame);
      const seen = [...disparity.filter((_, i) => visible[i] === 1)].sort((a, b) => a - b);
      [0.05, 0.25, 0.5, 0.75, 0.95].forEach((share, n) => {
        const truth = seen[Math.round(share * (seen.length - 1))]! / film.width;
        expect(Math.abs(record.disparity[n]! - truth), `percentile ${share}`).toBeLessThan(0.004);
      });
    }
  });

  it('refuses one eye alone, one eye twice and an anaglyph, each for its reason', async () => {
    expect(codesOf(await mineReel(packedReel(film, { packing: 'left-alone' })))).toEqual({ 'not-stereo': 1 });
    expect(codesOf(await mineReel(packedReel(film, { packing: 'left-twice' })))).toEqual({ flat: 1 });
    expect(codesOf(await mineReel(packedReel(film, { packing: 'anaglyph' })))).toEqual({ anaglyph: 1 });
  });
});

describe('faults of the eyes', () => {
  const packing = 'sbs-full' as const;
  const { width, height } = film;
  const rightEye = (change: (right: Uint8Array, index: number) => Uint8Array) =>
    packedReel(film, {
      packing,
      change: ({ left, right }, i) => ({ left, right: change(right, i) }),
    });
  const main = async (reel: ReturnType<typeof packedReel>, set = {}) => {
    const unit = await mineReel(reel, set);
    const code = Object.entries(codesOf(unit)).sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
    return { code, samples: unit.samples };
  };

  it('refuses a right eye that is 3 pixels lower, or mends it where that is asked for', async () => {
    const lower = rightEye((right) => {
      const out = right.slice();
      out.copyWithin(3 * 3 * width, 0, right.length - 3 * 3 * width);
      return out;
    });
    expect(await main(lower)).toEqual({ code: 'vertical-offset', samples: [] });
    const { samples } = await main(lower, { mendOffset: 6 });
    expect(samples.length).toBeGreaterThanOrEqual(2);
    const record = samples[0]!.fields as Record_;
    expect(record.verticalOffset).toBeCloseTo((3 * 480) / 252, 0);
    const [left, right] = [await decodeImage(record.left), await decodeImage(record.right)];
    expect([right.width, right.height]).toEqual([left.width, left.height]);
    expect(left.height).toBeLessThan(height);
  });

  it('refuses a right eye that is turned', async () => {
    const turned = rightEye((right) => {
      const out = new Uint8Array(right.length);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const from = Math.min(height - 1, Math.max(0, y + Math.round((x / width - 0.5) * 3)));
          out.set(right.subarray(3 * (from * width + x), 3 * (from * width + x) + 3), 3 * (y * width + x));
        }
      }
      return out;
    });
    expect(await main(turned)).toEqual({ code: 'not-rectified', samples: [] });
  });

  it('refuses a right eye that is one frame late', async () => {
    const late = packedReel(film, {
      packing,
      change: ({ left }, i) => ({ left, right: film.view(Math.max(0, i - 1)).right }),
    });
    const { code, samples } = await main(late);
    expect(code).toBe('eye-desync');
    expect(samples.length).toBeLessThanOrEqual(1);
  });

  it('refuses a right eye that is brighter, blurred or dark', async () => {
    expect((await main(rightEye((right) => right.map((value) => Math.min(255, value + 14))))).code).toBe(
      'colour-mismatch',
    );
    const blurred = rightEye((right) =>
      resizeRgb(resizeRgb(right, width, height, width / 2, height / 2), width / 2, height / 2, width, height),
    );
    expect((await main(blurred)).code).toBe('soft-eye');
    expect((await main(packedReel(film, { packing }), { darkest: 220 })).code).toBe('dark');
  });

  it('refuses what is nearer than it may be', async () => {
    expect((await main(packedReel(film, { packing }), { mostDisparity: 0.015 })).code).toBe('range');
  });
});

describe('logos', () => {
  const { width, height } = film;
  const logo = { x: 20, y: 12, width: 36, height: 18, disparity: 3 };
  const withLogo = (opacity: number) => {
    const paint = (eye: Uint8Array, shift: number): Uint8Array => {
      const out = eye.slice();
      for (let y = logo.y; y < logo.y + logo.height; y++) {
        for (let i = 3 * (y * width + logo.x - shift); i < 3 * (y * width + logo.x - shift + logo.width); i++) {
          out[i] = Math.round(out[i]! * (1 - opacity) + 250 * opacity);
        }
      }
      return out;
    };
    return ({ left, right }: { left: Uint8Array; right: Uint8Array }) => ({
      left: paint(left, 0),
      right: paint(right, logo.disparity),
    });
  };
  const moving = keptFilm(28, 16);

  it.each([1, 0.5])(
    'finds where one lies that covers the film with opacity %d, and marks little else',
    async (opacity) => {
      const reel = packedReel(moving, { packing: 'sbs-full', change: withLogo(opacity) });
      const { samples, rejections } = await mineReel(reel, { format: 'png' });
      expect(samples.length, JSON.stringify(rejections)).toBeGreaterThan(0);
      const record = samples[0]!.fields as Record_;
      expect(record.ignore).toBeDefined();
      const mask = await decodeImage(record.ignore!);
      const [cropX, , cropWidth] = record.crop;
      let [inside, outside] = [0, 0];
      mask.data.forEach((value, i) => {
        const x = cropX! + ((i % mask.width) * cropWidth!) / mask.width;
        const y = (Math.floor(i / mask.width) * height) / mask.height;
        const isLogo = x >= logo.x && x < logo.x + logo.width && y >= logo.y && y < logo.y + logo.height;
        if (value === 255 && isLogo) inside++;
        if (value === 255 && !isLogo) outside++;
      });
      expect(inside).toBeGreaterThan(0.8 * logo.width * logo.height);
      expect(outside).toBeLessThan(0.8 * logo.width * logo.height);
    },
  );

  it('marks nothing where there is none', async () => {
    const { samples } = await mineReel(packedReel(moving, { packing: 'sbs-full' }));
    expect(samples.length).toBeGreaterThan(0);
    for (const { fields } of samples) expect((fields as Record_).ignore === undefined).toBe(true);
  });

  it('refuses pairs that are covered for too large a part', async () => {
    const reel = packedReel(moving, { packing: 'sbs-full', change: withLogo(1) });
    expect(codesOf(await mineReel(reel, { mostIgnored: 0.005 }))).toMatchObject({ logo: 1 });
  });
});
