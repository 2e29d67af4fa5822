import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  StoreError,
  type DatasetHeader,
  type DatasetStage,
  type DatasetSummary,
  type MinedUnit,
  type Sample,
  type SampleSink,
} from '../core/index.js';
import { assertSameHeader, readDatasetFile, summaryOf, writeDatasetFile } from './dataset-file.js';
import {
  assertEmpty,
  assertShards,
  lockDataset,
  makeDatasetFolder,
  removeLeftovers,
  rewritingMark,
} from './dataset-folder.js';
import { finishShards } from './finish.js';
import { fileError } from './lmdb.js';
import { readUnits } from './read-units.js';
import { checkSpec, decodeSample } from './sample-codec.js';
import { encodeUnit, shardName, shardOf, unitKey, type EncodedUnit } from './shard.js';
import { choosePlace, type ShardPlace } from './shard-place.js';
import { ShardWriter, type MapLimits } from './shard-writer.js';

const publishEveryMs = 600_000;

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
  /** Writes shards in the scratch folder and copies them when they are closed; default: on network file systems. */
  readonly stage?: boolean;
  /** Of staged shards: how much is written before they are copied in between; also every ten minutes. Default: 1 GiB. */
  readonly publishBytes?: number;
}

/**
 * Opens a dataset folder for writing, new or to go on with. Several units handed over in one turn share a transaction.
 *
 * @throws StoreError `other-header` naming what differs, `in-use`, `other-folder`, `read-only`, or what a shard's file has wrong.
 */
export async function openSink(options: SinkOptions): Promise<SampleSink> {
  return openRawSink(options);
}

/** As `openSink`, for units that are bytes already. */
export async function openRawSink({ dir, header, shards = 4, map, stage, publishBytes }: SinkOptions): Promise<Sink> {
  if (!Number.isInteger(shards) || shards < 1 || shards > 99_999)
    throw new RangeError(`shards must be from 1 to 99999, got ${shards}.`);
  checkSpec(header.spec);
  makeDatasetFolder(dir);
  const unlock = lockDataset(dir);
  let place: ShardPlace | null = null;
  try {
    removeLeftovers(dir);
    const file = readDatasetFile(dir);
    if (file) assertSameHeader(dir, file, header);
    const count = file?.shards ?? shards;
    place = choosePlace(dir, { header, shards: count, ...(stage === undefined ? {} : { stage }) });
    if (file) assertShards(dir, file);
    const writers: ShardWriter[] = [];
    for (let i = 0; i < count; i++) writers.push(await ShardWriter.open(place.path(i), map));
    if (!file) {
      assertEmpty(dir, writers);
      if (place.isStaged) await publishAll(place, writers);
      writeDatasetFile(dir, header, shards, null);
    }
    const sink = new Sink({ dir, header, writers, place, summary: file && summaryOf(file), unlock, publishBytes });
    await sink.adoptLeftovers();
    return sink;
  } catch (error) {
    place?.remove();
    unlock();
    throw fileError(dir, error);
  }
}

/** Empty shards, so that one that is missing later is known to be lost. */
async function publishAll(place: ShardPlace, writers: readonly ShardWriter[]): Promise<void> {
  for (const [shard, writer] of writers.entries()) await writer.rest(() => place.publish(shard));
}

/** A dataset folder open for writing. */
export class Sink implements SampleSink {
  readonly #dir: string;
  readonly #header: DatasetHeader;
  readonly #shards: readonly ShardWriter[];
  readonly #place: ShardPlace;
  readonly #waiting: Waiting[][];
  readonly #publishBytes: number;
  readonly #timer: NodeJS.Timeout | null;
  /** Shards that hold what their published files lack, with its bytes. */
  readonly #unpublished = new Map<number, number>();
  #publishDue = false;
  #draining: Promise<void> | null = null;
  #summary: DatasetSummary | null;
  #closed = false;
  #unlock: () => void;

  constructor({
    dir,
    header,
    writers,
    place,
    summary,
    unlock,
    publishBytes = 0x4000_0000,
  }: {
    readonly dir: string;
    readonly header: DatasetHeader;
    readonly writers: readonly ShardWriter[];
    readonly place: ShardPlace;
    readonly summary: DatasetSummary | null;
    readonly unlock: () => void;
    readonly publishBytes?: number | undefined;
  }) {
    this.#dir = dir;
    this.#header = header;
    this.#shards = writers;
    this.#place = place;
    this.#waiting = writers.map(() => []);
    this.#summary = summary;
    this.#unlock = unlock;
    this.#publishBytes = publishBytes;
    this.#timer = place.isStaged ? setInterval(() => (this.#publishDue = true), publishEveryMs).unref() : null;
  }

  hasUnit(source: string, shot: number): boolean {
    this.#assertOpen();
    return this.#shards[shardOf(source, this.#shards.length)]!.hasUnit(unitKey(source, shot));
  }

  async writeUnit(unit: MinedUnit): Promise<void> {
    this.#assertOpen();
    return this.writeEncoded(encodeUnit(this.#header.spec, unit));
  }

  /** As `writeUnit`, for a unit that is bytes already. */
  async writeEncoded(unit: EncodedUnit): Promise<void> {
    this.#assertOpen();
    this.#reopen();
    return new Promise((resolve, reject) => {
      this.#waiting[this.#shardNumber(unit.key)]!.push({ unit, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** The record of a unit that is on the disk, as bytes. */
  unitRecord(key: Uint8Array): Uint8Array | undefined {
    return this.#shards[this.#shardNumber(key)]!.unitRecord(key);
  }

  /** Takes over the units that killed runs had in the scratch folder. */
  async adoptLeftovers(): Promise<void> {
    for (const folder of this.#place.leftovers) {
      for (const name of readdirSync(folder).filter((file) => file.endsWith('.mdb'))) {
        try {
          for (const unit of readUnits(join(folder, name)))
            if (!this.#shards[this.#shardNumber(unit.key)]!.hasUnit(unit.key)) await this.writeEncoded(unit);
        } catch (error) {
          // What cannot be read there is mined again.
          if (!(error instanceof StoreError) || error.context['path'] !== join(folder, name)) throw error;
        }
      }
      rmSync(folder, { recursive: true, force: true });
    }
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
      try {
        const summary = await finishShards(this.#dir, this.#shards, stage, this.#place);
        writeDatasetFile(this.#dir, this.#header, this.#shards.length, summary);
        rmSync(join(this.#dir, rewritingMark), { force: true });
        this.#summary = summary;
      } catch (error) {
        throw fileError(this.#dir, error);
      }
      this.#unpublished.clear();
    }
    await this.close();
    return this.#summary;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#draining;
    this.#closed = true;
    if (this.#timer) clearInterval(this.#timer);
    try {
      for (const shard of this.#shards) await shard.close();
      for (const shard of this.#unpublished.keys()) this.#place.publish(shard);
      this.#place.remove(); // where publishing failed it stays, for the next run to take over
    } finally {
      this.#unlock();
    }
  }

  #shardNumber(unit: Uint8Array): number {
    return shardOf(Buffer.from(unit).toString().split('/', 1)[0]!, this.#shards.length);
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
      if (this.#place.isStaged) await this.#publishSome(shard, batch);
    }
    this.#draining = null;
  }

  /** A staged shard is copied now and then, so that not all is lost with this machine. */
  async #publishSome(shard: number, batch: readonly Waiting[]): Promise<void> {
    const written = batch.flatMap(({ unit }) => unit.samples).reduce((sum, { value }) => sum + value.length, 0);
    this.#unpublished.set(shard, (this.#unpublished.get(shard) ?? 0) + written);
    for (const [number, bytes] of this.#unpublished) {
      if (!this.#publishDue && bytes < this.#publishBytes) continue;
      try {
        await this.#shards[number]!.rest(() => this.#place.publish(number));
        this.#unpublished.delete(number);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error; // tried again when it is closed, and told then
      }
    }
    this.#publishDue = false;
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
