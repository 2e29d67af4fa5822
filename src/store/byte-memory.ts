import type { PrepareLoader } from '../core/index.js';

/** Keeps what was made, up to a number of bytes; what was asked for least recently goes first. */
export function createByteMemory(maxBytes: number): Pick<PrepareLoader, 'remember'> & { readonly bytes: () => number } {
  const kept = new Map<string, { readonly value: object; readonly bytes: number }>();
  let total = 0;
  return {
    bytes: () => total,
    async remember<T extends object>(key: string, make: () => Promise<T>, bytesOf: (value: T) => number): Promise<T> {
      const known = kept.get(key);
      if (known) {
        kept.delete(key);
        kept.set(key, known); // now the most recent
        return known.value as T;
      }
      const value = await make();
      const bytes = bytesOf(value);
      if (bytes > maxBytes || kept.has(key)) return value;
      kept.set(key, { value, bytes });
      total += bytes;
      for (const [oldest, { bytes: freed }] of kept) {
        if (total <= maxBytes) break;
        kept.delete(oldest);
        total -= freed;
      }
      return value;
    },
  };
}
