import type { VideoSource } from '../../core/index.js';
import type { DuplicatesConfig } from './config.js';
import { readFingerprint, type Fingerprint } from './fingerprint.js';
import { matchFingerprints, mirrorFingerprint, type Match } from './match.js';

/** Two videos that show the same, by their places in the list. */
export interface FoundPair extends Match {
  readonly a: number;
  readonly b: number;
}

/** Pairs that were found, and what it took. */
export interface SearchResult {
  readonly pairs: readonly FoundPair[];
  /** Pairs of videos whose fingerprints were laid on one another. */
  readonly compared: number;
}

type Searched = Pick<VideoSource, 'fingerprint'>;

/** Parts of a picture's hash by which it is found: copies agree wholly in at least one of them at many moments. */
const bands = 4;
/** A part that so many moments have tells nothing (plain pictures), and bounds what one moment costs. */
const mostInBand = 256;
/** Moments that must agree, or all of a video that has fewer. */
const fewestHits = 2;
/** Offsets between two videos that are looked at. */
const mostOffsets = 3;
/** Ticks that count as one offset. */
const offsetStep = 2;

/**
 * Finds videos that show the same, whole or in part, mirrored or not. Each moment of a video is looked up by parts of its hash among the
 * moments of all, and only videos that agree at several moments with one shift in time are compared: the work grows with the number
 * of moments, not of pairs.
 *
 * @param others look only for pairs of one video of each list; default: pairs within the list.
 */
export function searchDuplicates(
  videos: readonly Searched[],
  config: DuplicatesConfig,
  others?: readonly Searched[],
): SearchResult {
  const own = videos.map(({ fingerprint }) => readFingerprint(fingerprint));
  const index = createIndex(others ? others.map(({ fingerprint }) => readFingerprint(fingerprint)) : own);
  const pairs: FoundPair[] = [];
  let compared = 0;
  own.forEach((print, a) => {
    for (const mirrored of [false, true]) {
      const asked = mirrored ? mirrorFingerprint(print) : print;
      for (const { video: b, offsets } of index.near(asked, others ? 0 : a + 1)) {
        compared++;
        const match = matchFingerprints(asked, index.prints[b]!, offsets, config);
        if (match) pairs.push({ a, b, ...match, mirrored });
      }
    }
  });
  return { pairs: nearestOfEach(pairs), compared };
}

/** Of pairs that match as they are and mirrored, the nearer. */
function nearestOfEach(pairs: readonly FoundPair[]): readonly FoundPair[] {
  const byPair = new Map<string, FoundPair>();
  for (const pair of pairs) {
    const key = `${pair.a}/${pair.b}`;
    const before = byPair.get(key);
    if (!before || pair.distance < before.distance) byPair.set(key, pair);
  }
  return [...byPair.values()];
}

interface Index {
  readonly prints: readonly Fingerprint[];
  /** Videos from `from` on that agree with the asked one at several moments, and by how many ticks they are shifted. */
  near(asked: Fingerprint, from: number): readonly { readonly video: number; readonly offsets: readonly number[] }[];
}

function createIndex(prints: readonly Fingerprint[]): Index {
  const count = prints.reduce((sum, { ticks }) => sum + ticks.length, 0);
  const video = new Int32Array(count);
  const tick = new Int32Array(count);
  const lists = Array.from({ length: bands }, () => new Map<number, number[]>());
  let at = 0;
  prints.forEach(({ ticks, pictures }, number) => {
    for (let i = 0; i < ticks.length; i++, at++) {
      video[at] = number;
      tick[at] = ticks[i]!;
      for (let band = 0; band < bands; band++) {
        const key = bandOf(pictures, i, band);
        const list = lists[band]!.get(key);
        if (list) list.push(at);
        else lists[band]!.set(key, [at]);
      }
    }
  });
  return {
    prints,
    near({ ticks, pictures }, from) {
      const votes = new Map<number, Map<number, number>>();
      for (let i = 0; i < ticks.length; i++) {
        const seen = new Set<number>();
        for (let band = 0; band < bands; band++) {
          const list = lists[band]!.get(bandOf(pictures, i, band));
          if (!list || list.length > mostInBand) continue;
          for (const moment of list) {
            if (video[moment]! < from || seen.has(moment)) continue;
            seen.add(moment);
            const step = Math.round((ticks[i]! - tick[moment]!) / offsetStep);
            const offsets = votes.get(video[moment]!) ?? new Map<number, number>();
            offsets.set(step, (offsets.get(step) ?? 0) + 1);
            votes.set(video[moment]!, offsets);
          }
        }
      }
      return [...votes].flatMap(([number, offsets]) => {
        const wanted = Math.min(fewestHits, ticks.length, prints[number]!.ticks.length);
        const best = [...offsets].sort((x, y) => y[1] - x[1] || x[0] - y[0]).slice(0, mostOffsets);
        if (best[0]![1] + (best[1]?.[1] ?? 0) < wanted) return [];
        return [{ video: number, offsets: best.map(([step]) => step * offsetStep) }];
      });
    },
  };
}

/** Sixteen bits spread over all frequencies, the same share of low ones in each band. */
function bandOf(pictures: Uint32Array, i: number, band: number): number {
  let key = 0;
  for (let k = 0; k < 16; k++) {
    const bit = k * bands + band;
    key = (key << 1) | ((pictures[2 * i + (bit >> 5)]! >>> (bit & 31)) & 1);
  }
  return key;
}
