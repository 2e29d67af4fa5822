import { StoreError } from '../core/index.js';
import { openPages, type Entry } from './lmdb-pages.js';
import { decodeUnitRecord, markAt, markOf, type EncodedUnit, type UnitRecord } from './shard.js';

/** A unit as it lies in a shard. */
export interface StoredUnit extends EncodedUnit {
  readonly parsed: UnitRecord;
}

/**
 * The units of a shard that nobody writes, in key order, every sample checked against its SHA-256, and its key by its checksum.
 *
 * @throws StoreError `corrupt` naming the record or page.
 */
export function* readUnits(path: string): Generator<StoredUnit> {
  const pages = openPages(path, 'unfinished');
  try {
    const samples = pages.database('samples').entries()[Symbol.iterator]();
    for (const { key, value } of pages.database('units').entries()) {
      const name = Buffer.from(key).toString();
      const parsed = parseRecord(path, name, value);
      const own: Entry[] = [];
      for (let n = 0; n < parsed.samples; n++) {
        const step = samples.next();
        if (step.done === true || !isSampleOf(name, step.value, parsed, n)) {
          const found = step.done === true ? 'none' : Buffer.from(step.value.key).toString();
          throw corrupt(path, name, `sample ${n + 1} of ${parsed.samples} is not the one that was written: ${found}`);
        }
        own.push(step.value);
      }
      yield { key, record: value, samples: own, parsed };
    }
    const extra = samples.next();
    if (extra.done !== true) throw corrupt(path, Buffer.from(extra.value.key).toString(), 'it is of no finished unit');
  } finally {
    pages.close();
  }
}

function isSampleOf(unit: string, sample: Entry, record: UnitRecord, n: number): boolean {
  return Buffer.from(sample.key).toString().startsWith(`${unit}/`) && markOf(record, sample) === markAt(record, n);
}

function parseRecord(path: string, name: string, value: Uint8Array): UnitRecord {
  try {
    return decodeUnitRecord(value);
  } catch (error) {
    throw corrupt(path, name, error instanceof Error ? error.message : String(error));
  }
}

function corrupt(path: string, key: string, why: string): StoreError {
  return new StoreError('corrupt', `${path}: ${key} is damaged: ${why}. Run reelmine verify --repair.`, {
    context: { path, key },
  });
}
