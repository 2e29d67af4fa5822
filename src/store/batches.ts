import { createRandom, StoreError, type Cursor, type DatasetHeader, type SampleBatch } from '../core/index.js';
import type { BatchJob } from './batch-maker.js';
import { createOrder } from './order.js';
import { startMakers, type MakerPool } from './maker-pool.js';

/** How to feed a trainer. */
export interface BatchSourceOptions {
  /** Path below `src`, without extension, of a `PrepareModule`; or an absolute path with extension. */
  readonly prepare: string;
  /** The task's resolved configuration, handed to the module. */
  readonly config: unknown;
  readonly batchSize: number;
  readonly seed: number;
  /** Threads that read and prepare; 0: in the caller's. The batches do not depend on it. */
  readonly workers: number;
  /** `train` shuffles anew each epoch and drops the last, partial batch; `evaluate` keeps key order and every sample. */
  readonly mode: 'train' | 'evaluate';
  /** Only these samples; default: all. */
  readonly ordinals?: readonly number[];
}

/** Batches of a dataset. */
export interface DatasetBatchSource {
  /** From a cursor on, epoch after epoch, without end. Leaving early ends the threads. */
  batches(from: Cursor): AsyncGenerator<SampleBatch>;
  /** One pass in key order; the last batch may be smaller. */
  epoch(): AsyncGenerator<SampleBatch>;
  readonly samples: number;
  readonly digest: string;
  /** Ends all passes. */
  close(): Promise<void>;
}

/** What a batch source needs of a dataset. */
interface Origin {
  readonly dir: string;
  readonly header: DatasetHeader;
  readonly digest: string;
  readonly summary: { readonly samples: number };
}

interface Planned {
  readonly job: BatchJob;
  readonly cursor: Cursor;
}

/**
 * Batches of a dataset or of some of its samples.
 *
 * @throws RangeError for settings out of range, StoreError `empty` where there is no sample.
 */
export function createBatchSource(dataset: Origin, options: BatchSourceOptions): DatasetBatchSource {
  const { prepare, config, ordinals, batchSize, workers, mode, seed } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`batchSize must be at least 1, got ${batchSize}.`);
  if (!Number.isInteger(workers) || workers < 0) throw new RangeError(`workers must be 0 or more, got ${workers}.`);
  const total = dataset.summary.samples;
  const chosen = ordinals && Uint32Array.from(ordinals).sort();
  const outside = ordinals?.find((ordinal) => !Number.isInteger(ordinal) || ordinal < 0 || ordinal >= total);
  if (outside !== undefined) throw new RangeError(`ordinals must be from 0 to ${total - 1}, got ${outside}.`);
  const samples = chosen ? chosen.length : total;
  if (samples === 0)
    throw new StoreError('empty', `${dataset.dir} has no sample to make batches of.`, {
      context: { dir: dataset.dir },
    });
  const ordinalAt = (place: number) => (chosen ? chosen[place]! : place);
  const passes = new Set<Pass>();

  async function* run(plan: Iterable<Planned>): AsyncGenerator<SampleBatch> {
    const pass: Pass = {
      ended: false,
      makers: startMakers({ dir: dataset.dir, prepare, config, batchSize, seed, mode, workers }),
    };
    passes.add(pass);
    try {
      yield* deliver(plan, pass, 2 * workers);
    } finally {
      passes.delete(pass);
      await endPass(pass);
    }
  }

  return {
    samples,
    digest: dataset.digest,
    batches: (from) => run(planEndless({ from, samples, batchSize, mode, seed, ordinalAt })),
    epoch: () => run(planEpoch({ epoch: 0, samples, batchSize, ordinalAt })),
    async close() {
      await Promise.all(Array.from(passes, endPass));
    },
  };
}

/** One run over the batches, which the caller may leave or the source may end. */
interface Pass {
  ended: boolean;
  readonly makers: Promise<MakerPool>;
}

async function endPass(pass: Pass): Promise<void> {
  pass.ended = true;
  await pass.makers.then(
    (makers) => makers.close(),
    () => {}, // it never started: whoever pulls is told
  );
}

/** Keeps a few batches in the making, and hands them out in their order. */
async function* deliver(plan: Iterable<Planned>, pass: Pass, depth: number): AsyncGenerator<SampleBatch> {
  const makers = await pass.makers;
  const ahead: { readonly planned: Planned; readonly made: ReturnType<MakerPool['make']> }[] = [];
  const planned = plan[Symbol.iterator]();
  while (!pass.ended) {
    while (ahead.length < Math.max(1, depth)) {
      const next = planned.next();
      if (next.done) break;
      const made = makers.make(next.value.job);
      made.catch(() => {}); // awaited below, in its turn
      ahead.push({ planned: next.value, made });
    }
    const first = ahead.shift();
    if (!first) return;
    const made = await first.made;
    const { keys, arrays } = made;
    yield {
      keys,
      ordinals: first.planned.job.ordinals,
      arrays,
      cursor: first.planned.cursor,
      release: () => made.release(),
    };
  }
}

interface Plan {
  readonly samples: number;
  readonly batchSize: number;
  readonly ordinalAt: (place: number) => number;
}

function* planEndless({
  from,
  mode,
  seed,
  ...plan
}: Plan & { readonly from: Cursor; readonly mode: 'train' | 'evaluate'; readonly seed: number }): Generator<Planned> {
  const { samples, batchSize, ordinalAt } = plan;
  const perEpoch = mode === 'train' ? Math.max(1, Math.floor(samples / batchSize)) : Math.ceil(samples / batchSize);
  let epoch = from.epoch + Math.floor(from.batch / perEpoch);
  for (let first = from.batch % perEpoch; ; first = 0, epoch++) {
    if (mode === 'evaluate') yield* planEpoch({ epoch, first, ...plan });
    else {
      const order = createOrder(samples, createRandom(seed).fork('order', epoch));
      for (let batch = first; batch < perEpoch; batch++) {
        // A dataset smaller than a batch fills it by repetition.
        const ordinals = Array.from({ length: batchSize }, (_, slot) =>
          ordinalAt(order((batch * batchSize + slot) % samples)),
        );
        yield planBatch({ epoch, batch, perEpoch, batchSize, ordinals });
      }
    }
  }
}

function* planEpoch({
  epoch,
  samples,
  batchSize,
  ordinalAt,
  first = 0,
}: Plan & { readonly epoch: number; readonly first?: number }): Generator<Planned> {
  const perEpoch = Math.ceil(samples / batchSize);
  for (let batch = first; batch < perEpoch; batch++) {
    const length = Math.min(batchSize, samples - batch * batchSize);
    const ordinals = Array.from({ length }, (_, slot) => ordinalAt(batch * batchSize + slot));
    yield planBatch({ epoch, batch, perEpoch, batchSize, ordinals });
  }
}

function planBatch({
  epoch,
  batch,
  perEpoch,
  batchSize,
  ordinals,
}: Cursor & { readonly perEpoch: number; readonly batchSize: number; readonly ordinals: readonly number[] }): Planned {
  const cursor = batch + 1 < perEpoch ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 };
  return { job: { id: epoch * perEpoch + batch, epoch, batch, position: batch * batchSize, ordinals }, cursor };
}
