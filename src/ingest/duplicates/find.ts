import type { VideoSource } from '../../core/index.js';
import type { DuplicateEntry } from '../manifest.js';
import type { DuplicatesConfig } from './config.js';
import { searchDuplicates, type FoundPair } from './search.js';

/** What is left of a corpus without its near-duplicates. */
export interface FoundDuplicates {
  readonly sources: readonly VideoSource[];
  /** One entry for each copy; `dropped` tells whether it has left the corpus. */
  readonly duplicates: readonly DuplicateEntry[];
  /** Pairs of videos that were compared; all pairs would be n (n - 1) / 2. */
  readonly compared: number;
}

/**
 * Finds near-duplicates among the sources of a corpus, the best copy first: the longest, then the largest picture inside its letterbox,
 * then the most bytes. Clips of official benchmarks are never dropped, nor are generated videos.
 */
export function findDuplicates(all: readonly VideoSource[], config: DuplicatesConfig): FoundDuplicates {
  if (config.near === 'off') return { sources: all, duplicates: [], compared: 0 };
  const ranked = all.toSorted(isBetter);
  const { pairs, compared } = searchDuplicates(ranked, config);
  const better = new Map<number, FoundPair[]>();
  for (const pair of pairs) better.set(pair.b, [...(better.get(pair.b) ?? []), pair]); // b ranks below a
  const dropped = new Set<number>();
  const duplicates: DuplicateEntry[] = [];
  ranked.forEach((source, number) => {
    const match = (better.get(number) ?? [])
      .filter(({ a }) => !dropped.has(a))
      .sort((x, y) => x.distance - y.distance || x.a - y.a)[0];
    if (!match) return;
    const isDropped = config.near === 'drop' && !isBenchmark(source);
    if (isDropped) dropped.add(number);
    duplicates.push({
      source: source.id,
      kept: ranked[match.a]!.id,
      path: source.paths[0]!,
      kind: 'near',
      distance: Math.round(match.distance * 100) / 100,
      mirrored: match.mirrored,
      dropped: isDropped,
    });
  });
  const gone = new Set([...dropped].map((number) => ranked[number]!.id));
  return {
    sources: all.filter(({ id }) => !gone.has(id)),
    duplicates: duplicates.sort((a, b) => (a.source < b.source ? -1 : 1)),
    compared,
  };
}

/** Of an official list, or generated: what is alike there is meant to be. */
function isBenchmark({ benchmarks, kind }: VideoSource): boolean {
  return Object.keys(benchmarks).length > 0 || kind === 'synthetic';
}

/** Order of quality, the best first; the same whatever the order of the list. */
function isBetter(a: VideoSource, b: VideoSource): number {
  return (
    Number(isBenchmark(b)) - Number(isBenchmark(a)) ||
    lengthOf(b) - lengthOf(a) ||
    contentPixels(b) - contentPixels(a) ||
    b.bytes - a.bytes ||
    (a.id < b.id ? -1 : 1)
  );
}

/** In whole steps of 5 %, so that a frame more does not win over a better picture. */
function lengthOf({ video }: VideoSource): number {
  return Math.round(Math.log(Math.max(video.durationSeconds, 1e-3)) / Math.log(1.05));
}

function contentPixels({ video, shots }: VideoSource): number {
  const boxes = shots.map(({ crop }) => (crop ? crop.width * crop.height : video.width * video.height));
  return boxes.reduce((sum, pixels) => sum + pixels, 0) / Math.max(1, boxes.length);
}
