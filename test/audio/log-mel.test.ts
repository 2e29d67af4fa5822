import { expect, it } from 'vitest';
import {
  createLogMel,
  drawSpectrogram,
  encodeWave,
  exponential,
  fromHalf,
  melOf,
  naturalLog,
  toHalf,
} from '../../src/audio/index.js';
import { cosineOfHalfTurns } from '../../src/audio/index.js';
import { createRandom } from '../../src/core/index.js';
import { noise, tone } from '../../src/synthetic/index.js';

const sampleRateHz = 16_000;

it('gives the log-mel energies that the definition gives, frame by frame', () => {
  const options = { sampleRateHz, windowSeconds: 0.006, hopSeconds: 0.0025, bands: 8, floor: 1e-4 };
  const mel = createLogMel(options);
  expect([mel.length, mel.hop, mel.size]).toEqual([96, 40, 128]);
  const sound = noise({ seconds: 0.15, sampleRateHz }, 0.3, createRandom(1));
  const got = mel.spectrogram(sound);
  const frames = Math.floor((sound.length - 96) / 40) + 1;
  expect(got).toHaveLength(frames * 8);
  for (let f = 0; f < frames; f++) {
    const power = Array.from({ length: 65 }, (_, k) => {
      let [re, im] = [0, 0];
      for (let t = 0; t < 96; t++) {
        const value = sound[f * 40 + t]! * (0.5 - 0.5 * Math.cos((2 * Math.PI * t) / 96));
        re += value * Math.cos((2 * Math.PI * k * t) / 128);
        im -= value * Math.sin((2 * Math.PI * k * t) / 128);
      }
      return re * re + im * im;
    });
    for (let band = 0; band < 8; band++) {
      let sum = 1e-4;
      for (let k = 0; k <= 64; k++) sum += mel.weights[band * 65 + k]! * power[k]!;
      expect(got[f * 8 + band]).toBeCloseTo(Math.log(sum), 4);
    }
  }
});

it('gives more frames than fit into its memory at once, and none of a sound that is too short', () => {
  const mel = createLogMel({ sampleRateHz, bands: 16 });
  const sound = noise({ seconds: 12, sampleRateHz }, 0.1, createRandom(2));
  const whole = mel.spectrogram(sound);
  const late = mel.spectrogram(sound.subarray(160 * 700));
  late.forEach((value, i) => expect(value).toBeCloseTo(whole[700 * 16 + i]!, 4));
  expect(mel.spectrogram(sound.subarray(0, 399))).toHaveLength(0);
  expect(() => createLogMel({ sampleRateHz, hopSeconds: 0 })).toThrow(RangeError);
});

it('places a tone in the band around it', () => {
  const mel = createLogMel({ sampleRateHz, bands: 32 });
  const rows = mel.spectrogram(tone({ seconds: 0.2, sampleRateHz }, 1000, 0.5));
  const width = melOf(8000) / 33;
  const first = [...rows.slice(0, 32)];
  expect(Math.abs((first.indexOf(Math.max(...first)) + 1) * width - melOf(1000))).toBeLessThan(width);
});

it('takes logarithms, exponentials and cosines as exactly as the machine does', () => {
  for (const x of [1e-9, 0.3, 0.99, 1, 1.5, 7, 12_345, 1e30]) {
    expect(naturalLog(x)).toBeCloseTo(Math.log(x), 12);
    expect(exponential(naturalLog(x)) / x).toBeCloseTo(1, 11);
  }
  for (const x of [-20, -1, -0.1, 0, 0.5, 3, 30]) expect(exponential(x) / Math.exp(x)).toBeCloseTo(1, 12);
  for (const x of [-0.5, -0.2, 0, 0.1, 0.4999]) expect(cosineOfHalfTurns(x)).toBeCloseTo(Math.cos(Math.PI * x), 14);
  expect(() => naturalLog(0)).toThrow(RangeError);
});

it('rounds to half precision and back as the format says, worked by hand', () => {
  const values = Float32Array.of(
    0,
    -0,
    1,
    -2,
    65_504,
    65_520,
    1e-8,
    6e-8,
    5.9604645e-8,
    0.1,
    1.00048828125,
    1.0009765625,
    Infinity,
  );
  const bits = [0, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x7c00, 0, 1, 1, 0x2e66, 0x3c00, 0x3c01, 0x7c00];
  expect([...toHalf(values)]).toEqual(bits);
  expect(fromHalf(Uint16Array.of(0x7e00))[0]).toBeNaN();
  const random = createRandom(3);
  const many = Float32Array.from({ length: 2000 }, () => (random.float() - 0.5) * 2);
  const back = fromHalf(toHalf(many));
  many.forEach((value, i) => expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(Math.abs(value) / 2048 + 3e-8));
});

it('writes a WAV file: header and samples, worked by hand', () => {
  const file = Buffer.from(encodeWave(Float32Array.of(0, 1, -1, 2, 0.5), 20_000));
  expect(file.length).toBe(54);
  expect(file.toString('latin1', 0, 4) + file.toString('latin1', 8, 16)).toBe('RIFFWAVEfmt ');
  expect([file.readUInt32LE(4), file.readUInt32LE(24), file.readUInt32LE(40)]).toEqual([46, 20_000, 10]);
  expect([0, 1, 2, 3, 4].map((i) => file.readInt16LE(44 + 2 * i))).toEqual([0, 32_767, -32_767, 32_767, 16_384]);
});

it('draws a spectrogram with a bright line where a tone is, high pitches at the top', () => {
  const { data, width, height } = drawSpectrogram(tone({ seconds: 0.5, sampleRateHz: 20_000 }, 5000, 0.3), 20_000);
  const light = (y: number): number => data[3 * (y * width + Math.floor(width / 2))]!;
  const rows = Array.from({ length: height }, (_, y) => light(y));
  const place = 1 - melOf(5000) / melOf(10_000);
  expect(Math.abs(rows.indexOf(Math.max(...rows)) / height - place)).toBeLessThan(0.05);
});
