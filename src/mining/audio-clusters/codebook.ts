import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { ConfigError, decodeSafetensors, type DatasetStage, type Random } from '../../core/index.js';
import { principalComponents } from './components.js';
import type { AudioClustersConfig } from './config.js';
import { kMeans, PointSet } from './k-means.js';
import { statisticsCount } from './sample.js';

/** What labels windows: how they are standardised, the clusters, and the directions of the binary code. */
export interface Codebook {
  /** How many of the 502 numbers it looks at, from the first on. */
  readonly dimensions: number;
  /** float32 [dimensions]: what is taken off, and what is divided by; a deviation of 0 leaves the dimension out. */
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
  /** float32 [clusters, dimensions], standardised, the largest cluster first. */
  readonly centres: Float32Array;
  /** int32 [clusters]: windows in each, of those it was learned from. */
  readonly counts: Int32Array;
  /** float32 [bits, dimensions], and float32 [bits]: the code's bit is 1 where the product is above the threshold. */
  readonly components: Float32Array;
  readonly thresholds: Float32Array;
}

/** Deviations below are of dimensions that do not vary: they are left out. */
const leastDeviation = 1e-6;
const spectrumCount = 32;
const powersOfTwo = Array.from({ length: 30 }, (_, n) => (1 << n) >>> 0);

/**
 * Learns clusters and code from windows.
 *
 * @param rows float32 [windows, 502].
 */
export async function learnCodebook(
  rows: Float32Array,
  { features, clusters, bits, restarts, rounds, tolerance }: AudioClustersConfig,
  random: Random,
): Promise<Codebook> {
  const dimensions = features === 'all' ? statisticsCount : spectrumCount;
  const { mean, deviation } = moments(rows, dimensions);
  const standard = standardise(rows, { dimensions, mean, deviation });
  const points = new PointSet(standard, dimensions, clusters);
  const found = await kMeans(points, { clusters, restarts, rounds, tolerance, random: random.fork('k-means') });
  const { centres, counts } = bySize(found.centres, found.labels, dimensions);
  await yieldToEvents();
  const components = principalComponents(standard, dimensions, bits, random.fork('components'));
  const products = project(standard, components, dimensions);
  const thresholds = Float32Array.from({ length: components.length / dimensions }, (_, n) =>
    medianOf(products.filter((_, i) => i % (components.length / dimensions) === n)),
  );
  return { dimensions, mean, deviation, centres, counts, components, thresholds };
}

/** What a codebook says of one window. */
export interface WindowLabels {
  readonly label: number;
  /** To its own centre. */
  readonly distance: number;
  /** By how much farther the second centre is; as far as its own where there is one alone. */
  readonly margin: number;
  /** Bit n is the sign along component n. */
  readonly bits: number;
}

/** Labels windows, float32 [502] each. Distances are taken in float64, in one order: they do not depend on what else is labelled. */
export function createLabeller(book: Codebook): (statistics: Float32Array) => WindowLabels {
  const { dimensions, centres, components, thresholds } = book;
  return (statistics) => {
    const point = standardise(statistics, book);
    let [label, best, second] = [0, Infinity, Infinity];
    for (let c = 0; c * dimensions < centres.length; c++) {
      let sum = 0;
      for (let d = 0; d < dimensions; d++) {
        const off = point[d]! - centres[c * dimensions + d]!;
        sum += off * off;
      }
      if (sum < best) [label, best, second] = [c, sum, best];
      else second = Math.min(second, sum);
    }
    const bits = project(point, components, dimensions).reduce(
      (word, product, n) => (product > thresholds[n]! ? word + powersOfTwo[n]! : word),
      0,
    );
    const distance = Math.sqrt(best);
    return { label, distance, margin: second === Infinity ? distance : Math.sqrt(second) - distance, bits };
  };
}

/** As a dataset stores it. */
export function toArtefacts(book: Codebook): DatasetStage['artefacts'] {
  const { dimensions, mean, deviation, centres, counts, components, thresholds } = book;
  const matrix = (data: Float32Array) =>
    ({ dtype: 'float32', shape: [data.length / dimensions, dimensions], data }) as const;
  return {
    mean: { dtype: 'float32', shape: [dimensions], data: mean },
    deviation: { dtype: 'float32', shape: [dimensions], data: deviation },
    centres: matrix(centres),
    counts: { dtype: 'int32', shape: [counts.length], data: counts },
    components: matrix(components),
    thresholds: { dtype: 'float32', shape: [thresholds.length], data: thresholds },
  };
}

/**
 * The codebook of a dataset.
 *
 * @param path of the dataset's folder, or of its artefacts.
 * @throws ConfigError `no-codebook` where there is none.
 */
export function readCodebook(path: string): Codebook {
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'artefacts.safetensors') : path;
  const fail = (why: string): ConfigError =>
    new ConfigError(`${path} has no codebook of audio-clusters: ${why}.`, { code: 'no-codebook', context: { path } });
  if (!existsSync(file)) throw fail(`${file} is not there`);
  const { tensors } = decodeSafetensors(readFileSync(file));
  const take = <A extends Float32Array | Int32Array>(name: string, type: abstract new (...args: never[]) => A): A => {
    const data = tensors[name]?.data;
    if (!(data instanceof type)) throw fail(`it holds no ${name}`);
    return data;
  };
  const mean = take('mean', Float32Array);
  const book = {
    dimensions: mean.length,
    mean,
    deviation: take('deviation', Float32Array),
    centres: take('centres', Float32Array),
    counts: take('counts', Int32Array),
    components: take('components', Float32Array),
    thresholds: take('thresholds', Float32Array),
  };
  if (book.centres.length !== book.counts.length * mean.length || mean.length > statisticsCount)
    throw fail('its arrays do not fit together');
  return book;
}

/** Rows of 502 numbers, standardised, those that the codebook looks at: float32 [windows, dimensions]. */
export function standardise(
  rows: Float32Array,
  { dimensions, mean, deviation }: Pick<Codebook, 'dimensions' | 'mean' | 'deviation'>,
): Float32Array {
  const out = new Float32Array((rows.length / statisticsCount) * dimensions);
  for (let i = 0; i < out.length; i++) {
    const d = i % dimensions;
    const value = rows[Math.floor(i / dimensions) * statisticsCount + d]!;
    out[i] = deviation[d]! > 0 ? (value - mean[d]!) / deviation[d]! : 0;
  }
  return out;
}

function moments(rows: Float32Array, dimensions: number): Pick<Codebook, 'mean' | 'deviation'> {
  const count = rows.length / statisticsCount;
  const mean = new Float64Array(dimensions);
  const square = new Float64Array(dimensions);
  for (let p = 0; p < count; p++)
    for (let d = 0; d < dimensions; d++) mean[d]! += rows[p * statisticsCount + d]! / count;
  for (let p = 0; p < count; p++) {
    for (let d = 0; d < dimensions; d++) {
      const off = rows[p * statisticsCount + d]! - mean[d]!;
      square[d]! += (off * off) / count;
    }
  }
  const deviation = Float32Array.from(square, (value) => (Math.sqrt(value) < leastDeviation ? 0 : Math.sqrt(value)));
  return { mean: Float32Array.from(mean), deviation };
}

/** Clusters by size, of equal ones the lower first coordinate first: their numbers mean the same however they were found. */
function bySize(centres: Float32Array, labels: Int32Array, dimensions: number): Pick<Codebook, 'centres' | 'counts'> {
  const sizes = new Int32Array(centres.length / dimensions);
  for (const label of labels) sizes[label]!++;
  const order = Array.from(sizes.keys()).sort(
    (a, b) => sizes[b]! - sizes[a]! || centres[a * dimensions]! - centres[b * dimensions]!,
  );
  const sorted = new Float32Array(centres.length);
  order.forEach((from, to) =>
    sorted.set(centres.subarray(from * dimensions, (from + 1) * dimensions), to * dimensions),
  );
  return { centres: sorted, counts: Int32Array.from(order, (c) => sizes[c]!) };
}

/** float64 [rows, components]. */
function project(rows: Float32Array, components: Float32Array, dimensions: number): Float64Array {
  const bits = components.length / dimensions;
  const out = new Float64Array((rows.length / dimensions) * bits);
  for (let i = 0; i < out.length; i++) {
    const [from, along] = [Math.floor(i / bits) * dimensions, (i % bits) * dimensions];
    let sum = 0;
    for (let d = 0; d < dimensions; d++) sum += rows[from + d]! * components[along + d]!;
    out[i] = sum;
  }
  return out;
}

function medianOf(values: Float64Array): number {
  const sorted = values.slice().sort();
  return (sorted[Math.ceil(sorted.length / 2) - 1]! + sorted[Math.floor(sorted.length / 2)]!) / 2;
}
