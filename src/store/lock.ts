import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { StoreError } from '../core/index.js';

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Start of the process in the kernel's clock ticks, where the system tells: a pid is used again. */
  readonly started: string | null;
}

let taken = 0;

/**
 * Makes this process the only writer of a folder. A lock whose process has ended is taken over.
 *
 * @param path of the lock file.
 * @returns gives the lock up.
 * @throws StoreError `in-use` naming the process that holds it.
 */
export function acquireLock(path: string): () => void {
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), started: startOf(process.pid) } satisfies Owner);
  const beside = `${path}.${process.pid}.${taken++}`;
  writeFileSync(beside, mine);
  try {
    for (let attempt = 0; attempt < 8; attempt++) {
      if (tryLink(beside, path)) return () => rmSync(path, { force: true });
      const held = readLock(path);
      if (held === null) continue; // given up in between
      const owner = parseOwner(held);
      if (!owner || isAlive(owner)) throw inUse(path, owner);
      removeStale(path, held, `${beside}.stale`);
    }
  } finally {
    rmSync(beside, { force: true });
  }
  throw inUse(path, null);
}

/** Takes a dead owner's lock away; if another process was quicker and holds it now, it gets its lock back. */
function removeStale(path: string, held: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch {
    return; // another process has just done it
  }
  if (readLock(aside) !== held) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to); // atomic, also on network file systems
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) return tryCreate(from, to);
    throw error;
  }
}

/** For file systems without hard links. */
function tryCreate(from: string, to: string): boolean {
  try {
    writeFileSync(to, readFileSync(from), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readLock(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function parseOwner(text: string): Owner | null {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return null;
  }
}

function isAlive({ pid, host, started }: Owner): boolean {
  if (host !== hostname()) return true; // cannot be asked from here
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return started === null || started === startOf(pid);
}

function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null; // field 22, counted from the one after the name
  } catch {
    return null;
  }
}

function inUse(path: string, owner: Owner | null): StoreError {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process';
  return new StoreError(
    'in-use',
    `The folder of ${path} is being written by ${who}. Wait for it; if it is gone, delete that file.`,
    {
      context: { path, owner },
    },
  );
}
