import { describe, expect, it } from 'vitest';
import { createRandom, type Sample } from '../../../src/core/index.js';
import task from '../../../src/models/shuffle-and-learn/index.js';
import { prepare } from '../../../src/models/shuffle-and-learn/prepare.js';
import type { ShuffleAndLearnConfig } from '../../../src/models/shuffle-and-learn/config.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import { makeRecord } from './records.js';

const config = (...set: string[]) =>
  resolveTaskConfig(task, { set: ['preset=tiny', ...set] }).config as ShuffleAndLearnConfig;

function context(overrides: object = {}) {
  return {
    config: config(),
    random: createRandom(1),
    mode: 'train',
    slot: 0,
    batchSize: 4,
    position: 0,
    ...overrides,
  } as const;
}

describe('prepare', () => {
  it('gives the same bytes for the same seed and others for another', async () => {
    const sample = await makeRecord(1);
    const [a, b, c] = await Promise.all(
      [1, 1, 2].map((seed) => prepare(sample, context({ random: createRandom(seed) }))),
    );
    expect(Buffer.compare(a!['frames']!.data as Uint8Array, b!['frames']!.data as Uint8Array)).toBe(0);
    expect(Buffer.compare(a!['frames']!.data as Uint8Array, c!['frames']!.data as Uint8Array)).not.toBe(0);
  });

  it('gives a test set that is half in order, the same for any randomness', async () => {
    const sample = await makeRecord(1);
    const [a, b] = await Promise.all(
      [1, 2].map((seed) => prepare(sample, context({ mode: 'evaluate', random: createRandom(seed), slot: seed }))),
    );
    expect([...(a!['label']!.data as Int32Array)]).toEqual([1, 0]);
    expect(a!['frames']!.shape).toEqual([2, 3, 32, 32, 3]);
    expect(Buffer.compare(a!['frames']!.data as Uint8Array, b!['frames']!.data as Uint8Array)).toBe(0);
  });

  it('shows the frames that `tuple` names', async () => {
    // frame k of this record is one plain grey of 40·k + 20
    const sample = await makeRecord(3, { plain: true });
    for (let slot = 0; slot < 4; slot++) {
      const { frames, tuple } = await prepare(
        sample,
        context({ slot, config: config('crop=whole', 'jitter=0', 'colour=rgb') }),
      );
      for (let i = 0; i < 3; i++) {
        const place = (tuple!.data as Int32Array)[i]!;
        expect(Math.abs((frames!.data as Uint8Array)[i * 32 * 32 * 3]! - (40 * place + 20))).toBeLessThanOrEqual(2);
      }
    }
  });

  it('finds the pictures of a record whose first frame is absent', async () => {
    const whole = await makeRecord(3, { plain: true });
    const sample = {
      ...whole,
      fields: { ...whole.fields, has: 2, images: (whole.fields['images'] as unknown[]).slice(1) },
    } as Sample;
    const { frames, tuple, label } = await prepare(sample, context({ mode: 'evaluate', config: config('jitter=0') }));
    expect([...(label!.data as Int32Array)]).toEqual([1, 0]);
    expect((tuple!.data as Int32Array)[4]).toBe(4);
    expect(Math.abs((frames!.data as Uint8Array)[4 * 32 * 32 * 3]! - 180)).toBeLessThanOrEqual(2);
  });

  it('shows one channel thrice when splitting, the same one in all frames of a tuple', async () => {
    const sample = await makeRecord(5, { tint: true });
    const { frames } = await prepare(sample, context({ config: config('colour=split') }));
    const data = frames!.data as Uint8Array;
    for (let i = 0; i < data.length; i += 3) expect(new Set(data.subarray(i, i + 3)).size).toBe(1);
  });

  it('mirrors all frames of a tuple or none', async () => {
    const sample = await makeRecord(4, { halves: true }); // left half dark in every frame
    let mirrored = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { frames } = await prepare(
        sample,
        context({ random: createRandom(seed), config: config('jitter=0', 'crop=whole') }),
      );
      const data = frames!.data as Uint8Array;
      const left = [0, 1, 2].map((i) => data[i * 32 * 32 * 3 + 16 * 32 * 3]! > 128);
      expect(new Set(left).size).toBe(1);
      if (left[0]) mirrored++;
    }
    expect(mirrored).toBeGreaterThan(4);
    expect(mirrored).toBeLessThan(16);
  });
});
