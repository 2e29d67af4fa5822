import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import {
  canonicalJson,
  MediaError,
  readJsonFile,
  readJsonLines,
  sha256,
  StoreError,
  writeFileWhole,
  type FailureEntry,
  type VideoSource,
} from '../core/index.js';
import type { BenchmarkFacts } from './sources/candidate.js';

/** `corpus.json`. */
export interface CorpusFile {
  readonly schema: 1;
  readonly toolVersion: string;
  readonly config: unknown;
  readonly decoder: { readonly name: string; readonly version: string };
  readonly sources: number;
  /** Official lists that were read, by benchmark. */
  readonly benchmarks: Readonly<Record<string, BenchmarkFacts>>;
  /** Set where it holds only these parts of a job, such as `2/3`. */
  readonly parts?: readonly string[];
  /** Set where the latest run into it was stopped before its end. */
  readonly unfinished?: true;
  readonly digest: string;
}

/** One line of `duplicates.jsonl`: a copy that is not a source of its own, or one that is only reported. */
export interface DuplicateEntry {
  /** Id of the copy; of an exact one it is the kept one's. */
  readonly source: string;
  readonly kept: string;
  readonly path: string;
  readonly kind: 'exact' | 'near';
  /** Mean bits of 64 by which the pictures' hashes differ at the same moments. */
  readonly distance: number;
  /** Of a near one: whether it shows the other mirrored. */
  readonly mirrored?: boolean;
  /** False where it stays in the corpus: clips of official benchmarks, and where near-duplicates are only reported. */
  readonly dropped?: boolean;
}

/** An ingested corpus, as read from its folder. */
export interface Corpus {
  readonly root: string;
  readonly digest: string;
  readonly config: unknown;
  readonly benchmarks: Readonly<Record<string, BenchmarkFacts>>;
  /** In the order of their ids. */
  readonly sources: readonly VideoSource[];
  readonly failures: readonly FailureEntry[];
  readonly duplicates?: readonly DuplicateEntry[];
}

/** Names of a corpus's files. */
export const corpusFiles = {
  corpus: 'corpus.json',
  manifest: 'manifest.jsonl',
  failures: 'failures.jsonl',
  duplicates: 'duplicates.jsonl',
  /** What has been probed, path by path: what a run that was killed goes on from. */
  journal: 'ingest-journal.jsonl',
} as const;

/**
 * Reads a corpus.
 *
 * @throws StoreError `missing`, `corrupt` or `newer-schema`.
 */
export async function readCorpus(dir: string): Promise<Corpus> {
  const { digest, config, benchmarks } = readJsonFile<CorpusFile>(join(dir, corpusFiles.corpus), 1);
  const sources = readLines<VideoSource>(join(dir, corpusFiles.manifest));
  const newer = sources.find((source) => (source.schema as number) > 1);
  if (newer)
    throw new StoreError(
      'newer-schema',
      `${dir} has a manifest line of schema ${newer.schema}; this version reads up to 1.`,
      { context: { dir } },
    );
  if (manifestDigest(sources) !== digest) {
    throw new StoreError(
      'corrupt',
      `The manifest of ${dir} is not the one that its corpus.json names; run ingest again.`,
      { context: { dir } },
    );
  }
  return {
    root: dir,
    digest,
    config,
    benchmarks,
    sources,
    failures: readLines<FailureEntry>(join(dir, corpusFiles.failures)),
    duplicates: readLines<DuplicateEntry>(join(dir, corpusFiles.duplicates)),
  };
}

/** Writes manifest and duplicates, then `corpus.json`, and gives the digest. Sources are put in the order of their ids. */
export function writeCorpus(
  dir: string,
  {
    sources,
    duplicates,
    ...head
  }: Omit<CorpusFile, 'schema' | 'sources' | 'digest'> & {
    readonly sources: readonly VideoSource[];
    readonly duplicates: readonly DuplicateEntry[];
  },
): string {
  const sorted = sources.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const digest = manifestDigest(sorted);
  const lines = (items: readonly unknown[]) => items.map((item) => `${JSON.stringify(item)}\n`).join('');
  writeFileWhole(join(dir, corpusFiles.manifest), lines(sorted));
  writeFileWhole(join(dir, corpusFiles.duplicates), lines(duplicates));
  const corpus: CorpusFile = { schema: 1, ...head, sources: sorted.length, digest };
  writeFileWhole(join(dir, corpusFiles.corpus), `${JSON.stringify(corpus, null, 2)}\n`);
  return digest;
}

/** SHA-256 over the manifest's lines in id order, absolute paths left out: the same wherever the corpus lies. */
export function manifestDigest(sources: readonly VideoSource[]): string {
  return sha256(
    sources
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map((source) => `${canonicalJson({ ...source, paths: source.paths.filter((path) => !isAbsolute(path)) })}\n`)
      .join(''),
  );
}

/**
 * Where a source's content is: the first of its paths that exists.
 *
 * @throws MediaError `file-missing` naming all of them.
 */
export function sourcePath(corpusRoot: string, source: VideoSource): string {
  const places = source.paths.map((path) => (isAbsolute(path) ? path : join(corpusRoot, path)));
  const found = places.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new MediaError('file-missing', `Source ${source.id} is at none of its places: ${places.join(', ')}.`, {
    context: { source: source.id, places },
  });
}

function readLines<T>(file: string): T[] {
  try {
    return readJsonLines<T>(file);
  } catch (cause) {
    throw new StoreError('corrupt', `${file} has a line that is not JSON.`, { context: { file }, cause });
  }
}
