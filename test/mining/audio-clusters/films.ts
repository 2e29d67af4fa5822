import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom, type VideoSource } from '../../../src/core/index.js';
import { encodeVideo, ingestConfig, probeFile, selectDecoder, type Corpus } from '../../../src/ingest/index.js';
import { noise, pulsate, soften, strike } from '../../../src/synthetic/index.js';
import { blockFrames } from '../../fixtures/clips.js';

const sampleRateHz = 24_000;
const seconds = 9;

/** Films of 9 s, two shots each, that hiss, throb or click. */
export async function buildFilms(count = 4): Promise<Corpus> {
  const root = mkdtempSync(join(tmpdir(), 'reelmine-sound-'));
  const { decoder } = await selectDecoder('libav');
  const sources: VideoSource[] = [];
  for (let n = 0; n < count; n++) {
    const path = `film-${n}.mkv`;
    const frames = [...blockFrames(seconds * 10, undefined, [n === 0 ? 45 : 50])];
    frames.forEach((frame, i) => (frame[0] = (n * 40 + i) % 256)); // no two films are one
    await encodeVideo(join(root, path), {
      frames,
      width: 64,
      height: 48,
      fps: 10,
      audio: { data: soundOf(n), sampleRateHz },
    });
    const probed = await probeFile(join(root, path), decoder, { config: ingestConfig.parse({}) });
    const { startPts, endPts } = probed.video;
    const middle = Math.round((startPts + endPts) / 2);
    const shots = [
      { index: 0, startPts, endPts: middle, crop: null },
      { index: 1, startPts: middle, endPts, crop: null },
    ];
    sources.push({ ...probed, shots, paths: [path], licence: null, origin: null, benchmarks: {} });
  }
  sources.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { benchmarks: {}, root, digest: 'test', config: {}, sources, failures: [], duplicates: [] };
}

function soundOf(n: number): Float32Array {
  const random = createRandom(n);
  const length = { seconds, sampleRateHz };
  if (n % 3 === 0) return noise(length, 0.1, random);
  if (n % 3 === 1) return pulsate(soften(noise(length, 0.4, random), sampleRateHz, 400), sampleRateHz, 4 + n / 3);
  return strike(length, { perSecond: 7, halfSeconds: 0.004, turns: null, amplitude: 0.6 }, random);
}
