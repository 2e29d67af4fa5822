import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { lastValueFrom, toArray, type Observable } from 'rxjs';
import {
  createJob,
  MediaError,
  openLedger,
  PipelineError,
  readJsonFile,
  runPool,
  sha256,
  toolVersion,
  type Counts,
  type FailureEntry,
  type JobContext,
  type JobEvent,
  type Ledger,
} from '../core/index.js';
import type { IngestConfig } from './config.js';
import { selectDecoder } from './decoders/index.js';
import { openJournal, type Journal } from './journal.js';
import { corpusFiles, writeCorpus, type CorpusFile } from './manifest.js';
import { createProbePool, type Probed, type ProbePool } from './probe-pool.js';
import type { Candidate } from './sources/candidate.js';
import { expandSources } from './sources/index.js';
import { uniteSources } from './unite.js';

/** What `ingest` is told. */
export interface IngestOptions {
  /** Files, folders, globs, list files, `frames:DIR@FPS`, `moving-mnist:svg@SEED`, `synthetic:SEED`, `ucf101:DIR`, …. */
  readonly sources: readonly string[];
  /** Folder of the corpus; what it holds already is kept. */
  readonly corpus: string;
  readonly config: IngestConfig;
  /** `libav`, `ffmpeg` or `auto`. */
  readonly decoder: string;
  /** Videos probed at once, each in a process of its own. */
  readonly workers: number;
  readonly seed: number;
  /** Of this run's videos, only the first so many by path. */
  readonly limit?: number;
  /** A fixed share of the videos, by the hash of their paths; `index` from 1. */
  readonly part?: { readonly index: number; readonly count: number };
  readonly now: () => Date;
}

/** What `ingest` gives. */
export interface IngestResult {
  /** Of the corpus as it is now. */
  readonly digest: string;
  readonly counts: Counts & { readonly ignored: number; readonly absent: number; readonly duplicates: number };
  readonly failures: readonly FailureEntry[];
  /** True if it was asked to stop before the end; the corpus holds what was done. */
  readonly stopped: boolean;
}

const stage = 'ingest';

/**
 * Probes videos into a corpus: manifest, ledger of failures, duplicates, digest. What an earlier run, finished or killed, has probed
 * and has not changed since is not probed again. The same files and settings give the same digest, whatever the workers, order and kills.
 *
 * @param stop ends it cleanly after the videos in hand; the result says `stopped`.
 * @throws ConfigError for sources or settings, PipelineError `too-many-failures` beyond `maxFailureShare`.
 */
export function ingest(options: IngestOptions, stop?: AbortSignal): Observable<JobEvent<IngestResult>> {
  return createJob((context) => run(options, context), stop);
}

async function run(options: IngestOptions, { emit, signal }: JobContext): Promise<IngestResult> {
  const corpus = resolve(options.corpus);
  const { decoder, passedOver } = await selectDecoder(options.decoder);
  for (const { name, reason } of passedOver)
    emit({ kind: 'warning', stage, message: `Decoder ${name} passed over: ${reason}` });
  const expanded = await expandSources(options.sources, corpus);
  for (const message of expanded.warnings) emit({ kind: 'warning', stage, message });
  const chosen = choose(expanded.candidates, options);
  const version = await decoder.version();
  const journal = openJournal(corpus, { config: options.config, decoder: { name: decoder.name, version } });
  const ledger = openLedger(join(corpus, corpusFiles.failures), options.now);
  const counts = { done: 0, skipped: 0, failed: 0 };
  const giveUp = new AbortController();
  const pool = createProbePool();
  const tell = (note: string) => {
    const { done, skipped, failed } = counts;
    emit({
      kind: 'progress',
      stage,
      done: done + skipped + failed,
      total: chosen.length,
      unit: 'videos',
      counts: { ...counts },
      note,
    });
  };
  const one = async (candidate: Candidate) => {
    try {
      const found = await probeOne(candidate, { options, decoder: decoder.name, journal, pool });
      counts[found ? 'done' : 'skipped']++;
      ledger.clear(candidate.path, stage);
      if (found) recordDamage(ledger, candidate, found);
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      counts.failed++;
      journal.drop(candidate);
      ledger.record({ source: null, path: candidate.path, stage, code: error.code, message: error.message });
      if (counts.failed > options.config.maxFailureShare * chosen.length) giveUp.abort();
    }
    tell(candidate.key);
  };
  try {
    const ends = AbortSignal.any([signal, giveUp.signal]);
    await lastValueFrom(runPool(chosen, one, { workers: Math.max(1, options.workers), signal: ends }).pipe(toArray()));
  } finally {
    pool.close();
    ledger.save();
    journal.close();
  }
  const { sources, duplicates } = uniteSources(journal.entries());
  const digest = writeCorpus(corpus, {
    toolVersion: toolVersion(),
    config: options.config,
    decoder: { name: decoder.name, version },
    benchmarks: { ...readBenchmarks(corpus), ...expanded.benchmarks },
    sources,
    duplicates,
  });
  journal.settle();
  if (giveUp.signal.aborted) {
    throw new PipelineError(
      'too-many-failures',
      `Given up: ${counts.failed} of ${chosen.length} videos failed; see ${corpusFiles.failures}.`,
      {
        context: { ...counts, corpus },
      },
    );
  }
  const { ignored, absent } = expanded;
  const stopped = counts.done + counts.skipped + counts.failed < chosen.length;
  return {
    digest,
    counts: { ...counts, ignored, absent, duplicates: duplicates.length },
    failures: ledger.entries,
    stopped,
  };
}

/** Those of earlier runs into the same corpus. */
function readBenchmarks(corpus: string): CorpusFile['benchmarks'] {
  const file = join(corpus, corpusFiles.corpus);
  return existsSync(file) ? readJsonFile<CorpusFile>(file, 1).benchmarks : {};
}

/** Pictures that a folder's video is without, a line each; those that have been mended are forgotten. */
function recordDamage(ledger: Ledger, { path }: Candidate, { probed, damaged }: Probed): void {
  for (const entry of ledger.entries)
    if (entry.stage === stage && dirname(entry.path) === path) ledger.clear(entry.path, stage);
  for (const { path: picture, why } of damaged)
    ledger.record({ source: probed.id, path: picture, stage, code: 'decode-error', message: `${picture}: ${why}` });
}

/** Gives null if the journal has the file already, as it is now. */
async function probeOne(
  candidate: Candidate,
  {
    options,
    decoder,
    journal,
    pool,
  }: { readonly options: IngestOptions; readonly decoder: string; readonly journal: Journal; readonly pool: ProbePool },
): Promise<Probed | null> {
  if (journal.has(candidate)) return null;
  const { path, synthetic, rate, described } = candidate;
  const { config } = options;
  const request = {
    path,
    decoder,
    config,
    ...(synthetic ? { synthetic } : {}),
    ...(rate ? { rate } : {}),
    ...(described ? { described } : {}),
  };
  const found = await pool.probe(request, config.timeoutSeconds * 1000);
  journal.add(candidate, found.probed);
  return found;
}

function choose(candidates: readonly Candidate[], { part, limit }: IngestOptions): readonly Candidate[] {
  if (part && !(part.index >= 1 && part.index <= part.count)) {
    throw new RangeError(
      `part must be from 1/${part.count} to ${part.count}/${part.count}, got ${part.index}/${part.count}.`,
    );
  }
  const share = part
    ? candidates.filter(({ key }) => Number.parseInt(sha256(key).slice(0, 12), 16) % part.count === part.index - 1)
    : candidates;
  return share.slice(0, limit);
}
