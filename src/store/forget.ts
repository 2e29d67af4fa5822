import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  readJsonLines,
  StoreError,
  writeJsonLines,
  type DatasetHeader,
  type DatasetSummary,
  type FailureEntry,
} from '../core/index.js';
import { headerOf, readDatasetFile, summaryOf, writeDatasetFile } from './dataset-file.js';
import { openPages } from './lmdb-pages.js';
import { readUnits } from './read-units.js';
import { rewriteShard } from './rewrite-shard.js';
import { beginRewriting, endRewriting, isBeingRewritten, type RunStage } from './rewriting.js';
import { removeStaged } from './shard-place.js';
import { shardName, shardOf, type EncodedUnit } from './shard.js';
import { lockDataset } from './dataset-folder.js';

/** What was removed from a dataset. */
export interface ForgetReport {
  readonly units: number;
  readonly samples: number;
  /** Lines of the ledger. */
  readonly failures: number;
  /** Of the dataset as it is now; null if it is not finished. */
  readonly summary: DatasetSummary | null;
}

/** What to remove from a dataset. */
export interface ForgetOptions {
  readonly dir: string;
  /** Ids of sources. */
  readonly sources: ReadonlySet<string>;
  /** Every place where the sources are known to lie: ledger lines may know a video by its path alone. */
  readonly paths?: ReadonlySet<string>;
  readonly runStage: RunStage;
  /** Digests of corpora before and after the same sources were removed from them: the dataset goes on belonging to its corpus. */
  readonly digests?: ReadonlyMap<string, string>;
}

/**
 * Removes sources from a dataset, so that none of their bytes are left in its shards: those that held any are written anew, page by page.
 * Labels and artefacts are learned again from what is left. May be run again after a kill at any moment.
 *
 * @throws StoreError `missing`, `in-use`, and `corrupt` for a damaged shard, which must be repaired first; then nothing is changed in it.
 */
export async function forgetSources({
  dir,
  sources,
  paths = new Set(),
  digests,
  runStage,
}: ForgetOptions): Promise<ForgetReport> {
  const file = readDatasetFile(dir);
  if (!file) throw new StoreError('missing', `${dir} is not a dataset: it has no dataset.json.`, { context: { dir } });
  const corpusDigest = digests?.get(file.corpusDigest) ?? file.corpusDigest;
  const header: DatasetHeader = { ...headerOf(file), corpusDigest };
  const interrupted = isBeingRewritten(dir);
  const removed = { units: 0, samples: 0, failures: 0 };
  const unlock = lockDataset(dir);
  try {
    const places = new Set([...sources].map((source) => shardOf(source, file.shards)));
    const shards = [...places].sort((a, b) => a - b).map((n) => join(dir, `${shardName(n)}.mdb`));
    const affected = shards.filter((path) => holdsAny(path, sources));
    const isChanged = affected.length > 0 || corpusDigest !== file.corpusDigest;
    if (isChanged) beginRewriting(dir, file);
    for (const path of affected) await rewriteShard(path, without(path, sources, removed));
    if (isChanged) writeDatasetFile(dir, header, file.shards, null);
    removeRemains(dir);
    removed.failures = removeFailures(dir, sources, paths);
    if (!isChanged && !interrupted) return { ...removed, summary: summaryOf(file) };
  } finally {
    unlock();
  }
  const finished = summaryOf(file) !== null || interrupted;
  return { ...removed, summary: finished ? await endRewriting(dir, header, runStage) : null };
}

function holdsAny(path: string, sources: ReadonlySet<string>): boolean {
  const pages = openPages(path, 'unfinished');
  try {
    return [...sources].some((source) => {
      const prefix = `${source}/`;
      return ['units', 'samples'].some((name) => {
        const [key] = pages.database(name).keys(Buffer.from(prefix));
        return key !== undefined && Buffer.from(key).toString().startsWith(prefix);
      });
    });
  } finally {
    pages.close();
  }
}

function* without(
  path: string,
  sources: ReadonlySet<string>,
  removed: { units: number; samples: number },
): Generator<EncodedUnit> {
  for (const unit of readUnits(path)) {
    if (!sources.has(sourceOf(unit.key))) yield unit;
    else {
      removed.units++;
      removed.samples += unit.samples.length;
    }
  }
}

/** Files of killed runs and damaged shards that were put aside may hold records of the source. */
function removeRemains(dir: string): void {
  removeStaged(dir);
  for (const name of readdirSync(dir))
    if (/\.mdb\.damaged(-\d+)?$|\.tmp$|\.mdb(\.new)+(-lock)?$/.test(name)) rmSync(join(dir, name), { force: true });
}

function removeFailures(dir: string, sources: ReadonlySet<string>, paths: ReadonlySet<string>): number {
  const file = join(dir, 'failures.jsonl');
  const entries = readJsonLines<FailureEntry>(file);
  const kept = entries.filter(({ source, path }) => !(source !== null && sources.has(source)) && !paths.has(path));
  if (kept.length < entries.length) writeJsonLines(file, kept);
  return entries.length - kept.length;
}

function sourceOf(unit: Uint8Array): string {
  return Buffer.from(unit).toString().split('/', 1)[0]!;
}
