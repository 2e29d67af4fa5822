import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readDatasetFile } from './dataset-file.js';
import { artefactsName } from './finish.js';
import { openPages } from './lmdb-pages.js';
import { shardName } from './shard.js';
import { StoreError } from '../core/index.js';

/** True if a dataset holds labels or artefacts, which whoever changes its samples must have learned again. */
export function hasStage(dir: string): boolean {
  if (existsSync(join(dir, artefactsName))) return true;
  const shards = readDatasetFile(dir)?.shards ?? 0;
  return Array.from({ length: shards }, (_, n) => join(dir, `${shardName(n)}.mdb`)).some(holdsLabels);
}

function holdsLabels(path: string): boolean {
  try {
    const pages = openPages(path, 'unfinished');
    try {
      return pages.database('labels').count > 0;
    } finally {
      pages.close();
    }
  } catch (error) {
    if (error instanceof StoreError) return false; // whoever goes on with this file says what is wrong with it
    throw error;
  }
}
