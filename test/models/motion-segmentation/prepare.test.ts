import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { motionSegmentationConfig } from '../../../src/models/motion-segmentation/config.js';
import { cutMask } from '../../../src/models/motion-segmentation/mask-window.js';
import { placeWindow, prepare } from '../../../src/models/motion-segmentation/prepare.js';
import { cropToWindow } from '../../../src/models/augment/crop-to-window.js';
import { makeRecord } from './records.js';

const config = motionSegmentationConfig.parse({ imageSize: 56, maskSize: 14 });

describe('the window around a thing', () => {
  it('shows the thing as large as it should, in the middle, when nothing is drawn', () => {
    const window = placeWindow(Float32Array.of(20, 10, 16, 8), { ...config, objectShare: 0.5 }, null);
    expect(window).toEqual({ x: 12, y: -2, width: 32, height: 32 });
  });

  it('is moved and scaled within its bounds while learning', () => {
    const random = createRandom(1);
    const windows = Array.from({ length: 400 }, () => placeWindow(Float32Array.of(20, 10, 16, 8), config, random));
    const octaves = windows.map(({ width }) => Math.log2(width / (16 / config.objectShare)));
    const shifts = windows.map(({ x, width }) => (x + width / 2 - 28) / width);
    for (const [values, reach] of [
      [octaves, 0.5],
      [shifts, 0.15],
    ] as const) {
      expect(Math.max(...values)).toBeLessThanOrEqual(reach + 1e-6);
      expect(Math.max(...values)).toBeGreaterThan(0.9 * reach);
      expect(Math.min(...values)).toBeLessThan(-0.9 * reach);
    }
  });
});

describe('a cut of a mask', () => {
  it('is foreground where most of what is known is, and unknown where less than half is known or outside', () => {
    const data = Uint8Array.from([255, 255, 0, 128, 255, 255, 0, 128, 0, 128, 128, 128, 0, 128, 128, 255]);
    const mask = { data, width: 4, height: 4 };
    const cut = (
      window: { x: number; y: number; width: number; height: number },
      mirror = false,
      ignoreUnknown = true,
    ) => {
      const [target, weight] = [new Uint8Array(4), new Uint8Array(4)];
      cutMask(mask, window, { size: 2, mirror, ignoreUnknown, target, weight });
      return { target: [...target], weight: [...weight] };
    };
    expect(cut({ x: 0, y: 0, width: 4, height: 4 })).toEqual({ target: [1, 0, 0, 0], weight: [1, 1, 1, 0] });
    expect(cut({ x: 0, y: 0, width: 4, height: 4 }, true)).toEqual({ target: [0, 1, 0, 0], weight: [1, 1, 0, 1] });
    expect(cut({ x: 0, y: 0, width: 4, height: 4 }, false, false).weight).toEqual([1, 1, 1, 1]);
    expect(cut({ x: -2, y: 0, width: 4, height: 4 }).weight).toEqual([0, 1, 0, 1]);
    expect(cut({ x: 1, y: 0, width: 2, height: 2 }).target).toEqual([1, 0, 1, 0]);
  });
});

describe('a cut of a picture', () => {
  it('is grey beyond the picture, and mirrored as a whole', () => {
    const picture = {
      data: Uint8Array.from({ length: 48 }, (_, i) => 10 * (Math.floor(i / 3) % 4)),
      width: 4,
      height: 4,
      channels: 3,
    };
    const out = new Uint8Array(48);
    cropToWindow(picture, { window: { x: -2, y: 1, width: 4, height: 4 }, size: 4, out });
    const row = (y: number) => [0, 1, 2, 3].map((x) => out[3 * (4 * y + x)]);
    expect([row(0), row(3)]).toEqual([
      [128, 128, 0, 10],
      [128, 128, 128, 128],
    ]);
    cropToWindow(picture, { window: { x: -2, y: 1, width: 4, height: 4 }, size: 4, mirror: true, out });
    expect(row(0)).toEqual([10, 0, 128, 128]);
  });
});

describe('a prepared sample', () => {
  it('has picture and mask at the same place', async () => {
    const record = await makeRecord(3);
    const context = { config, random: createRandom(2), slot: 0, batchSize: 1, position: 0, loader: undefined as never };
    for (const mode of ['evaluate', 'train'] as const) {
      const { image, target, weight } = await prepare(record, { ...context, mode });
      let [right, known] = [0, 0];
      for (let i = 0; i < 196; i++) {
        if (!weight!.data[i]) continue;
        const [x, y] = [4 * (i % 14) + 2, 4 * Math.floor(i / 14) + 2];
        const at = 3 * (y * 56 + x);
        const isWarm = Number(image!.data[at]) > Number(image!.data[at + 2]);
        known++;
        if (isWarm === (target!.data[i] === 1)) right++;
      }
      expect(known).toBeGreaterThan(90);
      expect(right / known).toBeGreaterThan(0.95);
    }
  });
});
