import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { PipelineError } from '../../core/index.js';
import { createBatchMaker, type BatchMakerOptions } from '../batch-maker.js';
import type { FromMaker, SentError, ToMaker } from './messages.js';

// The body of a loader thread: makes the batches it is asked for, one after another.
const port = parentPort as MessagePort;
const ready = createBatchMaker(workerData as BatchMakerOptions);
ready.catch(() => {}); // told to whoever asks for the first batch
let last: Promise<void> = Promise.resolve();
let ending = false;

port.on('message', (message: ToMaker) => {
  if (message.kind === 'end') ending = true; // what is still asked for is not wanted any more
  last = last.then(() => handle(message)).catch(fail);
});

async function handle(message: ToMaker): Promise<void> {
  const maker = await ready;
  if (message.kind === 'recycle') maker.recycle(message.buffers);
  if (message.kind === 'end') {
    await maker.close();
    port.close();
  }
  if (message.kind !== 'make' || ending) return;
  const batch = await maker.make(message.job);
  const buffers = [...new Set(Object.values(batch.arrays).map(({ data }) => data.buffer as ArrayBuffer))];
  port.postMessage({ kind: 'made', batch } satisfies FromMaker, buffers);
}

async function fail(cause: unknown): Promise<void> {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  const sent: SentError = {
    name: error.name,
    message: error.message,
    stack: error.stack,
    code: error instanceof PipelineError ? error.code : undefined,
    context: error instanceof PipelineError ? toCloneable(error.context) : undefined,
  };
  port.postMessage({ kind: 'failed', error: sent } satisfies FromMaker);
  await ready.then((maker) => maker.close()).catch(() => {});
  port.close();
}

function toCloneable(context: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(context)) as Readonly<Record<string, unknown>>;
}
