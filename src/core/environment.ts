import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One environment variable; undefined when unset or empty. */
export function readEnvironment(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined || value === '' ? undefined : value;
}

/** Sets a variable for native code that reads it when loaded. */
export function writeEnvironment(name: string, value: string): void {
  process.env[name] = value;
}

/** Folder for native parts, kept between runs: `REELMINE_CACHE`, else `$XDG_CACHE_HOME/reelmine`, else `~/.cache/reelmine`. */
export function cacheFolder(): string {
  return (
    readEnvironment('REELMINE_CACHE') ??
    join(readEnvironment('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'reelmine')
  );
}

/** Folder for files of one run: `REELMINE_SCRATCH`, else the system's temporary folder. */
export function scratchFolder(): string {
  return readEnvironment('REELMINE_SCRATCH') ?? tmpdir();
}

/** Cores this process may use. */
export function coreCount(): number {
  return availableParallelism();
}

/** The folder that holds our package.json: a clone's root, or the installed package. */
export function packageRoot(): string {
  return fileURLToPath(new URL('../../', import.meta.url));
}

/** Our version, from package.json. */
export function toolVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}

/**
 * Path of a compiled module, for processes and threads that cannot load TypeScript.
 *
 * @param path below `src`, without extension, such as `mining/workers/main`.
 * @throws Error if `npm run build` has not been run.
 */
export function builtModule(path: string): string {
  const file = join(packageRoot(), 'dist', `${path}.js`);
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm run build.`);
  return file;
}
