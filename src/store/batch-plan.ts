import { createRandom, type Cursor } from '../core/index.js';
import type { BatchJob } from './batch-maker.js';
import { createOrder, type Classes } from './order.js';

/** A batch to be made, and where the loader stands after it. */
export interface PlannedBatch {
  readonly job: BatchJob;
  readonly cursor: Cursor;
}

/** Part `index` of `count`, from 1, of each batch. */
export interface BatchPart {
  readonly index: number;
  readonly count: number;
}

/** What a plan depends on. */
export interface BatchPlan {
  readonly samples: number;
  /** Of this part. */
  readonly batchSize: number;
  readonly part: BatchPart;
  readonly mode: 'train' | 'evaluate';
  readonly seed: number;
  /** Samples are drawn so that each class comes equally often; null: each sample once. */
  readonly classes: Classes | null;
  readonly ordinalAt: (place: number) => number;
}

/** Batches from a cursor on, epoch after epoch. */
export function* planEndless(plan: BatchPlan, from: Cursor): Generator<PlannedBatch> {
  const perEpoch = plan.mode === 'train' ? trainingBatches(plan) : batchesOfPass(plan);
  if (perEpoch === 0) return; // a pass with less batches than parts
  let epoch = from.epoch + Math.floor(from.batch / perEpoch);
  for (let first = from.batch % perEpoch; ; first = 0, epoch++) {
    if (plan.mode === 'train') yield* planShuffled(plan, epoch, first);
    else yield* planPass(plan, epoch, first);
  }
}

/** One pass in key order; of several parts each takes every so many-th batch. */
export function* planPass(plan: BatchPlan, epoch = 0, first = 0): Generator<PlannedBatch> {
  const { samples, batchSize, part, ordinalAt } = plan;
  const perEpoch = batchesOfPass(plan);
  for (let batch = first; batch < perEpoch; batch++) {
    const position = (batch * part.count + part.index - 1) * batchSize;
    const length = Math.min(batchSize, samples - position);
    const ordinals = Array.from({ length }, (_, slot) => ordinalAt(position + slot));
    yield finishPlan({ epoch, batch, perEpoch }, { position, firstSlot: 0, ordinals });
  }
}

function* planShuffled(plan: BatchPlan, epoch: number, first: number): Generator<PlannedBatch> {
  const { samples, batchSize, part, ordinalAt, seed, classes } = plan;
  const perEpoch = trainingBatches(plan);
  const random = createRandom(seed);
  const place = classes ? classes.order(epoch, random) : createOrder(samples, random.fork('order', epoch));
  for (let batch = first; batch < perEpoch; batch++) {
    const firstSlot = (part.index - 1) * batchSize;
    const position = batch * batchSize * part.count + firstSlot;
    // A dataset smaller than a batch fills it by repetition.
    const ordinals = Array.from({ length: batchSize }, (_, slot) => ordinalAt(place((position + slot) % samples)));
    yield finishPlan({ epoch, batch, perEpoch }, { position, firstSlot, ordinals });
  }
}

function trainingBatches({ samples, batchSize, part }: BatchPlan): number {
  return Math.max(1, Math.floor(samples / (batchSize * part.count)));
}

function batchesOfPass({ samples, batchSize, part }: BatchPlan): number {
  const all = Math.ceil(samples / batchSize);
  return Math.floor((all - part.index + part.count) / part.count);
}

function finishPlan(
  { epoch, batch, perEpoch }: Cursor & { readonly perEpoch: number },
  job: Pick<BatchJob, 'position' | 'firstSlot' | 'ordinals'>,
): PlannedBatch {
  const cursor = batch + 1 < perEpoch ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 };
  return { job: { id: epoch * perEpoch + batch, epoch, batch, ...job }, cursor };
}
