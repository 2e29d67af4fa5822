import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { forkModule, MediaError } from '../core/index.js';
import type { Probed } from './probe-pool.js';
import type { ProbeReply, ProbeRequest } from './worker-protocol.js';

/** One process that probes files, one at a time. */
export interface ProbeProcess {
  /**
   * Probes one file.
   *
   * @throws MediaError as `ProbePool.probe` says.
   */
  ask(request: ProbeRequest): Promise<Probed>;
  alive(): boolean;
  /** 0 once it is gone, or where the system does not say. */
  memoryBytes(): number;
  /** Ends it and all that it started. */
  end(): void;
}

const keptCharacters = 4096;
const watchEveryMs = 200;

/** Starts a process; it and what it starts are a group of their own, and are ended together. */
export function startProbeProcess(): ProbeProcess {
  const child: ChildProcess = forkModule('ingest/worker', { ownGroup: true });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-keptCharacters)));
  let dead = false;
  child.once('exit', () => (dead = true));
  const end = (): void => {
    dead = true;
    killGroup(child);
  };
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        const { path } = request;
        let ended: MediaError | null = null;
        const watch = watchdog(child, request, (reason) => {
          ended = reason;
          end();
        });
        const settle = (act: () => void) => {
          watch.stop();
          child.off('message', onMessage).off('exit', onExit).off('error', onExit);
          act();
        };
        const onMessage = (reply: ProbeReply) => {
          watch.progress();
          if (reply.kind === 'progress') return;
          settle(() => {
            if (reply.kind === 'probed') resolve({ probed: reply.probed, facts: reply.facts, damaged: reply.damaged });
            else if (reply.kind === 'failed') reject(new MediaError(reply.code, reply.message, { context: { path } }));
            else reject(new Error(`Probing ${path} met a bug: ${reply.message}`));
          });
        };
        const onExit = () =>
          settle(() => {
            dead = true;
            killGroup(child); // what it started, such as an ffmpeg, is of no use any more
            reject(ended ?? deathOf(path, stderr, child));
          });
        child.on('message', onMessage).on('exit', onExit).on('error', onExit);
        if (dead) onExit();
        else child.send(request, (error) => error && onExit());
      }),
    alive: () => !dead,
    memoryBytes: () => (dead ? 0 : residentBytes(child)),
    end,
  };
}

/** Ends a process that makes no progress, takes too long or holds too much. */
function watchdog(
  child: ChildProcess,
  { path, config }: ProbeRequest,
  giveUp: (reason: MediaError) => void,
): { progress(): void; stop(): void } {
  const { stallSeconds, timeoutSeconds, limits } = config;
  const started = performance.now();
  let heard = started;
  const refuse = (code: 'timeout' | 'out-of-memory', why: string) => {
    clearInterval(timer);
    giveUp(new MediaError(code, `${path}: ${why}.`, { context: { path } }));
  };
  const timer = setInterval(
    () => {
      const now = performance.now();
      if (timeoutSeconds !== null && now - started > timeoutSeconds * 1000)
        refuse('timeout', `not probed within ${timeoutSeconds} s`);
      else if (now - heard > stallSeconds * 1000) refuse('timeout', `no progress for ${stallSeconds} s`);
      else if (residentBytes(child) > limits.memoryBytes)
        refuse('out-of-memory', `the process that probed it held more than ${limits.memoryBytes} bytes`);
    },
    Math.min(watchEveryMs, (stallSeconds * 1000) / 2, (timeoutSeconds ?? Infinity) * 500),
  );
  return { progress: () => (heard = performance.now()), stop: () => clearInterval(timer) };
}

/** Resident memory of a process, where the system has `/proc`. */
function residentBytes({ pid }: ChildProcess): number {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    return Number(pages) * 4096;
  } catch {
    return 0;
  }
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    child.kill('SIGKILL'); // the group is gone, or this system has none
  }
}

function deathOf(path: string, stderr: string, child: ChildProcess): MediaError {
  const context = { path, exitCode: child.exitCode, signal: child.signalCode };
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
