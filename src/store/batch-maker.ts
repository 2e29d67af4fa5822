import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  createRandom,
  type BatchArray,
  type PreparedSample,
  type PrepareLoader,
  type PrepareModule,
} from '../core/index.js';
import { BatchRoom, createBufferPool } from './batch-room.js';
import { createByteMemory } from './byte-memory.js';
import { openDataset } from './dataset.js';

/** What a maker of batches must know; can be sent to a thread. */
export interface BatchMakerOptions {
  readonly dir: string;
  /** URL of a `PrepareModule`. */
  readonly module: string;
  readonly config: unknown;
  /** Samples of a batch, over all parts of a data-parallel run. */
  readonly slots: number;
  readonly seed: number;
  readonly mode: 'train' | 'evaluate';
  /** Bytes of unpacked pictures, or what else a task makes of a sample, to keep for the next time. */
  readonly rememberBytes: number;
}

/** One batch to be made; says all that its bytes depend on. */
export interface BatchJob {
  readonly id: number;
  readonly epoch: number;
  readonly batch: number;
  /** Place of its first sample in the epoch's order. */
  readonly position: number;
  /** Place of its first sample in the batch of all parts. */
  readonly firstSlot: number;
  readonly ordinals: readonly number[];
}

/** A batch as it comes from a maker. */
export interface MadeBatch {
  readonly id: number;
  readonly keys: readonly string[];
  readonly arrays: Readonly<Record<string, BatchArray>>;
  /** True if the buffers can be used again for another batch. */
  readonly pooled: boolean;
}

/** Reads, prepares and unites samples, in a loader's thread or in the caller's. */
export interface BatchMaker {
  make(job: BatchJob): Promise<MadeBatch>;
  /** Takes buffers that nobody reads any more. */
  recycle(buffers: readonly ArrayBuffer[]): void;
  close(): Promise<void>;
}

/** Opens the dataset and the task's module for making batches. The same job always gives the same bytes. */
export async function createBatchMaker({
  dir,
  module,
  config,
  slots,
  seed,
  mode,
  rememberBytes,
}: BatchMakerOptions): Promise<BatchMaker> {
  const task = (await import(module)) as PrepareModule;
  const dataset = await openDataset(dir);
  const random = createRandom(seed);
  const buffers = createBufferPool();
  const memory = createByteMemory(rememberBytes);
  let record: Buffer | null = null;
  const lend = (bytes: number): Buffer => {
    if (!record || record.length < bytes) record = Buffer.allocUnsafeSlow(bytes);
    return record;
  };

  return {
    async make(job) {
      const { epoch, batch, position, firstSlot, ordinals } = job;
      const room = new BatchRoom(ordinals.length, buffers);
      const keys: string[] = [];
      const prepared: PreparedSample[] = [];
      for (const [slot, ordinal] of ordinals.entries()) {
        const sample = await dataset.sample(ordinal, task.collate ? undefined : lend);
        const place = { slot: firstSlot + slot, batchSize: slots, position: position + slot };
        const own = random.fork('prepare', epoch, place.position, sample.key);
        const loader: PrepareLoader = {
          room: (name, dtype, shape) => room.take(slot, name, dtype, shape),
          remember(key, make, bytesOf) {
            const makeAndKeep = () => {
              record = null; // what is remembered may be a view of it
              return make();
            };
            return memory.remember(key, makeAndKeep, bytesOf);
          },
        };
        keys.push(sample.key);
        const made = await task.prepare(sample, {
          config,
          random: own,
          mode,
          ...place,
          labels: dataset.label(sample.key),
          loader,
        });
        if (task.collate) prepared.push(made);
        else room.put(slot, sample.key, made);
      }
      const arrays = task.collate
        ? task.collate(prepared, { config, random: random.fork('collate', epoch, batch) })
        : room.stack();
      return { id: job.id, keys, arrays, pooled: !task.collate };
    },
    recycle: (given) => buffers.give(given),
    close: () => dataset.close(),
  };
}

/** URL of a task's module: a path below `root` without extension, or an absolute path. */
export function moduleUrl(path: string, resolveOurs: (path: string) => string): string {
  return isAbsolute(path) ? pathToFileURL(path).href : resolveOurs(path);
}
