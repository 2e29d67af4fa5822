import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import {
  canonicalJson,
  checkConfig,
  ConfigError,
  readJsonFile,
  readJsonLines,
  StoreError,
  syncFolder,
  toolVersion,
  uniteFailures,
  writeJsonLines,
  type FailureEntry,
} from '../core/index.js';
import {
  corpusFiles,
  ingestConfig,
  readCorpus,
  readJournal,
  settleSources,
  uniteFailedCandidates,
  uniteParts,
  writeCorpus,
  writeJournal,
  type CorpusFile,
  type JournalEntry,
} from '../ingest/index.js';

interface PartCorpus {
  readonly dir: string;
  readonly file: CorpusFile;
  readonly settings: string;
  readonly entries: readonly JournalEntry[];
}

/** Media that a corpus made itself lie here, and move with it. */
const mediaFolder = 'media';
const pieceBytes = 1 << 20;

/**
 * Unites corpora that were ingested with the same settings and decoder: files of the same content become one source, whichever corpus they
 * are in. The digest is that of ingesting everything at once. Where `out` holds the very result already, it stays.
 *
 * @returns `missing`: parts of a job that was split, as `3/4`, and corpora whose run was stopped, that were gone on without.
 * @throws ConfigError `other-header`, `exists`; StoreError `missing` for a corpus without its journal, `missing-parts`.
 */
export async function mergeCorpora({
  dirs,
  out,
  allowMissing = false,
  signal,
}: {
  readonly dirs: readonly string[];
  readonly out: string;
  /** Goes on without parts that are missing or not finished. */
  readonly allowMissing?: boolean;
  readonly signal?: AbortSignal;
}): Promise<{
  readonly digest: string;
  readonly sources: number;
  readonly duplicates: number;
  readonly missing: readonly string[];
}> {
  const target = resolve(out);
  const isThere = existsSync(target) && readdirSync(target).length > 0;
  const earlier = isThere ? readWhole(join(target, corpusFiles.corpus)) : null;
  const exists = () =>
    new ConfigError(`${target} is there already; choose another folder.`, { code: 'exists', context: { out } });
  if (isThere && earlier === null) throw exists();
  const parts = await Promise.all([...new Set(dirs.map((dir) => resolve(dir)))].map(readPart));
  const [first] = parts;
  if (!first) throw new ConfigError('There is nothing to merge.', { code: 'nothing-to-merge' });
  for (const part of parts) assertSameSettings(first, part);
  const { missing, ...held } = uniteParts(parts);
  if (missing.length > 0 && !allowMissing) throw missingParts(parts, missing);
  const beside = join(dirname(target), `.${basename(target)}.${process.pid}.merging`);
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(beside, { recursive: true });
  try {
    for (const { dir } of parts) await takeMedia(join(dir, mediaFolder), join(beside, mediaFolder), signal);
    signal?.throwIfAborted();
    const entries = uniteEntries(parts);
    const config = checkConfig(ingestConfig, first.file.config).config;
    const { sources, duplicates, refused } = settleSources(entries, config);
    writeJournal(beside, { settings: first.settings, entries });
    const unusable = new Set(refused.map(({ entry }) => entry));
    const done = new Set(
      entries
        .filter((entry) => !unusable.has(entry))
        .map(({ path, given }) => given ?? (isAbsolute(path) ? path : join(target, path))),
    );
    const ledgers = parts.map(({ dir }) => readJsonLines<FailureEntry>(join(dir, corpusFiles.failures)));
    const failures = uniteFailures(ledgers).filter(({ path }) => !done.has(path));
    if (failures.length > 0) writeJsonLines(join(beside, corpusFiles.failures), failures);
    const named = failures.map(({ path }) => path);
    uniteFailedCandidates(
      parts.map(({ dir }) => dir),
      beside,
      named,
    );
    const digest = writeCorpus(beside, {
      toolVersion: toolVersion(),
      config: first.file.config,
      decoder: first.file.decoder,
      benchmarks: Object.assign({}, ...parts.map(({ file }) => file.benchmarks)) as CorpusFile['benchmarks'],
      ...held,
      sources,
      duplicates,
    });
    if (isThere) {
      if (earlier !== readWhole(join(beside, corpusFiles.corpus))) throw exists(); // it holds another corpus
    } else {
      if (existsSync(target)) rmSync(target, { recursive: true }); // it is empty
      renameSync(beside, target);
      syncFolder(dirname(target));
    }
    return { digest, sources: sources.length, duplicates: duplicates.length, missing };
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

function readWhole(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

async function readPart(dir: string): Promise<PartCorpus> {
  await readCorpus(dir); // checks manifest and digest
  const journal = readJournal(dir);
  if (!journal) {
    throw new StoreError('missing', `${dir} has no ${corpusFiles.journal}: run its ingest command again.`, {
      context: { dir },
    });
  }
  return { dir, file: readJsonFile<CorpusFile>(join(dir, corpusFiles.corpus), 1), ...journal };
}

function assertSameSettings(a: PartCorpus, b: PartCorpus): void {
  const settingsOf = ({ file, settings }: PartCorpus) =>
    canonicalJson({ config: file.config, decoder: file.decoder, settings });
  if (settingsOf(a) === settingsOf(b)) return;
  throw new ConfigError(`${a.dir} and ${b.dir} were ingested with other settings or another decoder.`, {
    code: 'other-header',
    context: { dirs: [a.dir, b.dir] },
  });
}

function missingParts(parts: readonly PartCorpus[], missing: readonly string[]): StoreError {
  const unfinished = parts.filter(({ file }) => file.unfinished).map(({ dir }) => dir);
  const also = unfinished.length === 0 ? '' : ` Not finished: ${unfinished.join(', ')}.`;
  return new StoreError(
    'missing-parts',
    `Of the job that was split, ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.${also} Ingest the rest, or merge with --allow-missing.`,
    { context: { missing, unfinished } },
  );
}

/** One entry for each path, in the order of paths: of media that move, the first, as of their files; else the later probe. */
function uniteEntries(parts: readonly PartCorpus[]): readonly JournalEntry[] {
  const byPath = new Map<string, JournalEntry>();
  for (const { dir, entries } of parts) {
    for (const entry of entries) {
      const isMedia = entry.path.startsWith(`${mediaFolder}/`);
      const path = isMedia || isAbsolute(entry.path) ? entry.path : join(dir, entry.path);
      const other = byPath.get(path);
      if (!other || (!isMedia && other.mtimeMs < entry.mtimeMs)) byPath.set(path, { ...entry, path });
    }
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Takes over a folder's files under the same names, by hard link where that is possible. */
async function takeMedia(from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
  if (!existsSync(from)) return;
  mkdirSync(to, { recursive: true });
  for (const item of readdirSync(from, { withFileTypes: true })) {
    await yieldToEvents();
    signal?.throwIfAborted();
    const [source, target] = [join(from, item.name), join(to, item.name)];
    if (item.isDirectory()) await takeMedia(source, target, signal);
    else if (!existsSync(target)) await linkOrCopy(source, target);
    else if (!(await isSameContent(source, target, signal))) {
      throw new ConfigError(`${source} differs from another corpus's file of that name.`, {
        context: { path: source },
      });
    }
  }
}

/** Whether two files hold the same; films may be longer than memory, so they are read in pieces. */
async function isSameContent(a: string, b: string, signal: AbortSignal | undefined): Promise<boolean> {
  const [one, other] = [statSync(a), statSync(b)];
  if (one.size !== other.size) return false;
  if (one.dev === other.dev && one.ino === other.ino) return true;
  const pieces = [Buffer.allocUnsafe(pieceBytes), Buffer.allocUnsafe(pieceBytes)] as const;
  const files = [openSync(a, 'r'), openSync(b, 'r')] as const;
  try {
    for (let at = 0; at < one.size; at += pieceBytes) {
      await yieldToEvents();
      signal?.throwIfAborted();
      const length = Math.min(pieceBytes, one.size - at);
      const [left, right] = [0, 1].map((side) => {
        let got = 0;
        for (let more = 1; got < length && more > 0; got += more)
          more = readSync(files[side]!, pieces[side]!, got, length - got, at + got);
        return pieces[side]!.subarray(0, got);
      });
      if (!left!.equals(right!)) return false;
    }
    return true;
  } finally {
    for (const file of files) closeSync(file);
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    linkSync(from, to);
  } catch {
    await copyFile(from, to);
    const { atime, mtime } = statSync(from);
    utimesSync(to, atime, mtime); // by which a corpus knows that a file has not changed
  }
}
