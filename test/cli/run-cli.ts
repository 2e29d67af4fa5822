import { spawn } from 'node:child_process';
import { builtModule } from '../../src/core/index.js';

/** How a run of the command ended. */
export interface CliResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON. */
  json<T = Record<string, unknown>>(): T;
}

/** Runs the built `reelmine`; `killAfterMs` sends `killSignal` to its whole process group after that long. */
export function runCli(
  args: readonly string[],
  {
    killAfterMs,
    killSignal = 'SIGKILL',
    env = {},
  }: {
    readonly killAfterMs?: number;
    readonly killSignal?: NodeJS.Signals;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [builtModule('cli/main'), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const timer =
      killAfterMs === undefined
        ? null
        : setTimeout(() => {
            if (child.pid !== undefined) {
              try {
                process.kill(killSignal === 'SIGKILL' ? -child.pid : child.pid, killSignal);
              } catch {
                // already over
              }
            }
          }, killAfterMs);
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (timer) clearTimeout(timer);
      resolve({ status, signal, stdout, stderr, json: <T>() => JSON.parse(stdout) as T });
    });
  });
}
