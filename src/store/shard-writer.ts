import { existsSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError, syncFolder } from '../core/index.js';
import { openEnvironment, type LmdbDatabase, type LmdbEnvironment } from './lmdb.js';
import { readMeta } from './lmdb-meta.js';
import { createChecksumBlocks } from './checksums.js';
import { assertSoundPages } from './lmdb-check.js';
import { openPages } from './lmdb-pages.js';
import {
  databases,
  decodeUnitRecord,
  encodeChecksum,
  encodeChecksums,
  ordinalKey,
  type EncodedUnit,
  type UnitRecord,
} from './shard.js';

type Databases = Readonly<Record<(typeof databases)[number], LmdbDatabase>>;

/** How large a shard's map starts, and how large it may grow; address space only. */
export interface MapLimits {
  readonly firstBytes: number;
  readonly largestBytes: number;
}

const defaultLimits: MapLimits = { firstBytes: 0x1000_0000, largestBytes: 0x400_0000_0000 };

/** One shard open for writing, by one process. */
export class ShardWriter {
  readonly #path: string;
  readonly #limits: MapLimits;
  #mapBytes: number;
  #environment: LmdbEnvironment;
  #databases: Databases;
  #closed = false;
  /** LMDB has it closed for a while: nobody writes, and it is read page by page. */
  #resting = false;

  private constructor(path: string, limits: MapLimits, environment: LmdbEnvironment) {
    this.#path = path;
    this.#limits = limits;
    this.#mapBytes = limits.firstBytes;
    this.#environment = environment;
    this.#databases = openDatabases(environment);
  }

  /**
   * Opens a shard, or makes an empty one, which appears whole.
   *
   * @throws StoreError as `assertSoundPages` and `toStoreError` say.
   */
  static async open(path: string, limits: MapLimits = defaultLimits): Promise<ShardWriter> {
    if (!existsSync(path)) await createShard(path, limits);
    const needed = assertSoundPages(path);
    if (statSync(path).size < needed) truncateSync(path, needed);
    const mapBytes = Math.max(limits.firstBytes, needed, statSync(path).size);
    return new ShardWriter(path, limits, await openEnvironment(path, mapBytes));
  }

  /** True if the unit is on the disk, and whole. */
  hasUnit(key: Uint8Array): boolean {
    const record = this.unitRecord(key);
    return record !== undefined && !decodeUnitRecord(record).incomplete;
  }

  /** True if it has no unit. */
  get isEmpty(): boolean {
    return this.#databases.units.count === 0;
  }

  /** The bytes of a unit's record; undefined if it is not there. */
  unitRecord(key: Uint8Array): Uint8Array | undefined {
    if (!this.#resting) return this.#databases.units.get(key);
    const pages = openPages(this.#path, 'unfinished');
    try {
      return pages.database('units').get(key);
    } finally {
      pages.close();
    }
  }

  /**
   * Writes units and their samples in one transaction; they are on the disk when it resolves.
   *
   * @throws StoreError `unit-exists`, `disk-full`, `map-full`, …: then none of them is there.
   */
  async commit(units: readonly EncodedUnit[]): Promise<void> {
    await this.#transact(() => {
      const { samples, units: finished } = this.#databases;
      for (const unit of units) {
        if (this.hasUnit(unit.key)) {
          throw new StoreError('unit-exists', `Unit ${Buffer.from(unit.key).toString()} is in ${this.#path} already.`);
        }
        for (const { key, value } of unit.samples) samples.put(key, value);
        finished.put(unit.key, unit.record);
      }
    });
  }

  /** Sample keys in order. */
  sampleKeys(): Iterable<Uint8Array> {
    return this.#databases.samples.keys();
  }

  /** The value of a sample, or undefined. */
  sampleValue(key: Uint8Array): Uint8Array | undefined {
    return this.#databases.samples.get(key);
  }

  /** Finished units in key order. */
  *units(): Generator<{ readonly key: Uint8Array; readonly record: UnitRecord }> {
    for (const key of this.#databases.units.keys()) {
      yield { key, record: decodeUnitRecord(this.#databases.units.get(key) as Uint8Array) };
    }
  }

  /** Gives ordinals in key order and writes the labels, replacing earlier ones, in one transaction. */
  async seal(labels: Iterable<readonly [key: Uint8Array, value: Uint8Array]>): Promise<void> {
    const given = [...labels];
    await this.#transact(() => {
      const { samples, index, labels: labelled, labelChecksums } = this.#databases;
      index.clear();
      let ordinal = 0;
      for (const key of samples.keys()) index.put(ordinalKey(ordinal++), key);
      this.#writeChecksums();
      labelled.clear();
      labelChecksums.clear();
      for (const [key, value] of given) {
        labelled.put(key, value);
        labelChecksums.put(key, encodeChecksum(key, value));
      }
    });
  }

  /** Runs `action` while the file is closed. */
  async rest(action: () => void): Promise<void> {
    this.#resting = true;
    await this.#closeFile();
    try {
      action();
    } finally {
      await this.#reopen();
    }
  }

  /** Closes the environment and leaves nothing but the shard's one file. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#closeFile();
  }

  async #closeFile(): Promise<void> {
    await this.#environment.close();
    rmSync(`${this.#path}-lock`, { force: true });
    const { pages, pageBytes } = readShardSize(this.#path);
    // Pages given out and freed again in the last transaction were never written; readers hold the file to its stated length.
    if (statSync(this.#path).size < pages * pageBytes) truncateSync(this.#path, pages * pageBytes);
  }

  /** From the units, whose samples lie in the same order. */
  #writeChecksums(): void {
    const { samples, checksums } = this.#databases;
    checksums.clear();
    const blocks = createChecksumBlocks((key, value) => checksums.put(key, value));
    const keys = samples.keys()[Symbol.iterator]();
    for (const { record } of this.units()) {
      const own: EncodedUnit['samples'][number][] = [];
      for (let i = 0; i < record.samples; i++) {
        const { value: key } = keys.next() as IteratorYieldResult<Uint8Array>;
        if (!record.checksums) own.push({ key, value: samples.get(key) as Uint8Array });
      }
      blocks.add(record.checksums ?? encodeChecksums(own));
    }
    blocks.end();
  }

  async #transact(write: () => void): Promise<void> {
    for (;;) {
      try {
        this.#environment.transact(write);
        return;
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'map-full' || this.#mapBytes >= this.#limits.largestBytes)
          throw error;
        await this.#grow();
      }
    }
  }

  async #grow(): Promise<void> {
    this.#resting = true;
    await this.#environment.close();
    this.#mapBytes = Math.min(this.#limits.largestBytes, Math.max(this.#mapBytes, statSync(this.#path).size) * 2);
    await this.#reopen();
  }

  async #reopen(): Promise<void> {
    this.#environment = await openEnvironment(this.#path, this.#mapBytes);
    this.#databases = openDatabases(this.#environment);
    this.#resting = false;
  }
}

async function createShard(path: string, { firstBytes }: MapLimits): Promise<void> {
  const beside = `${path}.new`;
  const environment = await openEnvironment(beside, firstBytes);
  openDatabases(environment);
  await environment.close();
  rmSync(`${beside}-lock`, { force: true });
  renameSync(beside, path);
  syncFolder(dirname(path));
}

function openDatabases(environment: LmdbEnvironment): Databases {
  return Object.fromEntries(databases.map((name) => [name, environment.database(name)])) as unknown as Databases;
}

function readShardSize(path: string): { readonly pages: number; readonly pageBytes: number } {
  try {
    return readMeta(path);
  } catch (error) {
    const needed = error instanceof StoreError && error.code === 'truncated' ? (error.context['needed'] as number) : 0;
    return { pages: needed, pageBytes: 1 };
  }
}
