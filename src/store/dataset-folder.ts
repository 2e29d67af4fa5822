import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { folderKind, StoreError } from '../core/index.js';
import type { DatasetFile } from './dataset-file.js';
import { fileError } from './lmdb.js';
import { acquireLock } from './lock.js';
import { shardName } from './shard.js';

/** Name of the empty file that marks a dataset of which shards are being rewritten. */
export const rewritingMark = 'dataset.rewriting';

/** Makes this process the only writer of a dataset; gives the lock up when called. */
export function lockDataset(dir: string): () => void {
  try {
    return acquireLock(join(dir, 'dataset.lock'));
  } catch (error) {
    throw fileError(dir, error);
  }
}

/** A shard that is gone must not be taken for an empty one. */
export function assertShards(dir: string, file: DatasetFile): void {
  for (let shard = 0; shard < file.shards; shard++) {
    const path = join(dir, `${shardName(shard)}.mdb`);
    if (existsSync(path)) continue;
    throw new StoreError('missing', `${path} is missing. Run reelmine verify --repair, then mine again.`, {
      context: { path },
    });
  }
}

/** Shards whose dataset.json is gone are not taken over: nobody knows how they were made. */
export function assertEmpty(dir: string, shards: readonly { readonly isEmpty: boolean }[]): void {
  if (shards.every((shard) => shard.isEmpty)) return;
  throw new StoreError('corrupt', `${dir} holds shards, but its dataset.json is gone.`, { context: { dir } });
}

/** Makes a dataset's folder; throws a StoreError `read-only`, or `other-folder` if it holds something else of ours. */
export function makeDatasetFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (cause) {
    throw new StoreError(
      'read-only',
      `${dir} cannot be made: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { context: { dir }, cause },
    );
  }
  const kind = folderKind(dir);
  if (kind !== null && kind !== 'dataset')
    throw new StoreError('other-folder', `${dir} holds a ${kind}; choose another folder.`, { context: { dir, kind } });
}

/** What a killed writer leaves beside the finished files. */
export function removeLeftovers(dir: string): void {
  for (const name of readdirSync(dir)) {
    if (/\.tmp$|\.mdb(\.new)+(-lock)?$|\.mdb-lock$|^dataset\.lock\.\d+\.\d+(\.stale)?$/.test(name))
      rmSync(join(dir, name), { force: true });
  }
}
