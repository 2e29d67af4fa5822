import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { loadKernel, type Random } from '../../core/index.js';

/** What k-means found. */
export interface Clustering {
  /** float32 [clusters, dimensions]. */
  readonly centres: Float32Array;
  /** int32 [points]: nearest centre of each; of two equally near the first. */
  readonly labels: Int32Array;
  /** Sum of the squared distances to the nearest centres. */
  readonly inertia: number;
  /** Inertia of each round of the beginning that was kept. */
  readonly history: readonly number[];
}

/** How to cluster. */
export interface KMeansOptions {
  readonly clusters: number;
  /** Beginnings; the one with the least inertia is kept. */
  readonly restarts: number;
  readonly rounds: number;
  /** Relative change of the inertia that ends a beginning. */
  readonly tolerance: number;
  readonly random: Random;
}

interface KMeansExports {
  products(points: number, count: number, dimensions: number, centres: number, columns: number, out: number): void;
  addRows(points: number, labels: number, count: number, dimensions: number, sums: number): void;
}

/** Points that are worked on together: they and the centres stay in the cache. */
const tile = 64;
const candidates = 8;

/**
 * Points in the kernel's memory, from which distances to centres are taken. Sums of float32 go from the first coordinate to the last,
 * and sums of float64 from the first point to the last: the same bits on every machine.
 */
export class PointSet {
  readonly count: number;
  readonly dimensions: number;
  readonly #kernel = loadKernel<KMeansExports>('mining/audio-clusters/kernels/k-means');
  readonly #at: {
    readonly points: number;
    readonly centres: number;
    readonly out: number;
    readonly labels: number;
    readonly sums: number;
  };
  readonly #mostColumns: number;
  /** float64 [count]: squared length of each point. */
  readonly #lengths: Float64Array;

  /** Points, float32 [count, dimensions], dimensions even, and the most centres that distances will be asked to. */
  constructor(points: Float32Array, dimensions: number, mostCentres: number) {
    if (dimensions % 2 !== 0 || points.length % dimensions !== 0)
      throw new RangeError(
        `There must be an even number of dimensions that divides ${points.length}, got ${dimensions}.`,
      );
    this.count = points.length / dimensions;
    this.dimensions = dimensions;
    this.#mostColumns = columnsFor(Math.max(mostCentres, candidates));
    const sizes = [
      4 * (points.length + dimensions), // a row of padding: points are taken two at a time
      4 * dimensions * this.#mostColumns,
      4 * tile * this.#mostColumns,
      4 * tile,
      8 * mostCentres * dimensions,
    ].map((bytes) => (bytes + 15) & ~15);
    const start = this.#kernel.reserve(sizes.reduce((sum, bytes) => sum + bytes, 0));
    const [at0, at1, at2, at3, at4] = sizes.map(
      (_, i) => start + sizes.slice(0, i).reduce((sum, bytes) => sum + bytes, 0),
    );
    this.#at = { points: at0!, centres: at1!, out: at2!, labels: at3!, sums: at4! };
    this.#view(at0!, points.length).set(points);
    this.#lengths = Float64Array.from({ length: this.count }, (_, p) => squaredLength(this.point(p)));
  }

  /** float32 [dimensions] of one point: a view. */
  point(p: number): Float32Array {
    return this.#view(this.#at.points + 4 * p * this.dimensions, this.dimensions);
  }

  /**
   * Squared distances of a run of points to centres, run after run.
   *
   * @param centres float32 [clusters, dimensions].
   * @param visit gets the first point of a run, how many there are, and float64 [count, clusters], valid until it returns.
   */
  distances(centres: Float32Array, visit: (first: number, count: number, squared: Float64Array) => void): void {
    const clusters = centres.length / this.dimensions;
    const columns = columnsFor(clusters);
    const layout = this.#view(this.#at.centres, this.dimensions * columns).fill(0);
    const lengths = new Float64Array(clusters);
    for (let c = 0; c < clusters; c++) {
      const row = centres.subarray(c * this.dimensions, (c + 1) * this.dimensions);
      lengths[c] = squaredLength(row);
      for (let d = 0; d < this.dimensions; d++) layout[d * columns + c] = row[d]!;
    }
    const squared = new Float64Array(tile * clusters);
    const out = this.#view(this.#at.out, tile * columns);
    for (let first = 0; first < this.count; first += tile) {
      const count = Math.min(tile, this.count - first);
      const from = this.#at.points + 4 * first * this.dimensions;
      this.#kernel.exports.products(
        from,
        count + (count % 2),
        this.dimensions,
        this.#at.centres,
        columns,
        this.#at.out,
      );
      for (let p = 0; p < count; p++) {
        const length = this.#lengths[first + p]!;
        for (let c = 0; c < clusters; c++)
          squared[p * clusters + c] = Math.max(0, length + lengths[c]! - 2 * out[p * columns + c]!);
      }
      visit(first, count, squared);
    }
  }

  /** One round: assigns every point to its nearest centre, counts those that had another, and sums up the points of each. */
  assign(
    centres: Float32Array,
    labels: Int32Array,
    nearest: Float64Array,
  ): { readonly inertia: number; readonly moved: number; readonly sums: Float64Array; readonly counts: Int32Array } {
    const clusters = centres.length / this.dimensions;
    const counts = new Int32Array(clusters);
    const sums = new Float64Array(this.#kernel.memory.buffer, this.#at.sums, clusters * this.dimensions).fill(0);
    const own = new Int32Array(this.#kernel.memory.buffer, this.#at.labels, tile);
    let [inertia, moved] = [0, 0];
    this.distances(centres, (first, count, squared) => {
      for (let p = 0; p < count; p++) {
        let best = 0;
        for (let c = 1; c < clusters; c++) if (squared[p * clusters + c]! < squared[p * clusters + best]!) best = c;
        own[p] = best;
        if (labels[first + p] !== best) moved++;
        labels[first + p] = best;
        nearest[first + p] = squared[p * clusters + best]!;
        inertia += squared[p * clusters + best]!;
        counts[best]!++;
      }
      const from = this.#at.points + 4 * first * this.dimensions;
      this.#kernel.exports.addRows(from, this.#at.labels, count, this.dimensions, this.#at.sums);
    });
    return { inertia, moved, sums, counts };
  }

  #view(at: number, length: number): Float32Array {
    return new Float32Array(this.#kernel.memory.buffer, at, length);
  }
}

/**
 * Clusters points: k-means++ with several candidates for each centre (Arthur and Vassilvitskii, 2007), then Lloyd's rounds. A cluster that
 * runs empty begins again at the point that is farthest from its centre. Ends early where no point moves any more. Gives the event loop its turn
 * between rounds.
 *
 * @returns as many clusters as were asked for, or as there are different points.
 */
export async function kMeans(points: PointSet, options: KMeansOptions): Promise<Clustering> {
  if (points.count === 0) throw new RangeError('There must be at least one point.');
  let best: Clustering | null = null;
  for (let restart = 0; restart < options.restarts; restart++) {
    const found = await runOnce(points, options, options.random.fork('restart', restart));
    if (!best || found.inertia < best.inertia) best = found;
  }
  return best!;
}

async function runOnce(
  points: PointSet,
  { clusters, rounds, tolerance }: KMeansOptions,
  random: Random,
): Promise<Clustering> {
  const centres = await chooseCentres(points, clusters, random);
  const labels = new Int32Array(points.count);
  const nearest = new Float64Array(points.count);
  const history: number[] = [];
  for (let round = 0; ; round++) {
    await yieldToEvents();
    const { inertia, moved, sums, counts } = points.assign(centres, labels, nearest);
    const before = history.at(-1) ?? Infinity;
    history.push(inertia);
    const isDone = round >= rounds || (round > 0 && moved === 0) || before - inertia < tolerance * inertia;
    if (isDone) return { centres, labels, inertia, history };
    moveCentres(points, { centres, sums, counts, nearest });
  }
}

function moveCentres(
  points: PointSet,
  {
    centres,
    sums,
    counts,
    nearest,
  }: {
    readonly centres: Float32Array;
    readonly sums: Float64Array;
    readonly counts: Int32Array;
    readonly nearest: Float64Array;
  },
): void {
  const { dimensions } = points;
  counts.forEach((count, c) => {
    if (count > 0) {
      for (let d = 0; d < dimensions; d++) centres[c * dimensions + d] = sums[c * dimensions + d]! / count;
      return;
    }
    const farthest = nearest.reduce((most, value, p) => (value > nearest[most]! ? p : most), 0);
    nearest[farthest] = 0;
    centres.set(points.point(farthest), c * dimensions);
  });
}

/** Each further centre is a point, drawn by its squared distance from those there are: of some drawn, the one that leaves least. */
async function chooseCentres(points: PointSet, clusters: number, random: Random): Promise<Float32Array> {
  const { count, dimensions } = points;
  const tries = Math.min(candidates, clusters.toString(2).length + 1); // 2 and the whole part of the logarithm to base 2
  const chosen = [random.int(count)];
  const least = new Float64Array(count).fill(Infinity);
  takeIn(points, chosen[0]!, least);
  while (chosen.length < clusters) {
    await yieldToEvents();
    const drawn = Array.from({ length: tries }, () => drawPoint(least, random)).filter((p) => p !== null);
    if (drawn.length === 0) break;
    const rows = drawn.map((p) => points.point(p));
    const left = new Float64Array(drawn.length);
    const centres = join(rows, dimensions);
    points.distances(centres, (first, run, squared) => {
      for (let p = 0; p < run; p++)
        for (let c = 0; c < drawn.length; c++) left[c]! += Math.min(least[first + p]!, squared[p * drawn.length + c]!);
    });
    const best = left.reduce((low, value, c) => (value < left[low]! ? c : low), 0);
    chosen.push(drawn[best]!);
    takeIn(points, drawn[best]!, least);
  }
  return join(
    chosen.map((p) => points.point(p)),
    dimensions,
  );
}

/** What is left to explain once a point is a centre: nothing of those that equal it, whatever rounding says. */
function takeIn(points: PointSet, chosen: number, least: Float64Array): void {
  const centre = points.point(chosen).slice();
  const near = 1e-3 * squaredLength(centre);
  points.distances(centre, (first, run, squared) => {
    for (let p = 0; p < run; p++) {
      if (squared[p]! <= near && points.point(first + p).every((value, d) => value === centre[d])) least[first + p] = 0;
      else least[first + p] = Math.min(least[first + p]!, squared[p]!);
    }
  });
}

/** A point drawn with the given weights; null if none has any. */
function drawPoint(weights: Float64Array, random: Random): number | null {
  let total = 0;
  for (const weight of weights) total += weight;
  if (!(total > 0)) return null;
  let rest = random.float() * total;
  let last: number | null = null;
  for (let p = 0; p < weights.length; p++) {
    if (weights[p]! <= 0) continue;
    last = p;
    rest -= weights[p]!;
    if (rest < 0) return p;
  }
  return last;
}

function join(rows: readonly Float32Array[], dimensions: number): Float32Array {
  const out = new Float32Array(rows.length * dimensions);
  rows.forEach((row, i) => out.set(row, i * dimensions));
  return out;
}

function squaredLength(row: Float32Array): number {
  let sum = 0;
  for (const value of row) sum += value * value;
  return sum;
}

function columnsFor(centres: number): number {
  return Math.max(16, Math.ceil(centres / 16) * 16);
}
