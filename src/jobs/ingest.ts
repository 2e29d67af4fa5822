import type { Observable } from 'rxjs';
import { checkConfig, coreCount, createJob, runJob, type JobEvent } from '../core/index.js';
import { ingest as runIngest, ingestConfig, type IngestResult } from '../ingest/index.js';
import { dropLeakage, openTestList, reportLeakage, type LeakageReport } from './leakage.js';

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
  /** A source with which the corpus is compared: which of its sources overlap it. */
  readonly against?: string | undefined;
  /** Of `against`, only what this official split tests on. */
  readonly split?: number | undefined;
}

/** What `ingest` gives, and the overlap with a test list where one was asked for. */
export type IngestSummary = IngestResult & { readonly leakage?: LeakageReport };

/** Reads videos into a corpus; a job that goes on where an earlier one stopped. */
export function ingest(options: IngestOptions, stop?: AbortSignal): Observable<JobEvent<IngestSummary>> {
  const { sources, corpus, config = {}, decoder = 'auto', workers = coreCount(), seed = 1, limit, part } = options;
  const { against, split } = options;
  const checked = checkConfig(ingestConfig, config).config;
  return createJob<IngestSummary>(async ({ emit, signal }) => {
    const list = against === undefined ? null : await openTestList(corpus, against, split);
    for (const message of list?.warnings ?? []) emit({ kind: 'warning', stage: 'ingest', message });
    dropLeakage(corpus);
    const run = runIngest(
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
      signal,
    );
    const result = await runJob(run, emit);
    if (!list || result.stopped) return result;
    const leakage = await reportLeakage({ corpus, list, config: checked, decoder, workers }, emit, signal);
    return leakage ? { ...result, leakage } : { ...result, stopped: true };
  }, stop);
}
