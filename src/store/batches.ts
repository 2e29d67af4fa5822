import { StoreError, type Cursor, type DatasetHeader, type SampleBatch } from '../core/index.js';
import { classesByLabel, classesBySource, type ClassOrigin } from './balance.js';
import { planEndless, planPass, type BatchPart, type BatchPlan, type PlannedBatch } from './batch-plan.js';
import { startMakers, type MakerPool } from './maker-pool.js';
import type { Classes } from './order.js';

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
  /**
   * For one of several trainers side by side: each batch is this part of one of `count` × `batchSize` samples, so that all parts together see
   * what a single trainer with that batch size sees. A pass in key order is dealt out batch by batch.
   */
  readonly part?: BatchPart;
  /** While learning: `none`, `source` (every source equally often), or a field or label whose values come equally often. */
  readonly balance?: string;
  /** Bytes of unpacked pictures that the threads together keep for the next epoch; default 128 MiB. */
  readonly rememberBytes?: number;
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
interface Origin extends ClassOrigin {
  readonly dir: string;
  readonly header: DatasetHeader;
  readonly digest: string;
  readonly summary: { readonly samples: number };
}

const defaultRememberBytes = 128 * 1024 * 1024;

/**
 * Batches of a dataset or of some of its samples.
 *
 * @throws RangeError for settings out of range, StoreError `empty` where there is no sample.
 */
export function createBatchSource(dataset: Origin, options: BatchSourceOptions): DatasetBatchSource {
  const { prepare, config, ordinals, batchSize, workers, mode, seed, part = { index: 1, count: 1 } } = options;
  const { balance = 'none', rememberBytes = defaultRememberBytes } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`batchSize must be at least 1, got ${batchSize}.`);
  if (!Number.isInteger(workers) || workers < 0) throw new RangeError(`workers must be 0 or more, got ${workers}.`);
  checkPart(part);
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

  let classes: Promise<Classes | null> | null = null;
  const findClasses = () => {
    if (mode === 'evaluate' || balance === 'none') return Promise.resolve(null);
    if (balance === 'source') return Promise.resolve(classesBySource(dataset, samples, ordinalAt));
    return classesByLabel(dataset, balance, samples, ordinalAt);
  };

  async function* run(plan: (options: BatchPlan) => Iterable<PlannedBatch>): AsyncGenerator<SampleBatch> {
    const each = Math.floor(rememberBytes / Math.max(1, workers));
    const slots = mode === 'train' ? batchSize * part.count : batchSize;
    const pass: Pass = {
      ended: false,
      makers: startMakers({ dir: dataset.dir, prepare, config, slots, seed, mode, rememberBytes: each, workers }),
    };
    passes.add(pass);
    try {
      const found = await (classes ??= findClasses());
      const planned = plan({ samples, batchSize, part, mode, seed, classes: found, ordinalAt });
      yield* deliver(planned, pass, 2 * workers);
    } finally {
      passes.delete(pass);
      await endPass(pass);
    }
  }

  return {
    samples,
    digest: dataset.digest,
    batches: (from) => run((plan) => planEndless(plan, from)),
    epoch: () => run((plan) => planPass(plan)),
    async close() {
      await Promise.all(Array.from(passes, endPass));
    },
  };
}

function checkPart({ index, count }: BatchPart): void {
  if (Number.isInteger(index) && Number.isInteger(count) && index >= 1 && index <= count) return;
  throw new RangeError(`part must be I of N with I from 1 to N, got ${index} of ${count}.`);
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
async function* deliver(plan: Iterable<PlannedBatch>, pass: Pass, depth: number): AsyncGenerator<SampleBatch> {
  const makers = await pass.makers;
  const ahead: { readonly planned: PlannedBatch; readonly made: ReturnType<MakerPool['make']> }[] = [];
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
