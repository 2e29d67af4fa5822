import { closeSync, fdatasyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import {
  hashJson,
  readJsonLines,
  StoreError,
  syncFolder,
  writeFileWhole,
  writeJsonLines,
  type VideoSource,
} from '../core/index.js';
import type { IngestConfig } from './config.js';
import { corpusFiles } from './manifest.js';
import { stampOf } from './open-media.js';
import { importStamp } from './shots-import.js';
import type { ProbeFacts } from './judge-file.js';
import type { MeasuredFile, ProbedFile } from './probe.js';
import { ledgerPath, type Candidate } from './sources/candidate.js';

/** One probed file: how it was found, and what was found. */
export interface JournalEntry {
  /** Relative to the corpus if it lies inside, so that a corpus can be moved; else absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly about: Pick<VideoSource, 'licence' | 'origin' | 'metadata' | 'benchmarks'>;
  /** What the ledger calls it where that is not its path. */
  readonly given?: string;
  /** Hash of the settings and the decoder that it was measured with. */
  readonly measured: string;
  readonly facts: ProbeFacts;
  readonly probed: ProbedFile;
}

/** What has been probed, path by path; on the disk as soon as `add` returns. */
export interface Journal {
  /**
   * The entry of a file that is there, has not changed, and was measured with these settings; null otherwise. What the sources say of it
   * now replaces what they said then.
   */
  find(candidate: Candidate): JournalEntry | null;
  /** Null if the file has gone since it was measured. */
  add(candidate: Candidate, measured: MeasuredFile): JournalEntry | null;
  /** Forgets a file that can no longer be probed. */
  drop(candidate: Candidate): void;
  /** In the order of their paths; of those measured with other settings, none. */
  entries(): readonly JournalEntry[];
  /** Paths of files that were measured with other settings or another decoder. */
  stale(): readonly string[];
  /** Rewrites the file with one line per path. */
  settle(): void;
  close(): void;
}

/** A journal as it lies on the disk, for whoever unites or trims corpora. */
export interface JournalFile {
  /** Hash of the settings that decide what is measured. */
  readonly settings: string;
  readonly entries: readonly JournalEntry[];
}

interface Head {
  readonly schema: 1;
  readonly settings: string;
}

/**
 * Opens a corpus's journal, or starts one. A last line that was cut off is dropped.
 *
 * @throws StoreError `newer-schema`.
 */
export function openJournal(
  corpus: string,
  settings: {
    readonly config: Pick<IngestConfig, 'shots'>;
    readonly decoder: { readonly name: string; readonly version: string };
  },
): Journal {
  const file = join(corpus, corpusFiles.journal);
  const head: Head = { schema: 1, settings: settingsHash(settings) };
  const [found, ...lines] = readLines(file);
  const byPath = new Map(entriesOf(found, lines).map((entry) => [entry.path, entry]));
  const sorted = () => [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const isCurrent = ({ measured }: JournalEntry) => measured.startsWith(head.settings);
  const settle = () => writeFileWhole(file, [head, ...sorted()].map((line) => `${JSON.stringify(line)}\n`).join(''));
  mkdirSync(corpus, { recursive: true });
  settle();
  const handle = openSync(file, 'a');
  syncFolder(corpus);
  let open = true;
  const placeOf = ({ path }: Candidate): string => {
    const inside = relative(corpus, path);
    return inside.startsWith('..') || isAbsolute(inside) ? path : inside;
  };
  // A cut list beside a video decides its shots as settings do.
  const measuredBy = ({ path }: Candidate): string => {
    const list = importStamp(path, settings.config.shots);
    return list === null ? head.settings : `${head.settings} ${list}`;
  };
  const write = (entry: JournalEntry) => {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    for (let at = 0; at < line.byteLength;) at += writeSync(handle, line, at);
    fdatasyncSync(handle);
  };
  return {
    find(candidate) {
      const entry = byPath.get(placeOf(candidate));
      const stamp = entry && stampOf(candidate.path);
      if (!stamp || entry.bytes !== stamp.bytes || entry.mtimeMs !== stamp.mtimeMs) return null;
      if (entry.measured !== measuredBy(candidate)) return null;
      const { timeBase } = entry.probed.video;
      const { rate } = candidate;
      if (rate && (rate[0] !== timeBase[1] || rate[1] !== timeBase[0])) return null;
      const { path, bytes, mtimeMs, measured, facts, probed } = entry;
      const found = { path, bytes, mtimeMs, measured, facts, probed };
      const renewed = { ...found, ...givenOf(candidate), about: aboutOf(candidate) };
      byPath.set(placeOf(candidate), renewed);
      return renewed;
    },
    add(candidate, { probed, facts }) {
      const stamp = stampOf(candidate.path);
      if (!stamp) return null; // the next run will say so
      const about = aboutOf(candidate);
      const measured = measuredBy(candidate);
      const entry = { path: placeOf(candidate), ...stamp, ...givenOf(candidate), about, measured, facts, probed };
      byPath.set(placeOf(candidate), entry);
      write(entry);
      return entry;
    },
    drop: (candidate) => byPath.delete(placeOf(candidate)),
    entries: () => sorted().filter(isCurrent),
    stale: () =>
      sorted()
        .filter((entry) => !isCurrent(entry))
        .map(({ path }) => (isAbsolute(path) ? path : join(corpus, path))),
    settle,
    close() {
      if (open) closeSync(handle);
      open = false;
    },
  };
}

/**
 * Reads a corpus's journal, as far as it was measured with the settings that it names; null if it has none.
 *
 * @throws StoreError `newer-schema`.
 */
export function readJournal(corpus: string): JournalFile | null {
  const [head, ...entries] = readLines(join(corpus, corpusFiles.journal));
  if (!head) return null;
  const { settings } = head as Head;
  return { settings, entries: entriesOf(head, entries).filter(({ measured }) => measured.startsWith(settings)) };
}

/** A newer version's lines are left alone: to open a journal is to rewrite it. */
function readLines(file: string): readonly (Head | JournalEntry)[] {
  const lines = readJsonLines<Head | JournalEntry>(file);
  const schema: number = (lines[0] as Partial<Head> | undefined)?.schema ?? 1;
  if (schema <= 1) return lines;
  throw new StoreError(
    'newer-schema',
    `${file} has schema ${schema}; this version reads up to 1. Install a newer reelmine.`,
    { context: { path: file, schema } },
  );
}

/** Lines of older versions were all measured with the settings that the head names. */
function entriesOf(head: unknown, lines: readonly unknown[]): readonly JournalEntry[] {
  const measured = (head as Head | undefined)?.settings ?? '';
  const nothing = { measured, facts: { framesPromised: 0, framesDecoded: 0, droppedFrames: 0 } };
  return lines.map((line) => ({ ...nothing, ...(line as JournalEntry) }));
}

/** Writes a corpus's journal whole. */
export function writeJournal(corpus: string, { settings, entries }: JournalFile): void {
  const head: Head = { schema: 1, settings };
  writeJsonLines(join(corpus, corpusFiles.journal), [head, ...entries]);
}

/** What decides what is measured: rules, limits and the search for duplicates do not. */
function settingsHash({ config: { shots }, decoder }: Parameters<typeof openJournal>[1]): string {
  return hashJson({ decoder, config: { shots } });
}

function givenOf(candidate: Candidate): Pick<JournalEntry, 'given'> {
  const given = ledgerPath(candidate);
  return given === candidate.path ? {} : { given };
}

function aboutOf({ licence, origin, metadata, benchmarks }: Candidate): JournalEntry['about'] {
  return { licence, origin, ...(metadata ? { metadata } : {}), benchmarks };
}
