import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { selectBackend, tf, type Rank, type Segmenter } from '../../../src/engine/index.js';
import {
  cutMap,
  openMiningTruth,
  regionSimilarity,
  scoreMining,
  segmentPicture,
  type MiningTruth,
} from '../../../src/eval/index.js';
import { byGroup, decayParts } from '../../../src/eval/segmentation/over-time.js';
import type { MaskEstimate } from '../../../src/mining/index.js';
import { makeMoverFilm, writeMaskTruth } from '../../../src/synthetic/index.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-masks-'));
const film = makeMoverFilm({
  seed: 4,
  width: 96,
  height: 64,
  frames: 5,
  noise: 0,
  things: [{ outline: 'disc', radius: 14, from: [34, 30], velocity: [3, 1] }],
});

beforeAll(async () => {
  await selectBackend('auto');
  await writeMaskTruth(join(dir, 'davis'), { a: film, b: film });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Draws what is colourful: the truth of these films, in every window. */
const colourful: Segmenter = {
  size: 32,
  maskSize: 16,
  objectShare: 0.5,
  logits: (windows) =>
    tf.tidy(() => {
      const spread = tf.sub(tf.max(windows, -1), tf.min(windows, -1));
      const small = tf.avgPool(tf.reshape<Rank.R4>(spread, [-1, 32, 32, 1]), 2, 2, 'valid');
      return tf.sub(tf.squeeze(small, [3]), 60);
    }),
};

describe('a picture cut into windows', () => {
  it('is put together again where it was', () => {
    const rgb = film.frame(2);
    const map = segmentPicture(colourful, rgb, 96, 64, { scales: [0.5, 1], stride: 0.5, batchSize: 7 });
    expect([map.width, map.height]).toEqual([96, 64]);
    expect(regionSimilarity(film.mask(2), cutMap(map, 96, 64))).toBeGreaterThan(0.85);
  });

  it('is covered by windows larger than itself, which show grey beyond it', () => {
    const map = segmentPicture(colourful, film.frame(2), 96, 64, { scales: [2], stride: 0.5 });
    expect(regionSimilarity(film.mask(2), cutMap(map, 96, 64))).toBeGreaterThan(0.75);
  });

  it('leaves no tensor', () => {
    const before = tf.memory().numTensors;
    segmentPicture(colourful, film.frame(0), 96, 64, { scales: [1], stride: 1 });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the fall over a sequence', () => {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  it('is the mean of the first quarter less that of the last, each with its borders', () => {
    const scores = [0.9, 0.7, 0.5, 0.5, 0.5, 0.5, 0.5, 0.2, 0.3]; // quarters end at 2, 4 and 6
    expect(mean(decayParts(scores))).toBeCloseTo((0.9 + 0.7 + 0.5) / 3 - (0.5 + 0.2 + 0.3) / 3, 12);
    expect(mean(decayParts([0.4]))).toBe(0);
    expect(mean(decayParts(Array.from({ length: 1001 }, (_, i) => (i < 500 ? 1 : 0))))).toBeCloseTo(1, 12);
  });

  it('is that of each sequence by itself', () => {
    const parts = byGroup([1, 5, 0, 5], ['a', 'b', 'a', 'b'], decayParts);
    expect([parts[0]! + parts[2]!, parts[1]! + parts[3]!]).toEqual([2, 0]);
  });
});

describe('the score of masks that a miner gives', () => {
  const score = (truth: MiningTruth, masks: readonly (MaskEstimate | null)[]) =>
    scoreMining(
      {
        name: 'given',
        estimate: [
          {
            kind: 'mask',
            run: async (frames) => {
              let count = 0;
              for await (const { channels } of frames) count += channels > 0 ? 1 : 0;
              return masks.slice(0, count);
            },
          },
        ],
      },
      truth,
      { config: {}, toleranceFrames: 2, random: createRandom(1), signal: new AbortController().signal, emit: () => {} },
    );
  const estimate = (mask: Uint8Array, isKept: boolean): MaskEstimate => ({
    mask,
    isKept,
    confidence: 1,
    rivals: { nothing: new Uint8Array(mask.length) },
  });

  it('is 1 for the truth, of kept frames alone where they are asked for, beside the ellipse', async () => {
    const truth = openMiningTruth(`davis:${join(dir, 'davis')}`);
    expect(truth.items.map(({ name }) => name)).toEqual(['a', 'b']);
    const empty = new Uint8Array(96 * 64);
    const { metrics, rivals, rows } = await score(truth, [
      estimate(film.mask(0), true),
      null,
      estimate(film.mask(2), true),
      estimate(empty, false),
    ]);
    const value = (name: string) => metrics.find((metric) => metric.name === name)!.value;
    expect(value('J')).toBeCloseTo(2 / 3, 9);
    expect(value('F')).toBeCloseTo(2 / 3, 9);
    expect(value('JKept')).toBe(1);
    expect(value('keptShare')).toBeCloseTo(2 / 3, 9);
    expect(rows.length).toBe(2);
    const rival = (name: string) => rivals.find((each) => each.name === name)!.metrics[0]!.value;
    expect(rival('nothing')).toBe(0);
    const share = film.mask(0).reduce((a, b) => a + b, 0) / (96 * 64);
    expect(rival('all-foreground')).toBeCloseTo(share, 1);
    expect(rival('ellipse')).toBeGreaterThan(0.15);
  });

  it('takes some of the sequences, and names one that is not there', () => {
    expect(openMiningTruth(`davis:${join(dir, 'davis')}?only=b`).items.map(({ name }) => name)).toEqual(['b']);
    expect(() => openMiningTruth(`davis:${join(dir, 'davis')}?only=c`)).toThrow(/no sequence "c"; it has a, b/);
    expect(() => openMiningTruth(`davis:${dir}/nowhere`)).toThrow(/no folder/);
  });
});
