import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Observable } from 'rxjs';
import { ConfigError, createJob, folderKind, type Counts, type JobEvent } from '../core/index.js';
import { mergeDatasets } from '../store/index.js';
import { findStage } from './dataset-stage.js';
import { mergeCorpora } from './merge-corpora.js';

/** What `merge` takes. */
export interface MergeOptions {
  /** Datasets, or corpora; a folder that is neither stands for those in it, and in its folder `parts`. */
  readonly dirs: readonly string[];
  /** A folder that is not there yet. */
  readonly out: string;
  /** Goes on without parts that are missing or not finished. */
  readonly allowMissing?: boolean;
}

/** What was merged. */
export interface MergeResult {
  readonly kind: 'dataset' | 'corpus';
  readonly digest: string;
  /** `done`: units of datasets or sources of corpora; `repeated`: those that several folders had; `failed`: parts that are missing. */
  readonly counts: Counts & { readonly repeated: number };
  /** Parts of the job that are missing or not finished, as `3/4`. */
  readonly missing: readonly string[];
}

/**
 * Unites the parts of one job. A dataset's labels and artefacts are learned from the whole of it.
 *
 * @param stop ends it without result; nothing is left behind.
 * @throws ConfigError `other-header`, `exists`, `no-stage`, StoreError `missing-parts`, `nondeterministic-unit`.
 */
export function merge(options: MergeOptions, stop?: AbortSignal): Observable<JobEvent<MergeResult>> {
  return createJob(async ({ emit, signal }) => {
    const { out, allowMissing = false } = options;
    const { kind, dirs } = expand(options.dirs);
    const tell = (done: number, unit: string) => emit({ kind: 'progress', stage: 'merge', done, total: null, unit });
    if (kind === 'corpus') {
      const { digest, sources, duplicates, missing } = await mergeCorpora({ dirs, out, allowMissing, signal });
      tell(sources, 'videos');
      const counts = { done: sources, skipped: 0, failed: missing.length, repeated: duplicates };
      return { kind, digest, counts, missing };
    }
    const runStage = await findStage(dirs);
    const onProgress = (units: number) => tell(units, 'shots');
    const merged = await mergeDatasets({ dirs, out, allowMissing, runStage, onProgress, signal });
    const { digest, units, samples, repeated, missing } = merged;
    const counts = { done: units, skipped: 0, failed: missing.length, samples, repeated };
    return { kind, digest, counts, missing };
  }, stop);
}

function expand(given: readonly string[]): {
  readonly kind: 'dataset' | 'corpus';
  readonly dirs: readonly [string, ...string[]];
} {
  const dirs = given.flatMap((dir) => (folderKind(dir) === null ? foldersIn(dir) : [dir]));
  const kinds = [...new Set(dirs.map(folderKind))];
  const [kind] = kinds;
  const [first, ...rest] = dirs;
  if (kinds.length !== 1 || first === undefined || (kind !== 'dataset' && kind !== 'corpus')) {
    throw new ConfigError(
      `merge takes datasets or corpora, all of one kind; got ${kinds.map((each) => each ?? 'other folders').join(', ') || 'none'}.`,
      { context: { dirs: given } },
    );
  }
  return { kind, dirs: [first, ...rest] };
}

/** Datasets and corpora in a folder or in its folder `parts`; the folder itself where there are none, so that it is named. */
function foldersIn(dir: string): readonly string[] {
  const found = [dir, join(dir, 'parts')].flatMap((parent) =>
    existsSync(parent) && statSync(parent).isDirectory()
      ? readdirSync(parent)
          .sort()
          .map((name) => join(parent, name))
          .filter((child) => ['dataset', 'corpus'].includes(folderKind(child) ?? ''))
      : [],
  );
  return found.length > 0 ? found : [dir];
}
