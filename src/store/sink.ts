import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  folderKind,
  StoreError,
  type DatasetHeader,
  type DatasetStage,
  type DatasetSummary,
  type MinedUnit,
  type Sample,
  type SampleSink,
} from '../core/index.js';
import { assertSameHeader, readDatasetFile, summaryOf, writeDatasetFile } from './dataset-file.js';
import { finishShards } from './finish.js';
import { acquireLock } from './lock.js';
import { checkSpec, decodeSample } from './sample-codec.js';
import { encodeUnit, shardName, shardOf, unitKey, type EncodedUnit } from './shard.js';
import { ShardWriter, type MapLimits } from './shard-writer.js';

interface Waiting {
  readonly unit: EncodedUnit;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** How to open a dataset folder for writing. */
export interface SinkOptions {
  readonly dir: string;
  readonly header: DatasetHeader;
  /** Files that a new dataset is spread over; an existing one keeps its own. The digest does not depend on it. */
  readonly shards?: number;
  readonly map?: MapLimits;
}

/**
 * Opens a dataset folder for writing, new or to go on with. Several units handed over in one turn share a transaction.
 *
 * @throws StoreError `other-header` naming what differs, `in-use`, `other-folder`, or what a shard's file has wrong.
 */
export async function openSink({ dir, header, shards = 4, map }: SinkOptions): Promise<SampleSink> {
  if (!Number.isInteger(shards) || shards < 1 || shards > 99_999)
    throw new RangeError(`shards must be from 1 to 99999, got ${shards}.`);
  checkSpec(header.spec);
  makeFolder(dir);
  const unlock = acquireLock(join(dir, 'dataset.lock'));
  try {
    removeLeftovers(dir);
    const file = readDatasetFile(dir);
    if (file) assertSameHeader(dir, file, header);
    else writeDatasetFile(dir, header, shards, null);
    const writers: ShardWriter[] = [];
    for (let i = 0; i < (file?.shards ?? shards); i++) {
      writers.push(await ShardWriter.open(join(dir, `${shardName(i)}.mdb`), map));
    }
    return new Sink(dir, header, writers, file && summaryOf(file), unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

class Sink implements SampleSink {
  readonly #dir: string;
  readonly #header: DatasetHeader;
  readonly #shards: readonly ShardWriter[];
  readonly #waiting: Waiting[][];
  #draining: Promise<void> | null = null;
  #summary: DatasetSummary | null;
  #closed = false;
  #unlock: () => void;

  constructor(
    dir: string,
    header: DatasetHeader,
    shards: readonly ShardWriter[],
    summary: DatasetSummary | null,
    unlock: () => void,
  ) {
    this.#dir = dir;
    this.#header = header;
    this.#shards = shards;
    this.#waiting = shards.map(() => []);
    this.#summary = summary;
    this.#unlock = unlock;
  }

  hasUnit(source: string, shot: number): boolean {
    this.#assertOpen();
    return this.#shardOf(source).hasUnit(unitKey(source, shot));
  }

  async writeUnit(unit: MinedUnit): Promise<void> {
    this.#assertOpen();
    const encoded = encodeUnit(this.#header.spec, unit);
    this.#reopen();
    return new Promise((resolve, reject) => {
      this.#waiting[shardOf(unit.source, this.#shards.length)]!.push({ unit: encoded, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  async *samples(): AsyncGenerator<Sample> {
    this.#assertOpen();
    await this.#draining;
    for (const shard of this.#shards) {
      for (const key of shard.sampleKeys()) {
        this.#assertOpen();
        yield decodeSample(this.#header.spec, Buffer.from(key).toString(), shard.sampleValue(key) as Uint8Array);
      }
    }
  }

  async finish(stage: DatasetStage | null): Promise<DatasetSummary> {
    if (this.#closed && this.#summary) return this.#summary;
    this.#assertOpen();
    await this.#draining;
    if (!this.#summary) {
      const summary = await finishShards(this.#dir, this.#shards, stage);
      writeDatasetFile(this.#dir, this.#header, this.#shards.length, summary);
      this.#summary = summary;
      this.#closed = true;
      this.#unlock();
    } else await this.close();
    return this.#summary;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#draining;
    this.#closed = true;
    for (const shard of this.#shards) await shard.close();
    this.#unlock();
  }

  #shardOf(source: string): ShardWriter {
    return this.#shards[shardOf(source, this.#shards.length)] as ShardWriter;
  }

  /** Before the first new unit, a closed dataset becomes an unfinished one. */
  #reopen(): void {
    if (!this.#summary) return;
    this.#summary = null;
    writeDatasetFile(this.#dir, this.#header, this.#shards.length, null);
    this.#shards.forEach((_, i) => rmSync(join(this.#dir, `${shardName(i)}.json`), { force: true }));
  }

  async #drain(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve)); // lets the units of this turn gather
    for (;;) {
      const shard = this.#waiting.findIndex((queue) => queue.length > 0);
      if (shard < 0) break;
      const batch = this.#waiting[shard]!.splice(0);
      await this.#commit(this.#shards[shard] as ShardWriter, batch);
    }
    this.#draining = null;
  }

  async #commit(shard: ShardWriter, batch: readonly Waiting[]): Promise<void> {
    try {
      await shard.commit(batch.map(({ unit }) => unit));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      // One refused unit must not take the others with it.
      if (batch.length > 1) for (const one of batch) await this.#commit(shard, [one]);
      else batch[0]?.reject(error);
    }
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new StoreError('closed', `The sink of ${this.#dir} is closed.`, { context: { dir: this.#dir } });
  }
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (cause) {
    throw new StoreError(
      'read-only',
      `${dir} cannot be made: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { context: { dir }, cause },
    );
  }
  const kind = folderKind(dir);
  if (kind !== null && kind !== 'dataset')
    throw new StoreError('other-folder', `${dir} holds a ${kind}; choose another folder.`, { context: { dir, kind } });
}

/** What a killed writer leaves beside the finished files. */
function removeLeftovers(dir: string): void {
  for (const name of readdirSync(dir)) {
    if (/\.tmp$|\.mdb\.new(-lock)?$|\.mdb-lock$|^dataset\.lock\.\d+\.\d+(\.stale)?$/.test(name))
      rmSync(join(dir, name), { force: true });
  }
}
