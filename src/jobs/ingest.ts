import { statSync } from 'node:fs';
import type { Observable } from 'rxjs';
import { checkConfig, coreCount, type JobEvent } from '../core/index.js';
import { expandSources, ingest as runIngest, ingestConfig, type IngestResult } from '../ingest/index.js';

/** What `ingest` takes. */
export interface IngestOptions {
  /** Files, folders, `ucf101:DIR`, `synthetic:SEED`, …. */
  readonly sources: readonly string[];
  /** Folder of the corpus; ingesting again goes on where it stopped. */
  readonly corpus: string;
  /** Settings that differ from the defaults; see `reelmine schema ingest`. */
  readonly config?: unknown;
  /** `libav`, `ffmpeg` or `auto`. */
  readonly decoder?: string;
  readonly workers?: number;
  readonly seed?: number;
  readonly limit?: number | undefined;
  readonly part?: { readonly index: number; readonly count: number } | undefined;
}

/** Reads videos into a corpus; a job that goes on where an earlier one stopped. */
export function ingest(
  { sources, corpus, config = {}, decoder = 'auto', workers = coreCount(), seed = 1, limit, part }: IngestOptions,
  stop?: AbortSignal,
): Observable<JobEvent<IngestResult>> {
  const checked = checkConfig(ingestConfig, config).config;
  return runIngest(
    {
      sources,
      corpus,
      config: checked,
      decoder,
      workers,
      seed,
      now: () => new Date(),
      ...(limit === undefined ? {} : { limit }),
      ...(part ? { part } : {}),
    },
    stop,
  );
}

/** What `ingest` would read: files and their bytes, and what it would leave aside. Nothing is decoded or written. */
export async function planIngest({
  sources,
  corpus,
  limit,
}: Pick<IngestOptions, 'sources' | 'corpus' | 'limit'>): Promise<{
  readonly files: number;
  readonly bytes: number;
  readonly ignored: number;
  readonly absent: number;
}> {
  const { candidates, ignored, absent } = await expandSources(sources, corpus);
  const chosen = candidates.slice(0, limit);
  const bytes = chosen.reduce((sum, { path }) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  return { files: chosen.length, bytes, ignored, absent };
}
