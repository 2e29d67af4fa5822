import { expect, it } from 'vitest';
import { createSoundStatistics, harmonicShare, pulseClarity, syllabicShare } from '../../src/audio/index.js';
import { createRandom } from '../../src/core/index.js';
import { mix, noise, pulsate, strike, tone } from '../../src/synthetic/index.js';

const length = { seconds: 3.75, sampleRateHz: 20_000 };
const random = createRandom(8);
const hiss = noise(length, 0.1, random.fork('hiss'));
const statistics = createSoundStatistics(75_000);

it('hears a pulse in beats at an even pace, and none in noise or in clicks at random', () => {
  const beat = Float32Array.from(hiss, (value, i) => value * (i % 10_000 < 1500 ? 1 : 0.05)); // twice a second
  const clicks = strike(
    length,
    { perSecond: 5, halfSeconds: 0.002, turns: null, amplitude: 0.8 },
    random.fork('clicks'),
  );
  const clarity = (sound: Float32Array): number => pulseClarity(statistics.envelopes(sound), 3.75);
  expect(clarity(beat)).toBeGreaterThan(0.6);
  expect(clarity(hiss)).toBeLessThan(0.3);
  expect(clarity(beat)).toBeGreaterThan(2 * clarity(clicks));
  expect(clarity(new Float32Array(75_000))).toBe(0);
});

it('hears harmony in tones, and none in noise', () => {
  const chord = mix(tone(length, 440, 0.1), tone(length, 550, 0.1), tone(length, 660, 0.1));
  expect(harmonicShare(chord)).toBeGreaterThan(0.7);
  expect(harmonicShare(hiss)).toBeLessThan(0.1);
  expect(harmonicShare(new Float32Array(75_000))).toBe(0);
});

it('hears the pace of syllables', () => {
  const share = (hertz: number): number => syllabicShare(statistics.describe(pulsate(hiss, 20_000, hertz)));
  expect(share(5)).toBeGreaterThan(0.4);
  expect(share(5)).toBeGreaterThan(2 * syllabicShare(statistics.describe(hiss)));
  expect(share(5)).toBeGreaterThan(2 * share(60));
});
