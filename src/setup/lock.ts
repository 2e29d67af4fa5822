import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const beatMs = 2_000;
const staleMs = 30_000;

/**
 * Holds a folder as a lock while `work` runs; waits for another holder, and takes over from one that died.
 * It only spares double work: what is guarded appears by rename, so two holders at once would do no harm.
 */
export async function withLock<T>(
  folder: string,
  options: { readonly now: () => Date; readonly signal: AbortSignal; readonly onWait: () => void },
  work: () => Promise<T>,
): Promise<T> {
  const { now, signal, onWait } = options;
  mkdirSync(dirname(folder), { recursive: true });
  for (let waited = false; !take(folder); waited = true) {
    signal.throwIfAborted();
    if (isStale(folder, now())) rmSync(folder, { recursive: true, force: true });
    else {
      if (!waited) onWait();
      await sleep(200, undefined, { signal });
    }
  }
  const beat = setInterval(() => touch(folder, now()), beatMs);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(folder, { recursive: true, force: true });
  }
}

function take(folder: string): boolean {
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(folder, 'holder.json'), JSON.stringify({ pid: process.pid, host: hostname() }));
  return true;
}

function isStale(folder: string, now: Date): boolean {
  try {
    if (now.getTime() - statSync(folder).mtimeMs > staleMs) return true;
    const holder = JSON.parse(readFileSync(join(folder, 'holder.json'), 'utf8')) as { pid: number; host: string };
    return holder.host === hostname() && !isAlive(holder.pid);
  } catch {
    return false; // just being taken or given back
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function touch(folder: string, now: Date): void {
  try {
    utimesSync(folder, now, now);
  } catch {
    // taken over: the holder goes on, see above
  }
}
