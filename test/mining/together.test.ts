import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runJob, type Sample } from '../../src/core/index.js';
import { encodeVideo, ingestConfig, probeFile, selectDecoder, type Corpus } from '../../src/ingest/index.js';
import { mine, miners, type MineOptions, type MinerDefinition, type SignalRequest } from '../../src/mining/index.js';
import { digestOf, memorySink, movingReel, type MemorySink } from './fakes.js';
import { now } from './mine-clips.js';

// Three films of three shots under one key frame each: a reader that seeks to a shot decodes what is before it again.
const framesOfFilm = 150;
const cuts = [50, 100] as const;
const films = 3;

/** Settings that make the work small; a signal that is not named here runs with its defaults. */
const settings: Readonly<Record<string, object>> = {
  'temporal-order': {
    imageWidth: 64,
    imageHeight: 64,
    flowWidth: 48,
    flowHeight: 36,
    lookalikeMsd: 0,
    duplicateMsd: 0,
  },
};

let corpus: Corpus;
let signals: readonly SignalRequest[];
const root = mkdtempSync(join(tmpdir(), 'reelmine-together-'));

beforeAll(async () => {
  const { decoder } = await selectDecoder('libav');
  const sources = [];
  for (let n = 0; n < films; n++) {
    const path = `film-${n}.mp4`;
    const reel = movingReel(path, { frames: framesOfFilm, width: 96, height: 72, cuts, at: (i) => 1.5 * i + 90 * n });
    const frames = Array.from({ length: framesOfFilm }, (_, i) => reel.frame(i));
    await encodeVideo(join(root, path), { frames, width: 96, height: 72, fps: 25, gop: 300, codec: 'mpeg4' });
    const probed = await probeFile(join(root, path), decoder, { config: ingestConfig.parse({}) });
    const tick = (probed.video.endPts - probed.video.startPts) / framesOfFilm;
    const shots = [0, ...cuts].map((start, index) => ({
      index,
      startPts: start * tick,
      endPts: ([...cuts, framesOfFilm][index] ?? 0) * tick,
      crop: null,
    }));
    sources.push({ ...probed, shots, paths: [path], licence: null, origin: null, benchmarks: {} });
  }
  sources.sort((a, b) => (a.id < b.id ? -1 : 1));
  corpus = { benchmarks: {}, root, digest: 'together', config: {}, sources, failures: [] };
  signals = await Promise.all(
    miners.names.map(async (name) => {
      const miner = await miners.load(name);
      return { miner, name, config: (miner as MinerDefinition).config.parse(settings[name] ?? {}) };
    }),
  );
});

afterAll(() => rmSync(root, { recursive: true }));

async function mineAll(
  { workers = 2, names = miners.names, ...options }: Partial<MineOptions> & { readonly names?: readonly string[] } = {},
  sinks: Readonly<Record<string, MemorySink>> = Object.fromEntries(names.map((name) => [name, memorySink()])),
) {
  const wanted = signals.filter(({ name }) => names.includes(name));
  const job = { signals: wanted, corpus, decoder: 'libav', sinks, workers, seed: 5, now, ...options };
  const result = await runJob(mine(job));
  return { result, sinks, digests: Object.fromEntries(names.map((name) => [name, sinks[name]!.digest])) };
}

describe('several signals mined together', () => {
  let whole: Awaited<ReturnType<typeof mineAll>>;

  beforeAll(async () => {
    whole = await mineAll();
  }, 400_000);

  it('decode every frame once, though all shots hang on one key frame', () => {
    const frames = corpus.sources.reduce((sum, { video }) => sum + video.frames, 0);
    expect(frames).toBe(films * framesOfFilm);
    expect(whole.result.framesDecoded).toBeGreaterThanOrEqual(frames);
    expect(whole.result.framesDecoded).toBeLessThanOrEqual(1.05 * frames);
    expect(whole.result.counts).toMatchObject({ done: films, failed: 0 });
    expect(whole.result.signals['temporal-order']!.counts['samples']).toBeGreaterThan(10);
  });

  it('give the bytes that each gives alone, and with 1, 2 and 4 workers', async () => {
    for (const workers of [1, 4]) expect((await mineAll({ workers })).digests).toEqual(whole.digests);
    for (const name of miners.names) {
      expect((await mineAll({ names: [name] })).digests).toEqual({ [name]: whole.digests[name] });
    }
  }, 400_000);

  it('unite from parts 1/3 to 3/3 to the same samples', async () => {
    const parts = [];
    for (const index of [0, 1, 2]) parts.push(await mineAll({ part: { index, count: 3 } }));
    for (const name of miners.names) {
      const units = parts.flatMap(({ sinks }) => [...sinks[name]!.units.values()]);
      expect(units).toHaveLength(3 * films);
      expect(digestOf(units.flatMap((unit): readonly Sample[] => unit.samples))).toBe(whole.digests[name]);
    }
  }, 400_000);

  it('go on from any units that a killed run left, to the same bytes', async () => {
    const sinks = Object.fromEntries(miners.names.map((name) => [name, memorySink()]));
    for (const [s, name] of miners.names.entries()) {
      const units = [...whole.sinks[name]!.units.values()].filter((_, i) => (i + s) % 2 === 0);
      for (const unit of units) await sinks[name]!.writeUnit(unit);
    }
    const { digests, result } = await mineAll({}, sinks);
    expect(digests).toEqual(whole.digests);
    expect(result.framesDecoded).toBeLessThanOrEqual(films * framesOfFilm);
  }, 400_000);
});
