import { unitCircle } from '../core/index.js';
import { cochleaBands, cochleaFilters, type BandFilter } from './filter-bank.js';
import { createSpectra, type Spectra } from './spectra.js';

/** Samples per second of the sound that the cochlea hears. */
export const cochleaRateHz = 20_000;
/** Points per second of its envelopes. */
export const envelopeRateHz = 400;

/** A filter bank that turns windows of one length into envelopes. Keeps memory of its own: one call at a time. */
export interface Cochlea {
  /** Length of a window. */
  readonly samples: number;
  /** Points of an envelope. */
  readonly points: number;
  /**
   * float64 [32, points]: how loud each band is over time, to the power 0.3, at 400 points a second, not below 0.
   *
   * @param sound [samples] at 20,000 Hz.
   */
  envelopes(sound: Float32Array | Float64Array): Float64Array;
  /** float64 [32, points / 2 + 1]: squared magnitudes of the envelopes' spectra. */
  powerSpectra(envelopes: Float64Array): Float64Array;
}

/** Points at which the magnitude of a band is known, for each bin that the band passes: the power 0.3 widens its spectrum. */
const oversampling = 6;
const leastPoints = 4096;

/** Two bands that are worked on side by side. */
interface BandPair {
  readonly bands: readonly [number, number];
  /** Points over the window at which magnitudes are taken. */
  readonly rows: number;
}

/**
 * The cochlea for windows of a length. A band is a narrow piece of the spectrum: its magnitude is the same wherever that piece lies, so
 * it is moved to 0 and transformed back at few points. Within 0.5 % (root of the mean square) of filtering every sample.
 *
 * @param samples a multiple of 100 without prime factors above 5, at least 4,000.
 */
export function createCochlea(samples: number): Cochlea {
  if (!Number.isInteger(samples) || samples < 4000 || samples % 100 !== 0)
    throw new RangeError(`samples must be a multiple of 100 from 4000 on, got ${samples}.`);
  const points = (samples * envelopeRateHz) / cochleaRateHz;
  const bins = points / 2 + 1;
  const filters = cochleaFilters(samples, cochleaRateHz);
  const pairs = pairBands(filters);
  const spectra = createSpectra();
  const largest = Math.max(samples / 4, points * (cochleaBands / 4), ...pairs.map(({ rows }) => rows));
  const planes = Array.from({ length: 6 }, () => spectra.take(16 * largest)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (const size of [samples / 4, points, ...pairs.flatMap(({ rows }) => [rows, rows / 2])])
    spectra.plan(size, 'float64');
  const room: Room = { spectra, planes, whole: createSplit(samples), halves: new Map() };
  for (const { rows } of pairs) room.halves.set(rows, circle(rows, bins));
  return {
    samples,
    points,
    envelopes(sound) {
      if (sound.length !== samples) throw new RangeError(`sound must hold ${samples} samples, got ${sound.length}.`);
      const spectrum = transformSound(sound, room);
      const reduced = new Float64Array(2 * cochleaBands * bins); // [band, bin, re and im]
      for (const pair of pairs) reducePair(spectrum, filters, pair, { room, samples, points, out: reduced });
      return toEnvelopes(reduced, points, room);
    },
    powerSpectra: (envelopes) => spectraOf(envelopes, points, room),
  };
}

interface Room {
  readonly spectra: Spectra;
  /** Addresses: real and imaginary input, real and imaginary output, scratch of two. */
  readonly planes: readonly [number, number, number, number, number, number];
  readonly whole: Split;
  /** By rows: cosines and sines that part the spectra of even and odd rows. */
  readonly halves: Map<number, Float64Array>;
}

/** What it takes to put a spectrum together from those of every fourth sample. */
interface Split {
  readonly quarter: Float64Array;
  readonly half: Float64Array;
}

function createSplit(samples: number): Split {
  return { quarter: circle(samples / 2, samples / 2), half: circle(samples, samples / 2 + 1) };
}

/** Cosine and sine of -k / whole turns for the first k. */
function circle(whole: number, count: number): Float64Array {
  const out = new Float64Array(2 * count);
  for (let k = 0; k < count; k++) out.set(unitCircle(-k, whole), 2 * k);
  return out;
}

function pairBands(filters: readonly BandFilter[]): readonly BandPair[] {
  return Array.from({ length: filters.length / 2 }, (_, i) => {
    const bands = [2 * i, 2 * i + 1] as const;
    const bins = Math.max(...bands.map((band) => filters[band]!.weights.length));
    let rows = leastPoints;
    while (rows < oversampling * bins) rows *= 2;
    return { bands, rows };
  });
}

/** Bins 0 to half of the spectrum of real samples, [bin, re and im]: four interleaved series as two complex lanes. */
function transformSound(sound: Float32Array | Float64Array, { spectra, planes, whole }: Room): Float64Array {
  const quarter = sound.length / 4;
  const [re, im, outRe, outIm, scratch] = planes;
  const [a, b] = [viewOf(spectra, re, 2 * quarter), viewOf(spectra, im, 2 * quarter)];
  for (let j = 0; j < quarter; j++) {
    a[2 * j] = sound[4 * j]!;
    b[2 * j] = sound[4 * j + 1]!;
    a[2 * j + 1] = sound[4 * j + 2]!;
    b[2 * j + 1] = sound[4 * j + 3]!;
  }
  spectra.call.transform64(re, im, outRe, outIm, scratch, quarter, 2, spectra.plan(quarter, 'float64'));
  const [x, y] = [viewOf(spectra, outRe, 2 * quarter), viewOf(spectra, outIm, 2 * quarter)];
  const half = 2 * quarter;
  const [zRe, zIm] = [new Float64Array(half), new Float64Array(half)];
  for (let k = 0; k < quarter; k++) {
    const [c, s] = [whole.quarter[2 * k]!, whole.quarter[2 * k + 1]!];
    const [oddRe, oddIm] = [x[2 * k + 1]! * c - y[2 * k + 1]! * s, x[2 * k + 1]! * s + y[2 * k + 1]! * c];
    zRe[k] = x[2 * k]! + oddRe;
    zIm[k] = y[2 * k]! + oddIm;
    zRe[k + quarter] = x[2 * k]! - oddRe;
    zIm[k + quarter] = y[2 * k]! - oddIm;
  }
  const out = new Float64Array(2 * (half + 1));
  for (let k = 0; k <= half; k++) {
    const [i, j] = [k % half, (half - k) % half];
    const [c, s] = [whole.half[2 * k]!, whole.half[2 * k + 1]!];
    const [oddRe, oddIm] = [(zIm[i]! + zIm[j]!) / 2, (zRe[j]! - zRe[i]!) / 2];
    out[2 * k] = (zRe[i]! + zRe[j]!) / 2 + oddRe * c - oddIm * s;
    out[2 * k + 1] = (zIm[i]! - zIm[j]!) / 2 + oddRe * s + oddIm * c;
  }
  return out;
}

/** Low bins of the spectra of two bands' compressed envelopes, as those of `points` samples, into `out` [band, bin, re and im]. */
function reducePair(
  spectrum: Float64Array,
  filters: readonly BandFilter[],
  { bands, rows }: BandPair,
  {
    room,
    samples,
    points,
    out,
  }: { readonly room: Room; readonly samples: number; readonly points: number; readonly out: Float64Array },
): void {
  const { spectra, planes } = room;
  const [re, im, outRe, outIm, scratch] = planes;
  const [a, b] = [viewOf(spectra, re, 2 * rows).fill(0), viewOf(spectra, im, 2 * rows).fill(0)];
  bands.forEach((band, lane) => {
    const { first, weights } = filters[band]!;
    for (let n = 0; n < weights.length; n++) {
      const k = first + n;
      const weight = (weights[n]! * (k === 0 || 2 * k === samples ? 1 : 2)) / samples; // the analytic signal
      a[2 * n + lane] = weight * spectrum[2 * k]!;
      b[2 * n + lane] = weight * spectrum[2 * k + 1]!;
    }
  });
  spectra.call.transform64(im, re, outIm, outRe, scratch, rows, 2, spectra.plan(rows, 'float64')); // backwards
  spectra.call.compress(outRe, outIm, re, im, rows);
  const half = rows / 2;
  spectra.call.transform64(re, im, outRe, outIm, scratch, half, 2, spectra.plan(half, 'float64'));
  const [x, y] = [viewOf(spectra, outRe, rows), viewOf(spectra, outIm, rows)];
  const circleOfRows = room.halves.get(rows)!;
  const bins = points / 2 + 1;
  bands.forEach((band, lane) => {
    for (let k = 0; k < bins; k++) {
      const [i, j] = [2 * k + lane, 2 * ((half - k) % half) + lane];
      const [c, s] = [circleOfRows[2 * k]!, circleOfRows[2 * k + 1]!];
      const [oddRe, oddIm] = [(y[i]! + y[j]!) / 2, (x[j]! - x[i]!) / 2];
      const scale = (k === bins - 1 ? 2 : 1) / rows; // the mirror of the last bin falls on it
      const at = 2 * (band * bins + k);
      out[at] = ((x[i]! + x[j]!) / 2 + oddRe * c - oddIm * s) * scale;
      out[at + 1] = k === bins - 1 ? 0 : ((y[i]! - y[j]!) / 2 + oddRe * s + oddIm * c) * scale;
    }
  });
}

/** Back to time: two bands a complex lane. */
function toEnvelopes(reduced: Float64Array, points: number, { spectra, planes }: Room): Float64Array {
  const [re, im, outRe, outIm, scratch] = planes;
  const lanes = cochleaBands / 2;
  const bins = points / 2 + 1;
  const [a, b] = [viewOf(spectra, re, points * lanes), viewOf(spectra, im, points * lanes)];
  for (let lane = 0; lane < lanes; lane++) {
    for (let k = 0; k < bins; k++) {
      const [p, q] = [2 * (2 * lane * bins + k), 2 * ((2 * lane + 1) * bins + k)];
      const [pRe, pIm, qRe, qIm] = [reduced[p]!, reduced[p + 1]!, reduced[q]!, reduced[q + 1]!];
      a[k * lanes + lane] = pRe - qIm;
      b[k * lanes + lane] = pIm + qRe;
      const mirror = ((points - k) % points) * lanes + lane;
      if (k === 0 || k === bins - 1) continue;
      a[mirror] = pRe + qIm;
      b[mirror] = qRe - pIm;
    }
  }
  spectra.call.transform64(im, re, outIm, outRe, scratch, points, lanes, spectra.plan(points, 'float64')); // backwards
  const [x, y] = [viewOf(spectra, outRe, points * lanes), viewOf(spectra, outIm, points * lanes)];
  const out = new Float64Array(cochleaBands * points);
  for (let lane = 0; lane < lanes; lane++) {
    for (let t = 0; t < points; t++) {
      out[2 * lane * points + t] = Math.max(0, x[t * lanes + lane]!);
      out[(2 * lane + 1) * points + t] = Math.max(0, y[t * lanes + lane]!);
    }
  }
  return out;
}

function spectraOf(envelopes: Float64Array, points: number, { spectra, planes }: Room): Float64Array {
  const [re, im, outRe, outIm, scratch] = planes;
  const lanes = cochleaBands / 2;
  const bins = points / 2 + 1;
  const [a, b] = [viewOf(spectra, re, points * lanes), viewOf(spectra, im, points * lanes)];
  for (let lane = 0; lane < lanes; lane++) {
    for (let t = 0; t < points; t++) {
      a[t * lanes + lane] = envelopes[2 * lane * points + t]!;
      b[t * lanes + lane] = envelopes[(2 * lane + 1) * points + t]!;
    }
  }
  spectra.call.transform64(re, im, outRe, outIm, scratch, points, lanes, spectra.plan(points, 'float64'));
  const [x, y] = [viewOf(spectra, outRe, points * lanes), viewOf(spectra, outIm, points * lanes)];
  const out = new Float64Array(cochleaBands * bins);
  for (let lane = 0; lane < lanes; lane++) {
    for (let k = 0; k < bins; k++) {
      const [i, j] = [k * lanes + lane, ((points - k) % points) * lanes + lane];
      const [evenRe, evenIm] = [(x[i]! + x[j]!) / 2, (y[i]! - y[j]!) / 2];
      const [oddRe, oddIm] = [(y[i]! + y[j]!) / 2, (x[j]! - x[i]!) / 2];
      out[2 * lane * bins + k] = evenRe * evenRe + evenIm * evenIm;
      out[(2 * lane + 1) * bins + k] = oddRe * oddRe + oddIm * oddIm;
    }
  }
  return out;
}

function viewOf({ buffer }: Spectra, at: number, length: number): Float64Array {
  return new Float64Array(buffer, at, length);
}
