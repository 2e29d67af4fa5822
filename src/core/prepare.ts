import { typedArrays, type DtypeArrays } from './fields.js';
import type { Random } from './random.js';
import type { BatchArray, Sample } from './sample.js';

/** What a prepare function is told. */
export interface PrepareContext {
  /** The task's resolved configuration. */
  readonly config: unknown;
  /** Forked for this sample, epoch and seed. */
  readonly random: Random;
  readonly mode: 'train' | 'evaluate';
  /** Place of the sample in its batch, from 0: stratify by it. */
  readonly slot: number;
  readonly batchSize: number;
  /** Place of the sample in this epoch's order, from 0. */
  readonly position: number;
  /** What the stage over the whole dataset gave the sample; null where there is none. */
  readonly labels?: Readonly<Record<string, number | string>> | null;
  /** Absent outside a loader. */
  readonly loader?: PrepareLoader;
}

/** What a loader lends to a prepare function so that it works fast. The batches do not depend on it. */
export interface PrepareLoader {
  /** Where an array of this sample lies in the batch: filled there, it is not copied. Holds anything; every value must be written. */
  room<D extends BatchArray['dtype']>(name: string, dtype: D, shape: readonly number[]): DtypeArrays[D];
  /** What was made under this key before, as long as there is memory for it. It may not be changed. */
  remember<T extends object>(key: string, make: () => Promise<T>, bytesOf: (value: T) => number): Promise<T>;
}

/** An array of a sample that is to be filled: in the batch, where a loader runs, else a new one. */
export function takeRoom<D extends BatchArray['dtype']>(
  loader: PrepareLoader | undefined,
  name: string,
  dtype: D,
  shape: readonly number[],
): DtypeArrays[D] {
  if (loader) return loader.room(name, dtype, shape);
  return new typedArrays[dtype](shape.reduce((a, b) => a * b, 1)) as unknown as DtypeArrays[D];
}

/** An unpacked picture, unpacked once for each time that the loader forgets it. */
export function rememberPicture<T extends { readonly data: Uint8Array }>(
  loader: PrepareLoader | undefined,
  key: string,
  unpack: () => Promise<T>,
): Promise<T> {
  return loader ? loader.remember(key, unpack, ({ data }) => data.byteLength) : unpack();
}

/** One sample's arrays, before batching; every sample of a batch has the same names, dtypes and shapes. */
export type PreparedSample = Readonly<Record<string, BatchArray>>;

/** A module that a task names by path; the loader's workers import it, so it may not import TensorFlow.js. */
export interface PrepareModule {
  /**
   * One stored sample → arrays for one place in the batch. Undoes no randomness: everything comes from `context.random`. Without `collate` a loader
   * uses the memory of the sample's bytes again once this is done; what is returned, and what `remember` keeps, may be views of it.
   */
  prepare(sample: Sample, context: PrepareContext): PreparedSample | Promise<PreparedSample>;
  /** Unites prepared samples; default: stacks each array along a new first axis. */
  collate?(
    samples: readonly PreparedSample[],
    context: { readonly config: unknown; readonly random: Random },
  ): Readonly<Record<string, BatchArray>>;
}
