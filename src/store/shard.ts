import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  type DatasetStage,
  type MinedUnit,
  type RejectionExample,
  type Rejections,
  type Sample,
  type SampleSpec,
} from '../core/index.js';
import { decodeMsgpack, encodeMsgpack, Float64Scalar, type DecodedMsgpack, type MsgpackValue } from './msgpack.js';
import { encodeSample } from './sample-codec.js';

/** The databases of a shard. */
export const databases = ['samples', 'labels', 'index', 'units', 'checksums', 'labelChecksums'] as const;
/** Bytes of one SHA-256. */
export const hashBytes = 32;
/** Bytes of one CRC-32. */
export const checksumBytes = 4;

/** `NNNNN.json`: what a closed shard holds. */
export interface ShardStats {
  readonly schema: 1;
  readonly samples: number;
  readonly sources: number;
  readonly units: number;
  /** Of the file. */
  readonly bytes: number;
  /** Of the file. */
  readonly sha256: string;
  /** Database `checksums` is there: CRC-32 of each sample's key and value, which are checked when it is read. */
  readonly checksums?: 'crc32';
  /** Database `labelChecksums` is there: the same of each label, by its sample's key. */
  readonly labelChecksums?: 'crc32';
}

/** The value of a finished unit in database `units`. */
export interface UnitRecord {
  readonly samples: number;
  /** Of the unit's sample values together. */
  readonly bytes: number;
  /** SHA-256 of each sample's value, in the order of the keys: tells which record is damaged. */
  readonly hashes: Uint8Array;
  /** CRC-32 of each sample's key and value, likewise: quick to check at each reading. Null in records of version 0.1.0. */
  readonly checksums: Uint8Array | null;
  readonly rejections: Rejections;
  /** A repair has lost samples of it: it is to be mined again. */
  readonly incomplete: boolean;
}

/** A unit ready to be written: its `units` entry and its samples, in key order. */
export interface EncodedUnit {
  readonly key: Uint8Array;
  readonly record: Uint8Array;
  readonly samples: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[];
}

/** `00000`, `00001`, …. */
export function shardName(shard: number): string {
  return String(shard).padStart(5, '0');
}

/**
 * The shard of a source: its id is a hash, so its leading hexadecimal digits spread sources evenly. It never falls as ids rise, so the
 * shards one after another are in key order, whatever their number.
 */
export function shardOf(source: string, shards: number): number {
  let low = 0;
  let size = 1;
  for (const digit of source.slice(0, 8)) {
    size /= 16;
    const value = '0123456789abcdef'.indexOf(digit);
    if (value < 0) {
      // Not an id of ours: the nearest place that keeps the order of bytes.
      if (digit > 'f') low += 16 * size;
      else if (digit > '9') low += 10 * size;
      break;
    }
    low += value * size;
  }
  return Math.min(shards - 1, Math.floor(low * shards));
}

/** Key of a unit in database `units`. */
export function unitKey(source: string, shot: number): Uint8Array {
  return Buffer.from(`${source}/${shot}`);
}

/** Key of an ordinal in database `index`: big-endian u32, so that keys are in the order of numbers. */
export function ordinalKey(ordinal: number): Uint8Array {
  const key = Buffer.alloc(4);
  key.writeUInt32BE(ordinal);
  return key;
}

/**
 * Turns a mined unit into bytes.
 *
 * @throws TypeError naming a sample or field that does not fit.
 */
export function encodeUnit(spec: SampleSpec, { source, shot, samples, rejections }: MinedUnit): EncodedUnit {
  const prefix = `${source}/${shot}/`;
  const encoded = samples
    .map((sample) => {
      checkOrigin(sample, source, shot, prefix);
      return { key: Buffer.from(sample.key), value: encodeSample(spec, sample) };
    })
    .sort((a, b) => Buffer.compare(a.key, b.key));
  encoded.forEach(({ key }, i) => {
    if (i > 0 && encoded[i - 1]!.key.equals(key)) throw new TypeError(`Sample ${key.toString()} is there twice.`);
  });
  return { key: unitKey(source, shot), record: encodeUnitRecord(encoded, { rejections }), samples: encoded };
}

/** The `units` entry for samples in the order of their keys. */
export function encodeUnitRecord(
  samples: EncodedUnit['samples'],
  { rejections, incomplete = false }: { readonly rejections: Rejections; readonly incomplete?: boolean },
): Uint8Array {
  return encodeMsgpack(
    new Map<string, MsgpackValue>([
      ['samples', samples.length],
      ['bytes', samples.reduce((sum, { value }) => sum + value.length, 0)],
      ['sha256', Buffer.concat(samples.map(({ value }) => hashOf(value)))],
      ['checksums', encodeChecksums(samples)],
      ['rejections', encodeRejections(rejections)],
      ...(incomplete ? [['incomplete', true] as const] : []),
    ]),
  );
}

/** The record of a unit from its bytes; a RangeError or TypeError if they are damaged. */
export function decodeUnitRecord(bytes: Uint8Array): UnitRecord {
  const record = decodeMsgpack(bytes);
  if (!(record instanceof Map)) throw new TypeError('A unit record is not a map.');
  const map = record as ReadonlyMap<string, DecodedMsgpack>;
  const samples = map.get('samples');
  const size = map.get('bytes');
  const hashes = map.get('sha256');
  const checksums = map.get('checksums') ?? null;
  if (
    typeof samples !== 'number' ||
    typeof size !== 'number' ||
    !(hashes instanceof Uint8Array) ||
    hashes.length !== samples * hashBytes ||
    (checksums !== null && !(checksums instanceof Uint8Array && checksums.length === samples * checksumBytes))
  ) {
    throw new TypeError('A unit record lacks samples, bytes, sha256 or checksums.');
  }
  const rejections = toPlain(map.get('rejections') ?? new Map()) as Rejections;
  return { samples, bytes: size, hashes, checksums, rejections, incomplete: map.get('incomplete') === true };
}

/** Bytes of a sample's labels, by name. */
export function encodeLabels(labels: NonNullable<ReturnType<DatasetStage['labels']['get']>>): Uint8Array {
  return encodeMsgpack(
    new Map(
      Object.keys(labels)
        .sort()
        .map((name) => [name, toMsgpack(labels[name] as number | string)]),
    ),
  );
}

/** Labels from their bytes. */
export function decodeLabels(bytes: Uint8Array): Readonly<Record<string, number | string>> {
  return toPlain(decodeMsgpack(bytes)) as Readonly<Record<string, number | string>>;
}

/** CRC-32 (that of zlib) of a sample's key and value, one after the other. */
export function checksumOf(key: Uint8Array, value: Uint8Array): number {
  return crc32(value, crc32(key));
}

/** `checksumOf` as the 4 bytes, little-endian, that database `labelChecksums` holds. */
export function encodeChecksum(key: Uint8Array, value: Uint8Array): Uint8Array {
  const out = Buffer.alloc(checksumBytes);
  out.writeUInt32LE(checksumOf(key, value));
  return out;
}

/** CRC-32 of each sample, 4 bytes each, little-endian. */
export function encodeChecksums(samples: EncodedUnit['samples']): Uint8Array {
  const out = Buffer.alloc(samples.length * checksumBytes);
  samples.forEach(({ key, value }, i) => out.writeUInt32LE(checksumOf(key, value), i * checksumBytes));
  return out;
}

/** What a unit's record knows its sample `n` by: SHA-256 of the value, and the checksum of key and value where it has those. */
export function markAt({ hashes, checksums }: UnitRecord, n: number): string {
  const hash = Buffer.from(hashes.subarray(n * hashBytes, (n + 1) * hashBytes)).toString('hex');
  return checksums ? `${hash} ${Buffer.from(checksums).readUInt32LE(n * checksumBytes)}` : hash;
}

/** The same of a sample as it is. */
export function markOf(
  { checksums }: UnitRecord,
  { key, value }: { readonly key: Uint8Array; readonly value: Uint8Array },
): string {
  const hash = Buffer.from(hashOf(value)).toString('hex');
  return checksums ? `${hash} ${checksumOf(key, value)}` : hash;
}

/** SHA-256 of bytes, as bytes. */
export function hashOf(value: Uint8Array): Uint8Array {
  return hash('sha256', value, 'buffer');
}

function checkOrigin({ key, provenance }: Sample, source: string, shot: number, prefix: string): void {
  if (!key.startsWith(prefix) || key.length === prefix.length)
    throw new TypeError(`Sample ${key} is not of unit ${source}/${shot}.`);
  if (provenance.source !== source || provenance.shot !== shot) {
    throw new TypeError(`Sample ${key} says it is of ${provenance.source}, shot ${provenance.shot}.`);
  }
}

function encodeRejections(rejections: Rejections): MsgpackValue {
  return new Map(
    Object.keys(rejections)
      .sort()
      .map((code) => {
        const { count, examples } = rejections[code]!;
        return [
          code,
          new Map<string, MsgpackValue>([
            ['count', count],
            ['examples', examples.map(encodeExample)],
          ]),
        ];
      }),
  );
}

function encodeExample({ span, box }: RejectionExample): MsgpackValue {
  const out = new Map<string, MsgpackValue>([
    [
      'span',
      new Map([
        ['startPts', toMsgpack(span.startPts)],
        ['endPts', toMsgpack(span.endPts)],
      ]),
    ],
  ]);
  if (box) {
    const { x, y, width, height } = box;
    out.set('box', new Map(Object.entries({ x, y, width, height }).map(([name, value]) => [name, toMsgpack(value)])));
  }
  return out;
}

function toMsgpack(value: number | string): MsgpackValue {
  return typeof value === 'number' && !Number.isSafeInteger(value) ? new Float64Scalar(value) : value;
}

function toPlain(value: DecodedMsgpack): unknown {
  if (Array.isArray(value)) return value.map((item: DecodedMsgpack) => toPlain(item));
  if (!(value instanceof Map)) return value;
  const map = value as ReadonlyMap<string, DecodedMsgpack>;
  return Object.fromEntries([...map].map(([name, item]) => [name, toPlain(item)]));
}
