import { sha256 } from '../core/index.js';
import type { Candidate } from './sources/candidate.js';

/** Which of a job's videos a run takes. */
export interface Chosen {
  /** Of this run's videos, only the first so many by path. */
  readonly limit?: number | undefined;
  /** A fixed share of the videos, by the hash of their paths or addresses; `index` from 0. */
  readonly part?: { readonly index: number; readonly count: number } | undefined;
}

/**
 * What a run takes of the candidates that its sources come to: of a part, as many as the limit allows.
 *
 * @throws RangeError for a part that is none.
 */
export function chooseCandidates(candidates: readonly Candidate[], { part, limit }: Chosen): readonly Candidate[] {
  if (part && !(part.index >= 0 && part.index < part.count))
    throw new RangeError(`part.index must be from 0 to part.count - 1, got ${part.index} of ${part.count}.`);
  const share = part
    ? candidates.filter((it) => Number.parseInt(sha256(shareKey(it)).slice(0, 12), 16) % part.count === part.index)
    : candidates;
  return share.slice(0, limit);
}

/** Stretches of one download fall into one part: it is fetched once, and no two parts hold it. */
function shareKey({ key, fetch }: Candidate): string {
  return fetch?.url ?? key;
}
