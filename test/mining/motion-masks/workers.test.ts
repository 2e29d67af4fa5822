import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runJob, type Sample, type VideoSource } from '../../../src/core/index.js';
import { encodeVideo, ingestConfig, probeFile, selectDecoder, type Corpus } from '../../../src/ingest/index.js';
import { mine } from '../../../src/mining/index.js';
import miner from '../../../src/mining/motion-masks/index.js';
import { makeMoverFilm } from '../../../src/synthetic/index.js';
import { digestOf, memorySink } from '../fakes.js';
import { now } from '../mine-clips.js';

/** Small pictures, for speed. */
const settings = { workSide: 96, storedSide: 96, regions: 120, secondsApart: 0.1, leastAgreement: 0.4 };
let root: string;
let corpus: Corpus;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'reelmine-motion-masks-'));
  const { decoder } = await selectDecoder('libav');
  const sources: VideoSource[] = [];
  const [width, height] = [128, 80];
  for (let n = 0; n < 4; n++) {
    const thing = { outline: 'disc', radius: 18, from: [58, 40], velocity: [0.5, 0] } as const;
    const film = makeMoverFilm({ seed: n, width, height, frames: 16, pan: [3, 0], things: [thing] });
    const path = `film-${n}.mp4`;
    const frames = Array.from({ length: film.frameCount }, (_, i) => film.frame(i));
    await encodeVideo(join(root, path), { frames, width, height, fps: 25, quality: 12 });
    const probed = await probeFile(join(root, path), decoder, { config: ingestConfig.parse({}) });
    const { startPts, endPts } = probed.video;
    const shots = [{ index: 0, startPts, endPts, crop: null }];
    sources.push({ ...probed, shots, paths: [path], licence: null, origin: null, benchmarks: {} });
  }
  sources.sort((a, b) => (a.id < b.id ? -1 : 1));
  corpus = { benchmarks: {}, root, digest: 'test', config: {}, sources, failures: [] };
}, 60_000);

afterAll(() => rmSync(root, { recursive: true, force: true }));

async function samplesOf(workers: number): Promise<readonly Sample[]> {
  const sink = memorySink();
  const signals = [{ miner, name: 'motion-masks', config: miner.config.parse(settings) }];
  const options = { signals, corpus, decoder: 'libav', sinks: { 'motion-masks': sink }, seed: 1, now, workers };
  await runJob(mine(options));
  const out: Sample[] = [];
  for await (const sample of sink.samples()) out.push(sample);
  return out;
}

describe('motion-masks in worker processes', () => {
  it('gives the same bytes with one, two and four workers', async () => {
    const one = await samplesOf(1);
    expect(one.length).toBeGreaterThanOrEqual(4);
    for (const workers of [2, 4]) expect(digestOf(await samplesOf(workers))).toBe(digestOf(one));
  }, 120_000);
});
