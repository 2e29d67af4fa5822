import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRandom, type BatchArray, type PreparedSample, type PrepareModule, type Random } from '../core/index.js';
import { openDataset } from './dataset.js';

/** What a maker of batches must know; can be sent to a thread. */
export interface BatchMakerOptions {
  readonly dir: string;
  /** URL of a `PrepareModule`. */
  readonly module: string;
  readonly config: unknown;
  readonly batchSize: number;
  readonly seed: number;
  readonly mode: 'train' | 'evaluate';
}

/** One batch to be made; says all that its bytes depend on. */
export interface BatchJob {
  readonly id: number;
  readonly epoch: number;
  readonly batch: number;
  /** Place of its first sample in the epoch's order. */
  readonly position: number;
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

const keptBuffers = 16;

/** Opens the dataset and the task's module for making batches. The same job always gives the same bytes. */
export async function createBatchMaker({
  dir,
  module,
  config,
  batchSize,
  seed,
  mode,
}: BatchMakerOptions): Promise<BatchMaker> {
  const task = (await import(module)) as PrepareModule;
  const dataset = await openDataset(dir);
  const random = createRandom(seed);
  const free: ArrayBuffer[] = [];

  async function prepareOne(
    { epoch, position }: BatchJob,
    ordinal: number,
    slot: number,
  ): Promise<{ key: string; prepared: PreparedSample }> {
    const sample = await dataset.sample(ordinal);
    const own: Random = random.fork('prepare', epoch, position + slot, sample.key);
    const prepared = await task.prepare(sample, {
      config,
      random: own,
      mode,
      slot,
      batchSize,
      position: position + slot,
    });
    return { key: sample.key, prepared };
  }

  return {
    async make(job) {
      const samples: { key: string; prepared: PreparedSample }[] = [];
      for (const [slot, ordinal] of job.ordinals.entries()) samples.push(await prepareOne(job, ordinal, slot));
      const keys = samples.map(({ key }) => key);
      const prepared = samples.map((sample) => sample.prepared);
      const arrays = task.collate
        ? task.collate(prepared, { config, random: random.fork('collate', job.epoch, job.batch) })
        : stack(prepared, keys, (bytes) => takeBuffer(free, bytes));
      return { id: job.id, keys, arrays, pooled: !task.collate };
    },
    recycle(buffers) {
      free.push(...buffers);
      if (free.length > keptBuffers) free.splice(0, free.length - keptBuffers);
    },
    close: () => dataset.close(),
  };
}

/** URL of a task's module: a path below `root` without extension, or an absolute path. */
export function moduleUrl(path: string, resolveOurs: (path: string) => string): string {
  return isAbsolute(path) ? pathToFileURL(path).href : resolveOurs(path);
}

/** Stacks each array of the samples along a new first axis; a TypeError names the sample that differs from the first. */
function stack(
  samples: readonly PreparedSample[],
  keys: readonly string[],
  take: (bytes: number) => ArrayBuffer,
): Record<string, BatchArray> {
  const [first] = samples;
  if (!first) return {};
  samples.forEach((sample, i) => {
    for (const name of new Set([...Object.keys(first), ...Object.keys(sample)])) {
      const [a, b] = [first[name], sample[name]];
      if (!a || !b || a.dtype !== b.dtype || a.shape.join() !== b.shape.join() || b.data.length !== a.data.length) {
        throw new TypeError(
          `Array ${name} of sample ${keys[i] ?? ''} is ${describe(b)}, of ${keys[0] ?? ''} it is ${describe(a)}.`,
        );
      }
    }
  });
  return Object.fromEntries(
    Object.entries(first).map(([name, { dtype, shape, data }]) => {
      const TypedArray = data.constructor as new (buffer: ArrayBuffer) => Exclude<BatchArray['data'], BigInt64Array>;
      const out = new TypedArray(take(data.byteLength * samples.length));
      samples.forEach((sample, i) => out.set(sample[name]!.data as typeof out, i * data.length));
      return [name, { dtype, shape: [samples.length, ...shape], data: out }];
    }),
  );
}

function takeBuffer(free: ArrayBuffer[], bytes: number): ArrayBuffer {
  const at = free.findIndex((buffer) => buffer.byteLength === bytes);
  return at < 0 ? new ArrayBuffer(bytes) : (free.splice(at, 1)[0] as ArrayBuffer);
}

function describe(array: BatchArray | undefined): string {
  return array ? `${array.dtype} [${array.shape.join(', ')}]` : 'missing';
}
