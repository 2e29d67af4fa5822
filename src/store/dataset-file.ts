import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  canonicalJson,
  readJsonFile,
  StoreError,
  writeFileWhole,
  type DatasetHeader,
  type DatasetSummary,
} from '../core/index.js';

/** `dataset.json`: there from the start, with digest null until the dataset is closed. */
export interface DatasetFile {
  readonly schema: 1;
  readonly signal: string;
  readonly signalVersion: number;
  readonly fields: DatasetHeader['spec'];
  readonly config: unknown;
  readonly configHash: string;
  readonly corpusDigest: string;
  readonly decoder: DatasetHeader['decoder'];
  readonly toolVersion: string;
  readonly seed: number;
  readonly selection: DatasetHeader['selection'];
  readonly shards: number;
  readonly counts: {
    readonly samples: number;
    readonly sources: number;
    readonly units: number;
    readonly bytes: number;
  } | null;
  readonly rejections: Readonly<Record<string, number>> | null;
  readonly digest: string | null;
}

const schema = 1;

/** Reads `dataset.json`; null if the folder has none. Throws a StoreError as `readJsonFile` does. */
export function readDatasetFile(dir: string): DatasetFile | null {
  const path = join(dir, 'dataset.json');
  return existsSync(path) ? readJsonFile<DatasetFile>(path, schema) : null;
}

/** Writes `dataset.json` whole; without a summary it says that the dataset is not finished. */
export function writeDatasetFile(
  dir: string,
  header: DatasetHeader,
  shards: number,
  summary: DatasetSummary | null,
): void {
  const file: DatasetFile = {
    schema,
    signal: header.signal,
    signalVersion: header.signalVersion,
    fields: header.spec,
    config: header.config,
    configHash: header.configHash,
    corpusDigest: header.corpusDigest,
    decoder: header.decoder,
    toolVersion: header.toolVersion,
    seed: header.seed,
    selection: header.selection,
    shards,
    counts: summary && {
      samples: summary.samples,
      sources: summary.sources,
      units: summary.units,
      bytes: summary.bytes,
    },
    rejections: summary && summary.rejections,
    digest: summary && summary.digest,
  };
  writeFileWhole(join(dir, 'dataset.json'), `${JSON.stringify(file, null, 2)}\n`);
}

/** The header of a dataset, finished or not; throws a StoreError `missing` where the folder is none. */
export function readDatasetHeader(dir: string): DatasetHeader {
  const file = readDatasetFile(dir);
  if (file) return headerOf(file);
  throw new StoreError('missing', `${dir} is not a dataset: it has no dataset.json.`, { context: { dir } });
}

/** The header in a dataset's file. */
export function headerOf(file: DatasetFile): DatasetHeader {
  const {
    signal,
    signalVersion,
    fields: spec,
    config,
    configHash,
    corpusDigest,
    decoder,
    toolVersion,
    seed,
    selection,
  } = file;
  return { signal, signalVersion, spec, config, configHash, corpusDigest, decoder, toolVersion, seed, selection };
}

/** The summary in a closed dataset's file; null while it is not finished. */
export function summaryOf(file: DatasetFile): DatasetSummary | null {
  return file.digest !== null && file.counts
    ? { digest: file.digest, ...file.counts, rejections: file.rejections ?? {} }
    : null;
}

/**
 * Which parts of two headers differ, in words: `seed 1 → 2`, `config.framesPerSecond 5 → 10`. The version of the tool may differ: what a
 * signal's samples depend on is its own version.
 */
export function headerDifferences(a: DatasetHeader, b: DatasetHeader): string[] {
  return differences('', { ...a, toolVersion: null }, { ...b, toolVersion: null });
}

/** Refuses to add to a dataset that was made with other settings. */
export function assertSameHeader(dir: string, file: DatasetFile, header: DatasetHeader): void {
  const differing = headerDifferences(headerOf(file), header);
  if (differing.length === 0) return;
  throw new StoreError(
    'other-header',
    `${dir} was made with other settings: ${differing.join(', ')}. Choose another folder, or the same settings.`,
    {
      context: { dir, differing },
    },
  );
}

function differences(path: string, a: unknown, b: unknown): string[] {
  if (canonicalJson({ value: a }) === canonicalJson({ value: b })) return [];
  if (isRecord(a) && isRecord(b)) {
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
    return names.flatMap((name) => differences(path === '' ? name : `${path}.${name}`, a[name], b[name]));
  }
  return [`${path} ${brief(a)} → ${brief(b)}`];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function brief(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}
