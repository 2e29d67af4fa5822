import { fork, spawn, type ChildProcess } from 'node:child_process';
import { builtModule } from './environment.js';

/** How a program ended. */
export interface ProcessResult {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** The last 64 KiB of it. */
  readonly stderr: string;
}

const keptBytes = 65_536;

/**
 * Runs a program without a shell and waits for its end. Its exit status is not judged.
 * `timeoutMs` kills it after that long; 0: never.
 *
 * @throws Error (`ENOENT`, …) if it cannot be started, AbortError if `signal` aborts.
 */
export function runProcess(
  command: string,
  args: readonly string[],
  {
    cwd,
    env,
    signal,
    timeoutMs = 0,
    onLine,
  }: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly signal?: AbortSignal;
    readonly timeoutMs?: number;
    readonly onLine?: (line: string) => void;
  } = {},
): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      signal,
      timeout: timeoutMs,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    let err = '';
    let partial = '';
    const feed = (text: string) => {
      if (!onLine) return;
      const lines = (partial + text).split(/[\r\n]+/);
      partial = lines.pop() ?? '';
      for (const line of lines) if (line !== '') onLine(line);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      out.push(chunk);
      feed(chunk.toString());
    });
    child.stderr.on('data', (chunk: Buffer) => {
      err = (err + chunk.toString()).slice(-keptBytes);
      feed(chunk.toString());
    });
    child.on('error', reject);
    child.on('close', (status, killedBy) =>
      resolve({ status, signal: killedBy, stdout: Buffer.concat(out).toString(), stderr: err }),
    );
  });
}

/**
 * Starts one of our own compiled modules as a process of its own that talks by structured-clone messages.
 *
 * @param module path below `src`, without extension.
 */
export function forkModule(
  module: string,
  {
    args = [],
    env,
    execArgv = [],
    ownGroup = false,
  }: {
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly execArgv?: readonly string[];
    /** It and what it starts can be ended together by its negated id; a terminal's interrupt does not reach them. */
    readonly ownGroup?: boolean;
  } = {},
): ChildProcess {
  return fork(builtModule(module), args, {
    env: { ...process.env, ...env },
    execArgv: [...execArgv],
    detached: ownGroup,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}
