import { StoreError } from '../core/index.js';
import { createChecksumReader } from './checksums.js';
import { openPages, type Entry } from './lmdb-pages.js';
import { checksumOf, decodeLabels, decodeUnitRecord, ordinalKey, type UnitRecord } from './shard.js';

/** One closed shard, read-only. */
export interface ShardReader {
  readonly samples: number;
  /** Sample key of an ordinal of this shard. */
  keyAt(ordinal: number): Uint8Array;
  /** Sample keys in order, from `start` on. */
  keys(start?: Uint8Array): Iterable<Uint8Array>;
  /** A sample by its ordinal, checked against its checksum; throws a StoreError `corrupt` naming it. */
  record(ordinal: number): Entry;
  /** Every sample in order, checked likewise. */
  records(): Iterable<Entry>;
  label(key: Uint8Array): Readonly<Record<string, number | string>> | null;
  units(): Iterable<{ readonly key: Uint8Array; readonly record: UnitRecord }>;
  close(): void;
}

/**
 * Opens a closed shard. LMDB itself has no part in reading: closed shards are read in many threads, from read-only and network file systems,
 * and where no LMDB can be installed.
 *
 * `checked`: its samples have checksums; files of version 0.1.0 have none.
 *
 * @throws StoreError as `readMeta` says; later `corrupt`, naming the page or the record.
 */
export function openShard(path: string, { checked = false }: { readonly checked?: boolean } = {}): ShardReader {
  const pages = openPages(path);
  try {
    const samples = pages.database('samples');
    const labels = pages.database('labels');
    const index = pages.database('index');
    const units = pages.database('units');
    const checksum = checked ? createChecksumReader((key) => pages.database('checksums').get(key)) : null;
    const check = (ordinal: number, key: Uint8Array, value: Uint8Array | undefined): Entry => {
      if (value && (!checksum || checksum(ordinal) === checksumOf(key, value))) return { key, value };
      const name = Buffer.from(key).toString();
      const what = value ? `is damaged: its checksum is not the one that it was written with` : 'is not there';
      throw new StoreError('corrupt', `${path}: record ${name} ${what}. Run reelmine verify.`, {
        context: { path, key: name, ordinal },
      });
    };
    const keyAt = (ordinal: number): Uint8Array => {
      const key = index.get(ordinalKey(ordinal));
      if (key) return key;
      throw new StoreError('corrupt', `${path} has no sample with ordinal ${ordinal}. Run reelmine verify.`, {
        context: { path, ordinal },
      });
    };
    return {
      samples: index.count,
      keyAt,
      keys: (start) => samples.keys(start),
      record(ordinal) {
        const key = keyAt(ordinal);
        return check(ordinal, key, samples.get(key));
      },
      *records() {
        let ordinal = 0;
        for (const { key, value } of samples.entries()) yield check(ordinal++, key, value);
      },
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
