import type { ChildProcess } from 'node:child_process';
import { forkModule, MediaError } from '../core/index.js';
import type { ProbedFile } from './probe.js';
import type { DamagedPicture, ProbeReply, ProbeRequest } from './worker-protocol.js';

/** What a process found: the probe, and pictures that it had to leave out. */
export interface Probed {
  readonly probed: ProbedFile;
  readonly damaged: readonly DamagedPicture[];
}

/** Processes that probe files, started when needed and replaced when they die. */
export interface ProbePool {
  /**
   * Probes one file in a process of its own; a file whose process dies is tried once more in a new one.
   *
   * @throws MediaError with the ledger's code, `timeout`, `worker-died` and `out-of-memory` among them.
   */
  probe(request: ProbeRequest, timeoutMs: number): Promise<Probed>;
  close(): void;
}

/** A pool that starts as many processes as are asked for at once. */
export function createProbePool(): ProbePool {
  const idle: ProbeProcess[] = [];
  const all = new Set<ProbeProcess>();
  const once = async (request: ProbeRequest, timeoutMs: number): Promise<Probed> => {
    const worker = idle.pop() ?? startProcess();
    all.add(worker);
    try {
      const probed = await worker.ask(request, timeoutMs);
      idle.push(worker);
      return probed;
    } catch (error) {
      if (worker.alive()) idle.push(worker);
      else all.delete(worker);
      throw error;
    }
  };
  return {
    async probe(request, timeoutMs) {
      try {
        return await once(request, timeoutMs);
      } catch (error) {
        if (!(error instanceof MediaError) || error.code !== 'worker-died') throw error;
        return await once(request, timeoutMs);
      }
    },
    close() {
      for (const worker of all) worker.end();
    },
  };
}

interface ProbeProcess {
  ask(request: ProbeRequest, timeoutMs: number): Promise<Probed>;
  alive(): boolean;
  end(): void;
}

const keptCharacters = 4096;

function startProcess(): ProbeProcess {
  const child: ChildProcess = forkModule('ingest/worker');
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-keptCharacters)));
  let dead = false;
  child.once('exit', () => (dead = true));
  return {
    ask: (request, timeoutMs) =>
      new Promise((resolve, reject) => {
        const { path } = request;
        let timedOut = false;
        const timer = setTimeout(() => {
          timedOut = true;
          dead = true;
          child.kill('SIGKILL');
        }, timeoutMs);
        const settle = (act: () => void) => {
          clearTimeout(timer);
          child.off('message', onMessage).off('exit', onExit).off('error', onExit);
          act();
        };
        const onMessage = (reply: ProbeReply) =>
          settle(() => {
            if (reply.kind === 'probed') resolve({ probed: reply.probed, damaged: reply.damaged });
            else if (reply.kind === 'failed') reject(new MediaError(reply.code, reply.message, { context: { path } }));
            else reject(new Error(`Probing ${path} met a bug: ${reply.message}`));
          });
        const onExit = () =>
          settle(() => {
            dead = true;
            reject(deathOf(path, timedOut ? timeoutMs : null, stderr, child));
          });
        child.on('message', onMessage).on('exit', onExit).on('error', onExit);
        if (dead) onExit();
        else child.send(request, (error) => error && onExit());
      }),
    alive: () => !dead,
    end: () => child.kill('SIGKILL'),
  };
}

function deathOf(path: string, timeoutMs: number | null, stderr: string, child: ChildProcess): MediaError {
  const context = { path, exitCode: child.exitCode, signal: child.signalCode };
  if (timeoutMs !== null)
    return new MediaError('timeout', `${path}: not probed within ${timeoutMs / 1000} s.`, { context });
  if (/heap out of memory/.test(stderr))
    return new MediaError('out-of-memory', `${path}: the process that probed it ran out of memory.`, { context });
  const how = child.signalCode ? `ended by ${child.signalCode}` : `exit status ${child.exitCode ?? 'unknown'}`;
  const tail = stderr.trim().split('\n').slice(-3).join(' ');
  return new MediaError(
    'worker-died',
    `${path}: the process that probed it died (${how})${tail === '' ? '' : `: ${tail}`}.`,
    { context },
  );
}
