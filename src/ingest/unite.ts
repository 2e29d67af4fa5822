import type { VideoSource } from '../core/index.js';
import type { JournalEntry } from './journal.js';
import type { DuplicateEntry } from './manifest.js';
import { uniteBenchmarks } from './sources/index.js';

/** Files of one content become one source that names every place; each further place is also a line of the duplicates. */
export function uniteSources(entries: readonly JournalEntry[]): {
  readonly sources: readonly VideoSource[];
  readonly duplicates: readonly DuplicateEntry[];
} {
  const byId = new Map<string, VideoSource>();
  const duplicates: DuplicateEntry[] = [];
  for (const { path: place, probed, about } of entries) {
    const kept = byId.get(probed.id);
    if (!kept) {
      byId.set(probed.id, {
        ...probed,
        kind: about.origin?.startsWith('synthetic:') ? 'synthetic' : probed.kind,
        paths: [place],
        ...about,
      });
      continue;
    }
    duplicates.push({ source: probed.id, kept: kept.id, path: place, kind: 'exact', distance: 0 });
    byId.set(probed.id, {
      ...kept,
      paths: [...kept.paths, place],
      licence: kept.licence ?? about.licence,
      origin: kept.origin ?? about.origin,
      ...((kept.metadata ?? about.metadata) ? { metadata: { ...about.metadata, ...kept.metadata } } : {}),
      benchmarks: uniteBenchmarks(kept.benchmarks, about.benchmarks),
    });
  }
  return { sources: [...byId.values()], duplicates };
}
