import { StoreError } from '../core/index.js';
import { openPages } from './lmdb-pages.js';
import { decodeLabels, decodeUnitRecord, ordinalKey, type UnitRecord } from './shard.js';

/** One closed shard, read-only. */
export interface ShardReader {
  readonly samples: number;
  /** Sample key of an ordinal of this shard. */
  keyAt(ordinal: number): Uint8Array;
  /** Sample keys in order, from `start` on. */
  keys(start?: Uint8Array): Iterable<Uint8Array>;
  value(key: Uint8Array): Uint8Array | undefined;
  label(key: Uint8Array): Readonly<Record<string, number | string>> | null;
  units(): Iterable<{ readonly key: Uint8Array; readonly record: UnitRecord }>;
  close(): void;
}

/**
 * Opens a closed shard. LMDB itself has no part in reading: closed shards are read in many threads, from read-only and network file systems,
 * and where no LMDB can be installed.
 *
 * @throws StoreError as `readMeta` says; later `corrupt`, naming the page.
 */
export function openShard(path: string): ShardReader {
  const pages = openPages(path);
  try {
    const samples = pages.database('samples');
    const labels = pages.database('labels');
    const index = pages.database('index');
    const units = pages.database('units');
    return {
      samples: index.count,
      keyAt(ordinal) {
        const key = index.get(ordinalKey(ordinal));
        if (!key)
          throw new StoreError('corrupt', `${path} has no sample with ordinal ${ordinal}.`, { context: { path } });
        return key;
      },
      keys: (start) => samples.keys(start),
      value: (key) => samples.get(key),
      label(key) {
        const value = labels.get(key);
        return value ? decodeLabels(value) : null;
      },
      *units() {
        for (const key of units.keys()) yield { key, record: decodeUnitRecord(units.get(key) as Uint8Array) };
      },
      close: () => pages.close(),
    };
  } catch (error) {
    pages.close();
    throw error;
  }
}
