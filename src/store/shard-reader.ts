import { StoreError } from '../core/index.js';
import { createChecksumReader } from './checksums.js';
import { openPages, type LongPlace } from './lmdb-pages.js';
import type { Room } from './page-file.js';
import { checksumOf, decodeLabels, decodeUnitRecord, encodeChecksum, ordinalKey, type UnitRecord } from './shard.js';

/** One closed shard, read-only. */
export interface ShardReader {
  readonly samples: number;
  /** Sample key of an ordinal of this shard. */
  keyAt(ordinal: number): string;
  /** Sample keys in order, from `start` on. */
  keys(start?: Uint8Array): Iterable<Uint8Array>;
  /**
   * A sample by its ordinal, in new memory or in what `room` gives. It is checked against its checksum the first time that it is read; throws a
   * StoreError `corrupt` naming it.
   */
  record(ordinal: number, room?: Room): StoredSample;
  /** Every sample in order, each checked. */
  records(): Iterable<StoredSample>;
  /** Checked at each reading; throws a StoreError `corrupt` naming the sample. */
  label(key: Uint8Array): Readonly<Record<string, number | string>> | null;
  units(): Iterable<{ readonly key: Uint8Array; readonly record: UnitRecord }>;
  close(): void;
}

/** Places kept are one more, a power of two: some megabyte. */
const placeMask = 0x3fff;

/** A sample as bytes. */
export interface StoredSample {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Which checksums a shard has; files of version 0.1.0 lack those of labels, or all. */
export interface ShardChecks {
  /** Of its samples. */
  readonly checked?: boolean;
  /** Of its labels. */
  readonly labelsChecked?: boolean;
}

/**
 * Opens a closed shard. LMDB itself has no part in reading: closed shards are read in many threads, from read-only and network file systems,
 * and where no LMDB can be installed.
 *
 * @throws StoreError as `readMeta` says; later `corrupt`, naming the page or the record.
 */
export function openShard(path: string, { checked = false, labelsChecked = false }: ShardChecks = {}): ShardReader {
  const pages = openPages(path);
  try {
    const samples = pages.database('samples');
    const labels = pages.database('labels');
    const index = pages.database('index');
    const units = pages.database('units');
    const checksums = checked ? pages.database('checksums') : null;
    const labelChecksums = labelsChecked ? pages.database('labelChecksums') : null;
    const checksum = checksums && createChecksumReader((key) => checksums.get(key));
    // Bits of the ordinals that have been read and found sound.
    const sound = new Uint8Array(checksum ? Math.ceil(index.count / 8) : 0);
    // Where samples lie that were found lately, by the last bits of their ordinals.
    const places = new Array<({ readonly ordinal: number; readonly key: string } & LongPlace) | undefined>(
      Math.min(index.count, placeMask + 1),
    );

    function damaged(key: Uint8Array, what: string): StoreError {
      const name = Buffer.from(key).toString();
      return new StoreError('corrupt', `${path}: ${what.replace('KEY', name)}. Run reelmine verify.`, {
        context: { path, key: name },
      });
    }

    function check(ordinal: number, key: Uint8Array, value: Uint8Array | undefined): Uint8Array {
      if (!value) throw damaged(key, 'record KEY is not there');
      if (checksum && checksum(ordinal) !== checksumOf(key, value))
        throw damaged(key, 'record KEY is damaged: its checksum is not the one that it was written with');
      return value;
    }

    function keyBytes(ordinal: number): Uint8Array {
      const key = index.view(ordinalKey(ordinal));
      if (key) return key;
      throw new StoreError('corrupt', `${path} has no sample with ordinal ${ordinal}. Run reelmine verify.`, {
        context: { path, ordinal },
      });
    }

    return {
      samples: index.count,
      keyAt: (ordinal) => toText(keyBytes(ordinal)),
      keys: (start) => samples.keys(start),
      record(ordinal, room) {
        const known = places[ordinal & placeMask];
        if (known?.ordinal === ordinal) return { key: known.key, value: pages.longValue(known, room) };
        const key = keyBytes(ordinal);
        const name = toText(key);
        const place = samples.locate(key);
        const value = place ? pages.longValue(place, room) : samples.get(key);
        const isSound = (sound[ordinal >> 3]! & (1 << (ordinal & 7))) !== 0;
        const found = isSound && value ? value : check(ordinal, key, value);
        if (checksum) sound[ordinal >> 3]! |= 1 << (ordinal & 7);
        if (place) places[ordinal & placeMask] = { ordinal, key: name, ...place };
        return { key: name, value: found };
      },
      *records() {
        let ordinal = 0;
        for (const { key, value } of samples.entries()) yield { key: toText(key), value: check(ordinal++, key, value) };
      },
      label(key) {
        const value = labels.get(key);
        const expected = labelChecksums?.get(key);
        if (labelChecksums && !expected && !value) return null;
        if (labelChecksums && !(expected && value && Buffer.compare(expected, encodeChecksum(key, value)) === 0))
          throw damaged(
            key,
            `the label of KEY is ${value ? 'damaged: its checksum is not the one it had' : 'missing'}`,
          );
        return value ? decodeLabels(value) : null;
      },
      *units() {
        for (const { key, value } of units.entries()) yield { key, record: decodeUnitRecord(value) };
      },
      close: () => pages.close(),
    };
  } catch (error) {
    pages.close();
    throw error;
  }
}

function toText(key: Uint8Array): string {
  return Buffer.isBuffer(key) ? key.toString() : Buffer.from(key.buffer, key.byteOffset, key.length).toString();
}
