import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { defer, map, type Observable } from 'rxjs';
import {
  ConfigError,
  coreCount,
  didYouMean,
  failureCodes,
  loadConfig,
  readJsonFile,
  readJsonLines,
  type FailureEntry,
  type JobEvent,
} from '../core/index.js';
import {
  corpusFiles,
  ingest,
  ingestConfig,
  ledgerPath,
  openFailedCandidates,
  type Candidate,
  type CorpusFile,
  type IngestResult,
} from '../ingest/index.js';
import { dropLeakage } from './leakage.js';

/** What `retry` takes. */
export interface RetryOptions {
  readonly corpus: string;
  /** Only what failed for this reason, a code of the ledger; default: whatever failed. */
  readonly reason?: string | undefined;
  /** YAML file and `key=value` settings that differ from those the corpus was ingested with. */
  readonly config?: string | undefined;
  readonly set?: readonly string[] | undefined;
  readonly workers?: number;
  readonly seed?: number;
  readonly limit?: number | undefined;
  readonly part?: { readonly index: number; readonly count: number } | undefined;
}

/** What `retry` gives: of the run over what had failed, and of the whole ledger as it is now. */
export interface RetryResult extends IngestResult {
  /** Failures that were not tried, since they have another reason or no source of their own: lines of lists, pictures of folders. */
  readonly left: number;
}

const stage = 'ingest';

/**
 * Tries again what failed in a corpus, and nothing else: files, addresses and stretches with all that their sources said of them.
 *
 * @throws ConfigError for a reason that is none.
 */
export function retry(options: RetryOptions, stop?: AbortSignal): Observable<JobEvent<RetryResult>> {
  const { corpus, reason, config: file, set = [], workers = coreCount(), seed = 1, limit, part } = options;
  const known = Object.keys(failureCodes);
  if (reason !== undefined && !known.includes(reason))
    throw new ConfigError(
      `There is no reason ${JSON.stringify(reason)}${didYouMean(reason, known) || `; known: ${known.join(', ')}.`}`,
      { code: 'unknown-reason', context: { reason } },
    );
  return defer(() => {
    const { config: base, decoder } = readJsonFile<CorpusFile>(join(corpus, corpusFiles.corpus), 1);
    const { config } = loadConfig(ingestConfig, { file, set, base: base as Readonly<Record<string, unknown>> });
    const failures = readJsonLines<FailureEntry>(join(corpus, corpusFiles.failures));
    const chosen = candidatesOf(
      corpus,
      reason === undefined ? failures : failures.filter(({ code }) => code === reason),
    );
    const left = failures.length - chosen.length;
    dropLeakage(corpus); // it says nothing of what comes in now
    const run = ingest(
      {
        sources: [],
        candidates: chosen,
        corpus,
        config,
        decoder: decoder.name,
        workers,
        seed,
        now: () => new Date(),
        ...(limit === undefined ? {} : { limit }),
        ...(part ? { part } : {}),
      },
      stop,
    );
    return run.pipe(
      map((event) => (event.kind === 'result' ? { ...event, result: { ...event.result, left } } : event)),
    );
  });
}

/** The failed candidates of these lines of the ledger; of a file whose candidate is not known, the file alone. */
function candidatesOf(corpus: string, failures: readonly FailureEntry[]): readonly Candidate[] {
  const byPath = new Map(openFailedCandidates(corpus).entries.map((entry) => [ledgerPath(entry), entry]));
  return failures
    .filter((failure) => failure.stage === stage && failure.source === null)
    .flatMap(({ path }) => {
      const candidate = byPath.get(path);
      if (candidate) return [candidate];
      return isAbsolute(path) && existsSync(path)
        ? [{ path, key: path, licence: null, origin: null, benchmarks: {} }]
        : [];
    });
}
