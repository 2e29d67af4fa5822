import { loadKernel, type Kernel } from '../core/index.js';
import { KernelRoom } from './kernel-room.js';

/** Rows to search among: float32 [count, length], `length` a multiple of 4; what tells most comes first, and in the first four above all. */
export interface NearestRows {
  readonly data: Float32Array;
  readonly length: number;
}

/** A stretch of rows. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

interface NearestKernel {
  nearest(
    rows: number,
    length: number,
    columns: number,
    stride: number,
    ...rest: readonly [
      firstQuery: number,
      queries: number,
      firstCandidate: number,
      candidates: number,
      most: number,
      found: number,
      distances: number,
    ]
  ): void;
}

/** Values that are compared first. */
const lead = 4;

/** Finds the nearest rows: int32 and float32 [queries, most], nearest first, -1 where there are not as many; views until the next call. */
export type FindNearest = (
  queries: RowRange,
  candidates: RowRange,
) => { readonly found: Int32Array; readonly distances: Float32Array };

/**
 * Prepares exact search of the `most` nearest rows by squared Euclidean distance.
 *
 * @param mostQueries how many rows are searched for at once, at most.
 * @throws RangeError if the length of a row is not a multiple of 4, or a search has more queries.
 */
export function prepareNearest({ data, length }: NearestRows, most: number, mostQueries: number): FindNearest {
  if (length % 4 !== 0) throw new RangeError(`A row must have a multiple of 4 values, got ${length}.`);
  const kernel: Kernel<NearestKernel> = loadKernel('vision/kernels/nearest');
  const room = new KernelRoom(kernel);
  const count = data.length / length;
  const stride = (count + 7) & ~3;
  const [rows, columns] = [room.take(data.byteLength), room.take(4 * stride * lead)];
  const [foundAt, distancesAt] = [room.take(4 * most * mostQueries), room.take(4 * most * mostQueries)];
  const buffer = room.reserve();
  new Float32Array(buffer, rows, data.length).set(data);
  const leading = new Float32Array(buffer, columns, stride * lead);
  for (let i = 0; i < lead; i++) for (let n = 0; n < count; n++) leading[i * stride + n] = data[n * length + i]!;
  return (queries, candidates) => {
    if (queries.count > mostQueries)
      throw new RangeError(`At most ${mostQueries} queries at once, got ${queries.count}.`);
    const { first, count: among } = candidates;
    const [from, many] = [queries.first, queries.count];
    kernel.exports.nearest(rows, length, columns, stride, from, many, first, among, most, foundAt, distancesAt);
    return {
      found: new Int32Array(buffer, foundAt, most * queries.count),
      distances: new Float32Array(buffer, distancesAt, most * queries.count),
    };
  };
}
