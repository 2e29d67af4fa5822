import { closeSync, fdatasyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import {
  ConfigError,
  hashJson,
  readJsonLines,
  syncFolder,
  writeFileWhole,
  writeJsonLines,
  type VideoSource,
} from '../core/index.js';
import type { IngestConfig } from './config.js';
import { corpusFiles } from './manifest.js';
import { stampOf } from './open-media.js';
import type { ProbedFile } from './probe.js';
import type { Candidate } from './sources/candidate.js';

/** One probed file: how it was found, and what was found. */
export interface JournalEntry {
  /** Relative to the corpus if it lies inside, so that a corpus can be moved; else absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly about: Pick<VideoSource, 'licence' | 'origin' | 'benchmarks'>;
  readonly probed: ProbedFile;
}

/** What has been probed, path by path; on the disk as soon as `add` returns. */
export interface Journal {
  /** True if the file is there and has not changed; what the sources say of it now replaces what they said then. */
  has(candidate: Candidate): boolean;
  add(candidate: Candidate, probed: ProbedFile): void;
  /** Forgets a file that can no longer be probed. */
  drop(candidate: Candidate): void;
  /** In the order of their paths. */
  entries(): readonly JournalEntry[];
  /** Rewrites the file with one line per path. */
  settle(): void;
  close(): void;
}

/** A journal as it lies on the disk, for whoever unites or trims corpora. */
export interface JournalFile {
  /** Hash of the settings that decide a probe. */
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
 * @throws ConfigError `corpus-settings` if it was made with other settings or another decoder.
 */
export function openJournal(
  corpus: string,
  settings: { readonly config: IngestConfig; readonly decoder: { readonly name: string; readonly version: string } },
): Journal {
  const file = join(corpus, corpusFiles.journal);
  const head: Head = { schema: 1, settings: settingsHash(settings) };
  const [found, ...lines] = readJsonLines<Head | JournalEntry>(file);
  if (found && (found as Head).settings !== head.settings) {
    throw new ConfigError(
      `${corpus} was ingested with other settings or another decoder; use the same, or another folder.`,
      {
        code: 'corpus-settings',
        context: { corpus },
      },
    );
  }
  const byPath = new Map((lines as readonly JournalEntry[]).map((entry) => [entry.path, entry]));
  const entries = () => [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const settle = () => writeFileWhole(file, [head, ...entries()].map((line) => `${JSON.stringify(line)}\n`).join(''));
  mkdirSync(corpus, { recursive: true });
  settle();
  const handle = openSync(file, 'a');
  syncFolder(corpus);
  let open = true;
  const placeOf = ({ path }: Candidate): string => {
    const inside = relative(corpus, path);
    return inside.startsWith('..') || isAbsolute(inside) ? path : inside;
  };
  const write = (entry: JournalEntry) => {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    for (let at = 0; at < line.byteLength;) at += writeSync(handle, line, at);
    fdatasyncSync(handle);
  };
  return {
    has(candidate) {
      const entry = byPath.get(placeOf(candidate));
      const stamp = entry && stampOf(candidate.path);
      if (!stamp || entry.bytes !== stamp.bytes || entry.mtimeMs !== stamp.mtimeMs) return false;
      const { timeBase } = entry.probed.video;
      const { rate } = candidate;
      if (rate && (rate[0] !== timeBase[1] || rate[1] !== timeBase[0])) return false;
      byPath.set(placeOf(candidate), { ...entry, about: aboutOf(candidate) });
      return true;
    },
    add(candidate, probed) {
      const stamp = stampOf(candidate.path);
      if (!stamp) return; // gone since it was probed: the next run will say so
      const entry = { path: placeOf(candidate), ...stamp, about: aboutOf(candidate), probed };
      byPath.set(placeOf(candidate), entry);
      write(entry);
    },
    drop: (candidate) => byPath.delete(placeOf(candidate)),
    entries,
    settle,
    close() {
      if (open) closeSync(handle);
      open = false;
    },
  };
}

/** Reads a corpus's journal; null if it has none. */
export function readJournal(corpus: string): JournalFile | null {
  const [head, ...entries] = readJsonLines<Head | JournalEntry>(join(corpus, corpusFiles.journal));
  return head ? { settings: (head as Head).settings, entries: entries as readonly JournalEntry[] } : null;
}

/** Writes a corpus's journal whole. */
export function writeJournal(corpus: string, { settings, entries }: JournalFile): void {
  const head: Head = { schema: 1, settings };
  writeJsonLines(join(corpus, corpusFiles.journal), [head, ...entries]);
}

/** What decides a probe: limits of the run do not. */
function settingsHash({ config, decoder }: Parameters<typeof openJournal>[1]): string {
  const { shots, minSeconds, minSide, minDecodableShare } = config;
  return hashJson({ decoder, config: { shots, minSeconds, minSide, minDecodableShare } });
}

function aboutOf({ licence, origin, benchmarks }: Candidate): JournalEntry['about'] {
  return { licence, origin, benchmarks };
}
