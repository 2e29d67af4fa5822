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
