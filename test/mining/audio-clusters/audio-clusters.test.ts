import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromHalf } from '../../../src/audio/index.js';
import {
  createRandom,
  encodeSafetensors,
  ptsToSeconds,
  runJob,
  type DatasetStage,
  type SafeTensor,
  type Sample,
} from '../../../src/core/index.js';
import { openVideo, selectDecoder, type Corpus } from '../../../src/ingest/index.js';
import { createLabeller, readCodebook } from '../../../src/mining/audio-clusters/codebook.js';
import { audioClustersConfig } from '../../../src/mining/audio-clusters/config.js';
import { finishClusters } from '../../../src/mining/audio-clusters/finish.js';
import { drawSound } from '../../../src/mining/audio-clusters/gallery.js';
import miner from '../../../src/mining/audio-clusters/index.js';
import type { audioClusterSample } from '../../../src/mining/audio-clusters/sample.js';
import { mine, type MineOptions } from '../../../src/mining/index.js';
import { digestOf, memorySink, type MemorySink } from '../fakes.js';
import { now } from '../mine-clips.js';
import { buildFilms } from './films.js';

type Record = Sample<typeof audioClusterSample>;

let corpus: Corpus;
let first: MemorySink;

/** Mines in worker processes, which run the compiled `dist`: build first. */
async function mineWith(job: Partial<MineOptions> = {}, settings: object = {}): Promise<MemorySink> {
  const sink = memorySink();
  const config = miner.config.parse({ keepAudio: true, clusters: 3, bits: 4, ...settings });
  const signals = [{ miner, name: 'audio-clusters', config }];
  const options = { signals, corpus, decoder: 'libav', sinks: { 'audio-clusters': sink }, seed: 1, now, workers: 1 };
  await runJob(mine({ ...options, ...job }));
  return sink;
}

async function samplesOf(sink: MemorySink): Promise<Record[]> {
  const out: Record[] = [];
  for await (const sample of sink.samples()) out.push(sample as unknown as Record);
  return out;
}

const stageOf = (sink: MemorySink): DatasetStage => sink.finished.at(-1)!;
const plainStage = ({ labels, artefacts }: DatasetStage) =>
  JSON.stringify([
    [...labels],
    Object.entries(artefacts).map(([name, { data }]) => [name, [...(data as Float32Array)]]),
  ]);

beforeAll(async () => {
  corpus = await buildFilms();
  first = await mineWith();
}, 120_000);
afterAll(() => rmSync(corpus.root, { recursive: true, force: true }));

describe('audio-clusters in worker processes', () => {
  it('gives the same samples, labels and codebook with one, two and four workers', async () => {
    expect((await samplesOf(first)).length).toBeGreaterThanOrEqual(6);
    for (const workers of [2, 4]) {
      const other = await mineWith({ workers });
      expect(other.digest).toBe(first.digest);
      expect(plainStage(stageOf(other))).toBe(plainStage(stageOf(first)));
    }
  }, 120_000);

  it('gives the same samples in parts, and the same labels once they are united', async () => {
    const samples: Record[] = [];
    for (const index of [0, 1]) samples.push(...(await samplesOf(await mineWith({ part: { index, count: 2 } }))));
    expect(digestOf(samples as unknown as Sample[])).toBe(first.digest);
    samples.sort((a, b) => (a.key < b.key ? -1 : 1));
    const config = miner.config.parse({ keepAudio: true, clusters: 3, bits: 4 });
    const random = createRandom(1).fork('audio-clusters', 'finish-dataset');
    expect(plainStage(await finishClusters(stream(samples), config, { random }))).toBe(plainStage(stageOf(first)));
  }, 120_000);
});

async function* stream(samples: readonly Record[]): AsyncGenerator<Record> {
  yield* samples;
}

describe('a sample', () => {
  it('has its frame in the middle of its sound, and windows of a video do not overlap', async () => {
    const ends = new Map<string, number>();
    for (const { fields, provenance } of await samplesOf(first)) {
      const [start = 0, end = 0] = fields.window;
      const seconds = ptsToSeconds(provenance.pts[0]!, provenance.timeBase);
      expect(end - start).toBeCloseTo(3.75, 9);
      expect(Math.abs((start + end) / 2 - seconds)).toBeLessThan(1 + 1e-9);
      expect(start).toBeGreaterThanOrEqual((ends.get(provenance.source) ?? -1) - 1e-9);
      ends.set(provenance.source, end);
    }
  });

  it('holds the sound that the whole track has there', async () => {
    const { decoder } = await selectDecoder('libav');
    const source = corpus.sources[0]!;
    const video = await openVideo(source, { corpusRoot: corpus.root, decoder, views: {} });
    const whole = (await video.audio({ startPts: source.video.startPts, endPts: source.video.endPts }, 20_000))!;
    const offset = ptsToSeconds(source.video.startPts, source.video.timeBase);
    await video.close();
    for (const { fields } of (await samplesOf(first)).filter(({ provenance }) => provenance.source === source.id)) {
      const at = Math.round((fields.window[0]! - offset) * 20_000);
      const stored = fromHalf(fields.audio!);
      let [off, all] = [0, 0];
      stored.forEach((value, i) => {
        off += (value - whole.data[at + i]!) ** 2;
        all += value ** 2;
      });
      expect(Math.sqrt(off / all)).toBeLessThan(0.01);
    }
  });

  it('is drawn as its frame and its sound, with a spectrogram and its cluster', async () => {
    const [sample] = await samplesOf(first);
    const labels = stageOf(first).labels.get(sample!.key)!;
    const pictures = await drawSound(sample!, { config: miner.config.parse({}), video: null, labels });
    expect(pictures).toHaveLength(2);
    const [frame, sound] = pictures as {
      caption: string;
      wave?: Uint8Array;
      data: Uint8Array;
      width: number;
      height: number;
    }[];
    expect(frame!.caption).toMatch(/^(cluster \d|a track)/);
    expect(sound!.wave!.length).toBe(44 + 2 * 75_000);
    expect(sound!.data.length).toBe(sound!.width * sound!.height * 3);
  });
});

describe('the labels', () => {
  it('are of clusters that tell the kinds of sound apart, the largest first', async () => {
    const { labels, artefacts } = stageOf(first);
    const samples = await samplesOf(first);
    const kinds = new Map<string, number>(
      corpus.sources.map(({ id, paths }) => [id, Number(/\d/.exec(paths[0]!)![0])]),
    );
    const found = new Map<number, Set<number>>();
    for (const { key, provenance } of samples) {
      const label = labels.get(key)!['label'] as number;
      found.set(label, (found.get(label) ?? new Set()).add(kinds.get(provenance.source)! % 3));
    }
    for (const of of found.values()) expect(of.size).toBe(1);
    const counts = artefacts['counts']!.data as Int32Array;
    expect([...counts]).toEqual([...counts].sort((a, b) => b - a));
    expect(artefacts['centres']!.shape).toEqual([3, 502]);
  });

  it('of a new corpus come from a codebook that was stored, which nothing new changes', async () => {
    const folder = join(corpus.root, 'dataset');
    mkdirSync(folder, { recursive: true });
    const { artefacts } = stageOf(first);
    writeFileSync(
      join(folder, 'artefacts.safetensors'),
      encodeSafetensors(artefacts as { [name: string]: SafeTensor }),
    );
    const other = await mineWith({ only: [corpus.sources[1]!.id] }, { codebook: folder });
    const stage = stageOf(other);
    for (const [name, { data }] of Object.entries(stage.artefacts))
      expect([...(data as Float32Array)], name).toEqual([...(artefacts[name]!.data as Float32Array)]);
    const label = createLabeller(readCodebook(folder));
    for (const { key, fields } of await samplesOf(other)) {
      const { distance, ...rest } = label(fields.statistics);
      expect(stage.labels.get(key)).toMatchObject({
        label: rest.label,
        bits: rest.bits,
        distance: Math.fround(distance),
      });
    }
    expect(() => readCodebook(join(folder, 'nothing'))).toThrow(/no codebook/);
    writeFileSync(
      join(folder, 'other.safetensors'),
      encodeSafetensors({ mean: { dtype: 'int32', shape: [1], data: Int32Array.of(1) } }),
    );
    expect(() => readCodebook(join(folder, 'other.safetensors'))).toThrow(/holds no mean/);
  }, 60_000);

  it('hold bits that half of the windows have, and margins to the second centre', async () => {
    const random = createRandom(3);
    const records = Array.from({ length: 120 }, (_, n): Record => {
      const statistics = Float32Array.from({ length: 502 }, (_, d) => random.normal() * (1 + (d % 7)) + 10);
      const provenance = { source: `s${n}`, shot: 0, pts: [0], timeBase: [1, 1] as const };
      return { key: `s${n}/0/0`, fields: { statistics } as Record['fields'], provenance };
    });
    const config = audioClustersConfig.parse({ clusters: 5, bits: 8, restarts: 1 });
    const { labels, artefacts } = await finishClusters(stream(records), config, { random: createRandom(1) });
    for (let bit = 0; bit < 8; bit++) {
      const share = [...labels.values()].filter((row) => ((row['bits'] as number) >>> bit) & 1).length / 120;
      expect(Math.abs(share - 0.5)).toBeLessThanOrEqual(0.05);
    }
    const centres = artefacts['centres']!.data as Float32Array;
    const [mean, deviation] = [artefacts['mean']!.data, artefacts['deviation']!.data] as Float32Array[];
    for (const { key, fields } of records.slice(0, 20)) {
      const distances = [0, 1, 2, 3, 4].map((c) =>
        Math.sqrt(
          fields.statistics.reduce(
            (sum, value, d) => sum + ((value - mean![d]!) / deviation![d]! - centres[c * 502 + d]!) ** 2,
            0,
          ),
        ),
      );
      const sorted = [...distances].sort((a, b) => a - b);
      const found = labels.get(key)! as { label: number; distance: number; margin: number };
      expect(found.label).toBe(distances.indexOf(sorted[0]!));
      expect(found.distance).toBeCloseTo(sorted[0]!, 3);
      expect(found.margin).toBeCloseTo(sorted[1]! - sorted[0]!, 3);
    }
  });

  it('are -1, and weigh nothing, where the numbers are those of an earlier source; not within one source', async () => {
    const make = (key: string, shift: number): Record => ({
      key,
      fields: { statistics: Float32Array.from({ length: 502 }, (_, d) => Math.sin(d + shift)) } as Record['fields'],
      provenance: { source: key.split('/')[0]!, shot: 0, pts: [0], timeBase: [1, 1] },
    });
    const records = [make('a/0/0', 1), make('a/0/1', 1), make('b/0/0', 2), make('c/0/0', 1), make('d/0/0', 2.001)];
    const config = audioClustersConfig.parse({ clusters: 2, bits: 2, restarts: 1 });
    const { labels } = await finishClusters(stream(records), config, { random: createRandom(1) });
    expect([...labels.values()].map((row) => (row['label'] as number) < 0)).toEqual([false, false, false, true, false]);
    expect([...labels.values()].map((row) => row['weight'] === 0)).toEqual([false, false, false, true, false]);
  });

  it('are none for a dataset without samples', async () => {
    const stage = await finishClusters(stream([]), audioClustersConfig.parse({}), { random: createRandom(1) });
    expect([stage.labels.size, Object.keys(stage.artefacts).length]).toEqual([0, 0]);
  });
});
