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
}

/** One sample's arrays, before batching; every sample of a batch has the same names, dtypes and shapes. */
export type PreparedSample = Readonly<Record<string, BatchArray>>;

/** A module that a task names by path; the loader's workers import it, so it may not import TensorFlow.js. */
export interface PrepareModule {
  /** One stored sample → arrays for one place in the batch. Undoes no randomness: everything comes from `context.random`. */
  prepare(sample: Sample, context: PrepareContext): PreparedSample | Promise<PreparedSample>;
  /** Unites prepared samples; default: stacks each array along a new first axis. */
  collate?(
    samples: readonly PreparedSample[],
    context: { readonly config: unknown; readonly random: Random },
  ): Readonly<Record<string, BatchArray>>;
}
