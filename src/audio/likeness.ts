import { createRealFft } from '../core/index.js';
import { cochleaBands, modulationBands } from './filter-bank.js';
import { statisticsBlocks } from './statistics.js';

const onsetPointsPerSecond = 100;
const beatSeconds = [0.3, 1] as const;
const frameSize = 2048;
const neighbours = 16;
const groupSize = 4;
const peakRatio = 9;
const syllableFilters = [3, 4] as const; // 3.7 and 7.2 Hz

/**
 * How regularly a sound pulses, 0–1: the largest correlation of its onsets with themselves 0.3 to 1 s later.
 *
 * @param envelopes float64 [32, points], of a window of `seconds`.
 */
export function pulseClarity(envelopes: Float64Array, seconds: number): number {
  const points = envelopes.length / cochleaBands;
  const step = Math.max(1, Math.round(points / seconds / onsetPointsPerSecond));
  const onsets = new Float64Array(Math.floor(points / step) - 1);
  for (let band = 0; band < cochleaBands; band++) {
    for (let t = 0; t < onsets.length; t++) {
      const at = band * points + t * step;
      onsets[t]! += Math.max(0, envelopes[at + step]! - envelopes[at]!);
    }
  }
  const mean = onsets.reduce((sum, value) => sum + value, 0) / onsets.length;
  const off = onsets.map((value) => value - mean);
  const energy = off.reduce((sum, value) => sum + value * value, 0);
  if (!(energy > 0)) return 0;
  let best = 0;
  for (let lag = beatSeconds[0] * onsetPointsPerSecond; lag <= beatSeconds[1] * onsetPointsPerSecond; lag++) {
    let sum = 0;
    for (let t = lag; t < off.length; t++) sum += off[t]! * off[t - lag]!;
    best = Math.max(best, (sum / energy) * (off.length / (off.length - lag)));
  }
  return Math.min(1, best);
}

/** Share of a sound's energy in narrow peaks of its spectrum, frame by frame, 0–1: tones stand far above their neighbours, noise does not. */
export function harmonicShare(sound: Float32Array): number {
  const fft = createRealFft(frameSize);
  const bins = frameSize / 2 + 1;
  const [re, im] = [new Float64Array(bins), new Float64Array(bins)];
  let [peaks, total] = [0, 0];
  for (let at = 0; at + frameSize <= sound.length; at += frameSize) {
    fft.forward(sound.subarray(at, at + frameSize).map(fade), re, im);
    const power = re.map((value, k) => value * value + im[k]! * im[k]!);
    const before = new Float64Array(bins + 1); // sums of what is below each bin
    for (let k = 0; k < bins; k++) before[k + 1] = before[k]! + power[k]!;
    for (let k = neighbours; k < bins - neighbours; k++) {
      total += power[k]!;
      if (power[k]! > peakRatio * surroundings(before, k)) peaks += power[k]!;
    }
  }
  return total > 0 ? peaks / total : 0;
}

/** Share of a sound's modulation that is at the pace of syllables, about 3 to 10 times a second, 0–1: the mean over the bands. */
export function syllabicShare(statistics: Float32Array): number {
  let sum = 0;
  for (let band = 0; band < cochleaBands; band++) {
    const at = statisticsBlocks.modulation + band * modulationBands;
    const energies = statistics.subarray(at, at + modulationBands).map((value) => value * value);
    const all = energies.reduce((total, value) => total + value, 0);
    if (all > 0) sum += syllableFilters.reduce((part, filter) => part + energies[filter]!, 0) / all;
  }
  return sum / cochleaBands;
}

const groups = new Float64Array((2 * neighbours) / groupSize);

/** What a bin stands among: of the means of 8 groups of neighbours the fourth smallest, so that other peaks do not count. */
function surroundings(before: Float64Array, k: number): number {
  const half = groups.length / 2;
  for (let g = 0; g < half; g++) {
    const [left, right] = [k - neighbours + g * groupSize, k + 1 + g * groupSize];
    groups[g] = before[left + groupSize]! - before[left]!;
    groups[half + g] = before[right + groupSize]! - before[right]!;
  }
  for (let i = 1; i < groups.length; i++) {
    const value = groups[i]!;
    let at = i;
    for (; at > 0 && groups[at - 1]! > value; at--) groups[at] = groups[at - 1]!;
    groups[at] = value;
  }
  return groups[half - 1]! / groupSize;
}

/** A window without sudden ends, a parabola: a frame that cuts a tone spreads it over the spectrum. */
function fade(value: number, i: number): number {
  const x = (2 * (i + 0.5)) / frameSize - 1;
  const parabola = 1 - x * x;
  return value * parabola * parabola;
}
