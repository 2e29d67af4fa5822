import type { Random } from '../../core/index.js';
import { tf } from '../../engine/index.js';

/** Vectors in rows: float32 [rows, columns]. */
export interface Vectors {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Takes from each row its mean, and divides by the deviation; `floor`, a share of the mean variance, keeps flat rows small. */
export function normaliseRows({ data, rows, columns }: Vectors, floor = 0.1): Vectors {
  const out = Float32Array.from(data);
  const variances = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    const row = out.subarray(r * columns, (r + 1) * columns);
    const mean = row.reduce((sum, value) => sum + value, 0) / columns;
    for (let c = 0; c < columns; c++) row[c]! -= mean;
    variances[r] = row.reduce((sum, value) => sum + value * value, 0) / columns;
  }
  const least = (floor * variances.reduce((sum, value) => sum + value, 0)) / rows;
  for (let i = 0; i < out.length; i++) {
    const scale = variances[Math.floor(i / columns)]! + least;
    if (scale > 0) out[i]! /= Math.sqrt(scale);
  }
  return { data: out, rows, columns };
}

/** A lower triangle whose product with its transpose is the covariance of some vectors: float64 [columns, columns]. */
export interface Whitener {
  readonly triangle: Float64Array;
  readonly columns: number;
}

/**
 * Cholesky's factor of the second moments of vectors, with a share `ridge` of their mean variance added to each axis. Solving with it whitens: what
 * comes out is turned against other ways of whitening and otherwise equal, and clusters by angle do not depend on a turn.
 */
export function fitWhitener({ data, rows, columns }: Vectors, ridge = 0.01): Whitener {
  const moments = tf.tidy(() => {
    const all = tf.tensor2d(data, [rows, columns]);
    return tf.div(tf.matMul(all, all, true, false), rows).dataSync() as Float32Array;
  });
  const triangle = Float64Array.from(moments);
  const added = (ridge * trace(moments, columns)) / columns;
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = triangle[i * columns + j]! + (i === j ? added : 0);
      for (let k = 0; k < j; k++) sum -= triangle[i * columns + k]! * triangle[j * columns + k]!;
      if (i === j) triangle[i * columns + i] = Math.sqrt(Math.max(sum, added, Number.MIN_VALUE));
      else triangle[i * columns + j] = sum / triangle[j * columns + j]!;
    }
  }
  return { triangle, columns };
}

/** Vectors in coordinates in which they have unit covariance. */
export function whiten({ triangle, columns }: Whitener, { data, rows }: Vectors): Vectors {
  const out = new Float32Array(rows * columns);
  const solved = new Float64Array(columns);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < columns; i++) {
      let sum = data[r * columns + i]!;
      for (let k = 0; k < i; k++) sum -= triangle[i * columns + k]! * solved[k]!;
      solved[i] = sum / triangle[i * columns + i]!;
    }
    out.set(solved, r * columns);
  }
  return { data: out, rows, columns };
}

/** What gives with a vector the product that `direction` gives with the whitened vector. */
export function unwhiten({ triangle, columns }: Whitener, direction: Float32Array): Float32Array {
  const solved = Float64Array.from(direction);
  for (let i = columns - 1; i >= 0; i--) {
    for (let k = i + 1; k < columns; k++) solved[i]! -= triangle[k * columns + i]! * solved[k]!;
    solved[i]! /= triangle[i * columns + i]!;
  }
  return Float32Array.from(solved);
}

/**
 * Directions that vectors gather around, float32 [clusters, columns] of unit length: k-means by angle, from vectors drawn as first centres. A centre that
 * no vector is near is drawn again.
 *
 * @throws RangeError for fewer vectors than clusters.
 */
export function clusterDirections(
  vectors: Vectors,
  { clusters, rounds, random }: { readonly clusters: number; readonly rounds: number; readonly random: Random },
): Float32Array {
  const { rows, columns } = vectors;
  if (rows < clusters) throw new RangeError(`There are ${rows} vectors for ${clusters} clusters.`);
  const unit = Float32Array.from(vectors.data);
  for (let r = 0; r < rows; r++) toUnit(unit.subarray(r * columns, (r + 1) * columns));
  const centres = new Float32Array(clusters * columns);
  const row = (r: number) => unit.subarray(r * columns, (r + 1) * columns);
  random
    .fork('first')
    .shuffle(Array.from({ length: rows }, (_, r) => r))
    .slice(0, clusters)
    .forEach((r, c) => centres.set(row(r), c * columns));
  const points = tf.tensor2d(unit, [rows, columns]);
  try {
    for (let round = 0; round < rounds; round++) {
      const nearest = tf.tidy(
        () =>
          tf
            .argMax(tf.matMul(points, tf.tensor2d(centres, [clusters, columns]), false, true), 1)
            .dataSync() as Int32Array,
      );
      const again = random.fork('again', round);
      const counts = new Int32Array(clusters);
      const sums = new Float64Array(clusters * columns);
      for (let r = 0; r < rows; r++) {
        const at = nearest[r]! * columns;
        counts[nearest[r]!]!++;
        for (let i = 0; i < columns; i++) sums[at + i]! += unit[r * columns + i]!;
      }
      for (let c = 0; c < clusters; c++) {
        const centre = centres.subarray(c * columns, (c + 1) * columns);
        centre.set(counts[c] === 0 ? row(again.int(rows)) : sums.subarray(c * columns, (c + 1) * columns));
        toUnit(centre);
      }
    }
  } finally {
    points.dispose();
  }
  return centres;
}

function toUnit(vector: Float32Array): void {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (squares > 0) for (let i = 0; i < vector.length; i++) vector[i]! /= Math.sqrt(squares);
}

function trace(matrix: Float32Array, columns: number): number {
  let sum = 0;
  for (let i = 0; i < columns; i++) sum += matrix[i * columns + i]!;
  return sum;
}
