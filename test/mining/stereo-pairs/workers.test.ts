import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runJob, type Fields, type Sample, type VideoSource } from '../../../src/core/index.js';
import { encodeVideo, ingestConfig, probeFile, selectDecoder, type Corpus } from '../../../src/ingest/index.js';
import { mine, type MineOptions } from '../../../src/mining/index.js';
import miner from '../../../src/mining/stereo-pairs/index.js';
import type { stereoPairsSample } from '../../../src/mining/stereo-pairs/sample.js';
import { digestOf, memorySink } from '../fakes.js';
import { now } from '../mine-clips.js';
import { stereoReel } from './films.js';

let root: string;
let corpus: Corpus;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'reelmine-stereo-'));
  const { decoder } = await selectDecoder('libav');
  const sources: VideoSource[] = [];
  for (let n = 0; n < 3; n++) {
    const path = `film-${n}.mp4`;
    const film = stereoReel(path, { takes: [14], seed: 21 + n });
    const frames = Array.from({ length: film.frames }, (_, i) => film.frame(i));
    await encodeVideo(join(root, path), { frames, width: film.width, height: film.height, fps: film.fps, quality: 12 });
    const probed = await probeFile(join(root, path), decoder, { config: ingestConfig.parse({}) });
    const { startPts, endPts } = probed.video;
    const shots = [{ index: 0, startPts, endPts, crop: null }];
    sources.push({ ...probed, shots, paths: [path], licence: null, origin: null, benchmarks: {} });
  }
  sources.sort((a, b) => (a.id < b.id ? -1 : 1));
  corpus = { benchmarks: {}, root, digest: 'test', config: {}, sources, failures: [] };
}, 120_000);

afterAll(() => rmSync(root, { recursive: true, force: true }));

async function samplesOf(job: Partial<MineOptions>): Promise<readonly Sample[]> {
  const sink = memorySink();
  const signals = [{ miner, name: 'stereo-pairs', config: miner.config.parse({ stillDifference: 0.1 }) }];
  const options = { signals, corpus, decoder: 'libav', sinks: { 'stereo-pairs': sink }, seed: 1, now, workers: 1 };
  await runJob(mine({ ...options, ...job }));
  const out: Sample[] = [];
  for await (const sample of sink.samples()) out.push(sample);
  return out;
}

describe('stereo-pairs in worker processes', () => {
  it('gives the same bytes with one, two and four workers, of compressed films too', async () => {
    const one = await samplesOf({ workers: 1 });
    expect(one.length).toBeGreaterThanOrEqual(3);
    for (const { fields } of one) {
      const { layout, eyeOrder } = fields as Fields<typeof stereoPairsSample>;
      expect([layout, eyeOrder]).toEqual(['sbs-full', 'left-first']);
    }
    for (const workers of [2, 4]) expect(digestOf(await samplesOf({ workers }))).toBe(digestOf(one));
  }, 120_000);
});
