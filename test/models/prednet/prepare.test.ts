import { describe, expect, it } from 'vitest';
import { createRandom, type Sample } from '../../../src/core/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { PredNetConfig } from '../../../src/models/prednet/config.js';
import task from '../../../src/models/prednet/index.js';
import { prepare } from '../../../src/models/prednet/prepare.js';
import { makeRecord } from './records.js';

const configOf = (...set: string[]) =>
  resolveTaskConfig(task, { set: ['preset=tiny', ...set] }).config as PredNetConfig;

const run = async (record: Sample, config: PredNetConfig, mode: 'train' | 'evaluate', seed = 1) =>
  (await prepare(record, { config, mode, random: createRandom(seed) }))['frames']!;

const pixelsOf = (record: Sample) => (record.fields['frames'] as { readonly data: Uint8Array }).data;

describe('prepare of prednet', () => {
  it('gives the first frames as they are when testing', async () => {
    const record = await makeRecord(1);
    const { data, shape, dtype } = await run(record, configOf(), 'evaluate');
    expect([shape, dtype]).toEqual([[4, 8, 16, 1], 'uint8']);
    expect(data).toEqual(pixelsOf(record).subarray(0, 4 * 8 * 16));
  });

  it('gives every stretch of a clip while learning, mirrored half of the time, and the same for the same seed', async () => {
    const record = await makeRecord(3);
    const pixels = pixelsOf(record);
    const mirrored = pixels.map((_, at) => pixels[Math.floor(at / 16) * 16 + 15 - (at % 16)]!);
    const found = new Map<string, number>();
    for (let seed = 0; seed < 60; seed++) {
      const data = (await run(record, configOf(), 'train', seed)).data as Uint8Array;
      expect((await run(record, configOf(), 'train', seed)).data).toEqual(data);
      const places = [pixels, mirrored].flatMap((whole, side) =>
        [0, 1, 2]
          .filter((t) => Buffer.compare(whole.subarray(t * 128, (t + 4) * 128), data) === 0)
          .map((t) => `${t}/${side}`),
      );
      expect(places).toHaveLength(1);
      found.set(places[0]!, (found.get(places[0]!) ?? 0) + 1);
    }
    expect([...found.keys()].sort()).toEqual(['0/0', '0/1', '1/0', '1/1', '2/0', '2/1']);
    expect(Math.min(...found.values())).toBeGreaterThan(2);
  });

  it('cuts the middle of a wider clip and halves it, and the same place of all frames', async () => {
    const record = await makeRecord(5, { width: 40, height: 16 });
    const pixels = pixelsOf(record);
    const config = configOf('crop=random', 'mirror=false');
    const data = (await run(record, config, 'evaluate')).data as Uint8Array;
    for (let t = 0; t < 4; t++)
      for (let y = 0; y < 8; y++)
        for (let x = 0; x < 16; x++) {
          const at = (t * 16 + 2 * y) * 40 + 4 + 2 * x;
          const sum = pixels[at]! + pixels[at + 1]! + pixels[at + 40]! + pixels[at + 41]!;
          expect(Math.abs(data[(t * 8 + y) * 16 + x]! - sum / 4)).toBeLessThanOrEqual(0.5);
        }
    const learning = new Set<string>();
    for (let seed = 0; seed < 10; seed++) learning.add(String((await run(record, config, 'train', seed)).data));
    expect(learning.size).toBeGreaterThan(5);
  });

  it('enlarges clips while learning, by up to zoom, and the same place of all frames', async () => {
    const ramp = await makeRecord(5, { width: 32, height: 16 });
    const pixels = pixelsOf(ramp);
    pixels.forEach((_, at) => (pixels[at] = 4 * (at % 32))); // each column its own level
    const config = configOf('mirror=false', 'zoom=2');
    const spans = await Promise.all(
      Array.from({ length: 40 }, async (_, seed) => {
        const data = (await run(ramp, config, 'train', seed)).data as Uint8Array;
        for (let row = 1; row < 4 * 8; row++)
          expect(data.subarray(row * 16, row * 16 + 16)).toEqual(data.subarray(0, 16));
        return data[15]! - data[0]!;
      }),
    );
    const whole = (await run(ramp, config, 'evaluate')).data as Uint8Array;
    expect(whole[15]! - whole[0]!).toBe(120);
    expect(Math.max(...spans)).toBeGreaterThan(105);
    expect(Math.min(...spans)).toBeLessThan(72);
    expect(Math.min(...spans)).toBeGreaterThanOrEqual(56);
  });

  it('changes contrast and brightness of whole clips while learning, and only then', async () => {
    const record = await makeRecord(1, { length: 4 });
    const pixels = pixelsOf(record);
    pixels.forEach((_, at) => (pixels[at] = at % 256));
    const config = configOf('mirror=false', 'exposure=0.4');
    expect((await run(record, config, 'evaluate')).data).toEqual(pixels);
    const found = await Promise.all(
      Array.from({ length: 60 }, async (_, seed) => {
        const data = (await run(record, config, 'train', seed)).data as Uint8Array;
        const contrast = (data[140]! - data[116]!) / 24;
        const shift = (data[127]! + data[128]!) / 2 - 127.5;
        data.forEach((value, at) => {
          const wanted = Math.min(255, Math.max(0, 127.5 + shift + ((at % 256) - 127.5) * contrast));
          expect(Math.abs(value - wanted)).toBeLessThan(6); // contrast is read off rounded levels
        });
        return { contrast, shift };
      }),
    );
    const ends = (of: readonly number[]) => [Math.min(...of), Math.max(...of)];
    const [low, high] = ends(found.map(({ contrast }) => contrast)) as [number, number];
    expect([low > 0.55, low < 0.75, high > 1.25, high < 1.45]).toEqual([true, true, true, true]);
    const [down, up] = ends(found.map(({ shift }) => shift)) as [number, number];
    expect([down >= -51.5, down < -30, up > 30, up <= 51.5]).toEqual([true, true, true, true]);
  });

  it('shows one frame of some clips all the time while learning, any of them', async () => {
    const record = await makeRecord(3, { length: 4 });
    const pixels = pixelsOf(record);
    const config = configOf('mirror=false', 'still=0.5');
    const shown = await Promise.all(
      Array.from({ length: 80 }, async (_, seed) => {
        const data = (await run(record, config, 'train', seed)).data as Uint8Array;
        const frames = [0, 1, 2, 3].map((t) => Buffer.from(data.subarray(t * 128, (t + 1) * 128)).toString('hex'));
        if (new Set(frames).size > 1) {
          expect(data).toEqual(pixels);
          return null;
        }
        return frames[0]!;
      }),
    );
    const still = shown.filter((frame) => frame !== null);
    expect(still.length).toBeGreaterThan(25);
    expect(still.length).toBeLessThan(55);
    expect(new Set(still).size).toBe(4);
    expect((await run(record, configOf('still=1'), 'evaluate')).data).toEqual(pixels);
  });

  it('turns colours into brightness, copies brightness to three, and unpacks pictures', async () => {
    const coloured = await makeRecord(2, { channels: 3 });
    const grey = (await run(coloured, configOf(), 'evaluate')).data as Uint8Array;
    const rgb = pixelsOf(coloured);
    grey.forEach((value, i) => {
      const luma = 0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!;
      expect(Math.abs(value - luma)).toBeLessThanOrEqual(0.51);
    });
    const stored = await makeRecord(2, { channels: 3, storage: 'png' });
    expect((await run(stored, configOf(), 'evaluate')).data).toEqual(grey);
    const three = (await run(await makeRecord(2), configOf('channels=3'), 'evaluate')).data as Uint8Array;
    pixelsOf(await makeRecord(2))
      .subarray(0, 512)
      .forEach((value, i) => expect([...three.subarray(3 * i, 3 * i + 3)]).toEqual([value, value, value]));
  });

  it('refuses a clip that is too short, and names both lengths', async () => {
    await expect(run(await makeRecord(1, { length: 3 }), configOf(), 'evaluate')).rejects.toThrow(
      /source1\/0\/0 has 3 frames, frames is 4\. Mine longer clips \(--set length=4\) or set frames=3/,
    );
  });
});
