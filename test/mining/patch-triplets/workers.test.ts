import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runJob, type Sample, type VideoSource } from '../../../src/core/index.js';
import { encodeVideo, ingestConfig, probeFile, selectDecoder, type Corpus } from '../../../src/ingest/index.js';
import { mine, type MineOptions } from '../../../src/mining/index.js';
import miner from '../../../src/mining/patch-triplets/index.js';
import { digestOf, memorySink } from '../fakes.js';
import { now } from '../mine-clips.js';
import { filmConfig, filmSize, targetFilm } from './films.js';

let root: string;
let corpus: Corpus;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'reelmine-triplets-'));
  const { decoder } = await selectDecoder('libav');
  const sources: VideoSource[] = [];
  for (let n = 0; n < 5; n++) {
    const path = `film-${n}.mp4`;
    const film = targetFilm(path, { frames: 34, seed: n, panX: (i) => (n * i) / 2 });
    const frames = Array.from({ length: film.frames }, (_, i) => film.frame(i));
    await encodeVideo(join(root, path), { frames, ...filmSize, fps: 25 });
    const probed = await probeFile(join(root, path), decoder, { config: ingestConfig.parse({}) });
    const { startPts, endPts } = probed.video;
    const shots = [{ index: 0, startPts, endPts, crop: null }];
    sources.push({ ...probed, shots, paths: [path], licence: null, origin: null, benchmarks: {} });
  }
  sources.sort((a, b) => (a.id < b.id ? -1 : 1));
  corpus = { benchmarks: {}, root, digest: 'test', config: {}, sources, failures: [] };
}, 60_000);

afterAll(() => rmSync(root, { recursive: true, force: true }));

async function samplesOf(job: Partial<MineOptions>): Promise<readonly Sample[]> {
  const sink = memorySink();
  const config = miner.config.parse(filmConfig);
  const signals = [{ miner, name: 'patch-triplets', config }];
  const options = { signals, corpus, decoder: 'libav', sinks: { 'patch-triplets': sink }, seed: 1, now, workers: 1 };
  await runJob(mine({ ...options, ...job }));
  const out: Sample[] = [];
  for await (const sample of sink.samples()) out.push(sample);
  return out;
}

describe('patch-triplets in worker processes', () => {
  it('gives the same bytes with one, two and four workers, and in parts', async () => {
    const one = await samplesOf({ workers: 1 });
    expect(one.length).toBeGreaterThanOrEqual(3);
    for (const workers of [2, 4]) expect(digestOf(await samplesOf({ workers }))).toBe(digestOf(one));
    const parts = [];
    for (const index of [0, 1, 2]) parts.push(...(await samplesOf({ part: { index, count: 3 } })));
    expect(parts.length).toBe(one.length);
    expect(digestOf(parts)).toBe(digestOf(one));
  }, 60_000);
});
