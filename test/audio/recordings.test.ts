import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSoundStatistics, statisticsBlocks, type SoundStatistics } from '../../src/audio/index.js';
import { selectDecoder } from '../../src/ingest/index.js';
import { buildClip } from '../fixtures/clips.js';
import { testData } from '../fixtures/test-data.js';

// Recordings of ImageBind's repository: their statistics at RMS 0.05 are in the specification.
const folder = testData();
const root = mkdtempSync(join(tmpdir(), 'reelmine-recordings-'));
const meanOf = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Mono at 20 kHz of a 16-bit WAV file at 44.1 kHz, by linear interpolation of a running mean: enough below 8 kHz. */
async function readWave(name: string): Promise<Float32Array> {
  const { readFileSync } = await import('node:fs');
  const file = readFileSync(join(folder!, 'audio', name));
  const [channels, rate] = [file.readUInt16LE(22), file.readUInt32LE(24)];
  const start = file.indexOf('data', 12, 'latin1') + 8;
  const count = Math.floor((file.length - start) / 2 / channels);
  const mono = Float32Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += file.readInt16LE(start + 2 * (i * channels + c)) / 32_768;
    return sum / channels;
  });
  return Float32Array.from({ length: 75_000 }, (_, i) => {
    // A sinc of 32 zero crossings each way, with a Hann window.
    const at = (i * rate) / 20_000;
    let sum = 0;
    const reach = (32 * rate) / 20_000;
    for (let k = Math.ceil(at - reach); k < at + reach; k++) {
      const x = ((at - k) * 20_000) / rate;
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      sum += (mono[k] ?? 0) * sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / 32));
    }
    return (sum * 20_000) / rate;
  });
}

describe.skipIf(folder === null)('recordings of a dog and a car', () => {
  let statistics: SoundStatistics;
  let dog: Float32Array;
  let car: Float32Array;
  beforeAll(async () => {
    statistics = createSoundStatistics(75_000, { level: 0.05, normalize: false, taperSeconds: 0 });
    [dog, car] = [await readWave('dog_audio.wav'), await readWave('car_audio.wav')];
  }, 60_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('have the statistics of the specification', () => {
    const [a, b] = [statistics.describe(dog), statistics.describe(car)];
    const block = (numbers: Float32Array, from: number, to: number) => numbers.subarray(from, to);
    const { spread, correlation, modulation } = statisticsBlocks;
    const strongest = (numbers: Float32Array) => numbers.subarray(0, 32).indexOf(Math.max(...numbers.subarray(0, 32)));
    expect(Math.abs(meanOf(block(a, spread, correlation)) - 0.76)).toBeLessThan(0.03);
    expect(Math.abs(meanOf(block(b, spread, correlation)) - 0.47)).toBeLessThan(0.03);
    expect(Math.abs(meanOf(block(a, correlation, modulation)) - 0.84)).toBeLessThan(0.03);
    expect(Math.abs(meanOf(block(b, correlation, modulation)) - 0.81)).toBeLessThan(0.03);
    expect([strongest(a), strongest(b)]).toEqual([15, 12]);
  });

  it('stay nearer to themselves through AAC than to each other, by five times', async () => {
    const { decoder } = await selectDecoder('libav');
    const encoded = async (sound: Float32Array, name: string): Promise<Float32Array> => {
      // 20 kHz is no rate of AAC: every sample stands for 1/24,000 s, and is read back at that rate.
      const path = await buildClip(join(root, name), 80, { audio: { data: sound, sampleRateHz: 24_000 } });
      const session = await decoder.open(path);
      const { data } = await session.audio(null, 24_000);
      await session.close();
      return Float32Array.from({ length: 75_000 }, (_, i) => data[i] ?? 0);
    };
    const distance = (x: Float32Array, y: Float32Array) =>
      Math.sqrt(x.reduce((sum, v, i) => sum + (v - y[i]!) ** 2, 0));
    const [a, b] = [statistics.describe(dog), statistics.describe(car)];
    for (const [own, sound, name] of [
      [a, dog, 'dog.mp4'],
      [b, car, 'car.mp4'],
    ] as const)
      // prettier-ignore
      expect(distance(statistics.describe(await encoded(sound, name)), own)).toBeLessThan(distance(a, b) / 5);
  }, 60_000);
});
