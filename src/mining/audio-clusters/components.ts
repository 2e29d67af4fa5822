import type { Random } from '../../core/index.js';

/** Rounds of the iteration, and how many further directions are carried along so that the wanted ones settle. */
const mostRounds = 60;
const spareDirections = 20;
const settled = 1e-7;
const rowsAtOnce = 256;

/**
 * The directions in which rows vary most, by subspace iteration on their covariance; the sign of each makes its largest coordinate
 * positive.
 *
 * @param rows float32 [count, dimensions], of mean 0.
 * @returns float32 [found, dimensions], unit vectors, most varying first; fewer than `wanted` where the rows vary in fewer directions.
 */
export function principalComponents(
  rows: Float32Array,
  dimensions: number,
  wanted: number,
  random: Random,
): Float32Array {
  const covariance = covarianceOf(rows, dimensions);
  const carried = Math.min(dimensions, wanted + spareDirections);
  let basis: Float64Array = Float64Array.from({ length: carried * dimensions }, () => random.float() - 0.5);
  orthonormalize(basis, dimensions);
  let before = 0;
  for (let round = 0; round < mostRounds; round++) {
    basis = apply(covariance, basis, dimensions);
    const lengths = orthonormalize(basis, dimensions);
    const sum = lengths.slice(0, wanted).reduce((total, length) => total + length, 0);
    if (Math.abs(sum - before) <= settled * sum) break;
    before = sum;
  }
  const { values, vectors } = rotate(covariance, basis, dimensions);
  const found = Math.min(wanted, values.filter((value) => value > 1e-9 * values[0]!).length);
  const out = new Float32Array(found * dimensions);
  for (let n = 0; n < found; n++) {
    const vector = vectors.subarray(n * dimensions, (n + 1) * dimensions);
    const largest = vector.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
    out.set(
      vector.map((value) => (largest < 0 ? -value : value)),
      n * dimensions,
    );
  }
  return out;
}

/** float64 [dimensions, dimensions]; rows are taken a few at a time, so that they are in the cache when they are used. */
function covarianceOf(rows: Float32Array, dimensions: number): Float64Array {
  const count = rows.length / dimensions;
  const out = new Float64Array(dimensions * dimensions);
  for (let first = 0; first < count; first += rowsAtOnce) {
    const part = Math.min(rowsAtOnce, count - first);
    const columns = new Float64Array(dimensions * part);
    for (let p = 0; p < part; p++)
      for (let d = 0; d < dimensions; d++) columns[d * part + p] = rows[(first + p) * dimensions + d]!;
    for (let a = 0; a < dimensions; a++) {
      for (let b = a; b < dimensions; b++) {
        let sum = 0;
        for (let p = 0; p < part; p++) sum += columns[a * part + p]! * columns[b * part + p]!;
        out[a * dimensions + b]! += sum;
      }
    }
  }
  for (let a = 0; a < dimensions; a++) {
    for (let b = a; b < dimensions; b++) {
      out[a * dimensions + b]! /= count;
      out[b * dimensions + a] = out[a * dimensions + b]!;
    }
  }
  return out;
}

/** Each vector times a symmetric matrix. */
function apply(matrix: Float64Array, vectors: Float64Array, dimensions: number): Float64Array {
  const out = new Float64Array(vectors.length);
  for (let v = 0; v < vectors.length; v += dimensions) {
    for (let a = 0; a < dimensions; a++) {
      let sum = 0;
      for (let b = 0; b < dimensions; b++) sum += matrix[a * dimensions + b]! * vectors[v + b]!;
      out[v + a] = sum;
    }
  }
  return out;
}

/** Makes vectors orthogonal to those before them, twice over for the sake of rounding, and of length 1. @returns their lengths before. */
function orthonormalize(vectors: Float64Array, dimensions: number): Float64Array {
  const lengths = new Float64Array(vectors.length / dimensions);
  for (let n = 0; n < lengths.length; n++) {
    const own = vectors.subarray(n * dimensions, (n + 1) * dimensions);
    for (let pass = 0; pass < 2; pass++) {
      for (let m = 0; m < n; m++) {
        const other = vectors.subarray(m * dimensions, (m + 1) * dimensions);
        const along = dot(own, other);
        for (let d = 0; d < dimensions; d++) own[d]! -= along * other[d]!;
      }
      const length = Math.sqrt(dot(own, own));
      if (pass === 0) lengths[n] = length;
      if (length > 0) for (let d = 0; d < dimensions; d++) own[d]! /= length;
    }
  }
  return lengths;
}

/** Turns a basis within its subspace so that the matrix is diagonal there (Rayleigh and Ritz), largest value first. */
function rotate(
  matrix: Float64Array,
  basis: Float64Array,
  dimensions: number,
): { readonly values: readonly number[]; readonly vectors: Float64Array } {
  const count = basis.length / dimensions;
  const image = apply(matrix, basis, dimensions);
  const row = (vectors: Float64Array, n: number) => vectors.subarray(n * dimensions, (n + 1) * dimensions);
  const small = Float64Array.from({ length: count * count }, (_, i) =>
    dot(row(basis, Math.floor(i / count)), row(image, i % count)),
  );
  const turns = diagonalize(small, count);
  const order = Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => small[b * (count + 1)]! - small[a * (count + 1)]!,
  );
  const vectors = new Float64Array(basis.length);
  order.forEach((from, to) => {
    const out = row(vectors, to);
    for (let n = 0; n < count; n++) {
      const weight = turns[n * count + from]!;
      const own = row(basis, n);
      for (let d = 0; d < dimensions; d++) out[d]! += weight * own[d]!;
    }
  });
  return { values: order.map((n) => small[n * (count + 1)]!), vectors };
}

/** Jacobi's method: makes a symmetric matrix diagonal, in place. @returns its eigenvectors in columns. */
function diagonalize(matrix: Float64Array, size: number): Float64Array {
  const vectors = Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        const value = matrix[p * size + q]!;
        off += value * value;
        if (value === 0) continue;
        const theta = (matrix[q * size + q]! - matrix[p * size + p]!) / (2 * value);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        for (let k = 0; k < size; k++) turn(matrix, k * size + p, k * size + q, c, t * c);
        for (let k = 0; k < size; k++) turn(matrix, p * size + k, q * size + k, c, t * c);
        for (let k = 0; k < size; k++) turn(vectors, k * size + p, k * size + q, c, t * c);
      }
    }
    if (off < 1e-22 * matrix.reduce((sum, value) => sum + value * value, 0)) break;
  }
  return vectors;
}

function turn(values: Float64Array, i: number, j: number, c: number, s: number): void {
  const [a, b] = [values[i]!, values[j]!];
  values[i] = c * a - s * b;
  values[j] = s * a + c * b;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}
