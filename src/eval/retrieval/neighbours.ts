/** Vectors of one length at unit length: float64 [rows, columns]; a vector of zeros stays one. */
export interface UnitRows {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** Mean of each column. */
export function columnMeans(vectors: readonly ArrayLike<number>[]): Float64Array {
  const means = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) for (let c = 0; c < means.length; c++) means[c]! += vector[c]! / vectors.length;
  return means;
}

/** Brings vectors to unit length, after taking `centre` from each where it is given. */
export function unitRows(vectors: readonly ArrayLike<number>[], centre?: Float64Array): UnitRows {
  const columns = vectors[0]?.length ?? 0;
  const data = new Float64Array(vectors.length * columns);
  vectors.forEach((vector, r) => {
    const row = data.subarray(r * columns, (r + 1) * columns);
    let squares = 0;
    for (let c = 0; c < columns; c++) {
      row[c] = vector[c]! - (centre ? centre[c]! : 0);
      squares += row[c]! * row[c]!;
    }
    if (squares > 0) for (let c = 0; c < columns; c++) row[c]! /= Math.sqrt(squares);
  });
  return { data, rows: vectors.length, columns };
}

/** The gallery's rows from the nearest by cosine on, the `count` first of them, for one query; equal ones come in gallery order. */
export function nearestRows(gallery: UnitRows, query: Float64Array, count: number): { row: number; cosine: number }[] {
  const cosines = new Float64Array(gallery.rows);
  for (let r = 0; r < gallery.rows; r++) {
    let sum = 0;
    for (let c = 0; c < gallery.columns; c++) sum += gallery.data[r * gallery.columns + c]! * query[c]!;
    cosines[r] = sum;
  }
  return Array.from(cosines, (cosine, row) => ({ row, cosine }))
    .sort((a, b) => b.cosine - a.cosine || a.row - b.row)
    .slice(0, count);
}

/**
 * Chance that at least one of `k` rows drawn without replacement is of a class that has `own` of the `total` rows:
 * 1 - C(total - own, k) / C(total, k).
 */
export function chanceOfHit(total: number, own: number, k: number): number {
  let miss = 1;
  for (let i = 0; i < Math.min(k, total); i++) miss *= Math.max(0, total - own - i) / (total - i);
  return 1 - miss;
}

/** The class most voted for among neighbours, each vote weighing exp(cosine / temperature); of equal sums the nearest one's. */
export function voteOf(
  neighbours: readonly { readonly label: number; readonly cosine: number }[],
  temperature: number,
): number {
  const votes = new Map<number, number>();
  const top = neighbours[0]?.cosine ?? 0;
  for (const { label, cosine } of neighbours)
    votes.set(label, (votes.get(label) ?? 0) + Math.exp((cosine - top) / temperature));
  let winner = -1;
  for (const [label, weight] of votes) if (winner === -1 || weight > votes.get(winner)!) winner = label;
  return winner;
}
