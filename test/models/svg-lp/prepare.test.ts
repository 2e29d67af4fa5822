import { describe, expect, it } from 'vitest';
import { ConfigError, createRandom, type Sample } from '../../../src/core/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { SvgLpConfig } from '../../../src/models/svg-lp/config.js';
import task from '../../../src/models/svg-lp/index.js';
import { prepare } from '../../../src/models/svg-lp/prepare.js';
import { makeRecord } from './records.js';

const configOf = (...set: string[]) => resolveTaskConfig(task, { set: ['preset=tiny', ...set] }).config as SvgLpConfig;

async function framesOf(record: Sample, config: SvgLpConfig, mode: 'train' | 'evaluate', seed = 1) {
  const { frames } = await prepare(record, { config, mode, random: createRandom(seed) });
  return { data: frames!.data as Uint8Array, shape: [...frames!.shape] };
}

const rawOf = (record: Sample) => (record.fields as { frames: { data: Uint8Array } }).frames.data;

describe('a clip prepared for svg-lp', () => {
  it('is a stretch of it: the first frames in testing, any in training, all of which occur', async () => {
    const record = await makeRecord(3); // 7 frames, of which 5 are taken
    const raw = rawOf(record);
    const first = await framesOf(record, configOf(), 'evaluate');
    expect(first.shape).toEqual([5, 16, 16, 1]);
    expect(Buffer.compare(first.data, raw.subarray(0, 5 * 256))).toBe(0);
    const starts = new Set<number>();
    for (let seed = 0; seed < 30; seed++) {
      const { data } = await framesOf(record, configOf(), 'train', seed);
      const start = [0, 1, 2].find((n) => Buffer.compare(data, raw.subarray(n * 256, (n + 5) * 256)) === 0);
      expect(start).toBeDefined();
      starts.add(start!);
      const always = await framesOf(record, configOf('start=first'), 'train', seed);
      expect(Buffer.compare(always.data, first.data)).toBe(0);
    }
    expect(starts.size).toBe(3);
  });

  it('has the size and the channels of the model, from pictures too', async () => {
    const record = await makeRecord(4, { width: 48, height: 32, channels: 3, storage: 'png' });
    const grey = await framesOf(record, configOf(), 'evaluate');
    expect(grey.shape).toEqual([5, 16, 16, 1]);
    const rgb = await framesOf(record, configOf('channels=3'), 'evaluate');
    expect(rgb.shape).toEqual([5, 16, 16, 3]);
    grey.data.forEach((value, i) => {
      const luma = 0.299 * rgb.data[3 * i]! + 0.587 * rgb.data[3 * i + 1]! + 0.114 * rgb.data[3 * i + 2]!;
      expect(Math.abs(value - luma)).toBeLessThan(1.5);
    });
  });

  it('must be long enough, and the message names both lengths', async () => {
    const record = await makeRecord(5, { length: 4 });
    await expect(framesOf(record, configOf(), 'train')).rejects.toThrow(ConfigError);
    await expect(framesOf(record, configOf(), 'train')).rejects.toThrow(/4 frames.*2 \+ 3.*length=5/);
  });
});
