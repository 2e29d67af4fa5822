import { MediaError } from '../core/index.js';
import type { MeasuredFile } from './probe.js';
import { startProbeProcess, type ProbeProcess } from './probe-process.js';
import type { DamagedPicture, ProbeRequest } from './worker-protocol.js';

/** What a process found: the probe, and pictures that it had to leave out. */
export interface Probed extends MeasuredFile {
  readonly damaged: readonly DamagedPicture[];
}

/** Processes that probe files, started when needed and replaced when they die. */
export interface ProbePool {
  /**
   * Probes one file in a process of its own; a file whose process dies is tried once more in a new one. A process that says nothing for
   * `stallSeconds`, takes longer than `timeoutSeconds` or holds more than the limit's memory is ended, with all that it started.
   *
   * @throws MediaError with the ledger's code, `timeout`, `worker-died` and `out-of-memory` among them.
   */
  probe(request: ProbeRequest): Promise<Probed>;
  /** Bytes that its processes hold now; 0 where the system does not say. */
  memoryBytes(): number;
  close(): void;
}

/** A pool that starts as many processes as are asked for at once. */
export function createProbePool(): ProbePool {
  const idle: ProbeProcess[] = [];
  const all = new Set<ProbeProcess>();
  const take = (): ProbeProcess => {
    for (let worker = idle.pop(); worker; worker = idle.pop()) {
      if (worker.alive()) return worker;
      all.delete(worker);
    }
    return startProbeProcess();
  };
  const once = async (request: ProbeRequest): Promise<Probed> => {
    const worker = take();
    all.add(worker);
    try {
      return await worker.ask(request);
    } finally {
      if (worker.alive()) idle.push(worker);
      else all.delete(worker);
    }
  };
  return {
    async probe(request) {
      try {
        return await once(request);
      } catch (error) {
        if (!(error instanceof MediaError) || error.code !== 'worker-died') throw error;
        return await once(request);
      }
    },
    memoryBytes: () => [...all].reduce((sum, worker) => sum + worker.memoryBytes(), 0),
    close() {
      for (const worker of all) worker.end();
    },
  };
}
