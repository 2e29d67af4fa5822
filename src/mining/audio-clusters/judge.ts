import {
  cochleaBands,
  cochleaRateHz,
  exponential,
  harmonicShare,
  naturalLog,
  pulseClarity,
  syllabicShare,
  type SoundStatistics,
} from '../../audio/index.js';
import type { RejectionCode } from '../../core/index.js';
import type { AudioClustersConfig } from './config.js';

/** What is known of a window, or why it is refused. */
export type Judgement =
  | { readonly refused: RejectionCode }
  | {
      readonly refused: null;
      /** float32 [samples]: mean of the channels. */
      readonly mono: Float32Array;
      readonly fields: {
        readonly statistics: Float32Array;
        readonly rms: number;
        readonly peak: number;
        readonly silence: number;
        readonly pulse: number;
        readonly harmonic: number;
        readonly syllabic: number;
      };
    };

const frameSeconds = 0.05;
/** Resampling rounds flat tops off and lets them swing: a cut-off sample is near full scale, not on it. */
const fullScale = 0.98;
/** What a level of nothing is called, dB. */
const leastDb = -200;

/** Describes a window of sound, unless it is to be refused. */
export function judgeSound(
  channels: readonly Float32Array[],
  statistics: SoundStatistics,
  config: AudioClustersConfig,
): Judgement {
  const mono = mixDown(channels);
  const energies = channels.map(meanSquare);
  const loudest = Math.max(...energies);
  const rms = meanSquare(mono);
  const quiet = fromDb(config.silenceDb);
  const silence = silentShare(mono, quiet);
  if (loudest < quiet) return { refused: 'silent' };
  if (toDb(loudest) - toDb(rms) > config.cancelDb) return { refused: 'stereo-cancel' };
  if (rms < quiet || silence > config.silentShare) return { refused: 'silent' };
  if (Math.max(...channels.map(clippedShare)) > config.clippedShare) return { refused: 'clipped' };
  const envelopes = statistics.envelopes(mono);
  const numbers = statistics.describeEnvelopes(envelopes);
  if (largestSpread(envelopes) < config.leastSpread) return { refused: 'constant' };
  const pulse = pulseClarity(envelopes, mono.length / cochleaRateHz);
  const harmonic = harmonicShare(mono);
  const syllabic = syllabicShare(numbers);
  if (config.refuseMusic && pulse >= config.musicPulse && harmonic >= config.musicHarmonic) return { refused: 'music' };
  if (config.refuseSpeech && syllabic >= config.speechSyllabic) return { refused: 'speech' };
  const peak = channels.reduce((most, channel) => channel.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);
  return {
    refused: null,
    mono,
    fields: {
      statistics: numbers,
      rms: Math.fround(toDb(rms)),
      peak: Math.fround(toDb(peak * peak)),
      silence: Math.fround(silence),
      pulse: Math.fround(pulse),
      harmonic: Math.fround(harmonic),
      syllabic: Math.fround(syllabic),
    },
  };
}

/**
 * The largest deviation of an envelope beside its mean, away from the ends, which fade. Bands that are 20 times softer than the loudest
 * (after compression) hold what rounding and codecs leave: they always change.
 */
function largestSpread(envelopes: Float64Array): number {
  const points = envelopes.length / cochleaBands;
  const margin = Math.round(points / 20);
  const bands = Array.from({ length: cochleaBands }, (_, band) => {
    const row = envelopes.subarray(band * points + margin, (band + 1) * points - margin);
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
    const variance = row.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / row.length;
    return { mean, spread: Math.sqrt(variance) / mean };
  });
  const loudest = Math.max(...bands.map(({ mean }) => mean));
  return Math.max(...bands.filter(({ mean }) => mean > loudest / 20).map(({ spread }) => spread));
}

function mixDown(channels: readonly Float32Array[]): Float32Array {
  const [only] = channels;
  if (channels.length === 1) return only!;
  return only!.map((_, i) => channels.reduce((sum, channel) => sum + channel[i]!, 0) / channels.length);
}

function meanSquare(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum / values.length;
}

function silentShare(mono: Float32Array, quiet: number): number {
  const size = frameSeconds * cochleaRateHz;
  const frames = Math.floor(mono.length / size);
  let silent = 0;
  for (let f = 0; f < frames; f++) if (meanSquare(mono.subarray(f * size, (f + 1) * size)) < quiet) silent++;
  return silent / frames;
}

function clippedShare(channel: Float32Array): number {
  let count = 0;
  for (const value of channel) if (Math.abs(value) >= fullScale) count++;
  return count / channel.length;
}

function toDb(energy: number): number {
  return energy > 0 ? Math.max(leastDb, (10 * naturalLog(energy)) / naturalLog(10)) : leastDb;
}

function fromDb(db: number): number {
  return exponential((db / 10) * naturalLog(10));
}
