import { Worker } from 'node:worker_threads';
import { pathToFileURL } from 'node:url';
import { builtModule, PipelineError, StoreError } from '../core/index.js';
import { createBatchMaker, moduleUrl, type BatchJob, type BatchMakerOptions, type MadeBatch } from './batch-maker.js';
import type { FromMaker, SentError, ToMaker } from './workers/messages.js';

/** A made batch, and how to give its buffers back. */
export interface PooledBatch {
  readonly keys: MadeBatch['keys'];
  readonly arrays: MadeBatch['arrays'];
  release(): void;
}

/** Makers of batches, in threads of their own or in this one. */
export interface MakerPool {
  make(job: BatchJob): Promise<PooledBatch>;
  /** Ends the threads; batches in the making are refused. */
  close(): Promise<void>;
}

type PoolOptions = Omit<BatchMakerOptions, 'module'> & { readonly prepare: string; readonly workers: number };

/**
 * Starts makers of batches. A job goes to the thread that its number names.
 *
 * @param workers threads; 0: batches are made in the caller's thread, and modules are taken from beside this file, so from sources too.
 */
export async function startMakers({ prepare, workers, ...options }: PoolOptions): Promise<MakerPool> {
  if (workers === 0) return startHere({ ...options, module: moduleUrl(prepare, besideUs) });
  const module = moduleUrl(prepare, (path) => pathToFileURL(builtModule(path)).href);
  const threads = Array.from({ length: workers }, () => startThread({ ...options, module }));
  return {
    make: (job) => threads[job.id % workers]!.make(job),
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

async function startHere(options: BatchMakerOptions): Promise<MakerPool> {
  const maker = await createBatchMaker(options);
  let closing: Promise<void> | null = null;
  return {
    async make(job) {
      const { keys, arrays, pooled } = await maker.make(job);
      return { keys, arrays, release: once(() => pooled && maker.recycle(buffersOf(arrays))) };
    },
    close: () => (closing ??= maker.close()),
  };
}

function startThread(options: BatchMakerOptions): MakerPool {
  const worker = new Worker(builtModule('store/workers/loader'), { workerData: options });
  const waiting = new Map<number, { resolve: (batch: PooledBatch) => void; reject: (error: unknown) => void }>();
  let failure: Error | null = null;
  const send = (message: ToMaker, transfer: ArrayBuffer[] = []) => worker.postMessage(message, transfer);
  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };
  const exited = new Promise<void>((resolve) => {
    worker.on('exit', (status) => {
      fail(new StoreError('worker-died', `A loader thread ended with status ${status}.`));
      resolve();
    });
  });
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
  worker.on('message', (message: FromMaker) => {
    if (message.kind === 'failed') {
      fail(receiveError(message.error));
      return;
    }
    const { batch } = message;
    const release = once(() => {
      if (batch.pooled && !failure)
        send({ kind: 'recycle', buffers: buffersOf(batch.arrays) }, buffersOf(batch.arrays));
    });
    waiting.get(batch.id)?.resolve({ keys: batch.keys, arrays: batch.arrays, release });
    waiting.delete(batch.id);
  });
  return {
    make: (job) =>
      new Promise((resolve, reject) => {
        if (failure) {
          reject(failure);
          return;
        }
        waiting.set(job.id, { resolve, reject });
        send({ kind: 'make', job });
      }),
    async close() {
      if (!failure) send({ kind: 'end' });
      fail(new StoreError('closed', 'The loader is closed.'));
      await exited;
    },
  };
}

function besideUs(path: string): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`../${path}.${ending}`, import.meta.url).href;
}

function buffersOf(arrays: MadeBatch['arrays']): ArrayBuffer[] {
  return [...new Set(Object.values(arrays).map(({ data }) => data.buffer as ArrayBuffer))];
}

function receiveError({ name, message, code, context, stack }: SentError): Error {
  const known = { StoreError, TypeError, RangeError }[name as 'StoreError'] as typeof StoreError | undefined;
  if (known === StoreError) return new StoreError(code ?? 'io', message, { context: context ?? {} });
  if (code !== undefined) return new PipelineError(code, message, { context: context ?? {} });
  const error = known ? new (known as unknown as ErrorConstructor)(message) : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
