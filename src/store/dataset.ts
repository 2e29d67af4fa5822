import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  decodeSafetensors,
  readJsonFile,
  StoreError,
  type DatasetHeader,
  type DatasetSummary,
  type Rejections,
  type SafeTensor,
  type Sample,
} from '../core/index.js';
import { createBatchSource, type BatchSourceOptions, type DatasetBatchSource } from './batches.js';
import { headerOf, readDatasetFile, summaryOf } from './dataset-file.js';
import { artefactsName } from './finish.js';
import { decodeSample } from './sample-codec.js';
import { openShard, type ShardReader, type StoredSample } from './shard-reader.js';
import { shardName, shardOf, type ShardStats } from './shard.js';

/** A finished unit and what it gave. */
export interface DatasetUnit {
  readonly source: string;
  readonly shot: number;
  readonly samples: number;
  readonly rejections: Rejections;
}

/** The samples of one source: `count` ordinals from `first` on. */
export interface SourceRange {
  readonly source: string;
  readonly first: number;
  readonly count: number;
}

/** A closed dataset, open for reading. Ordinals are places in the order of sample keys, from 0. */
export interface Dataset {
  readonly dir: string;
  readonly header: DatasetHeader;
  readonly summary: DatasetSummary;
  readonly digest: string;
  /** How many samples there are. */
  readonly size: number;
  /** Key of a sample; throws as `sample` does. */
  key(ordinal: number): string;
  /** Every sample key, in order; read on first use and then held in memory: for millions of samples take `key`. */
  readonly keys: readonly string[];
  /** Ids of the sources that gave samples, in order; read on first use. */
  readonly sources: readonly string[];
  /** Where each source's samples lie, in order: the first ordinal and how many. Read from the units, without going over the samples. */
  sourceRanges(): readonly SourceRange[];
  /**
   * One sample. Throws a RangeError for an ordinal that is not there, a StoreError `corrupt` naming a damaged record.
   *
   * @param room gives memory for the record's bytes, of which its pictures and arrays of bytes are views; default: memory of its own.
   */
  sample(ordinal: number, room?: (bytes: number) => Buffer): Promise<Sample>;
  /** Every sample in key order, one at a time. */
  samples(): AsyncIterable<Sample>;
  units(): AsyncIterable<DatasetUnit>;
  /** What a dataset-wide stage gave a sample; null where it gave nothing. */
  label(key: string): Readonly<Record<string, number | string>> | null;
  /** Arrays learned from the whole dataset, by name; none where the signal has no such stage. */
  artefacts(): Readonly<Record<string, SafeTensor>>;
  /** Batches for a trainer: shuffled by seed, prepared in worker threads. */
  batchSource(options: BatchSourceOptions): DatasetBatchSource;
  close(): Promise<void>;
}

/**
 * Opens a closed dataset, read-only and without lock.
 *
 * @throws StoreError `missing`, `unfinished`, `newer-schema`, or what a shard's file has wrong.
 */
export async function openDataset(dir: string): Promise<Dataset> {
  const file = readDatasetFile(dir);
  if (!file) throw new StoreError('missing', `${dir} is not a dataset: it has no dataset.json.`, { context: { dir } });
  const summary = summaryOf(file);
  if (!summary)
    throw new StoreError('unfinished', `${dir} is not finished: run its mine command again to go on.`, {
      context: { dir },
    });
  const shards: ShardReader[] = [];
  try {
    for (let i = 0; i < file.shards; i++) shards.push(openClosedShard(join(dir, shardName(i))));
  } catch (error) {
    for (const shard of shards) shard.close();
    throw error;
  }
  return new OpenDataset(resolve(dir), headerOf(file), summary, shards);
}

class OpenDataset implements Dataset {
  readonly dir: string;
  readonly header: DatasetHeader;
  readonly summary: DatasetSummary;
  readonly digest: string;
  readonly #shards: readonly ShardReader[];
  /** Ordinal of each shard's first sample, and after the last shard the number of all. */
  readonly #first: number[];
  readonly #sources = new Set<DatasetBatchSource>();
  #keys: readonly string[] | null = null;
  #sourceIds: readonly string[] | null = null;

  constructor(dir: string, header: DatasetHeader, summary: DatasetSummary, shards: readonly ShardReader[]) {
    this.dir = dir;
    this.header = header;
    this.summary = summary;
    this.digest = summary.digest;
    this.#shards = shards;
    this.#first = [0];
    for (const { samples } of shards) this.#first.push(this.#first.at(-1)! + samples);
  }

  get size(): number {
    return this.#first[this.#shards.length]!;
  }

  key(ordinal: number): string {
    const [shard, at] = this.#place(ordinal);
    return shard.keyAt(at);
  }

  get keys(): readonly string[] {
    return (this.#keys ??= this.#shards.flatMap((shard) => Array.from(shard.keys(), toText)));
  }

  get sources(): readonly string[] {
    return (this.#sourceIds ??= this.#shards.flatMap(sourcesOf));
  }

  sourceRanges(): readonly SourceRange[] {
    const ranges: { source: string; first: number; count: number }[] = [];
    let first = 0;
    for (const shard of this.#shards) {
      for (const { key, record } of shard.units()) {
        if (record.samples === 0) continue;
        const name = toText(key);
        const source = name.slice(0, name.lastIndexOf('/'));
        const last = ranges.at(-1);
        if (last?.source === source) last.count += record.samples;
        else ranges.push({ source, first, count: record.samples });
        first += record.samples;
      }
    }
    return ranges;
  }

  async sample(ordinal: number, room?: (bytes: number) => Buffer): Promise<Sample> {
    const [shard, at] = this.#place(ordinal);
    return this.#decode(shard.record(at, room));
  }

  async *samples(): AsyncGenerator<Sample> {
    for (const shard of this.#shards) for (const record of shard.records()) yield this.#decode(record);
  }

  async *units(): AsyncGenerator<DatasetUnit> {
    for (const shard of this.#shards) {
      for (const { key, record } of shard.units()) {
        const name = toText(key);
        const at = name.lastIndexOf('/');
        yield {
          source: name.slice(0, at),
          shot: Number(name.slice(at + 1)),
          samples: record.samples,
          rejections: record.rejections,
        };
      }
    }
  }

  label(key: string): Readonly<Record<string, number | string>> | null {
    const shard = this.#shards[shardOf(key.slice(0, Math.max(0, key.indexOf('/'))), this.#shards.length)];
    return shard?.label(Buffer.from(key)) ?? null;
  }

  artefacts(): Readonly<Record<string, SafeTensor>> {
    const path = join(this.dir, artefactsName);
    return existsSync(path) ? decodeSafetensors(readFileSync(path)).tensors : {};
  }

  batchSource(options: BatchSourceOptions): DatasetBatchSource {
    const source = createBatchSource(this, options);
    this.#sources.add(source);
    return source;
  }

  async close(): Promise<void> {
    for (const source of this.#sources) await source.close();
    for (const shard of this.#shards) shard.close();
  }

  #place(ordinal: number): readonly [shard: ShardReader, ordinal: number] {
    if (!Number.isInteger(ordinal) || ordinal < 0 || ordinal >= this.size)
      throw new RangeError(`ordinal must be from 0 to ${this.size - 1}, got ${ordinal}.`);
    let shard = 0;
    while (ordinal >= this.#first[shard + 1]!) shard++;
    return [this.#shards[shard]!, ordinal - this.#first[shard]!];
  }

  #decode({ key, value }: StoredSample): Sample {
    return decodeSample(this.header.spec, key, value);
  }
}

/** A closed shard whose file has the length that it was closed with. */
function openClosedShard(pathWithoutEnding: string): ShardReader {
  const path = `${pathWithoutEnding}.mdb`;
  const stats = readJsonFile<ShardStats>(`${pathWithoutEnding}.json`, 1);
  if (!existsSync(path)) throw new StoreError('missing', `${path} is missing.`, { context: { path } });
  const bytes = statSync(path).size;
  if (bytes !== stats.bytes) {
    throw new StoreError(
      'truncated',
      `${path} has ${bytes} bytes, it was closed with ${stats.bytes}. Run reelmine verify.`,
      {
        context: { path, bytes, expected: stats.bytes },
      },
    );
  }
  const shard = openShard(path, {
    checked: stats.checksums === 'crc32',
    labelsChecked: stats.labelChecksums === 'crc32',
  });
  if (shard.samples === stats.samples) return shard;
  shard.close();
  throw new StoreError(
    'corrupt',
    `${path} has ${shard.samples} ordinals for ${stats.samples} samples. Run reelmine verify.`,
    { context: { path } },
  );
}

/** Jumps from one source's first sample to the next source's. */
function sourcesOf(shard: ShardReader): string[] {
  const sources: string[] = [];
  for (let [key] = shard.keys(); key;) {
    const name = toText(key);
    const source = name.slice(0, name.indexOf('/'));
    sources.push(source);
    [key] = shard.keys(Buffer.from(`${source}0`)); // "0" comes right after "/"
  }
  return sources;
}

function toText(key: Uint8Array): string {
  return Buffer.from(key).toString();
}
