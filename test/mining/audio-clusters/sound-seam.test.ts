import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSoundStatistics } from '../../../src/audio/index.js';
import { selectDecoder } from '../../../src/ingest/index.js';
import { SoundReader } from '../../../src/mining/audio-clusters/sound-reader.js';
import { buildClip } from '../../fixtures/clips.js';
import { testData } from '../../fixtures/test-data.js';

const root = mkdtempSync(join(tmpdir(), 'reelmine-seam-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const rate = 20_000;

/** A window of a file, its channels mixed. */
async function windowOf(
  path: string,
  name: 'libav' | 'ffmpeg',
  start: number,
  samples: number,
): Promise<Float32Array | null> {
  const { decoder } = await selectDecoder(name);
  const session = await decoder.open(path);
  const reader = new SoundReader(session.sound!(start / rate, rate), rate, 0);
  const cut = await reader.cut(start, samples);
  await reader.close();
  await session.close();
  return (
    cut &&
    cut.channels[0]!.map((_, i) => cut.channels.reduce((sum, channel) => sum + channel[i]!, 0) / cut.channels.length)
  );
}

describe('the sound of a file', () => {
  it.each([
    ['mp4', 44_100],
    ['mp4', 48_000],
    ['mkv', 48_000],
    ['mkv', 8000],
  ])('has a click where it was put, through %s at %i Hz, in both decoders', async (container, sampleRateHz) => {
    const clicks = [0.5, 1.7, 2.9];
    const data = new Float32Array(4 * sampleRateHz);
    for (const at of clicks)
      for (let i = 0; i < 8; i++) data[Math.round(at * sampleRateHz) + i - 4] = 0.9 * (1 - Math.abs(i - 4) / 5);
    const path = await buildClip(join(root, `${sampleRateHz}.${container}`), 100, { audio: { data, sampleRateHz } });
    for (const name of ['libav', 'ffmpeg'] as const) {
      const sound = (await windowOf(path, name, 2000, 70_000))!;
      expect(sound).toHaveLength(70_000);
      for (const at of clicks) {
        const place = Math.round(at * rate) - 2000;
        const around = Array.from(sound.subarray(place - 1000, place + 1000));
        const found = around.reduce((most, value, i) => (Math.abs(value) > Math.abs(around[most]!) ? i : most), 0);
        // A codec smears what is shorter than its lowest band; where the file has 8 kHz a sample is 2.5 of ours.
        expect(Math.abs(found - 1000), `${name} ${at}`).toBeLessThanOrEqual(sampleRateHz === 8000 ? 5 : 2);
      }
    }
  });

  it('has every channel by itself, and blocks that follow each other', async () => {
    const folder = testData();
    if (folder === null) return;
    const { decoder } = await selectDecoder('libav');
    const session = await decoder.open(join(folder, 'kinetics/abseiling_k400.mp4')); // stereo, 44.1 kHz
    let next: number | null = null;
    let samples = 0;
    for await (const { seconds, channels } of session.sound!(0, rate)) {
      expect(channels).toHaveLength(2);
      if (next !== null) expect(Math.abs(seconds * rate - next)).toBeLessThan(1);
      next = seconds * rate + channels[0]!.length;
      samples += channels[0]!.length;
    }
    await session.close();
    expect(samples / rate).toBeCloseTo(10, 0);
  });

  it('says the same of a film to both decoders', async () => {
    const folder = testData();
    if (folder === null) return;
    const statistics = createSoundStatistics(75_000);
    const describe_ = async (file: string, name: 'libav' | 'ffmpeg') =>
      statistics.describe((await windowOf(join(folder, file), name, 20_000, 75_000))!);
    const distance = (a: Float32Array, b: Float32Array) =>
      Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));
    const [own, other] = ['kinetics/R6llTwEh07w.mp4', 'kinetics/abseiling_k400.mp4'] as const;
    const [a, b, c] = [await describe_(own, 'libav'), await describe_(own, 'ffmpeg'), await describe_(other, 'libav')];
    expect(distance(a, b)).toBeLessThan(0.02 * distance(a, c));
  });
});
