import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { WangGuptaConfig } from '../../../src/models/wang-gupta/config.js';
import task from '../../../src/models/wang-gupta/index.js';
import { prepare } from '../../../src/models/wang-gupta/prepare.js';
import { makeRecord } from './records.js';

const configOf = (...set: string[]) =>
  resolveTaskConfig(task, { set: ['preset=tiny', ...set] }).config as WangGuptaConfig;

describe('the preparation of a pair', () => {
  it('gives both patches with the label of their video, the same for the same seed', async () => {
    const record = await makeRecord(3);
    const run = (seed: number) => prepare(record, { config: configOf(), random: createRandom(seed), mode: 'train' });
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    expect(first['patches']).toMatchObject({ dtype: 'uint8', shape: [2, 32, 32, 3] });
    expect([first['label'], first['groupLabel']]).toMatchObject([{ shape: [] }, { shape: [] }]);
    expect([first['label']!.data[0], first['groupLabel']!.data[0]]).toEqual([1003, 2003]);
    expect(Buffer.compare(first['patches']!.data as Uint8Array, again['patches']!.data as Uint8Array)).toBe(0);
    expect(Buffer.compare(first['patches']!.data as Uint8Array, other['patches']!.data as Uint8Array)).not.toBe(0);
  });

  it('mirrors each patch of a pair by itself, half of the time, and none when testing', async () => {
    const record = await makeRecord(1, { halves: true });
    const isMirrored = (data: Uint8Array, patch: number) => data[patch * 32 * 32 * 3]! > 128;
    const counts = { none: 0, first: 0, second: 0, both: 0 };
    for (let seed = 0; seed < 80; seed++) {
      const { patches } = await prepare(record, {
        config: configOf('crop=1'),
        random: createRandom(seed),
        mode: 'train',
      });
      const [a, b] = [0, 1].map((patch) => isMirrored(patches!.data as Uint8Array, patch));
      counts[a ? (b ? 'both' : 'first') : b ? 'second' : 'none']++;
    }
    for (const count of Object.values(counts))
      expect(Math.abs(count - 20)).toBeLessThan(4 * Math.sqrt(80 * 0.25 * 0.75));
    const { patches } = await prepare(record, { config: configOf(), random: createRandom(0), mode: 'evaluate' });
    expect([0, 1].map((patch) => isMirrored(patches!.data as Uint8Array, patch))).toEqual([false, false]);
  });

  it('shows the middle when testing, whatever the seed', async () => {
    const record = await makeRecord(2);
    const run = (seed: number) =>
      prepare(record, { config: configOf('crop=0.5'), random: createRandom(seed), mode: 'evaluate' });
    const [a, b] = [await run(1), await run(2)];
    expect(Buffer.compare(a['patches']!.data as Uint8Array, b['patches']!.data as Uint8Array)).toBe(0);
  });
});
