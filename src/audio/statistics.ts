import { createCochlea, envelopeRateHz, type Cochlea } from './cochlea.js';
import { cochleaBands, modulationBands, modulationFilters } from './filter-bank.js';

/** How sounds are brought to a level before they are described. */
export interface StatisticsOptions {
  /** Scales the sound to this root of its mean square, so that its gain changes nothing; null: as it is. Default: 0.05. */
  readonly level?: number | null;
  /** Divides the envelopes by the loudness, their median length; without it the last number is 0. Default: true. */
  readonly normalize?: boolean;
  /** Seconds over which both ends fade, so that the end does not colour the start: the filters go round. Default: 0.02. */
  readonly taperSeconds?: number;
}

/** Where each block of the 502 numbers begins. */
export const statisticsBlocks = {
  mean: 0,
  spread: 32,
  correlation: 64,
  modulation: 181,
  loudness: 501,
  end: 502,
} as const;

/** Bands whose correlations are taken: this far apart. */
export const correlationDistances = [1, 2, 3, 5] as const;

const epsilon = 1.19e-7;

/** Describes windows of one length. Keeps memory of its own: one call at a time. */
export interface SoundStatistics {
  /** Length of a window, at 20,000 Hz. */
  readonly samples: number;
  /** float32 [502] of one window; see `describeEnvelopes`. */
  describe(sound: Float32Array | Float64Array): Float32Array;
  /** float64 [32, points]: the envelopes that `describe` takes, before division by the loudness. */
  envelopes(sound: Float32Array | Float64Array): Float64Array;
  /** float32 [502] of envelopes; they are not changed. */
  describeEnvelopes(envelopes: Float64Array): Float32Array;
}

/**
 * The statistics of sound textures of windows of a length: 502 numbers that do not depend on when things happen.
 *
 * Source: McDermott and Simoncelli, 2011, as computed by `subband.py` of andrewowens/multisensory.
 * Differs: the level is fixed and the ends fade, both by default; magnitudes are taken at fewer points (see `createCochlea`).
 */
export function createSoundStatistics(
  samples: number,
  { level = 0.05, normalize = true, taperSeconds = 0.02 }: StatisticsOptions = {},
): SoundStatistics {
  const cochlea = createCochlea(samples);
  const filters = modulationFilters(cochlea.points, envelopeRateHz);
  const fade = Math.round((taperSeconds * samples) / (cochlea.points / envelopeRateHz));
  const envelopes = (sound: Float32Array | Float64Array): Float64Array =>
    cochlea.envelopes(prepare(sound, level, fade));
  return {
    samples,
    envelopes,
    describe: (sound) => describeEnvelopes(envelopes(sound), { cochlea, filters, normalize }),
    describeEnvelopes: (rows) => describeEnvelopes(rows.slice(), { cochlea, filters, normalize }),
  };
}

/** At the level asked for, with ends that fade; float64, as rounding here would be heard in silent bands. */
function prepare(sound: Float32Array | Float64Array, level: number | null, fade: number): Float64Array {
  let energy = 0;
  for (const value of sound) energy += value * value;
  const rms = Math.sqrt(energy / sound.length);
  const gain = level === null || rms === 0 ? 1 : level / rms;
  const out = Float64Array.from(sound, (value) => value * gain);
  for (let i = 0; i < fade; i++) {
    const t = (i + 0.5) / fade;
    const weight = t * t * (3 - 2 * t);
    out[i]! *= weight;
    out[out.length - 1 - i]! *= weight;
  }
  return out;
}

/**
 * In this order: 32 means; 32 spreads, √(variance / (ε + mean²)); 117 correlations of bands b and b + 1, 2, 3, 5, b outermost, 0 where a
 * band does not change; 320 modulations, √(mean squared filtered envelope / (ε + variance)), bands outermost; the loudness.
 */
function describeEnvelopes(
  envelopes: Float64Array,
  {
    cochlea,
    filters,
    normalize,
  }: { readonly cochlea: Cochlea; readonly filters: Float64Array; readonly normalize: boolean },
): Float32Array {
  const { points } = cochlea;
  const out = new Float32Array(statisticsBlocks.end);
  if (normalize) {
    const loudness = medianLength(envelopes, points);
    out[statisticsBlocks.loudness] = loudness;
    if (loudness > 0) for (let i = 0; i < envelopes.length; i++) envelopes[i]! /= loudness;
  }
  const variances = new Float64Array(cochleaBands);
  for (let band = 0; band < cochleaBands; band++) {
    const row = envelopes.subarray(band * points, (band + 1) * points);
    let mean = 0;
    for (const value of row) mean += value;
    mean /= points;
    let variance = 0;
    for (let t = 0; t < points; t++) {
      row[t]! -= mean;
      variance += row[t]! * row[t]!;
    }
    variances[band] = variance / points;
    out[statisticsBlocks.mean + band] = mean;
    out[statisticsBlocks.spread + band] = Math.sqrt(variances[band]! / (epsilon + mean * mean));
  }
  let at: number = statisticsBlocks.correlation;
  for (let band = 0; band < cochleaBands; band++)
    for (const distance of correlationDistances)
      if (band + distance < cochleaBands) out[at++] = correlate(envelopes, points, band, band + distance, variances);
  out.set(modulations(cochlea.powerSpectra(envelopes), points, filters, variances), statisticsBlocks.modulation);
  return out;
}

function correlate(rows: Float64Array, points: number, a: number, b: number, variances: Float64Array): number {
  const scale = Math.sqrt(variances[a]! * variances[b]!);
  if (!(scale > 0)) return 0;
  let sum = 0;
  for (let t = 0; t < points; t++) sum += rows[a * points + t]! * rows[b * points + t]!;
  return sum / points / scale;
}

/** By Parseval's theorem there is no need to filter: the energy of what a filter passes is read off the spectrum. */
function modulations(
  power: Float64Array,
  points: number,
  filters: Float64Array,
  variances: Float64Array,
): Float64Array {
  const bins = points / 2 + 1;
  const out = new Float64Array(cochleaBands * modulationBands);
  for (let band = 0; band < cochleaBands; band++) {
    for (let n = 0; n < modulationBands; n++) {
      let energy = 0;
      for (let k = 1; k < bins; k++)
        energy += power[band * bins + k]! * filters[n * bins + k]! * (k === bins - 1 ? 1 : 2);
      out[band * modulationBands + n] = Math.sqrt(energy / (points * points) / (epsilon + variances[band]!));
    }
  }
  return out;
}

/** Median over time of the length of the vector of all bands. */
function medianLength(envelopes: Float64Array, points: number): number {
  const lengths = new Float64Array(points);
  for (let i = 0; i < envelopes.length; i++) lengths[i % points]! += envelopes[i]! * envelopes[i]!;
  lengths.sort();
  const middle = points / 2;
  return (Math.sqrt(lengths[Math.ceil(middle) - 1]!) + Math.sqrt(lengths[Math.floor(middle)]!)) / 2;
}
