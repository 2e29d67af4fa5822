import { isAbsolute, join } from 'node:path';
import { MediaError, type Ledger, type VideoSource } from '../core/index.js';
import { judgeScores, markShots } from './cleaning/index.js';
import type { IngestConfig } from './config.js';
import { findDuplicates } from './duplicates/index.js';
import type { JournalEntry } from './journal.js';
import { judgeFile, type FileRefusal } from './judge-file.js';
import type { DuplicateEntry } from './manifest.js';
import { uniteSources } from './unite.js';

/** A file that was measured, and that the corpus's rules refuse. */
export interface RefusedEntry {
  readonly entry: JournalEntry;
  readonly refusal: FileRefusal;
}

/** What rules and duplicates leave of what was measured. */
export interface SettledSources {
  readonly sources: readonly VideoSource[];
  readonly duplicates: readonly DuplicateEntry[];
  readonly refused: readonly RefusedEntry[];
}

/** What decides it; nothing is decoded again when it changes. */
export type SettleConfig = Pick<
  IngestConfig,
  'limits' | 'minDecodableShare' | 'minSeconds' | 'minSide' | 'cleaning' | 'duplicates'
>;

/** Judges everything that a journal holds, unites files of one content, marks shots and sets near-duplicates aside. */
export function settleSources(entries: readonly JournalEntry[], config: SettleConfig): SettledSources {
  const refused: RefusedEntry[] = [];
  const kept = entries.filter((entry) => {
    const refusal = judgeEntry(entry, config);
    if (refusal) refused.push({ entry, refusal });
    return !refusal;
  });
  const united = uniteSources(kept);
  const marked = united.sources.map((source) => markShots(source, config.cleaning));
  const near = findDuplicates(marked, config.duplicates);
  return { sources: near.sources, duplicates: [...united.duplicates, ...near.duplicates], refused };
}

/**
 * What the rules say of one measured file; null: it is usable. With `scoreOnly`, and for clips of official benchmarks, only damage and
 * limits count.
 */
export function judgeEntry(
  { probed, facts, about: { benchmarks } }: Pick<JournalEntry, 'probed' | 'facts' | 'about'>,
  config: SettleConfig,
): FileRefusal | null {
  const isSpared = config.cleaning.scoreOnly || Object.keys(benchmarks).length > 0;
  const rules = isSpared ? { ...config, minSeconds: 0, minSide: 1, minDecodableShare: 0 } : config;
  return judgeFile({ probed, facts }, rules) ?? judgeScores({ ...probed, benchmarks }, config.cleaning);
}

/** Writes down what the rules refuse, each once however often it is judged, and forgets what they no longer refuse. */
export function recordRefusals(
  ledger: Ledger,
  corpus: string,
  stage: string,
  { entries, refused }: { readonly entries: readonly JournalEntry[]; readonly refused: readonly RefusedEntry[] },
): void {
  const refusals = new Map(refused.map(({ entry, refusal }) => [entry, refusal]));
  const known = new Map(ledger.entries.filter((entry) => entry.stage === stage).map((entry) => [entry.path, entry]));
  for (const entry of entries) {
    const path = entry.given ?? (isAbsolute(entry.path) ? entry.path : join(corpus, entry.path));
    const refusal = refusals.get(entry);
    if (!refusal) {
      if (known.has(path)) ledger.clear(path, stage);
      continue;
    }
    const { code, message } = refusalError(path, refusal);
    const before = known.get(path);
    if (before?.code === code && before.message === message) continue;
    ledger.record({ source: entry.probed.id, path, stage, code, message });
  }
}

function refusalError(path: string, { code, message }: FileRefusal): MediaError {
  return new MediaError(code, `${path}: ${message}.`, { context: { path } });
}
