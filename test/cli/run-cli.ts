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

/** Runs the built `reelmine`; `killSignal` is sent after `killAfterMs`, SIGKILL to its whole process group, or once stderr is such that `killWhen`. */
export function runCli(
  args: readonly string[],
  {
    killAfterMs,
    killWhen,
    killSignal = 'SIGKILL',
    env = {},
  }: {
    readonly killAfterMs?: number;
    readonly killWhen?: (stderr: string) => boolean;
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
    let killed = false;
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (killed || killWhen?.(stderr) !== true) return;
      killed = true;
      child.kill(killSignal);
    });
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
