/** Evenly spread items of a stream of unknown length. */
export interface SpreadSample<T> {
  push(item: T): void;
  /** So many of the kept items, evenly; fewer if there are not as many. */
  take(count: number): readonly T[];
}

/** Keeps evenly spread items of a stream, at most `2 * capacity` at a time. */
export function createSpreadSample<T>(capacity: number): SpreadSample<T> {
  let kept: T[] = [];
  let stride = 1;
  let seen = 0;
  return {
    push(item) {
      if (seen++ % stride === 0) kept.push(item);
      if (kept.length < capacity * 2) return;
      kept = kept.filter((_, i) => i % 2 === 0);
      stride *= 2;
    },
    take(count) {
      const taken = Math.min(count, kept.length);
      return Array.from({ length: taken }, (_, i) => kept[Math.floor(((i + 0.5) * kept.length) / taken)]!);
    },
  };
}
