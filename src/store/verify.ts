import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSafetensors, readJsonFile, StoreError, type SampleSpec } from '../core/index.js';
import { createChecksumReader } from './checksums.js';
import { readDatasetFile, type DatasetFile } from './dataset-file.js';
import { createDigest, hashFile, type DigestBuilder } from './digest.js';
import { artefactsName } from './finish.js';
import { openPages, type Entry, type PageReader } from './lmdb-pages.js';
import type { FileState } from './page-file.js';
import { salvageUnits } from './salvage.js';
import { decodeSample } from './sample-codec.js';
import {
  checksumOf,
  decodeUnitRecord,
  hashOf,
  markAt,
  markOf,
  ordinalKey,
  shardName,
  type ShardStats,
  type UnitRecord,
} from './shard.js';
import { checkLabels } from './verify-labels.js';

/** What `verifyDataset` found. */
export interface VerifyReport {
  /** Computed anew from the records; null while the dataset is not finished. */
  readonly digest: string | null;
  /** Sample records that were read. */
  readonly samples: number;
  readonly units: number;
  /** One sentence per damage, naming the file and the record. */
  readonly problems: readonly string[];
  /** Units of which a repair lost samples: mining again fills them. */
  readonly incomplete: readonly string[];
  /** Numbers of the shards that problems were found in. */
  readonly damagedShards: readonly number[];
}

/** What the walk over one shard needs. */
interface ShardCheck {
  readonly name: string;
  readonly pages: PageReader;
  readonly spec: SampleSpec;
  readonly finished: boolean;
  /** It has checksums of samples, and of labels. */
  readonly checked: boolean;
  readonly labelsChecked: boolean;
  readonly digest: DigestBuilder;
  readonly report: (problem: string) => void;
  readonly incomplete: string[];
}

/**
 * Reads every record of a dataset and checks it: checksum, spec, unit, ordinal, label; then every file's checksum and the digest. Shards are
 * read page by page without LMDB, so that damage is named and cannot crash the process.
 *
 * @throws StoreError `missing` or `newer-schema` for the folder as a whole.
 */
export async function verifyDataset(dir: string): Promise<VerifyReport> {
  const file = readDatasetFile(dir);
  if (!file) throw new StoreError('missing', `${dir} is not a dataset: it has no dataset.json.`, { context: { dir } });
  const finished = file.digest !== null;
  const digest = createDigest();
  const problems: string[] = [];
  const incomplete: string[] = [];
  const damagedShards = new Set<number>();
  const labels: { readonly key: Uint8Array; readonly hash: Uint8Array }[] = [];
  let [samples, units] = [0, 0];
  for (let shard = 0; shard < file.shards; shard++) {
    const name = `${shardName(shard)}.mdb`;
    const report = (problem: string) => {
      damagedShards.add(shard);
      problems.push(`${name}: ${problem}`);
    };
    const has = finished ? await checkFile(join(dir, shardName(shard)), report) : noChecksums;
    const pages = tryOpen(join(dir, name), finished ? 'closed' : 'unfinished', report);
    if (!pages) continue;
    try {
      const check: ShardCheck = { name, pages, spec: file.fields, finished, ...has, digest, report, incomplete };
      const counts = checkShard(check);
      samples += counts.samples;
      units += counts.units;
      labels.push(...checkLabels(check));
    } finally {
      pages.close();
    }
  }
  for (const { key, hash } of labels) digest.label(key, hash);
  checkArtefacts(dir, digest, problems);
  const found = finished ? digest.digest() : null;
  if (found !== file.digest)
    problems.push(`dataset.json: the digest is ${found ?? ''}, it should be ${file.digest ?? ''}`);
  if (finished) checkCounts(file, { samples, units }, problems);
  return { digest: found, samples, units, problems, incomplete, damagedShards: [...damagedShards] };
}

type HasChecksums = Pick<ShardCheck, 'checked' | 'labelsChecked'>;

const noChecksums: HasChecksums = { checked: false, labelsChecked: false };

/** Checks the file as a whole; gives which checksums its stats say that it has. */
async function checkFile(pathWithoutEnding: string, report: (problem: string) => void): Promise<HasChecksums> {
  const shard = `${pathWithoutEnding}.mdb`;
  if (!existsSync(shard)) return noChecksums;
  try {
    const stats = readJsonFile<ShardStats>(`${pathWithoutEnding}.json`, 1);
    const { size } = statSync(shard);
    if (size !== stats.bytes) report(`has ${size} bytes, it should have ${stats.bytes}`);
    else if ((await hashFile(shard)) !== stats.sha256) report('its SHA-256 is not the one it was closed with');
    return { checked: stats.checksums === 'crc32', labelsChecked: stats.labelChecksums === 'crc32' };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    report(error.message);
    return noChecksums;
  }
}

function tryOpen(path: string, state: FileState, report: (problem: string) => void): PageReader | null {
  try {
    if (!existsSync(path)) throw new StoreError('missing', 'the file is missing');
    return openPages(path, state);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    report(error.message);
    if (error.code === 'truncated') reportRemains(path, report);
    return null;
  }
}

/** Names the units of a file that was cut short, as far as they can be told from what is there. */
function reportRemains(path: string, report: (problem: string) => void): void {
  const lost = new Map<string, string>();
  let whole = 0;
  try {
    for (const { key } of salvageUnits(path, ({ unit, kept, of }) =>
      lost.set(unit, `${kept} of its ${of ?? 'unknown'}`),
    ))
      if (!lost.has(Buffer.from(key).toString())) whole++;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error; // not one page of it can be read
  }
  for (const [unit, records] of lost) report(`unit ${unit} has ${records} records left`);
  report(`what is left of it holds ${whole} whole units; what else it held cannot be named`);
}

/** Goes over units, index and samples side by side, all in key order. */
function checkShard({ pages, spec, finished, checked, digest, report, incomplete }: ShardCheck): {
  readonly samples: number;
  readonly units: number;
} {
  const damage = (database: string) => (message: string) => report(`${database}: ${message}`);
  const units = createPuller(pages.entries('units', damage('units')));
  const index = createPuller(finished ? pages.entries('index', damage('index')) : []);
  const counts = { samples: 0, units: 0 };
  let unit: OpenUnit | null = null;
  let ordinal = 0;
  const nextUnit = (): OpenUnit | null => {
    if (unit) finishUnit(unit, report);
    const entry = units.take();
    if (!entry) return null;
    counts.units++;
    const opened = openUnit(entry, report);
    if (opened.record?.incomplete === true) incomplete.push(opened.name);
    return opened;
  };
  const checksum = checked ? readChecksums(pages, damage('checksums')) : null;
  for (const sample of pages.entries('samples', damage('samples'))) {
    const { key, value } = sample;
    const name = Buffer.from(key).toString();
    counts.samples++;
    let isListed = true;
    // An index entry below this key stands for a record that cannot be found.
    for (let entry = index.peek(); entry && Buffer.compare(entry.value, key) < 0; entry = index.peek()) {
      report(`record ${Buffer.from(entry.value).toString()} is missing`);
      index.take();
      ordinal++;
    }
    if (finished) {
      const entry = index.peek();
      if (entry && Buffer.compare(entry.value, key) === 0) {
        if (Buffer.compare(entry.key, ordinalKey(ordinal)) !== 0) report(`record ${name} has a wrong ordinal`);
        isListed = !checksum || checksum(ordinal) === checksumOf(key, value);
        index.take();
        ordinal++;
      } else report(`record ${name} has no ordinal`);
    }
    while (!unit || (!name.startsWith(unit.prefix) && unit.prefix < name)) {
      unit = nextUnit();
      if (!unit) break;
    }
    const hash = hashOf(value);
    digest.sample(key, hash);
    if (unit && name.startsWith(unit.prefix))
      unit.found.push({ name, mark: unit.record ? markOf(unit.record, sample) : '', isListed });
    else report(`record ${name} is of no finished unit`);
    checkRecord(spec, name, value, report);
  }
  for (let entry = index.take(); entry; entry = index.take())
    report(`record ${Buffer.from(entry.value).toString()} is missing`);
  do unit = nextUnit();
  while (unit);
  return counts;
}

function readChecksums(
  pages: PageReader,
  onDamage: (message: string) => void,
): ReturnType<typeof createChecksumReader> {
  const entries = [...pages.entries('checksums', onDamage)];
  const blocks = new Map(entries.map(({ key, value }) => [Buffer.from(key).toString('hex'), value]));
  return createChecksumReader((key) => blocks.get(Buffer.from(key).toString('hex')));
}

interface OpenUnit {
  readonly name: string;
  readonly prefix: string;
  readonly record: UnitRecord | null;
  /** `isListed`: database `checksums` has the same checksum. */
  readonly found: { readonly name: string; readonly mark: string; readonly isListed: boolean }[];
}

function openUnit({ key, value }: Entry, report: (problem: string) => void): OpenUnit {
  const name = Buffer.from(key).toString();
  let record: UnitRecord | null = null;
  try {
    record = decodeUnitRecord(value);
  } catch (error) {
    report(`unit ${name} is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { name, prefix: `${name}/`, record, found: [] };
}

function finishUnit({ name, record, found }: OpenUnit, report: (problem: string) => void): void {
  if (!record) return;
  const marks = Array.from({ length: record.samples }, (_, n) => markAt(record, n));
  const known = new Set(marks);
  const isWhole = found.length === record.samples;
  if (!isWhole) report(`unit ${name} has ${found.length} records, it should have ${record.samples}`);
  found.forEach((sample, n) => {
    if (isWhole ? sample.mark !== marks[n] : !known.has(sample.mark))
      report(`record ${sample.name} is damaged: its checksums are not its unit's`);
    else if (!sample.isListed) report(`record ${sample.name} has a wrong checksum`);
  });
}

function checkRecord(spec: SampleSpec, name: string, value: Uint8Array, report: (problem: string) => void): void {
  try {
    const { provenance } = decodeSample(spec, name, value);
    if (!name.startsWith(`${provenance.source}/${provenance.shot}/`))
      report(`record ${name} says it is of ${provenance.source}, shot ${provenance.shot}`);
  } catch (error) {
    report(error instanceof Error ? error.message : String(error));
  }
}

function checkArtefacts(dir: string, digest: DigestBuilder, problems: string[]): void {
  const path = join(dir, artefactsName);
  if (!existsSync(path)) return;
  const bytes = readFileSync(path);
  digest.artefacts(hashOf(bytes));
  try {
    decodeSafetensors(bytes);
  } catch (error) {
    problems.push(`${artefactsName}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function checkCounts(
  { counts }: DatasetFile,
  found: { readonly samples: number; readonly units: number },
  problems: string[],
): void {
  for (const name of ['samples', 'units'] as const) {
    if (counts?.[name] !== found[name])
      problems.push(`dataset.json: counts ${counts?.[name] ?? 'no'} ${name}, ${found[name]} are there`);
  }
}

function createPuller<T>(items: Iterable<T>): { peek(): T | undefined; take(): T | undefined } {
  const iterator = items[Symbol.iterator]();
  let next: T | undefined;
  let loaded = false;
  const peek = () => {
    if (!loaded) {
      const step = iterator.next();
      next = step.done ? undefined : step.value;
      loaded = true;
    }
    return next;
  };
  return {
    peek,
    take() {
      const value = peek();
      loaded = false;
      return value;
    },
  };
}
