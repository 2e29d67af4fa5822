import { describe, expect, it } from 'vitest';
import { createSoundStatistics, statisticsBlocks } from '../../src/audio/index.js';
import { createRandom, sha256 } from '../../src/core/index.js';
import {
  createSoundSet,
  mix,
  noise,
  pulsate,
  soften,
  soundSetClassNames,
  strike,
  syntheticSets,
  tone,
} from '../../src/synthetic/index.js';

const set = createSoundSet({ seed: 3, groups: 2, testGroups: 1, seconds: 4 });

describe('the sound set', () => {
  it('has its classes, groups and roles', () => {
    expect(set).toHaveLength(12);
    expect([...new Set(set.map(({ className }) => className))]).toEqual([...soundSetClassNames]);
    for (const video of set) {
      expect(video.role).toBe(video.group.endsWith('g01') ? 'test' : 'train');
      expect(video.frameCount).toBe(32);
      expect(video.audio!()).toHaveLength(4 * 24_000);
    }
    expect(syntheticSets['sounds']!.create(1)).toHaveLength(144);
  });

  it('is the same from the same seed, and another from another', () => {
    const hash = (seed: number) =>
      createSoundSet({ seed, groups: 1, testGroups: 0, seconds: 1 }).map((video) =>
        sha256(Buffer.concat([video.frame(3), new Uint8Array(video.audio!().buffer)])),
      );
    expect(hash(1)).toEqual(hash(1));
    expect(hash(1)).not.toEqual(hash(2));
  });

  it('shows what moves, and refuses frames that are not there', () => {
    for (const video of set) {
      const [a, b] = [video.frame(0), video.frame(20)];
      expect(a.some((value, i) => Math.abs(value - b[i]!) > 20)).toBe(true);
      expect(() => video.frame(32)).toThrow(RangeError);
    }
    expect(() => createSoundSet({ seed: 1, groups: 1, testGroups: 2 })).toThrow(/testGroups/);
    expect(() => createSoundSet({ seed: 1, seconds: 0 })).toThrow(/seconds/);
  });

  it('sounds by class: two clips of one class are nearer than those of any other, for most', () => {
    const statistics = createSoundStatistics(60_000);
    const numbers = set.map((video) => {
      const sound = video.audio!();
      const at20 = Float32Array.from({ length: 60_000 }, (_, i) => sound[Math.floor(i * 1.2)]!);
      return statistics.describe(at20).subarray(0, statisticsBlocks.correlation);
    });
    const nearest = numbers.map((own, i) => {
      const distances = numbers.map((other, j) =>
        i === j ? Infinity : own.reduce((sum, v, d) => sum + (v - other[d]!) ** 2, 0),
      );
      return set[distances.indexOf(Math.min(...distances))]!.className;
    });
    const right = nearest.filter((name, i) => name === set[i]!.className).length;
    expect(right).toBeGreaterThanOrEqual(9);
  });
});

describe('made sounds', () => {
  const length = { seconds: 1, sampleRateHz: 8000 };
  const rms = (sound: Float32Array) => Math.sqrt(sound.reduce((sum, v) => sum + v * v, 0) / sound.length);

  it('have the level and the pitch that they are asked for', () => {
    expect(rms(noise(length, 0.2, createRandom(1)))).toBeCloseTo(0.2, 2);
    const pure = tone(length, 100, 0.5);
    expect(rms(pure)).toBeCloseTo(0.5 * Math.SQRT1_2, 4);
    const rises = pure.filter((value, i) => i > 0 && value >= 0 && pure[i - 1]! < 0).length;
    expect(Math.abs(rises - 100)).toBeLessThanOrEqual(1);
  });

  it('swell, soften and add up as they say', () => {
    const ones = new Float32Array(8000).fill(1);
    const swelling = pulsate(ones, 8000, 2);
    expect(Math.max(...swelling)).toBeCloseTo(1, 4);
    expect(Math.min(...swelling)).toBeCloseTo(0, 4);
    expect(rms(soften(tone(length, 1000, 1), 8000, 100))).toBeLessThan(0.1);
    expect(soften(ones, 8000, 100).at(-1)).toBeCloseTo(1, 6);
    expect([...mix(Float32Array.of(1, 2), Float32Array.of(3, 4))]).toEqual([4, 6]);
  });

  it('die away by half in the time given', () => {
    const strikes = { perSecond: 1, halfSeconds: 0.02, amplitude: 1, pitch: [400, 400] as const };
    const sound = strike(length, { ...strikes, turns: (seconds, pitch) => seconds * pitch }, createRandom(5));
    const first = sound.findIndex((value) => value !== 0);
    const peak = (from: number) => sound.slice(from, from + 20).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    expect(peak(first + 160) / peak(first)).toBeCloseTo(0.5, 1);
  });
});
