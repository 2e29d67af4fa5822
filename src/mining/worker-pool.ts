import type { MinedUnit, VideoSource } from '../core/index.js';
import type { UnitId } from './mine-video.js';
import { startWorker, type VideoOutcome, type WorkerProcess } from './worker-process.js';
import type { WorkerSetup } from './workers/messages.js';

/** Worker processes, started when first needed and kept over videos. */
export interface WorkerPool {
  /** Mines a video in an idle worker, or in a new one; see `WorkerProcess`. */
  mine(
    source: VideoSource,
    units: readonly UnitId[],
    write: (signal: string, unit: MinedUnit) => Promise<void>,
  ): Promise<VideoOutcome>;
  /** Ends all workers; resolves when they are gone. */
  close(): Promise<void>;
}

/**
 * A pool without a size of its own: it has as many workers as videos are mined at a time. A dead worker is replaced by
 * the next video. Once `stop` aborts, every worker ends its video after the unit in hand.
 */
export function createWorkerPool(
  setup: WorkerSetup,
  { stallTimeoutMs, stop }: { readonly stallTimeoutMs: number; readonly stop: AbortSignal },
): WorkerPool {
  const all = new Set<WorkerProcess>();
  const idle: WorkerProcess[] = [];
  const onStop = () => {
    for (const worker of all) worker.stop();
  };
  stop.addEventListener('abort', onStop, { once: true });
  const take = async (): Promise<WorkerProcess> => {
    for (let worker = idle.pop(); worker; worker = idle.pop()) if (worker.alive) return worker;
    const worker = await startWorker(setup, { stallTimeoutMs });
    all.add(worker);
    if (stop.aborted) worker.stop();
    return worker;
  };
  return {
    async mine(source, units, write) {
      const worker = await take();
      const outcome = await worker.mine(source, units, write);
      if (worker.alive) idle.push(worker);
      else all.delete(worker);
      return outcome;
    },
    async close() {
      stop.removeEventListener('abort', onStop);
      await Promise.all([...all].map((worker) => worker.close()));
    },
  };
}
