/** Rows of features, float [rows, width] row-major. */
export interface FeatureRows {
  readonly data: ArrayLike<number>;
  readonly rows: number;
  readonly width: number;
}

/** Mean and covariance of some rows. */
export interface Gaussian {
  /** [width]. */
  readonly mean: Float64Array;
  /** [width, width]. */
  readonly covariance: Float64Array;
}

const ridge = 1e-6; // added to the diagonal where rows do not outnumber features

/**
 * Mean and covariance (of a sample) of feature rows.
 *
 * @throws RangeError for fewer than two rows.
 */
export function fitGaussian({ data, rows, width }: FeatureRows): Gaussian {
  if (rows < 2) throw new RangeError(`A covariance needs at least 2 rows, got ${rows}.`);
  const mean = new Float64Array(width);
  for (let i = 0; i < rows * width; i++) mean[i % width]! += data[i]! / rows;
  const covariance = new Float64Array(width * width);
  for (let row = 0; row < rows; row++) {
    for (let a = 0; a < width; a++) {
      const from = data[row * width + a]! - mean[a]!;
      for (let b = 0; b <= a; b++)
        covariance[a * width + b]! += (from * (data[row * width + b]! - mean[b]!)) / (rows - 1);
    }
  }
  for (let a = 0; a < width; a++) for (let b = 0; b < a; b++) covariance[b * width + a] = covariance[a * width + b]!;
  if (rows <= width) for (let a = 0; a < width; a++) covariance[a * width + a]! += ridge;
  return { mean, covariance };
}

/**
 * Fréchet distance of two Gaussians: `|m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^½)`; 0 for equal ones. The trace of the root is taken from
 * the eigenvalues of `S1^½ S2 S1^½`, which is symmetric, so no general matrix root is needed.
 *
 * Source: Dowson and Landau, "The Fréchet distance between multivariate normal distributions", 1982.
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const width = a.mean.length;
  if (b.mean.length !== width)
    throw new RangeError(`Features of ${width} and ${b.mean.length} numbers cannot be compared.`);
  let distance = 0;
  for (let i = 0; i < width; i++) {
    const apart = a.mean[i]! - b.mean[i]!;
    distance += apart * apart + a.covariance[i * width + i]! + b.covariance[i * width + i]!;
  }
  const { values, vectors } = symmetricEigen(a.covariance, width);
  const roots = values.map((value) => Math.sqrt(Math.max(0, value)));
  // S2 in the basis in which S1 is diagonal, scaled by S1's roots from both sides: similar to S1^½ S2 S1^½
  const turned = multiply(multiply(transpose(vectors, width), b.covariance, width), vectors, width);
  for (let i = 0; i < width; i++) for (let j = 0; j < width; j++) turned[i * width + j]! *= roots[i]! * roots[j]!;
  for (const value of symmetricEigen(turned, width).values) distance -= 2 * Math.sqrt(Math.max(0, value));
  return Math.max(0, distance);
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations, in double precision.
 *
 * @param matrix [width, width]; not changed.
 * @returns `vectors` [width, width]: column i belongs to value i.
 *
 * Source: Golub and Van Loan, "Matrix Computations", 4th edition, section 8.5.
 */
export function symmetricEigen(
  matrix: Float64Array,
  width: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const a = matrix.slice();
  const vectors = new Float64Array(width * width);
  for (let i = 0; i < width; i++) vectors[i * width + i] = 1;
  const total = a.reduce((sum, value) => sum + value * value, 0);
  for (let sweep = 0; sweep < 60 && offDiagonal(a, width) > total * 1e-28; sweep++) {
    for (let p = 0; p < width; p++) for (let q = p + 1; q < width; q++) rotate(a, vectors, { p, q, width });
  }
  return { values: Float64Array.from({ length: width }, (_, i) => a[i * width + i]!), vectors };
}

function rotate(
  a: Float64Array,
  vectors: Float64Array,
  { p, q, width }: { readonly p: number; readonly q: number; readonly width: number },
): void {
  const apq = a[p * width + q]!;
  if (apq === 0) return;
  const tau = (a[q * width + q]! - a[p * width + p]!) / (2 * apq);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = t * c;
  for (let k = 0; k < width; k++) {
    const [akp, akq] = [a[k * width + p]!, a[k * width + q]!];
    a[k * width + p] = c * akp - s * akq;
    a[k * width + q] = s * akp + c * akq;
  }
  for (let k = 0; k < width; k++) {
    const [apk, aqk] = [a[p * width + k]!, a[q * width + k]!];
    a[p * width + k] = c * apk - s * aqk;
    a[q * width + k] = s * apk + c * aqk;
    const [vkp, vkq] = [vectors[k * width + p]!, vectors[k * width + q]!];
    vectors[k * width + p] = c * vkp - s * vkq;
    vectors[k * width + q] = s * vkp + c * vkq;
  }
}

function offDiagonal(a: Float64Array, width: number): number {
  let sum = 0;
  for (let i = 0; i < width; i++)
    for (let j = 0; j < width; j++) if (i !== j) sum += a[i * width + j]! * a[i * width + j]!;
  return sum;
}

function multiply(a: Float64Array, b: Float64Array, width: number): Float64Array {
  const out = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    for (let k = 0; k < width; k++) {
      const factor = a[i * width + k]!;
      for (let j = 0; j < width; j++) out[i * width + j]! += factor * b[k * width + j]!;
    }
  }
  return out;
}

function transpose(a: Float64Array, width: number): Float64Array {
  return Float64Array.from(a, (_, i) => a[(i % width) * width + Math.floor(i / width)]!);
}
