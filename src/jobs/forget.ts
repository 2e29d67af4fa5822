import { readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { Observable } from 'rxjs';
import {
  ConfigError,
  createJob,
  folderKind,
  PipelineError,
  type Counts,
  type JobEvent,
  type VideoSource,
} from '../core/index.js';
import { manifestDigest, readCorpus } from '../ingest/index.js';
import { forgetSources } from '../store/index.js';
import { findStage } from './dataset-stage.js';
import { fileHolds } from './file-holds.js';
import { forgetInCorpus } from './forget-in-corpus.js';

/** What `forget` takes. */
export interface ForgetOptions {
  /** Ids of sources. */
  readonly sources: readonly string[];
  /** Corpora and datasets. */
  readonly dirs: readonly string[];
}

/** What was forgotten. */
export interface ForgetResult {
  /** `done`: folders that held any of the sources; `skipped`: folders that did not; `failed`: files that still name one. */
  readonly counts: Counts & { readonly units: number; readonly samples: number };
  readonly folders: readonly {
    readonly dir: string;
    readonly kind: 'corpus' | 'dataset';
    readonly units: number;
    readonly samples: number;
    readonly digest: string | null;
  }[];
  /** Files in the folders that still hold an id, and are not ours to change. */
  readonly remains: readonly string[];
}

interface Target {
  readonly dir: string;
  readonly kind: 'corpus' | 'dataset';
}

/**
 * Removes sources from corpora and datasets: lines, records, labels, ledgers, journals, media that the corpus made itself. Shards are written
 * anew, so that no byte stays in a free page. Datasets mined from a corpus that is named too go on belonging to it. May be run again after a
 * kill at any moment.
 *
 * @throws ConfigError for folders of another kind, `no-stage`; PipelineError `unknown-source` if none of them is in any folder.
 */
export function forget({ sources, dirs }: ForgetOptions, stop?: AbortSignal): Observable<JobEvent<ForgetResult>> {
  return createJob(async ({ emit, signal }) => {
    const targets = [...new Set(dirs.map((dir) => resolve(dir)))].map(toTarget);
    const ids = new Set(sources);
    const corpora = new Map<string, { readonly digest: string; readonly sources: readonly VideoSource[] }>();
    for (const { dir, kind } of targets) if (kind === 'corpus') corpora.set(dir, await readCorpus(dir));
    const paths = new Set([...corpora].flatMap(([dir, corpus]) => pathsOf(dir, corpus.sources, ids)));
    const digests = new Map([...corpora.values()].map((corpus) => [corpus.digest, digestWithout(corpus.sources, ids)]));
    // Datasets first: what they need to know of the corpora is then still there if the process ends in between.
    const ordered = targets.toSorted((a, b) => (a.kind === b.kind ? 0 : a.kind === 'dataset' ? -1 : 1));
    for (const { dir, kind } of ordered) if (kind === 'dataset') await findStage([dir]);
    const folders: ForgetResult['folders'][number][] = [];
    let touched = 0;
    for (const { dir, kind } of ordered) {
      signal.throwIfAborted();
      const removed =
        kind === 'corpus' ? forgetInCorpus(dir, ids) : await forgetInDataset(dir, { ids, paths, digests });
      if (removed.lines + removed.units > 0) touched++;
      const { units, samples, digest } = removed;
      folders.push({ dir, kind, units, samples, digest });
      emit({ kind: 'progress', stage: 'forget', done: folders.length, total: ordered.length, unit: 'folders' });
    }
    if (touched === 0) {
      throw new PipelineError('unknown-source', `None of these folders holds ${sources.join(', ')}.`, {
        context: { sources, dirs },
      });
    }
    const remains = targets.flatMap(({ dir }) =>
      filesIn(dir).filter((file) => sources.some((id) => fileHolds(file, id))),
    );
    const total = (name: 'units' | 'samples') => folders.reduce((sum, folder) => sum + folder[name], 0);
    const counts = { done: touched, skipped: folders.length - touched, failed: remains.length };
    return { counts: { ...counts, units: total('units'), samples: total('samples') }, folders, remains };
  }, stop);
}

async function forgetInDataset(
  dir: string,
  {
    ids,
    paths,
    digests,
  }: {
    readonly ids: ReadonlySet<string>;
    readonly paths: ReadonlySet<string>;
    readonly digests: ReadonlyMap<string, string>;
  },
) {
  const runStage = await findStage([dir]);
  const { units, samples, failures, summary } = await forgetSources({ dir, sources: ids, paths, digests, runStage });
  return { units, samples, lines: failures, digest: summary?.digest ?? null };
}

function toTarget(dir: string): Target {
  const kind = folderKind(dir);
  if (kind === 'corpus' || kind === 'dataset') return { dir, kind };
  throw new ConfigError(`${dir} is neither a corpus nor a dataset.`, { context: { dir } });
}

function digestWithout(sources: readonly VideoSource[], ids: ReadonlySet<string>): string {
  return manifestDigest(sources.filter(({ id }) => !ids.has(id)));
}

function pathsOf(root: string, sources: readonly VideoSource[], ids: ReadonlySet<string>): string[] {
  return sources
    .filter(({ id }) => ids.has(id))
    .flatMap(({ paths }) => paths.flatMap((path) => (isAbsolute(path) ? [path] : [path, join(root, path)])));
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile());
}
