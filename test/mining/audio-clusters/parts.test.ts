import { describe, expect, it } from 'vitest';
import { createSoundStatistics } from '../../../src/audio/index.js';
import { createRandom, ptsToSeconds, type VideoSource } from '../../../src/core/index.js';
import type { SoundBlock } from '../../../src/ingest/index.js';
import { audioClustersConfig } from '../../../src/mining/audio-clusters/config.js';
import { judgeSound } from '../../../src/mining/audio-clusters/judge.js';
import { planFrames } from '../../../src/mining/audio-clusters/plan.js';
import { SoundReader } from '../../../src/mining/audio-clusters/sound-reader.js';
import { noise, pulsate, tone } from '../../../src/synthetic/index.js';
import { movingReel, sourceOf } from '../fakes.js';

const config = audioClustersConfig.parse({});
const rate = 20_000;
const length = { seconds: 3.75, sampleRateHz: rate };

function sourceOfSeconds(seconds: number): VideoSource {
  return sourceOf(movingReel('film', { frames: Math.round(seconds * 25) }));
}

describe('the plan of a video', () => {
  it('puts one frame into each of equal parts, so that windows do not overlap and stay inside', () => {
    for (const [seconds, count] of [
      [3.5, 0],
      [4, 1],
      [9, 2],
      [40, 10],
      [600, 10],
    ] as const) {
      const plan = planFrames(sourceOfSeconds(seconds), config, createRandom(1));
      expect(plan).toHaveLength(count);
      plan.forEach(({ fromSeconds, untilSeconds }, n) => {
        expect(fromSeconds).toBeGreaterThanOrEqual((n * seconds) / count + 1.875 - 1e-9);
        expect(untilSeconds).toBeLessThanOrEqual(((n + 1) * seconds) / count - 1.875 + 1e-9);
        expect(untilSeconds - fromSeconds).toBeGreaterThan(1 / 25); // a frame is there
      });
    }
  });

  it('is another for another seed', () => {
    const [a, b] = [1, 2].map((seed) => planFrames(sourceOfSeconds(60), config, createRandom(seed)));
    expect(a).not.toEqual(b);
  });
});

describe('the sound reader', () => {
  /** A track whose sample n is n, in blocks of 1000 from a first to a last sample, with a gap; counts what is held. */
  async function* count(
    from: number,
    until: number,
    gap: readonly [number, number] = [0, 0],
  ): AsyncGenerator<SoundBlock> {
    for (let at = from; at < until; at += 1000) {
      if (at >= gap[0] && at < gap[1]) continue;
      const size = Math.min(1000, until - at);
      yield { seconds: at / rate, channels: [Float32Array.from({ length: size }, (_, i) => at + i)] };
    }
  }

  it('cuts windows across blocks, with silence in gaps', async () => {
    const reader = new SoundReader(count(0, 30_000, [12_000, 13_000]), rate, 500);
    const first = (await reader.cut(1500, 3000))!;
    expect(first.start).toBe(1500);
    expect([...first.channels[0]!]).toEqual(Array.from({ length: 3000 }, (_, i) => 1500 + i));
    const second = (await reader.cut(11_500, 2000))!;
    expect([...second.channels[0]!.subarray(0, 501)]).toEqual([
      ...Array.from({ length: 500 }, (_, i) => 11_500 + i),
      0,
    ]);
    expect(second.channels[0]![1500]).toBe(13_000);
    await reader.close();
  });

  it('moves a window inside by as much as it may, and no further', async () => {
    const reader = () => new SoundReader(count(10_000, 20_500), rate, 500);
    expect((await reader().cut(9_600, 1000))!.start).toBe(10_000);
    expect(await reader().cut(9_400, 1000)).toBeNull();
    const late = (await reader().cut(19_900, 1000))!;
    expect([late.start, late.channels[0]![999]]).toEqual([19_500, 20_499]);
    expect(await reader().cut(20_100, 1000)).toBeNull();
    expect(await reader().cut(10_000, 20_000)).toBeNull();
  });

  it('holds a window and its shift, however far the next window is', async () => {
    let [reader, most]: [SoundReader | null, number] = [null, 0];
    async function* watched(): AsyncGenerator<SoundBlock> {
      for await (const block of count(0, 3_000_000)) {
        most = Math.max(most, reader?.heldSamples ?? 0);
        yield block;
      }
    }
    reader = new SoundReader(watched(), rate, 500);
    expect((await reader.cut(0, 5000))!.start).toBe(0);
    expect((await reader.cut(2_500_000, 5000))!.channels[0]![7]).toBe(2_500_007);
    expect(most).toBeLessThanOrEqual(5000 + 500 + 1000);
    expect(most).toBeGreaterThan(4000);
  });

  it('knows a track that gives nothing', async () => {
    const reader = new SoundReader(count(0, 0), rate, 500);
    expect(await reader.cut(0, 10)).toBeNull();
    expect(reader.hasSound).toBe(false);
  });

  it('ends decoding when it is closed', async () => {
    let ended = false;
    async function* watched(): AsyncGenerator<SoundBlock> {
      try {
        yield* count(0, 1e9);
      } finally {
        ended = true;
      }
    }
    const reader = new SoundReader(watched(), rate, 0);
    await reader.cut(0, 5000);
    await reader.close();
    expect(ended).toBe(true);
  });
});

describe('a window is judged', () => {
  const statistics = createSoundStatistics(75_000);
  const hiss = noise(length, 0.1, createRandom(3));
  const refusal = (channels: readonly Float32Array[], more = {}) =>
    judgeSound(channels, statistics, { ...config, ...more }).refused;

  it('silent by its level or by most of its frames', () => {
    expect(refusal([new Float32Array(75_000)])).toBe('silent');
    expect(refusal([hiss.map((value) => 0.005 * value)])).toBe('silent');
    expect(refusal([hiss.map((value, i) => (i < 45_000 ? 0 : value))])).toBe('silent');
    expect(refusal([hiss.map((value, i) => (i < 30_000 ? 0 : value))])).toBeNull();
  });

  it('clipped, constant, or cancelled by its channels', () => {
    expect(refusal([hiss.map((value) => Math.max(-1, Math.min(1, 8 * value)))])).toBe('clipped');
    expect(refusal([tone(length, 1000, 0.2)])).toBe('constant');
    expect(refusal([hiss, hiss.map((value) => -value)])).toBe('stereo-cancel');
    expect(refusal([hiss, hiss])).toBeNull();
  });

  it('music or speech only where that is asked for', () => {
    const beat = tone(length, 440, 0.2).map((value, i) => value * (i % 10_000 < 2500 ? 1 : 0.05));
    expect(refusal([beat])).toBeNull();
    expect(refusal([beat], { refuseMusic: true })).toBe('music');
    expect(refusal([hiss], { refuseMusic: true, refuseSpeech: true })).toBeNull();
    expect(refusal([pulsate(hiss, rate, 5)], { refuseSpeech: true })).toBe('speech');
  });

  it('with its level and peak in decibels, worked by hand', () => {
    const found = judgeSound([pulsate(hiss, rate, 4), hiss], statistics, config);
    if (found.refused !== null) throw new Error(found.refused);
    const second = pulsate(hiss, rate, 4);
    const mono = hiss.map((value, i) => (value + second[i]!) / 2);
    const energy = mono.reduce((sum, value) => sum + value * value, 0) / mono.length;
    expect(found.fields.rms).toBeCloseTo(10 * Math.log10(energy), 3);
    const peak = hiss.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(found.fields.peak).toBeCloseTo(20 * Math.log10(peak), 3);
    expect(found.fields.silence).toBe(0);
    expect(found.mono.length / rate).toBe(ptsToSeconds(3.75 * 600, [1, 600]));
  });
});
