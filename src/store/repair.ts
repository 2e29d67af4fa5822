import { copyFileSync, existsSync, linkSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { StoreError, type DatasetSummary } from '../core/index.js';
import { headerOf, readDatasetFile, summaryOf } from './dataset-file.js';
import { assertSoundPages } from './lmdb-check.js';
import { readUnits } from './read-units.js';
import { rewriteShard } from './rewrite-shard.js';
import { beginRewriting, endRewriting, isBeingRewritten, type RunStage } from './rewriting.js';
import { salvageUnits, type LostUnit } from './salvage.js';
import { shardName, type EncodedUnit } from './shard.js';
import { lockDataset } from './dataset-folder.js';
import { verifyDataset, type VerifyReport } from './verify.js';

/** What a repair did. */
export interface RepairReport {
  /** What was found before. */
  readonly found: VerifyReport;
  /** Units of which something is lost; mining again fills them. */
  readonly lost: readonly LostUnit[];
  /** Names of damaged files that were put aside, so that nothing is thrown away. */
  readonly aside: readonly string[];
  /** Of the dataset as it is now; null if it is not finished, or nothing was to be done. */
  readonly summary: DatasetSummary | null;
}

/**
 * Makes a damaged dataset sound again: shards in which records are damaged are written anew from what is sound beyond doubt, with the old file
 * put aside as `NNNNN.mdb.damaged`; ordinals, checksums, labels, artefacts, counts, stats and digest are made again. A unit that has lost a
 * sample is kept as far as it is sound, and counts as not mined.
 *
 * @throws StoreError `in-use`, and as `verifyDataset` does: without `dataset.json` there is nothing to go by.
 */
export async function repairDataset(dir: string, runStage: RunStage): Promise<RepairReport> {
  const found = await verifyDataset(dir);
  const file = readDatasetFile(dir);
  const interrupted = isBeingRewritten(dir);
  if (!file || (found.problems.length === 0 && !interrupted)) return { found, lost: [], aside: [], summary: null };
  const lost: LostUnit[] = [];
  const aside: string[] = [];
  const unlock = lockDataset(dir);
  try {
    beginRewriting(dir, file);
    for (const shard of found.damagedShards) {
      const path = join(dir, `${shardName(shard)}.mdb`);
      if (isSound(path)) continue;
      const old = putAside(path);
      if (old !== null) aside.push(basename(old));
      await rewriteShard(path, old === null ? [] : salvage(old, (unit) => lost.push(unit)));
    }
  } finally {
    unlock();
  }
  const finished = summaryOf(file) !== null || interrupted;
  return { found, lost, aside, summary: finished ? await endRewriting(dir, headerOf(file), runStage) : null };
}

/** True if LMDB may open it and every unit is whole; the rest of it is made again when the dataset is finished. */
function isSound(path: string): boolean {
  try {
    assertSoundPages(path);
    const units = readUnits(path);
    while (units.next().done !== true);
    return true;
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}

/** A second name for a damaged file, before the first one gets another; null if there is none. */
function putAside(path: string): string | null {
  if (!existsSync(path)) return null;
  const { ino, dev } = statSync(path);
  let aside = `${path}.damaged`;
  for (let n = 2; existsSync(aside); n++) {
    const other = statSync(aside);
    if (other.ino === ino && other.dev === dev) return aside; // by a repair that was killed right after
    aside = `${path}.damaged-${n}`;
  }
  try {
    linkSync(path, aside);
  } catch {
    copyFileSync(path, aside); // a file system without hard links
  }
  return aside;
}

function* salvage(path: string, onLost: (lost: LostUnit) => void): Generator<EncodedUnit> {
  try {
    yield* salvageUnits(path, onLost);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'not-lmdb') throw error;
  }
}
