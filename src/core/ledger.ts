import { existsSync, readFileSync, rmSync } from 'node:fs';
import { writeFileWhole } from './files.js';
import type { FailureCode, FailureEntry } from './errors.js';

/** The failures of a corpus or dataset: one entry per failed unit and stage, attempts counted over runs. */
export interface Ledger {
  readonly entries: readonly FailureEntry[];
  /** Adds a failure, or one more attempt to the entry of the same path and stage. */
  record(failure: { source: string | null; path: string; stage: string; code: FailureCode; message: string }): void;
  /** Forgets the entry of a unit that has now succeeded. */
  clear(path: string, stage: string): void;
  /** Writes the file whole. */
  save(): void;
}

/**
 * Opens `failures.jsonl`, or starts an empty one. A last line that was cut off is dropped.
 *
 * @param now gives the time of an attempt.
 */
export function openLedger(file: string, now: () => Date): Ledger {
  const entries = new Map<string, FailureEntry>();
  const keyOf = (path: string, stage: string) => `${stage}\0${path}`;
  for (const entry of readJsonLines<FailureEntry>(file)) entries.set(keyOf(entry.path, entry.stage), entry);
  const sorted = () => [...entries.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  return {
    get entries() {
      return sorted();
    },
    record(failure) {
      const key = keyOf(failure.path, failure.stage);
      entries.set(key, { ...failure, attempts: (entries.get(key)?.attempts ?? 0) + 1, at: now().toISOString() });
    },
    clear(path, stage) {
      entries.delete(keyOf(path, stage));
    },
    save() {
      writeFileWhole(
        file,
        sorted()
          .map((entry) => `${JSON.stringify(entry)}\n`)
          .join(''),
      );
    },
  };
}

/** Failures of several ledgers as one: of each path and stage the latest, with the attempts of all. */
export function uniteFailures(ledgers: readonly (readonly FailureEntry[])[]): readonly FailureEntry[] {
  const united = new Map<string, FailureEntry>();
  for (const entry of ledgers.flat()) {
    const key = `${entry.stage}\0${entry.path}`;
    const other = united.get(key);
    const latest = other && other.at > entry.at ? other : entry;
    united.set(key, { ...latest, attempts: entry.attempts + (other?.attempts ?? 0) });
  }
  return [...united].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

/** Writes values as a JSON Lines file, whole; without values the file is removed. */
export function writeJsonLines(file: string, values: readonly unknown[]): void {
  if (values.length > 0) writeFileWhole(file, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  else rmSync(file, { force: true });
}

/** The values of a JSON Lines file; none if it does not exist. A last line that a crash cut off is dropped. */
export function readJsonLines<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  const out: T[] = [];
  lines.forEach((line, i) => {
    if (line.trim() === '') return;
    try {
      out.push(JSON.parse(line) as T);
    } catch (error) {
      if (i < lines.length - 1) throw error;
    }
  });
  return out;
}
