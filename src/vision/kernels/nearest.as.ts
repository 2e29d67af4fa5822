// The nearest of many rows to each of some: rows are float32, a multiple of 4 long, and compared by squared Euclidean distance.

/**
 * For each query its `most` nearest candidates, nearest first, by insertion; of equals the one that was compared first. The first four
 * values of four candidates are compared at once, and of those that are not yet too far the rest.
 *
 * @param columns the first four values of all rows, one column after the other, `stride` values each.
 * @param found int32 [queries, most]; `distances` float32 of the same shape. Where there are fewer candidates: -1.
 */
export function nearest(
  rows: usize,
  length: i32,
  columns: usize,
  stride: i32,
  firstQuery: i32,
  queries: i32,
  firstCandidate: i32,
  candidates: i32,
  most: i32,
  found: usize,
  distances: usize,
): void {
  const bytes = (<usize>length) << 2;
  const step = (<usize>stride) << 2;
  const last = firstCandidate + candidates;
  // Those around the queries come first: they are the nearest, and what is farther than all of them is soon told.
  const start = min<i32>(max<i32>(firstQuery, firstCandidate), last);
  for (let q = 0; q < queries; q++) {
    const own = rows + <usize>(firstQuery + q) * bytes;
    const places = found + ((<usize>(q * most)) << 2);
    const kept = distances + ((<usize>(q * most)) << 2);
    const first = v128.load32_splat(own);
    const second = v128.load32_splat(own, 4);
    const third = v128.load32_splat(own, 8);
    const fourth = v128.load32_splat(own, 12);
    let count = 0;
    let worst: f32 = f32.MAX_VALUE;
    for (let block = 0; block < 2; block++) {
      const end = block === 0 ? last : start;
      for (let c = block === 0 ? start : firstCandidate; c < end; c += 4) {
        const at = columns + ((<usize>c) << 2);
        const d1 = f32x4.sub(v128.load(at), first);
        const d2 = f32x4.sub(v128.load(at + step), second);
        const d3 = f32x4.sub(v128.load(at + 2 * step), third);
        const d4 = f32x4.sub(v128.load(at + 3 * step), fourth);
        const partial = f32x4.add(
          f32x4.add(f32x4.mul(d1, d1), f32x4.mul(d2, d2)),
          f32x4.add(f32x4.mul(d3, d3), f32x4.mul(d4, d4)),
        );
        let near = i32x4.bitmask(f32x4.lt(partial, f32x4.splat(worst)));
        while (near !== 0) {
          const candidate = c + ctz(near);
          near &= near - 1;
          if (candidate >= end) break;
          const other = rows + <usize>candidate * bytes;
          let sums = f32x4.splat(0);
          for (let i: usize = 0; i < bytes; i += 16) {
            const d = f32x4.sub(v128.load(own + i), v128.load(other + i));
            sums = f32x4.add(sums, f32x4.mul(d, d));
          }
          const halves = f32x4.add(sums, v128.shuffle<f32>(sums, sums, 2, 3, 0, 1));
          const sum = f32x4.extract_lane(halves, 0) + f32x4.extract_lane(halves, 1);
          if (sum >= worst) continue;
          let to = count < most ? count++ : most - 1;
          while (to > 0 && load<f32>(kept + ((<usize>(to - 1)) << 2)) > sum) {
            store<f32>(kept + ((<usize>to) << 2), load<f32>(kept + ((<usize>(to - 1)) << 2)));
            store<i32>(places + ((<usize>to) << 2), load<i32>(places + ((<usize>(to - 1)) << 2)));
            to--;
          }
          store<f32>(kept + ((<usize>to) << 2), sum);
          store<i32>(places + ((<usize>to) << 2), candidate);
          if (count === most) worst = load<f32>(kept + ((<usize>(most - 1)) << 2));
        }
      }
    }
    for (let to = count; to < most; to++) {
      store<i32>(places + ((<usize>to) << 2), -1);
      store<f32>(kept + ((<usize>to) << 2), f32.MAX_VALUE);
    }
  }
}
