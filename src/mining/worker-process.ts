import type { ChildProcess } from 'node:child_process';
import { forkModule, type FailureCode, type MinedUnit, type VideoSource } from '../core/index.js';
import type { UnitId } from './mine-video.js';
import type { DecodedFrames, FromWorker, ToWorker, WorkerFailure, WorkerSetup } from './workers/messages.js';

/** How a worker's work on one video ended. */
export interface VideoOutcome extends DecodedFrames {
  /** Null: well, or stopped. `died`: the process is gone, and it may be worth another try. */
  readonly failure: { readonly code: FailureCode; readonly message: string; readonly died: boolean } | null;
}

/** A worker process of ours; mines one video at a time. */
export interface WorkerProcess {
  readonly alive: boolean;
  /**
   * Mines a video. Each unit is handed to `write`, and the worker goes on only when that has resolved.
   *
   * @throws whatever `write` throws, and Error for a bug in the worker.
   */
  mine(
    source: VideoSource,
    units: readonly UnitId[],
    write: (signal: string, unit: MinedUnit) => Promise<void>,
  ): Promise<VideoOutcome>;
  /** Asks it to end the video in hand after the unit in hand. */
  stop(): void;
  /** Ends the process; resolves when it is gone. */
  close(): Promise<void>;
}

const keptStderr = 4096;
const graceMs = 2000;

/**
 * Starts a mining worker. One that shows no progress for `stallTimeoutMs` is killed, and its video fails with `timeout`.
 *
 * @throws Error with the end of its error output if it cannot start.
 */
export async function startWorker(
  setup: WorkerSetup,
  { stallTimeoutMs }: { readonly stallTimeoutMs: number },
): Promise<WorkerProcess> {
  const child = forkModule('mining/workers/main');
  const worker = new LiveWorker(child, stallTimeoutMs);
  await worker.start(setup);
  return worker;
}

class LiveWorker implements WorkerProcess {
  readonly #child: ChildProcess;
  readonly #stallTimeoutMs: number;
  readonly #gone: Promise<string>;
  #stderr = '';
  #ended = false;
  #onMessage: (message: FromWorker) => void = () => {};

  constructor(child: ChildProcess, stallTimeoutMs: number) {
    this.#child = child;
    this.#stallTimeoutMs = stallTimeoutMs;
    child.stderr?.on('data', (chunk: Buffer) => (this.#stderr = (this.#stderr + chunk.toString()).slice(-keptStderr)));
    child.on('message', (message) => this.#onMessage(message as FromWorker));
    this.#gone = new Promise((resolve) => {
      const end = (how: string) => {
        this.#ended = true;
        resolve(how);
      };
      // Not `close`: after our own disconnect() it may never come. The moment lets the last of stderr arrive.
      child.on('exit', (status, signal) => setTimeout(end, 50, signal === null ? `status ${status}` : signal));
      child.on('error', (error) => end(error.message));
    });
  }

  get alive(): boolean {
    return !this.#ended && this.#child.connected;
  }

  async start(setup: WorkerSetup): Promise<void> {
    const ready = new Promise<null>((resolve) => {
      this.#onMessage = (message) => {
        if (message.kind === 'ready') resolve(null);
      };
    });
    this.#send({ kind: 'start', setup });
    const how = await Promise.race([ready, this.#gone]);
    if (how !== null) throw new Error(`A mining worker could not start (${how}): ${this.#stderr.trim()}`);
  }

  async mine(
    source: VideoSource,
    units: readonly UnitId[],
    write: (signal: string, unit: MinedUnit) => Promise<void>,
  ): Promise<VideoOutcome> {
    const state = { framesDecoded: 0, framesSought: 0, writing: 0, timedOut: false };
    const writes: Promise<void>[] = [];
    const stall = setTimeout(() => {
      if (state.writing > 0) {
        stall.refresh(); // it waits for us
        return;
      }
      state.timedOut = true;
      this.#child.kill('SIGKILL');
    }, this.#stallTimeoutMs);
    const finished = new Promise<WorkerFailure | null>((resolve, reject) => {
      this.#onMessage = (message) => {
        stall.refresh();
        if (message.kind === 'ready') return;
        state.framesDecoded = message.framesDecoded;
        state.framesSought = message.framesSought;
        if (message.kind === 'done') resolve(message.failure);
        if (message.kind !== 'unit') return;
        state.writing++;
        const written = write(message.signal, message.unit).then(() => {
          state.writing--;
          stall.refresh();
          this.#send({ kind: 'written' });
        });
        writes.push(written);
        written.catch(reject);
      };
    });
    this.#send({ kind: 'mine', source, units });
    try {
      const end = await Promise.race([finished.then((failure) => ({ failure })), this.#gone]);
      await Promise.all(writes);
      const { framesDecoded, framesSought } = state;
      return { framesDecoded, framesSought, failure: this.#judge(end, state.timedOut) };
    } finally {
      clearTimeout(stall);
      this.#onMessage = () => {}; // what a dead worker still had in the pipe is mined again
      await Promise.allSettled(writes);
    }
  }

  stop(): void {
    this.#send({ kind: 'stop' });
  }

  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    await this.#gone;
    clearTimeout(timer);
  }

  #judge(end: { readonly failure: WorkerFailure | null } | string, timedOut: boolean): VideoOutcome['failure'] {
    if (timedOut) {
      return { code: 'timeout', died: false, message: `no progress for ${this.#stallTimeoutMs / 1000} s` };
    }
    if (typeof end === 'string') {
      const tail = this.#stderr.trim().split('\n').slice(-3).join(' ');
      const code = /heap out of memory|allocation failed/i.test(this.#stderr) ? 'out-of-memory' : 'worker-died';
      return { code, died: true, message: `the process ended with ${end}${tail === '' ? '' : `: ${tail}`}` };
    }
    if (!end.failure) return null;
    const { code, message, stack } = end.failure;
    if (code === null) throw new Error(`A mining worker met an error: ${message}`, { cause: stack });
    return { code: code as FailureCode, died: false, message };
  }

  #send(message: ToWorker): void {
    if (this.alive) this.#child.send(message, () => {}); // an error here means that it died, which `gone` tells
  }
}
