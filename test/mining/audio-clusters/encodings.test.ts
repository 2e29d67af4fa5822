import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSoundStatistics, encodeWave } from '../../../src/audio/index.js';
import { createRandom, runProcess } from '../../../src/core/index.js';
import { findFfmpeg, selectDecoder } from '../../../src/ingest/index.js';
import { kMeans, PointSet } from '../../../src/mining/audio-clusters/k-means.js';
import { SoundReader } from '../../../src/mining/audio-clusters/sound-reader.js';
import { noise, pulsate, strike } from '../../../src/synthetic/index.js';
import { testData } from '../../fixtures/test-data.js';

// Files of other encoders than ours: the ffmpeg program writes them.
const ffmpeg = await findFfmpeg();
const data = testData();
const root = mkdtempSync(join(tmpdir(), 'reelmine-encodings-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const rate = 20_000;
const statistics = createSoundStatistics(75_000);

/** Has ffmpeg write a sound file and a small black picture as one film. */
async function encode(from: string, name: string, ...settings: readonly string[]): Promise<string> {
  const path = join(root, name);
  const picture = ['-f', 'lavfi', '-i', 'color=black:s=32x32:r=10:d=6'];
  const args = [
    '-v',
    'error',
    '-i',
    from,
    ...picture,
    '-map',
    '1:v',
    '-map',
    '0:a',
    '-c:v',
    'mpeg4',
    ...settings,
    path,
  ];
  const { status, stderr } = await runProcess(ffmpeg!.path, args);
  expect(status, stderr).toBe(0);
  return path;
}

/** Windows of a film's sound that begin at these samples, channels mixed; without those that its track does not have. */
async function windowsOf(path: string, starts: readonly number[], decoderName: 'libav' | 'ffmpeg' = 'libav') {
  const { decoder } = await selectDecoder(decoderName);
  const session = await decoder.open(path);
  const out: Float32Array[] = [];
  if (session.media.audio) {
    const reader = new SoundReader(session.sound!(0, rate), rate, 0);
    for (const start of starts) {
      const cut = await reader.cut(start, 75_000);
      if (!cut) break;
      const { channels } = cut;
      out.push(channels[0]!.map((_, i) => channels.reduce((sum, one) => sum + one[i]!, 0) / channels.length));
    }
    await reader.close();
  }
  await session.close();
  return out;
}

/** Every dimension less its mean and divided by its deviation over the rows. */
function standardise(rows: readonly Float32Array[]): readonly Float32Array[] {
  const mean = rows[0]!.map((_, d) => rows.reduce((sum, row) => sum + row[d]!, 0) / rows.length);
  const deviation = mean.map((m, d) => Math.sqrt(rows.reduce((sum, row) => sum + (row[d]! - m) ** 2, 0) / rows.length));
  return rows.map((row) => row.map((value, d) => (deviation[d]! < 1e-6 ? 0 : (value - mean[d]!) / deviation[d]!)));
}

const distance = (a: Float32Array, b: Float32Array) => Math.sqrt(a.reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0));

const encodings = [
  ['wav.mkv', '-c:a', 'pcm_s16le'],
  ['flac.mkv', '-c:a', 'flac'],
  ['aac.mp4', '-c:a', 'aac', '-b:a', '128k'],
  ['opus.mkv', '-c:a', 'libopus', '-b:a', '96k'],
] as const;

describe.skipIf(ffmpeg === null || data === null)('recordings as WAV, FLAC, AAC and Opus', () => {
  it('stay near themselves, far from each other, and in two clusters of their own', { timeout: 120_000 }, async () => {
    const rows: Float32Array[] = [];
    for (const name of ['dog', 'car'])
      for (const [ending, ...settings] of encodings) {
        const padded = ['-af', 'apad=whole_dur=4.5', ...settings];
        const path = await encode(join(data!, 'audio', `${name}_audio.wav`), `${name}-${ending}`, ...padded);
        rows.push(statistics.describe((await windowsOf(path, [0]))[0]!));
      }
    // Textures of all kinds, so that what is standardised knows how sounds differ.
    const length = { seconds: 3.75, sampleRateHz: rate };
    for (let n = 0; n < 4; n++) {
      const random = createRandom(n);
      rows.push(statistics.describe(noise(length, 0.1, random)));
      rows.push(statistics.describe(pulsate(noise(length, 0.1, random), rate, 3 + 4 * n)));
      const blow = { perSecond: 4 + 3 * n, halfSeconds: 0.01, turns: null, amplitude: 0.5 };
      rows.push(statistics.describe(strike(length, blow, random)));
    }
    const scaled = standardise(rows);
    const apart = distance(scaled[0]!, scaled[encodings.length]!);
    encodings.forEach(([name], n) => {
      expect(distance(scaled[n]!, scaled[0]!), `dog ${name}`).toBeLessThan(apart / 5);
      expect(distance(scaled[4 + n]!, scaled[4]!), `car ${name}`).toBeLessThan(apart / 5);
    });
    const points = new PointSet(Float32Array.from(scaled.slice(0, 8).flatMap((row) => [...row])), 502, 2);
    const options = { clusters: 2, restarts: 4, rounds: 50, tolerance: 1e-4, random: createRandom(1) };
    const { labels } = await kMeans(points, options);
    expect(new Set(labels.subarray(0, 4)).size).toBe(1);
    expect(new Set(labels.subarray(4)).size).toBe(1);
    expect(labels[0]).not.toBe(labels[4]);
  });
});

describe.skipIf(ffmpeg === null)('a click', () => {
  it.each([
    ['aac-44.mp4', 44_100, 2, ['-c:a', 'aac', '-b:a', '192k']], // ffmpeg writes an edit list that cuts off the encoder's priming
    ['aac-48.mkv', 48_000, 2, ['-c:a', 'aac', '-b:a', '192k']],
    ['surround.mkv', 48_000, 6, ['-c:a', 'flac']],
    ['phone.mkv', 8000, 1, ['-c:a', 'pcm_s16le']],
  ] as const)(
    'is where it was in %s at %i Hz with %i channels, and the track as long as it was',
    async (name, hertz, count, settings) => {
      const clicks = [0.5, 1.7, 2.9];
      const sound = new Float32Array(5 * hertz);
      const half = Math.round(hertz / 8000) * 2;
      for (const at of clicks)
        for (let i = -half; i <= half; i++) sound[Math.round(at * hertz) + i] = 0.8 * (1 - Math.abs(i) / (half + 1));
      const source = join(root, `${name}.wav`);
      writeFileSync(source, encodeWave(sound, hertz));
      const path = await encode(source, name, '-ac', String(count), ...settings);
      for (const decoderName of ['libav', 'ffmpeg'] as const) {
        const [heard] = await windowsOf(path, [0], decoderName);
        for (const at of clicks) {
          const place = at * rate;
          const around = [...heard!.subarray(place - 1000, place + 1000)].map(Math.abs);
          const found = around.indexOf(Math.max(...around));
          expect(Math.abs(found - 1000), `${decoderName} ${at}`).toBeLessThanOrEqual(hertz === 8000 ? 3 : 2);
        }
        if (settings[1] === 'aac') continue; // whole packets
        const { decoder } = await selectDecoder(decoderName);
        const session = await decoder.open(path);
        let samples = 0;
        for await (const { channels } of session.sound!(0, rate)) samples += channels[0]!.length;
        await session.close();
        expect(Math.abs(samples - 5 * rate), decoderName).toBeLessThanOrEqual(1);
      }
    },
  );
});

describe.skipIf(data === null)('windows of films', () => {
  it('are nearer to those of their own film than chance has it, three times', { timeout: 180_000 }, async () => {
    const folders = ['kinetics', 'ucf101/videos/Surfing'];
    const rows: Float32Array[] = [];
    const sources: string[] = [];
    for (const folder of folders)
      for (const file of readdirSync(join(data!, folder)).sort()) {
        const windows = await windowsOf(join(data!, folder, file), [0, 75_000, 150_000]);
        if (windows.length < 2) continue;
        windows.forEach((sound) => {
          rows.push(statistics.describe(sound));
          sources.push(file);
        });
      }
    const scaled = standardise(rows);
    let [same, chance] = [0, 0];
    scaled.forEach((row, i) => {
      let [nearest, least] = [-1, Infinity];
      scaled.forEach((other, j) => {
        const d = i === j ? Infinity : distance(row, other);
        if (d < least) [nearest, least] = [j, d];
      });
      same += Number(sources[nearest] === sources[i]) / rows.length;
      chance += (sources.filter((source) => source === sources[i]).length - 1) / (rows.length - 1) / rows.length;
    });
    expect(rows.length).toBeGreaterThan(15);
    expect(same, `chance is ${chance}`).toBeGreaterThanOrEqual(3 * chance);
  });
});
