/** Rows of numbers: float64 [rows, columns], row-major. */
export interface Matrix {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** A change of coordinates learned on some rows and applied to others. */
export type Transform = (matrix: Matrix) => Matrix;

/** A matrix from rows of equal length. */
export function toMatrix(rows: readonly ArrayLike<number>[]): Matrix {
  const columns = rows[0]?.length ?? 0;
  const data = new Float64Array(rows.length * columns);
  rows.forEach((row, r) => {
    if (row.length !== columns) throw new RangeError(`Row ${r} has ${row.length} numbers, the first has ${columns}.`);
    data.set(row, r * columns);
  });
  return { data, rows: rows.length, columns };
}

/** The given rows of a matrix, in the given order. */
export function takeRows(matrix: Matrix, rows: readonly number[]): Matrix {
  return toMatrix(rows.map((row) => matrix.data.subarray(row * matrix.columns, (row + 1) * matrix.columns)));
}

/** Subtracts each column's mean and divides by its standard deviation over `train`; a constant column becomes 0. */
export function standardiser({ data, rows, columns }: Matrix): Transform {
  const mean = new Float64Array(columns);
  const deviation = new Float64Array(columns);
  for (let i = 0; i < data.length; i++) mean[i % columns]! += data[i]! / rows;
  for (let i = 0; i < data.length; i++) deviation[i % columns]! += (data[i]! - mean[i % columns]!) ** 2 / rows;
  const scale = deviation.map((variance, c) => (variance > 1e-12 * (1 + mean[c]! ** 2) ? 1 / Math.sqrt(variance) : 0));
  return (matrix) => ({
    ...matrix,
    data: matrix.data.map((value, i) => (value - mean[i % columns]!) * scale[i % columns]!),
  });
}

/**
 * Coordinates in an orthonormal basis of the space that the rows of `train` span. A linear classifier with an L2 penalty gives the same scores in
 * them, and where there are more columns than rows they are far fewer. Found by a pivoted Cholesky factor of the rows' products.
 */
export function rowSpace(train: Matrix): Transform {
  const { rows, columns } = train;
  if (columns <= rows) return (matrix) => matrix;
  const factor: Float64Array[] = []; // column k of the factor, over all rows
  const pivots: number[] = [];
  const left = Float64Array.from({ length: rows }, (_, r) => product(train, r, train, r));
  const enough = 1e-10 * Math.max(...left);
  while (pivots.length < rows) {
    const pivot = left.indexOf(Math.max(...left));
    if (left[pivot]! <= enough) break;
    const root = Math.sqrt(left[pivot]!);
    const column = Float64Array.from({ length: rows }, (_, r) => {
      let value = product(train, r, train, pivot);
      for (const earlier of factor) value -= earlier[r]! * earlier[pivot]!;
      return value / root;
    });
    factor.push(column);
    pivots.push(pivot);
    for (let r = 0; r < rows; r++) left[r] = r === pivot ? 0 : Math.max(0, left[r]! - column[r]! * column[r]!);
  }
  const basis = takeRows(train, pivots);
  const rank = pivots.length;
  return (matrix) => {
    const data = new Float64Array(matrix.rows * rank);
    for (let r = 0; r < matrix.rows; r++) {
      for (let k = 0; k < rank; k++) {
        let value = product(matrix, r, basis, k);
        for (let j = 0; j < k; j++) value -= factor[j]![pivots[k]!]! * data[r * rank + j]!;
        data[r * rank + k] = value / factor[k]![pivots[k]!]!;
      }
    }
    return { data, rows: matrix.rows, columns: rank };
  };
}

function product(a: Matrix, row: number, b: Matrix, other: number): number {
  const from = row * a.columns;
  const to = other * b.columns;
  let sum = 0;
  for (let i = 0; i < a.columns; i++) sum += a.data[from + i]! * b.data[to + i]!;
  return sum;
}
