import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StoreError } from './errors.js';

/** Writes a file so that it appears whole or not at all, and is on the disk when this returns. */
export function writeFileWhole(path: string, data: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.tmp`;
  const file = openSync(beside, 'w');
  try {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  syncFolder(dirname(path));
}

/** Makes renames and new names in a folder durable, on file systems that can do that. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    closeSync(handle);
  }
}

/**
 * Reads a JSON file of ours and checks its schema version.
 *
 * @throws StoreError `missing`, `corrupt` or `newer-schema`, naming the file.
 */
export function readJsonFile<T extends { readonly schema: number }>(path: string, schema: number): T {
  if (!existsSync(path)) throw new StoreError('missing', `${path} does not exist.`, { context: { path } });
  let value: T;
  try {
    value = JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (cause) {
    throw new StoreError('corrupt', `${path} is not valid JSON.`, { context: { path }, cause });
  }
  if (value.schema > schema) {
    throw new StoreError(
      'newer-schema',
      `${path} has schema ${value.schema}; this version reads up to ${schema}. Install a newer reelmine.`,
      {
        context: { path, schema: value.schema },
      },
    );
  }
  return value;
}

/** What a folder of ours holds, by its marker file; null for any other folder. */
export function folderKind(folder: string): 'corpus' | 'dataset' | 'run' | 'result' | null {
  if (existsSync(join(folder, 'corpus.json'))) return 'corpus';
  if (existsSync(join(folder, 'dataset.json'))) return 'dataset';
  if (existsSync(join(folder, 'config.yaml')) && existsSync(join(folder, 'checkpoints'))) return 'run';
  if (existsSync(join(folder, 'result.json'))) return 'result';
  return null;
}
