import { cosineOfHalfTurns, exponential, naturalLog } from './exact.js';

/** A filter over the bins of a spectrum. */
export interface BandFilter {
  /** The first bin that it passes. */
  readonly first: number;
  /** float64: amplitude at this bin and those after it, 0–1. */
  readonly weights: Float64Array;
}

/** Filters between the low-pass and the high-pass one. */
const middleBands = 30;
const lowestHertz = 20;

/** Bands of the cochlea: a low-pass filter, 30 half-cosine ones and a high-pass one. */
export const cochleaBands = middleBands + 2;

/** Place of a frequency on the scale of equivalent rectangular bandwidths (Glasberg and Moore, 1990). */
export function erbNumber(hertz: number): number {
  return 9.265 * naturalLog(1 + hertz / (24.7 * 9.265));
}

/** The 32 frequencies, equally far apart on the ERB scale from 20 Hz to the highest, between which the filters lie; hertz. */
export function erbCutoffs(highestHertz: number): Float64Array {
  const [low, high] = [erbNumber(lowestHertz), erbNumber(highestHertz)];
  const count = middleBands + 2;
  return Float64Array.from({ length: count }, (_, i) => {
    const number = low + ((high - low) * i) / (count - 1);
    return 24.7 * 9.265 * (exponential(number / 9.265) - 1);
  });
}

/**
 * The filters of the cochlea by their amplitude at the bins of a spectrum: squares add up to 1 at every frequency. Filter k of the
 * middle spans cut-offs k to k + 2 as half a cosine on the ERB scale; the low-pass and the high-pass one fill what they leave.
 *
 * @param samples of the window; bin k is the frequency `k * sampleRateHz / samples`.
 *
 * Source: `subband.py` of andrewowens/multisensory.
 */
export function cochleaFilters(samples: number, sampleRateHz: number): readonly BandFilter[] {
  const bins = Math.floor(samples / 2) + 1;
  const numbers = Float64Array.from({ length: bins }, (_, k) => erbNumber((k * sampleRateHz) / samples));
  const low = erbNumber(lowestHertz);
  const step = (erbNumber(sampleRateHz / 2) - low) / (middleBands + 1);
  const middle = (k: number, number: number): number => {
    const off = (number - (low + (k + 1) * step)) / (2 * step); // half turns from the centre
    return Math.abs(off) < 0.5 ? cosineOfHalfTurns(off) : 0;
  };
  const rest = (amplitude: number): number => Math.sqrt(Math.max(0, 1 - amplitude * amplitude));
  return Array.from({ length: cochleaBands }, (_, band) => {
    const amplitudes = numbers.map((number) => {
      if (band === 0) return number < low + step ? rest(middle(0, number)) : 0;
      if (band === cochleaBands - 1)
        return number > low + middleBands * step ? rest(middle(middleBands - 1, number)) : 0;
      return middle(band - 1, number);
    });
    const first = amplitudes.findIndex((value) => value > 0);
    const last = amplitudes.findLastIndex((value) => value > 0);
    return { first, weights: amplitudes.slice(first, last + 1) };
  });
}

/** How many modulation filters there are. */
export const modulationBands = 10;

/** Centres of the modulation filters: 0.5 to 200 Hz, each 400^(1/9) times the one before. */
export function modulationCentres(): Float64Array {
  return Float64Array.from({ length: modulationBands }, (_, i) => 0.5 * exponential((naturalLog(400) * i) / 9));
}

/**
 * Squared amplitudes of the modulation filters at the bins of an envelope's spectrum, float64 [10, points / 2 + 1]. Each is half a
 * cosine from 0 to twice its centre; all are scaled so that their summed energy is 1 on average between centres 3 and 6.
 */
export function modulationFilters(points: number, rateHz: number): Float64Array {
  const bins = Math.floor(points / 2) + 1;
  const centres = modulationCentres();
  const out = new Float64Array(modulationBands * bins);
  const hertz = (k: number): number => (k * rateHz) / points;
  let [sum, count] = [0, 0];
  for (let k = 0; k < bins; k++) {
    let energy = 0;
    centres.forEach((centre, i) => {
      const off = (hertz(k) - centre) / (2 * centre);
      const amplitude = Math.abs(off) < 0.5 ? cosineOfHalfTurns(off) : 0;
      out[i * bins + k] = amplitude * amplitude;
      energy += amplitude * amplitude;
    });
    if (hertz(k) < centres[3]! || hertz(k) > centres[6]!) continue;
    sum += energy;
    count++;
  }
  return out.map((value) => (value * count) / sum);
}
