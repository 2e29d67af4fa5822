import { isAbsolute, join, relative, resolve } from 'node:path';
import { readJsonLines, writeJsonLines } from '../core/index.js';
import { archiveName, openArchive } from './fetch/archive.js';
import { ledgerPath, type Candidate } from './sources/candidate.js';

/** What could not be used, with all that its source said of it: `retry` tries exactly that again. */
export interface FailedCandidates {
  /** In the order of the ledger's paths. */
  readonly entries: readonly Candidate[];
  record(candidate: Candidate): void;
  /** Forgets one that has now succeeded. */
  clear(candidate: Candidate): void;
  save(): void;
}

const fileName = 'failed-sources.jsonl';

/** Opens a corpus's list of failed candidates, or starts an empty one. Paths inside the corpus move with it. */
export function openFailedCandidates(corpus: string): FailedCandidates {
  const root = resolve(corpus);
  const file = join(root, fileName);
  const places = placesIn(root);
  const byPath = new Map(
    readJsonLines<Candidate>(file)
      .map(places.read)
      .map((candidate) => [ledgerPath(candidate), candidate]),
  );
  const entries = () => [...byPath.values()].sort((a, b) => (ledgerPath(a) < ledgerPath(b) ? -1 : 1));
  return {
    get entries() {
      return entries();
    },
    record: (candidate) => void byPath.set(ledgerPath(candidate), candidate),
    clear: (candidate) => void byPath.delete(ledgerPath(candidate)),
    save: () => writeJsonLines(file, entries().map(places.write)),
  };
}

/**
 * Unites what parts of one job could not use, as far as their ledger still names it, and the archives of what they fetched.
 *
 * @param paths of the united ledger.
 */
export function uniteFailedCandidates(parts: readonly string[], out: string, paths: readonly string[]): void {
  const named = new Set(paths);
  const lines = parts.flatMap((dir) => readJsonLines<Candidate>(join(dir, fileName)));
  const byPath = new Map(lines.map((candidate) => [ledgerPath(candidate), candidate]));
  writeJsonLines(
    join(out, fileName),
    [...byPath].filter(([path]) => named.has(path)).map(([, candidate]) => candidate),
  );
  const archive = openArchive(join(out, archiveName));
  for (const dir of parts) for (const entry of openArchive(join(dir, archiveName)).entries()) archive.add(entry);
}

/** Files of the corpus are written relative to it. */
function placesIn(root: string): Record<'read' | 'write', (candidate: Candidate) => Candidate> {
  const change = (place: (path: string) => string) => (candidate: Candidate) => ({
    ...candidate,
    path: place(candidate.path),
    ...(candidate.fetch ? { fetch: { ...candidate.fetch, file: place(candidate.fetch.file) } } : {}),
  });
  return {
    read: change((path) => (isAbsolute(path) ? path : join(root, path))),
    write: change((path) => {
      const inside = relative(root, path);
      return inside.startsWith('..') || isAbsolute(inside) ? path : inside;
    }),
  };
}
