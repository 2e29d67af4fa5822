import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { scratchFolder, StoreError } from '../core/index.js';
import { openEnvironment, type LmdbDatabase } from './lmdb.js';
import { readMeta } from './lmdb-meta.js';
import { databases, decodeLabels, decodeUnitRecord, ordinalKey, type UnitRecord } from './shard.js';

/** One closed shard, read-only. */
export interface ShardReader {
  readonly samples: number;
  /** Sample key of an ordinal of this shard. */
  keyAt(ordinal: number): Uint8Array;
  /** Sample keys in order, from `start` on. */
  keys(start?: Uint8Array): Iterable<Uint8Array>;
  /** The first sample key at or after `start`. */
  firstKey(start: Uint8Array): Uint8Array | undefined;
  value(key: Uint8Array): Uint8Array | undefined;
  label(key: Uint8Array): Readonly<Record<string, number | string>> | null;
  labelKeys(): Iterable<Uint8Array>;
  labelValue(key: Uint8Array): Uint8Array | undefined;
  units(): Iterable<{ readonly key: Uint8Array; readonly record: UnitRecord }>;
  close(): Promise<void>;
}

/**
 * Opens a closed shard. Nothing is written beside it, so it may lie on a read-only or network file system: LMDB meets it through a link in
 * a scratch folder, where its lock file lands, and that folder is gone again once the file is open.
 *
 * @throws StoreError as `readMeta` says.
 */
export async function openShard(path: string): Promise<ShardReader> {
  readMeta(path);
  const folder = mkdtempSync(join(scratchFolder(), 'reelmine-shard-'));
  let environment;
  try {
    const link = join(folder, 'shard.mdb');
    symlinkSync(resolve(path), link);
    environment = await openEnvironment({ path: link, readOnly: true });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const opened = environment;
  const [samples, labels, index, units] = databases.map((name) => opened.database(name)) as [
    LmdbDatabase,
    LmdbDatabase,
    LmdbDatabase,
    LmdbDatabase,
  ];
  return {
    samples: index.count,
    keyAt(ordinal) {
      const key = index.get(ordinalKey(ordinal));
      if (!key)
        throw new StoreError('corrupt', `${path} has no sample with ordinal ${ordinal}.`, {
          context: { path, ordinal },
        });
      return key;
    },
    keys: (start) => samples.keys(start),
    firstKey: (start) => samples.firstKey(start),
    value: (key) => samples.get(key),
    label(key) {
      const value = labels.get(key);
      return value ? decodeLabels(value) : null;
    },
    labelKeys: () => labels.keys(),
    labelValue: (key) => labels.get(key),
    *units() {
      for (const key of units.keys()) yield { key, record: decodeUnitRecord(units.get(key) as Uint8Array) };
    },
    close: () => opened.close(),
  };
}
