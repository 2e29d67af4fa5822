import { createSpectra } from './spectra.js';
import { unitCircle } from '../core/index.js';
import { exponential, naturalLog } from './exact.js';

/** How a sound is turned into a picture of its spectrum over time. */
export interface LogMelOptions {
  readonly sampleRateHz: number;
  /** Length of a frame. Default: 0.025. */
  readonly windowSeconds?: number;
  /** From the start of a frame to that of the next. Default: 0.01. */
  readonly hopSeconds?: number;
  /** Default: 64. */
  readonly bands?: number;
  /** Where the lowest band begins and the highest ends. Default: 0 and half the sample rate. */
  readonly lowestHertz?: number;
  readonly highestHertz?: number;
  /** Added to each energy before the logarithm. Default: 1e-6. */
  readonly floor?: number;
}

/** Makes log-mel spectrograms. Keeps memory of its own: one call at a time. */
export interface LogMel {
  readonly bands: number;
  /** Samples of a frame, from its start to the next one's, and of its transform. */
  readonly length: number;
  readonly hop: number;
  readonly size: number;
  /** float32 [bands, size / 2 + 1]: weight of each bin in each band. */
  readonly weights: Float32Array;
  /** float32 [frames, bands]: natural logarithms of energies; a frame that the sound does not fill is left out. */
  spectrogram(sound: Float32Array): Float32Array;
}

const framesAtOnce = 8;
const framesInMemory = 512;

/** Place of a frequency on the mel scale (O'Shaughnessy): 1,127 ln(1 + f / 700). */
export function melOf(hertz: number): number {
  return 1127 * naturalLog(1 + hertz / 700);
}

/**
 * A log-mel spectrogram: Hann windows (periodic), squared magnitudes of a transform of the next power of two, triangular bands that are
 * equally wide on the mel scale and 1 at their peak, natural logarithm.
 *
 * @throws RangeError for frames of less than 2 samples or a hop of none.
 */
export function createLogMel({
  sampleRateHz,
  windowSeconds = 0.025,
  hopSeconds = 0.01,
  bands = 64,
  lowestHertz = 0,
  highestHertz = sampleRateHz / 2,
  floor = 1e-6,
}: LogMelOptions): LogMel {
  const length = Math.round(windowSeconds * sampleRateHz);
  const hop = Math.round(hopSeconds * sampleRateHz);
  if (!(length >= 2 && hop >= 1 && bands >= 1))
    throw new RangeError(`A frame needs 2 samples, a hop 1 and a spectrogram 1 band, got ${length}, ${hop}, ${bands}.`);
  let size = 4;
  while (size < length) size *= 2;
  const weights = melWeights({ size, sampleRateHz, bands, lowestHertz, highestHertz });
  const spectra = createSpectra();
  const plan = spectra.plan(size, 'float32');
  const window = spectra.take(4 * length);
  new Float32Array(spectra.buffer, window, length).set(
    Array.from({ length }, (_, i) => 0.5 - 0.5 * unitCircle(i, length)[0]),
  );
  const mel = storeBands(weights, bands, (bytes) => [spectra.take(bytes), spectra.buffer]);
  const room = spectra.take(6 * 16 * size);
  const sound = spectra.take(4 * (hop * framesInMemory + length));
  const out = spectra.take(4 * bands * framesInMemory);
  return {
    bands,
    length,
    hop,
    size,
    weights,
    spectrogram(samples) {
      const frames = samples.length < length ? 0 : Math.floor((samples.length - length) / hop) + 1;
      const result = new Float32Array(frames * bands);
      for (let first = 0; first < frames; first += framesInMemory) {
        const count = Math.min(framesInMemory, frames - first);
        const part = samples.subarray(first * hop, (first + framesInMemory - 1) * hop + length);
        const input = new Float32Array(spectra.buffer, sound, hop * framesInMemory + length);
        input.set(part);
        input.fill(0, part.length);
        for (let f = 0; f < count; f += framesAtOnce) {
          const at = sound + 4 * hop * f;
          spectra.call.logMel(at, hop, window, length, room, size, plan, mel, bands, floor, out + 4 * bands * f);
        }
        result.set(new Float32Array(spectra.buffer, out, count * bands), first * bands);
      }
      return result;
    },
  };
}

function melWeights({
  size,
  sampleRateHz,
  bands,
  lowestHertz,
  highestHertz,
}: {
  readonly size: number;
  readonly sampleRateHz: number;
  readonly bands: number;
  readonly lowestHertz: number;
  readonly highestHertz: number;
}): Float32Array {
  const bins = size / 2 + 1;
  const [low, high] = [melOf(lowestHertz), melOf(highestHertz)];
  const edge = (i: number): number => 700 * (exponential((low + ((high - low) * i) / (bands + 1)) / 1127) - 1);
  const weights = new Float32Array(bands * bins);
  for (let band = 0; band < bands; band++) {
    const [start, peak, end] = [edge(band), edge(band + 1), edge(band + 2)];
    for (let k = 0; k < bins; k++) {
      const hertz = (k * sampleRateHz) / size;
      weights[band * bins + k] = Math.max(0, Math.min((hertz - start) / (peak - start), (end - hertz) / (end - peak)));
    }
  }
  return weights;
}

/** First bin and number of bins of each band, then the weights that are not 0. */
function storeBands(
  weights: Float32Array,
  bands: number,
  take: (bytes: number) => readonly [number, ArrayBuffer],
): number {
  const bins = weights.length / bands;
  const rows = Array.from({ length: bands }, (_, band) => {
    const row = weights.subarray(band * bins, (band + 1) * bins);
    const first = row.findIndex((value) => value > 0);
    const end = row.findLastIndex((value) => value > 0) + 1;
    return first < 0 ? { first: 0, values: row.subarray(0, 0) } : { first, values: row.subarray(first, end) };
  });
  const count = rows.reduce((sum, { values }) => sum + values.length, 0);
  const [at, buffer] = take(8 * bands + 4 * count);
  const heads = new Int32Array(buffer, at, 2 * bands);
  const tail = new Float32Array(buffer, at + 8 * bands, count);
  let next = 0;
  rows.forEach(({ first, values }, band) => {
    heads.set([first, values.length], 2 * band);
    tail.set(values, next);
    next += values.length;
  });
  return at;
}
