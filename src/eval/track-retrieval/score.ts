/** One track: its first patch asks for its last one. */
export interface Query {
  readonly key: string;
  readonly source: string;
  readonly label: number;
  readonly groupLabel: number;
}

/** How one query went. */
export interface Answer {
  /** 1 where no distractor is as near as the right patch. */
  readonly isFirst: number;
  /** Share of the distractors that are farther away than the right patch; equally near ones count half. */
  readonly fartherShare: number;
  readonly similarity: number;
  /** Place in the list of queries of the nearest distractor. */
  readonly nearest: number;
}

/**
 * For each query the last patches of other videos that it is told apart from: those of the pool whose label and group are other ones.
 *
 * @param pool places in the list of queries.
 */
export function distractorsOf(queries: readonly Query[], pool: readonly number[]): readonly (readonly number[])[] {
  return queries.map(({ label, groupLabel }) =>
    pool.filter((other) => queries[other]!.label !== label && queries[other]!.groupLabel !== groupLabel),
  );
}

/**
 * Ranks each query's right patch among its distractors by cosine; null where there is no distractor.
 *
 * @param features of the first and the last patches, one vector for each query.
 */
export function rank(
  features: { readonly first: readonly Float32Array[]; readonly last: readonly Float32Array[] },
  distractors: readonly (readonly number[])[],
): readonly (Answer | null)[] {
  const first = features.first.map(toUnitLength);
  const last = features.last.map(toUnitLength);
  return first.map((query, i) => {
    const others = distractors[i]!;
    if (others.length === 0) return null;
    const similarity = dot(query, last[i]!);
    let [nearest, highest, farther] = [others[0]!, -Infinity, 0];
    for (const other of others) {
      const value = dot(query, last[other]!);
      farther += value < similarity ? 1 : value === similarity ? 0.5 : 0;
      if (value > highest) [highest, nearest] = [value, other];
    }
    return { isFirst: highest < similarity ? 1 : 0, fartherShare: farther / others.length, similarity, nearest };
  });
}

function toUnitLength(values: Float32Array): Float32Array {
  const length = Math.sqrt(dot(values, values));
  return length === 0 ? values : values.map((value) => value / length);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
