import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { BackendError, coreCount, readEnvironment, runProcess } from '../core/index.js';

/** A way to fetch Python packages. */
export interface PipTool {
  readonly kind: 'pip' | 'uv';
  readonly command: string;
  /** Words before the subcommand. */
  readonly prefix: readonly string[];
}

/** The file that a program's name stands for on the PATH, or null. Starts nothing. */
export function findProgram(name: string): string | null {
  if (name.includes('/')) return existsSync(name) ? name : null;
  for (const folder of (readEnvironment('PATH') ?? '').split(delimiter)) {
    if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
  }
  return null;
}

/** The first of pip's usual names that runs, else uv, else null. */
export async function findPip(): Promise<PipTool | null> {
  const candidates: PipTool[] = [
    ...['python3', 'python'].map((command) => ({ kind: 'pip' as const, command, prefix: ['-m', 'pip'] })),
    ...['pip3', 'pip'].map((command) => ({ kind: 'pip' as const, command, prefix: [] })),
    { kind: 'uv', command: 'uv', prefix: ['pip'] },
  ];
  for (const tool of candidates) {
    if (findProgram(tool.command) === null) continue;
    const probe = await runProcess(tool.command, [
      ...tool.prefix.filter((word) => word !== 'pip' || tool.kind === 'pip'),
      '--version',
    ]);
    if (probe.status === 0) return tool;
  }
  return null;
}

/** A C++ compiler: `CXX`, else `c++`, `g++` or `clang++` on the PATH, else null. */
export function findCompiler(): string | null {
  for (const name of [readEnvironment('CXX'), 'c++', 'g++', 'clang++']) {
    const found = name === undefined ? null : findProgram(name);
    if (found !== null) return found;
  }
  return null;
}

/** How to install what is missing on this system. */
export function installRemedy(missing: readonly ('pip' | 'compiler')[]): string {
  const names = (pip: string, compiler: string) => missing.map((what) => (what === 'pip' ? pip : compiler)).join(' ');
  if (findProgram('apt-get')) return `apt-get install -y ${names('python3-pip', 'g++')}`;
  if (process.platform === 'darwin') return `brew install ${names('python', 'gcc')}`;
  return `install ${names('Python with pip,', 'a C++ compiler')} with the system's package manager`;
}

/**
 * Runs one tool and gives what it printed.
 *
 * @param what in the error's sentence: `Fetching TensorFlow`.
 * @throws BackendError with the end of what it said if it fails or cannot be started.
 */
export async function runTool(
  what: string,
  command: string,
  args: readonly string[],
  options: Parameters<typeof runProcess>[2] = {},
): Promise<string> {
  const result = await runProcess(command, args, options).catch((cause: unknown) => {
    throw new BackendError(`${what}: ${command} cannot be run.`, { cause, context: { command, args } });
  });
  if (result.status === 0) return result.stdout;
  const tail = result.stderr.trim().split('\n').slice(-12).join('\n');
  throw new BackendError(`${what} failed (${result.signal ?? `exit ${result.status}`}): ${tail}`, {
    context: { command, args },
  });
}

/** Runs tasks, one for each core at a time; the first failure is thrown once those in hand have ended. */
export async function runAll(tasks: readonly (() => Promise<unknown>)[]): Promise<void> {
  const queue = [...tasks];
  const failures: unknown[] = [];
  const work = async () => {
    for (let task = queue.shift(); task && failures.length === 0; task = queue.shift()) {
      await task().catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(coreCount(), tasks.length) }, work));
  if (failures.length > 0) throw failures[0];
}
