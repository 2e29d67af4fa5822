import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, type Sample } from '../../../src/core/index.js';
import type { AmbientSoundConfig } from '../../../src/models/ambient-sound/config.js';
import task from '../../../src/models/ambient-sound/index.js';
import { prepare } from '../../../src/models/ambient-sound/prepare.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import { encodeImage } from '../../../src/vision/image-codec.js';
import { labelsOf, makeRecord } from './records.js';

const config = (...set: string[]) =>
  resolveTaskConfig(task, { set: ['preset=tiny', ...set] }).config as AmbientSoundConfig;
let record: Sample;
beforeAll(async () => {
  record = await makeRecord(3);
});

const run = (
  settings: AmbientSoundConfig,
  mode: 'train' | 'evaluate',
  labels = labelsOf(record),
  seed = 1,
  sample = record,
) => prepare(sample, { config: settings, random: createRandom(seed), mode, labels });

describe('a frame is prepared', () => {
  it('whole and squeezed, mirrored half of the time', async () => {
    // Left half dark, right half bright: what is left of the aspect shows in where the border lies.
    const data = Uint8Array.from({ length: 64 * 48 * 3 }, (_, i) => (Math.floor(i / 3) % 64 < 32 ? 20 : 220));
    const halves = {
      ...record,
      fields: { ...record.fields, image: await encodeImage(data, 64, 48, 3, { quality: 100 }) },
    };
    const seen = new Set<boolean>();
    for (let seed = 0; seed < 12; seed++) {
      const { image } = await run(config('crop=1'), 'train', labelsOf(record), seed, halves);
      const row = Array.from({ length: 32 }, (_, x) => image!.data[3 * (16 * 32 + x)] as number);
      const darkLeft = row[2]! < row[29]!;
      seen.add(darkLeft);
      const [near, far] = darkLeft ? [row[12]!, row[19]!] : [row[19]!, row[12]!];
      expect(near).toBeLessThan(60);
      expect(far).toBeGreaterThan(180);
    }
    expect(seen.size).toBe(2);
  });

  it('the same from the same seed, another from another, and always the middle when testing', async () => {
    const bytes = async (mode: 'train' | 'evaluate', seed: number) =>
      Buffer.from((await run(config(), mode, labelsOf(record), seed))['image']!.data as Uint8Array);
    expect((await bytes('train', 1)).equals(await bytes('train', 1))).toBe(true);
    expect((await bytes('train', 1)).equals(await bytes('train', 2))).toBe(false);
    expect((await bytes('evaluate', 1)).equals(await bytes('evaluate', 2))).toBe(true);
  });

  it('with its cluster, its bits from the lowest on, and the weight that is asked for', async () => {
    const labels = { label: 3, bits: 0b1011, weight: 2.5 };
    const plain = await run(config('outputs=6', 'target=bits'), 'evaluate', labels);
    expect(plain['label']!.data[0]).toBe(3);
    expect([...(plain['bits']!.data as Float32Array)]).toEqual([1, 1, 0, 1, 0, 0]);
    expect(plain['weight']!.data[0]).toBe(1);
    expect((await run(config('weighting=even'), 'evaluate', labels as never))['weight']!.data[0]).toBe(2.5);
    expect((await run(config(), 'evaluate', { ...labels, label: -1 }))['weight']!.data[0]).toBe(0);
  });

  it('not without labels, nor with more clusters than outputs', async () => {
    await expect(prepare(record, { config: config(), random: createRandom(1), mode: 'train' })).rejects.toThrow(
      /no cluster/,
    );
    await expect(run(config('outputs=3'), 'train')).rejects.toThrow(/cluster 3, and outputs is 3/);
    await expect(run(config('outputs=3', 'target=bits'), 'train')).resolves.toBeDefined();
  });
});
