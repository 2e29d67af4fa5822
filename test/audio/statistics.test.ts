import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createCochlea,
  createSoundStatistics,
  cochleaFilters,
  erbCutoffs,
  modulationCentres,
  modulationFilters,
  statisticsBlocks,
  type SoundStatistics,
} from '../../src/audio/index.js';
import { createRandom } from '../../src/core/index.js';
import { noise, pulsate, strike, tone } from '../../src/synthetic/index.js';

const rate = 20_000;
const length = { seconds: 3.75, sampleRateHz: rate };
const random = createRandom(4);
const textures = {
  noise: noise(length, 0.1, random.fork('noise')),
  'noise at 4 Hz': pulsate(noise(length, 0.1, random.fork('four')), rate, 4),
  'noise at 16 Hz': pulsate(noise(length, 0.1, random.fork('sixteen')), rate, 16),
  clicks: strike(length, { perSecond: 5, halfSeconds: 0.0005, turns: null, amplitude: 0.8 }, random.fork('clicks')),
  'a tone': tone(length, 1000, 0.2),
};

let plain: SoundStatistics;
let scaled: SoundStatistics;
beforeAll(() => {
  plain = createSoundStatistics(75_000, { level: null, normalize: false, taperSeconds: 0 });
  scaled = createSoundStatistics(75_000);
});

const block = (numbers: Float32Array, name: 'mean' | 'spread' | 'correlation' | 'modulation'): number[] => {
  const names = Object.keys(statisticsBlocks) as (keyof typeof statisticsBlocks)[];
  return [...numbers.subarray(statisticsBlocks[name], statisticsBlocks[names[names.indexOf(name) + 1]!])];
};
const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const strongest = (values: readonly number[]): number => values.indexOf(Math.max(...values));
/** Mean over the bands of each modulation filter's number. */
const modulation = (numbers: Float32Array): number[] =>
  Array.from({ length: 10 }, (_, n) => meanOf(block(numbers, 'modulation').filter((_v, i) => i % 10 === n)));

describe('the filter bank', () => {
  it('has its cut-offs where the source has them', () => {
    const wanted = [
      20, 51.7, 87.4, 127.7, 173.1, 224.3, 282, 347.1, 420.4, 503.1, 596.3, 701.4, 819.9, 953.4, 1104, 1273.8,
    ];
    const got = [...erbCutoffs(rate / 2)];
    expect(got).toHaveLength(32);
    wanted.forEach((hertz, i) => expect(Math.abs(got[i]! - hertz)).toBeLessThan(0.051));
    expect(got[30]).toBeCloseTo(8844.5, 1);
    expect(got[31]).toBeCloseTo(10_000, 6);
  });

  it('lets all energy through, at every frequency', () => {
    const sums = new Float64Array(37_501);
    for (const { first, weights } of cochleaFilters(75_000, rate))
      weights.forEach((w, i) => (sums[first + i]! += w * w));
    for (const sum of sums) expect(Math.abs(sum - 1)).toBeLessThan(1e-9);
  });

  it('has the modulation filters that the source has, with energy of about 1 in the middle', () => {
    const centres = [0.5, 0.973, 1.893, 3.684, 7.169, 13.95, 27.14, 52.82, 102.8, 200];
    modulationCentres().forEach((hertz, i) => expect(hertz / centres[i]!).toBeCloseTo(1, 3));
    const filters = modulationFilters(1500, 400);
    const sums = Array.from({ length: 88 }, (_, i) =>
      Array.from({ length: 10 }, (_f, n) => filters[n * 751 + 14 + i]!).reduce((a, b) => a + b, 0),
    ); // 3.7 to 27 Hz
    expect(meanOf(sums)).toBeCloseTo(1, 2);
    for (const sum of sums) expect(Math.abs(sum - 1)).toBeLessThan(0.1);
  });
});

describe('the cochlea', () => {
  /** Filters every sample: the analytic signal of each band by a sum over its bins, at `points` places. */
  function slowEnvelope(sound: Float32Array, band: number, samples: number): Float64Array {
    const { first, weights } = cochleaFilters(samples, rate)[band]!;
    const out = new Float64Array(samples);
    const [re, im] = [new Float64Array(samples), new Float64Array(samples)];
    weights.forEach((weight, n) => {
      const k = first + n;
      let [a, b] = [0, 0];
      for (let t = 0; t < samples; t++) {
        const angle = (2 * Math.PI * ((k * t) % samples)) / samples;
        a += sound[t]! * Math.cos(angle);
        b -= sound[t]! * Math.sin(angle);
      }
      const scale = (weight * (k === 0 || 2 * k === samples ? 1 : 2)) / samples;
      for (let t = 0; t < samples; t++) {
        const angle = (2 * Math.PI * ((k * t) % samples)) / samples;
        re[t]! += scale * (a * Math.cos(angle) - b * Math.sin(angle));
        im[t]! += scale * (a * Math.sin(angle) + b * Math.cos(angle));
      }
    });
    for (let t = 0; t < samples; t++) out[t] = Math.exp(0.3 * Math.log(Math.hypot(re[t]!, im[t]!)));
    return out;
  }

  it('gives envelopes within half a per cent of those of every sample, filtered slowly', () => {
    const samples = 6000;
    const sound = noise({ seconds: 0.3, sampleRateHz: rate }, 0.1, random.fork('short'));
    const got = createCochlea(samples).envelopes(sound);
    for (const band of [0, 4, 13, 20, 31]) {
      const slow = slowEnvelope(sound, band, samples);
      // Fourier resampling to 120 points: the low bins of the spectrum, summed at each point.
      let [off, all] = [0, 0];
      const bins = Array.from({ length: 61 }, (_, k) => {
        let [a, b] = [0, 0];
        for (let t = 0; t < samples; t++) {
          const angle = (2 * Math.PI * k * t) / samples;
          a += (slow[t]! * Math.cos(angle)) / samples;
          b -= (slow[t]! * Math.sin(angle)) / samples;
        }
        return [a, b] as const;
      });
      const mean = bins[0]![0];
      for (let p = 0; p < 120; p++) {
        let value = mean;
        for (let k = 1; k <= 60; k++) {
          const angle = (2 * Math.PI * k * p) / 120;
          value += 2 * (bins[k]![0] * Math.cos(angle) - (k === 60 ? 0 : bins[k]![1] * Math.sin(angle)));
        }
        off += (got[band * 120 + p]! - Math.max(0, value)) ** 2;
        all += (value - mean) ** 2;
      }
      expect(Math.sqrt(off / all)).toBeLessThan(0.005);
    }
  });

  it('refuses lengths that it has no transform for', () => {
    expect(() => createCochlea(75_001)).toThrow(/multiple of 100/);
    expect(() => createCochlea(7700)).toThrow(/prime factor/);
    expect(() => createCochlea(6000).envelopes(new Float32Array(5))).toThrow(/6000/);
  });
});

describe('the statistics of a sound', () => {
  it('are 502, in blocks of 32, 32, 117, 320 and 1', () => {
    const got = plain.describe(textures.noise);
    expect(got).toHaveLength(502);
    expect((['mean', 'spread', 'correlation', 'modulation'] as const).map((name) => block(got, name).length)).toEqual([
      32, 32, 117, 320,
    ]);
  });

  // Expected: figures of a NumPy version that filters every sample, kept in the specification.
  it('are those expected of white noise', () => {
    const got = plain.describe(textures.noise);
    expect(Math.abs(meanOf(block(got, 'spread')) - 0.15)).toBeLessThan(0.01);
    expect(Math.abs(meanOf(block(got, 'correlation')) - 0.02)).toBeLessThan(0.03);
    expect(strongest(modulation(got))).toBe(8);
    expect(modulation(got)[8]).toBeCloseTo(0.47, 1);
    expect(got[501]).toBe(0);
  });

  it.each([
    ['noise at 4 Hz', 3, 0.63, 0.365, 0.81],
    ['noise at 16 Hz', 5, 0.62, null, 0.74],
  ] as const)('are those expected of %s', (name, band, height, spread, correlation) => {
    const got = plain.describe(textures[name]);
    const rows = Array.from({ length: 32 }, (_, b) => block(got, 'modulation').slice(10 * b, 10 * b + 10));
    const bands = rows.map(strongest).sort((a, b) => a - b);
    expect(bands[16]).toBe(band);
    expect(Math.abs(meanOf(rows.map((row) => row[band]!)) - height)).toBeLessThan(0.02);
    if (spread !== null) expect(Math.abs(meanOf(block(got, 'spread')) - spread)).toBeLessThan(0.015);
    expect(Math.abs(meanOf(block(got, 'correlation')) - correlation)).toBeLessThan(0.02);
  });

  it('are those expected of a tone: the band around it, and hardly any spread', () => {
    const got = plain.describe(textures['a tone']);
    expect(strongest(block(got, 'mean'))).toBe(13);
    expect(meanOf(block(got, 'spread'))).toBeLessThan(0.07);
    expect(block(got, 'spread')[13]).toBeLessThan(0.01);
  });

  it('are those expected of clicks: everything at once, and now and then', () => {
    const got = plain.describe(textures.clicks);
    expect(meanOf(block(got, 'correlation'))).toBeGreaterThan(0.94);
    expect(meanOf(block(got, 'spread'))).toBeGreaterThan(0.95);
    expect(Math.abs(strongest(modulation(got)) - 5)).toBeLessThanOrEqual(1);
  });

  it('are all 0 of silence', () => {
    for (const statistics of [plain, scaled])
      expect([...statistics.describe(new Float32Array(75_000))].every((value) => value === 0)).toBe(true);
  });

  it('take a gain in the means alone: 0.1 makes them 0.1^0.3, and a fixed level takes none', () => {
    const soft = textures['noise at 4 Hz'].map((value) => 0.1 * value);
    const [loud, quiet] = [plain.describe(textures['noise at 4 Hz']), plain.describe(soft)];
    for (let i = 0; i < 32; i++) expect(quiet[i]! / loud[i]!).toBeCloseTo(0.1 ** 0.3, 4);
    for (let i = 32; i < 501; i++) expect(Math.abs(quiet[i]! - loud[i]!)).toBeLessThan(1e-4);
    const [a, b] = [scaled.describe(textures['noise at 4 Hz']), scaled.describe(soft)];
    a.forEach((value, i) => expect(Math.abs(value - b[i]!)).toBeLessThan(1e-5));
  });

  it('see no direction and no place in time', () => {
    const sound = textures['noise at 16 Hz'];
    const want = plain.describe(sound);
    const back = plain.describe(sound.slice().reverse());
    const shifted = plain.describe(Float32Array.from(sound, (_, i) => sound[(i + 12_345) % sound.length]!));
    want.forEach((value, i) => {
      expect(Math.abs(back[i]! - value)).toBeLessThan(1e-3);
      expect(Math.abs(shifted[i]! - value)).toBeLessThan(1e-3);
    });
  });

  it('move one modulation octave up when a sound plays twice as fast', () => {
    const bands = [4, 8].map((hertz) => strongest(modulation(plain.describe(pulsate(textures.noise, rate, hertz)))));
    expect(bands).toEqual([3, 4]); // 3.68 and 7.17 Hz
  });

  it('divide by the loudness, which becomes the last number', () => {
    const got = scaled.describe(textures.noise);
    expect(got[501]).toBeGreaterThan(0.5);
    const lengths = Math.sqrt(block(got, 'mean').reduce((sum, value) => sum + value * value, 0));
    expect(lengths).toBeCloseTo(1, 1);
  });

  it('are those of an independent program, for five textures, within 0.002', () => {
    const golden = JSON.parse(readFileSync(new URL('../golden/sound-statistics.json', import.meta.url), 'utf8')) as {
      sounds: Record<string, { plain: number[]; scaled: number[] }>;
    };
    for (const [name, { plain: a, scaled: b }] of Object.entries(golden.sounds)) {
      const sound = textures[name as keyof typeof textures];
      const isTone = name === 'a tone'; // what is not near it is rounding, and correlations of rounding are anything
      plain.describe(sound).forEach((value, i) => {
        if (!(isTone && i >= 64)) expect(Math.abs(value - a[i]!), `${name} ${i}`).toBeLessThan(0.002);
      });
      scaled.describe(sound).forEach((value, i) => {
        if (!isTone || i < 64) expect(Math.abs(value - b[i]!), `${name} ${i}`).toBeLessThan(0.002);
      });
    }
  });
});
