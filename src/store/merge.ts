import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import {
  canonicalJson,
  ConfigError,
  readJsonLines,
  StoreError,
  syncFolder,
  uniteFailures,
  writeJsonLines,
  type DatasetHeader,
  type DatasetSummary,
  type FailureEntry,
} from '../core/index.js';
import { headerOf, readDatasetFile, summaryOf, type DatasetFile } from './dataset-file.js';
import { openPages } from './lmdb-pages.js';
import { readUnits, type StoredUnit } from './read-units.js';
import type { RunStage } from './rewriting.js';
import { shardName, shardOf } from './shard.js';
import { lockDataset } from './dataset-folder.js';
import { openRawSink, type Sink } from './sink.js';
import { uniteHeaders } from './unite-headers.js';

/** What to merge, and to where. */
export interface MergeOptions {
  readonly dirs: readonly string[];
  /** A folder that is not there yet, or empty, or that holds what this merge gives; it appears whole. */
  readonly out: string;
  readonly runStage: RunStage;
  /** Goes on without parts that are missing or not finished, with what there is of them. */
  readonly allowMissing?: boolean;
  readonly onProgress?: (units: number) => void;
  readonly signal?: AbortSignal;
}

/** What a merge gave. */
export interface MergeSummary extends DatasetSummary {
  /** Units that more than one folder had. */
  readonly repeated: number;
  /** Parts that are not there or not finished, as `3/4`. */
  readonly missing: readonly string[];
}

interface Part {
  readonly dir: string;
  readonly file: DatasetFile;
  readonly header: DatasetHeader;
  readonly isWhole: boolean;
}

const failuresName = 'failures.jsonl';
const batchBytes = 0x80_0000;

/**
 * Unites the parts of one mining job into one dataset, whose digest is that of a job that was never split. Records are copied as bytes, each
 * checked against its SHA-256; units that several folders have must be equal. Where `out` holds the very result already, it is read, and stays.
 *
 * @throws ConfigError `other-header`, `exists`; StoreError `missing-parts` naming them, `nondeterministic-unit`, `corrupt`, and as sinks do.
 */
export async function mergeDatasets(options: MergeOptions): Promise<MergeSummary> {
  const { dirs, allowMissing = false, runStage, signal } = options;
  const out = resolve(options.out);
  const isThere = existsSync(out) && readdirSync(out).length > 0;
  const parts = [...new Set(dirs.map((dir) => resolve(dir)))].map(readPart);
  const { header, missing } = uniteHeaders(parts);
  if (isThere) {
    const earlier = readDatasetFile(out) ? await readEarlier(readPart(out), { header, parts, signal }) : null;
    if (earlier) return { ...earlier, missing };
    throw new ConfigError(`${out} is there already; choose another folder.`, { code: 'exists', context: { out } });
  }
  if (missing.length > 0 && !allowMissing) throw missingParts(parts, missing);
  const beside = join(dirname(out), `.${basename(out)}.merging`);
  if (existsSync(beside)) {
    lockDataset(beside)(); // refused while another process merges there
    rmSync(beside, { recursive: true, force: true });
  }
  // Nobody may write what is not finished while it is read.
  const unlocks = parts.filter(({ isWhole }) => !isWhole).map(({ dir }) => lockDataset(dir));
  try {
    const shards = Math.max(...parts.map(({ file }) => file.shards));
    const sink = await openRawSink({ dir: beside, header, shards });
    let repeated: number;
    let summary: DatasetSummary;
    try {
      repeated = await copyUnits(parts, sink, options);
      const stage = await runStage(sink.samples(), header);
      signal?.throwIfAborted();
      summary = await sink.finish(stage);
      writeJsonLines(join(beside, failuresName), uniteLedgers(parts));
    } finally {
      await sink.close();
    }
    if (existsSync(out)) rmSync(out, { recursive: true }); // it is empty
    renameSync(beside, out);
    syncFolder(dirname(out));
    return { ...summary, repeated, missing };
  } finally {
    for (const unlock of unlocks) unlock();
    rmSync(beside, { recursive: true, force: true });
  }
}

function readPart(dir: string): Part {
  const file = readDatasetFile(dir);
  if (!file) throw new StoreError('missing', `${dir} is not a dataset: it has no dataset.json.`, { context: { dir } });
  return { dir, file, header: headerOf(file), isWhole: summaryOf(file) !== null };
}

/** Failures of all parts, without those of sources that another folder of the same part has mined. */
function uniteLedgers(parts: readonly Part[]): readonly FailureEntry[] {
  const ledgers = parts.map(({ dir }) => readJsonLines<FailureEntry>(join(dir, failuresName)));
  const failed = ledgers.map((entries) => new Set(entries.map(({ source, path }) => source ?? path)));
  const isMined = ({ source }: FailureEntry) =>
    source !== null &&
    parts.some(({ dir, file, isWhole }, i) => isWhole && !failed[i]!.has(source) && hasSource(dir, file, source));
  return uniteFailures(ledgers).filter((entry) => !isMined(entry));
}

function hasSource(dir: string, { shards }: DatasetFile, source: string): boolean {
  const pages = openPages(join(dir, `${shardName(shardOf(source, shards))}.mdb`), 'unfinished');
  try {
    const [key] = pages.database('units').keys(Buffer.from(`${source}/`));
    return key !== undefined && Buffer.from(key).toString().startsWith(`${source}/`);
  } finally {
    pages.close();
  }
}

/** What an earlier merge of these parts gave; null where a folder holds anything else. */
async function readEarlier(
  { dir, file, header: own }: Part,
  {
    header,
    parts,
    signal,
  }: { readonly header: DatasetHeader; readonly parts: readonly Part[]; readonly signal: AbortSignal | undefined },
): Promise<(DatasetSummary & { readonly repeated: number }) | null> {
  const summary = summaryOf(file);
  if (!summary || canonicalJson(own) !== canonicalJson(header)) return null;
  const there = unitsOf(dir, file.shards);
  const units = unitedUnits(parts);
  try {
    for (;;) {
      await yieldToEvents();
      signal?.throwIfAborted();
      const [mine, next] = [there.next(), units.next()];
      if (next.done === true) return mine.done === true ? { ...summary, repeated: next.value } : null;
      if (mine.done === true) return null;
      const isSame =
        Buffer.compare(mine.value.key, next.value.key) === 0 &&
        Buffer.compare(mine.value.record, next.value.record) === 0;
      if (!isSame) return null;
    }
  } finally {
    there.return();
    units.return(0);
  }
}

/** Writes all units of all parts; gives how many more than one folder had. */
async function copyUnits(
  parts: readonly Part[],
  sink: Sink,
  { onProgress, signal }: Pick<MergeOptions, 'onProgress' | 'signal'>,
): Promise<number> {
  let [units, waitingBytes] = [0, 0];
  let waiting: Promise<void>[] = [];
  const united = unitedUnits(parts);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const next = united.next();
      if (next.done !== true) {
        waiting.push(sink.writeEncoded(next.value));
        waitingBytes += next.value.parsed.bytes + next.value.record.length;
        units++;
        if (waitingBytes < batchBytes) continue;
      }
      await Promise.all(waiting);
      [waiting, waitingBytes] = [[], 0];
      onProgress?.(units);
      if (next.done === true) return next.value;
    }
  } finally {
    united.return(0);
  }
}

/** All units of all parts, each once, in key order, so that shards are filled from their first page to their last; returns how many came again. */
function* unitedUnits(parts: readonly Part[]): Generator<StoredUnit, number, undefined> {
  let repeated = 0;
  let last: StoredUnit | null = null;
  for (const { unit, dir } of inKeyOrder(parts)) {
    if (last && Buffer.compare(last.key, unit.key) === 0) {
      last = chooseUnit(last, unit, dir);
      repeated++;
      continue;
    }
    if (last) yield last;
    last = unit;
  }
  if (last) yield last;
  return repeated;
}

/** Of two records of one unit the whole one; if both are whole they must be the same. */
function chooseUnit(a: StoredUnit, b: StoredUnit, dir: string): StoredUnit {
  if (a.parsed.incomplete) return b;
  if (b.parsed.incomplete || Buffer.compare(a.record, b.record) === 0) return a;
  const key = Buffer.from(a.key).toString();
  throw new StoreError('nondeterministic-unit', `Unit ${key} of ${dir} has other records than another part's.`, {
    context: { key, dir },
  });
}

function* inKeyOrder(parts: readonly Part[]): Generator<{ readonly unit: StoredUnit; readonly dir: string }> {
  const heads = parts.map(({ dir, file }) => {
    const units = unitsOf(dir, file.shards);
    return { dir, units, next: units.next() };
  });
  try {
    for (;;) {
      const ready = heads.filter(({ next }) => next.done !== true);
      const [first] = ready.sort((a, b) =>
        Buffer.compare((a.next.value as StoredUnit).key, (b.next.value as StoredUnit).key),
      );
      if (!first) return;
      yield { unit: first.next.value as StoredUnit, dir: first.dir };
      first.next = first.units.next();
    }
  } finally {
    for (const { units } of heads) units.return();
  }
}

function* unitsOf(dir: string, shards: number): Generator<StoredUnit, void, undefined> {
  for (let shard = 0; shard < shards; shard++) yield* readUnits(join(dir, `${shardName(shard)}.mdb`));
}

function missingParts(parts: readonly Part[], missing: readonly string[]): StoreError {
  const unfinished = parts.filter(({ isWhole }) => !isWhole).map(({ dir }) => dir);
  const also = unfinished.length === 0 ? '' : ` Not finished: ${unfinished.join(', ')}.`;
  return new StoreError(
    'missing-parts',
    `Parts ${missing.join(', ')} are missing.${also} Mine them, or merge with --allow-missing.`,
    { context: { missing, unfinished } },
  );
}
