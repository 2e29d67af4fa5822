import { expect, test } from 'vitest';
import { onsetTimes, rmsEnvelope } from '../../src/audio/index.js';
import { createRandom } from '../../src/core/index.js';

const sampleRateHz = 8000;

/** Silence with bursts of noise of 50 ms at the given seconds. */
function bursts(times: readonly number[], seconds: number): Float32Array {
  const random = createRandom(2);
  const out = new Float32Array(seconds * sampleRateHz);
  for (const time of times) {
    const at = Math.round(time * sampleRateHz);
    for (let k = 0; k < 0.05 * sampleRateHz; k++) out[at + k] = random.float() - 0.5;
  }
  return out;
}

/** Onsets by the definition: every window against all of those before it that count. */
function slowOnsets(rms: Float32Array, windowSeconds: number): number[] {
  const loud = [...rms].map((value, w) => {
    const before = [...rms].slice(Math.max(0, w - 3), w);
    return value > 0.01 && before.every((other) => value > 1.5 * other);
  });
  return loud.flatMap((is, w) => (is && !loud.slice(Math.max(0, w - 3), w).some(Boolean) ? [w * windowSeconds] : []));
}

test('gives the root mean square of each window, worked by hand', () => {
  const { rms, windowSeconds } = rmsEnvelope(Float32Array.of(3, 4, 0, 0, -1, 1, 9), 100, 0.02);
  expect(windowSeconds).toBe(0.02);
  expect([...rms]).toEqual([Math.fround(Math.sqrt(12.5)), 0, 1]);
});

test('gives the known level of a sine', () => {
  const sine = Float32Array.from(
    { length: sampleRateHz },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * 200 * i) / sampleRateHz),
  );
  const { rms } = rmsEnvelope(sine, sampleRateHz);
  for (const value of rms) expect(value).toBeCloseTo(0.5 * Math.SQRT1_2, 4);
});

test('agrees with one sum over squares of the whole', () => {
  const sound = bursts([0.1, 0.5], 1);
  const { rms } = rmsEnvelope(sound, sampleRateHz, 0.025);
  const energy = rms.reduce((sum, value) => sum + value * value * 200, 0);
  expect(energy).toBeCloseTo(
    sound.reduce((sum, value) => sum + value * value, 0),
    3,
  );
});

test('finds the bursts and nothing else', () => {
  const times = [0.2, 0.5, 0.9, 1.35];
  const found = onsetTimes(rmsEnvelope(bursts(times, 2), sampleRateHz));
  expect(found.length).toBe(times.length);
  found.forEach((time, i) => expect(Math.abs(time - times[i]!)).toBeLessThanOrEqual(0.01 + 1e-9));
  expect(onsetTimes(rmsEnvelope(new Float32Array(sampleRateHz), sampleRateHz))).toEqual([]);
});

test('finds what the definition says on random sound', () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = createRandom(seed);
    const rms = Float32Array.from({ length: 200 }, () => (random.int(4) === 0 ? random.float() : 0.1 * random.float()));
    const fast = onsetTimes({ rms, windowSeconds: 0.01 });
    expect(fast.length).toBeGreaterThan(5);
    expect(fast).toEqual(slowOnsets(rms, 0.01));
  }
});

test('refuses a rate that is none', () => {
  expect(() => rmsEnvelope(new Float32Array(4), 0)).toThrow(/sampleRateHz must be positive, got 0/);
});
