import { rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { readJsonFile, readJsonLines, writeJsonLines, type FailureEntry, type VideoSource } from '../core/index.js';
import {
  corpusFiles,
  manifestDigest,
  mediaFiles,
  readJournal,
  writeCorpus,
  writeJournal,
  type CorpusFile,
  type DuplicateEntry,
} from '../ingest/index.js';
import { dropLeakage } from './leakage.js';

/** What was removed from a corpus. */
export interface RemovedFromCorpus {
  /** Of manifest, journal, duplicates and ledger. */
  readonly lines: number;
  readonly units: 0;
  readonly samples: 0;
  readonly digest: string;
}

/** Removes sources from a corpus's files, and media that it made of them itself. Files of the user stay where they are. */
export function forgetInCorpus(dir: string, ids: ReadonlySet<string>): RemovedFromCorpus {
  const head = readJsonFile<CorpusFile>(join(dir, corpusFiles.corpus), 1);
  const manifest = readJsonLines<VideoSource>(join(dir, corpusFiles.manifest));
  const duplicates = readJsonLines<DuplicateEntry>(join(dir, corpusFiles.duplicates));
  const failures = readJsonLines<FailureEntry>(join(dir, corpusFiles.failures));
  const journal = readJournal(dir);
  const gone = [
    ...manifest.filter(({ id }) => ids.has(id)).flatMap(({ paths }) => paths),
    ...(journal?.entries ?? []).filter(({ probed }) => ids.has(probed.id)).map(({ path }) => path),
  ];
  const places = new Set(gone.flatMap((path) => (isAbsolute(path) ? [path] : [path, join(dir, path)])));
  const kept = {
    manifest: manifest.filter(({ id }) => !ids.has(id)),
    duplicates: duplicates.filter(({ source, kept: of }) => !ids.has(source) && !ids.has(of)),
    failures: failures.filter(({ source, path }) => !(source !== null && ids.has(source)) && !places.has(path)),
    journal: journal?.entries.filter(({ probed }) => !ids.has(probed.id)) ?? [],
  };
  const lines =
    manifest.length +
    duplicates.length +
    failures.length +
    (journal?.entries.length ?? 0) -
    (kept.manifest.length + kept.duplicates.length + kept.failures.length + kept.journal.length);
  if (lines === 0) return { lines, units: 0, samples: 0, digest: manifestDigest(manifest) };
  const still = new Set(kept.journal.flatMap(({ path }) => mediaFiles(dir, path)));
  for (const file of new Set(gone.flatMap((path) => mediaFiles(dir, path))))
    if (!still.has(file)) rmSync(join(dir, file), { force: true });
  dropLeakage(dir); // it names sources
  // The journal first: from it a later run of ingest would bring the source back.
  if (journal) writeJournal(dir, { settings: journal.settings, entries: kept.journal });
  if (kept.failures.length < failures.length) writeJsonLines(join(dir, corpusFiles.failures), kept.failures);
  const digest = writeCorpus(dir, { ...head, sources: kept.manifest, duplicates: kept.duplicates });
  return { lines, units: 0, samples: 0, digest };
}
