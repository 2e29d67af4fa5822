import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { lastValueFrom, toArray, type Observable } from 'rxjs';
import {
  ConfigError,
  createJob,
  MediaError,
  openLedger,
  PipelineError,
  readJsonFile,
  runPool,
  toolVersion,
  type Counts,
  type FailureEntry,
  type JobContext,
  type JobEvent,
  type Ledger,
} from '../core/index.js';
import { chooseCandidates, type Chosen } from './choose.js';
import type { IngestConfig } from './config.js';
import { selectDecoder } from './decoders/index.js';
import { explainDiskError } from './disk-error.js';
import { heldParts } from './held-parts.js';
import { openJournal, type Journal, type JournalEntry } from './journal.js';
import { corpusFiles, writeCorpus, type CorpusFile } from './manifest.js';
import { createProbePool, type Probed, type ProbePool } from './probe-pool.js';
import { archiveName } from './fetch/archive.js';
import { createFetcher, withoutSecrets } from './fetch/index.js';
import { openFailedCandidates } from './failed-candidates.js';
import { ledgerPath, type Candidate, type ExpandedSources } from './sources/candidate.js';
import { expandSources } from './sources/index.js';
import { createLiveSummary } from './live-summary.js';
import { judgeEntry, recordRefusals, settleSources } from './settle.js';

/** What `ingest` is told. */
export interface IngestOptions extends Chosen {
  /** Files, folders, globs, list files, `frames:DIR@FPS`, `moving-mnist:svg@SEED`, `synthetic:SEED`, `ucf101:DIR`, …. */
  readonly sources: readonly string[];
  /** Instead of `sources`: what an earlier run could not use, to be tried again. */
  readonly candidates?: readonly Candidate[];
  /** Folder of the corpus; what it holds already is kept. */
  readonly corpus: string;
  readonly config: IngestConfig;
  /** `libav`, `ffmpeg` or `auto`. */
  readonly decoder: string;
  /** Videos probed at once, each in a process of its own. */
  readonly workers: number;
  readonly seed: number;
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
 * @throws ConfigError for sources or settings, PipelineError `no-videos` without any and `too-many-failures` beyond `maxFailureShare`;
 * StoreError for a disk that is full or refuses.
 */
export function ingest(options: IngestOptions, stop?: AbortSignal): Observable<JobEvent<IngestResult>> {
  return createJob(async (context) => {
    try {
      return await run(options, context);
    } catch (error) {
      throw explainDiskError(resolve(options.corpus), error);
    }
  }, stop);
}

async function run(options: IngestOptions, { emit, signal }: JobContext): Promise<IngestResult> {
  const corpus = resolve(options.corpus);
  const { decoder, passedOver } = await selectDecoder(options.decoder);
  for (const { name, reason } of passedOver)
    emit({ kind: 'warning', stage, message: `Decoder ${name} passed over: ${reason}` });
  const { candidates: again } = options;
  const expanded: ExpandedSources = again
    ? { candidates: again, ignored: 0, absent: 0, warnings: [] }
    : await expandSources(options.sources, corpus);
  for (const message of expanded.warnings) emit({ kind: 'warning', stage, message });
  assertVideos(options, expanded);
  const chosen = chooseCandidates(expanded.candidates, options);
  const version = await decoder.version();
  const earlier = readEarlier(corpus);
  const journal = openJournal(corpus, { config: options.config, decoder: { name: decoder.name, version } });
  assertCovered(corpus, journal, chosen);
  const ledger = openLedger(join(corpus, corpusFiles.failures), options.now);
  const counts = { done: 0, skipped: 0, failed: 0 };
  let archived = 0;
  const giveUp = new AbortController();
  const ends = AbortSignal.any([signal, giveUp.signal]);
  const fetcher = createFetcher({ corpus, config: options.config.fetch, signal: ends });
  const failed = openFailedCandidates(corpus);
  const unlisted = recordBadLines(ledger, options.sources, expanded);
  counts.failed += unlisted;
  const pool = createProbePool();
  const live = createLiveSummary(() => process.memoryUsage.rss() + pool.memoryBytes());
  const total = chosen.length + unlisted;
  const tell = (name: string) =>
    emit({ kind: 'progress', stage, total, unit: 'videos', ...live.progress(name, counts) });
  const one = async (given: Candidate) => {
    let candidate = given;
    try {
      const ready = await fetcher.ready(given);
      if (ready === 'stopped') return;
      if (ready === 'archived') {
        counts.skipped++;
        archived++;
        tell(given.key);
        return;
      }
      candidate = ready;
      const { entry, found } = await probeOne(candidate, { options, decoder: decoder.name, journal, pool });
      const refusal = judgeEntry(entry, options.config);
      counts[refusal ? 'failed' : found ? 'done' : 'skipped']++;
      if (refusal) live.failed(refusal.code);
      // A refusal is written when all are judged; what failed before in another way is over.
      if (!refusal || found) ledger.clear(ledgerPath(candidate), stage);
      failed.clear(candidate);
      if (found) recordDamage(ledger, candidate, found);
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      counts.failed++;
      live.failed(error.code);
      journal.drop(candidate);
      failed.record(given);
      ledger.record({ source: null, path: ledgerPath(given), stage, code: error.code, message: error.message });
    }
    if (!again && isTooMany(counts, options.config)) giveUp.abort();
    tell(candidate.key);
  };
  try {
    await lastValueFrom(runPool(chosen, one, { workers: Math.max(1, options.workers), signal: ends }).pipe(toArray()));
  } finally {
    pool.close();
    ledger.save();
    failed.save();
    journal.close();
  }
  const isStopped = counts.done + counts.skipped + counts.failed < total;
  const entries = journal.entries();
  const { sources, duplicates, refused } = settleSources(entries, options.config);
  recordRefusals(ledger, corpus, stage, { entries, refused });
  ledger.save();
  const digest = writeCorpus(corpus, {
    toolVersion: toolVersion(),
    config: withoutSecrets(options.config),
    decoder: { name: decoder.name, version },
    benchmarks: { ...earlier?.benchmarks, ...expanded.benchmarks },
    ...heldParts(earlier, { part: options.part, isRetry: again !== undefined, isStopped }),
    sources,
    duplicates,
  });
  journal.settle();
  if (giveUp.signal.aborted) {
    const tried = counts.done + counts.skipped + counts.failed;
    throw new PipelineError(
      'too-many-failures',
      `Given up: ${counts.failed} of ${tried} videos failed (${live.topFailures()}); see ${join(corpus, corpusFiles.failures)}.`,
      { context: { ...counts, corpus, codes: live.codes() } },
    );
  }
  assertNotArchived(options, { corpus, sources: sources.length, archived, tried: chosen.length });
  const { ignored, absent } = expanded;
  return {
    digest,
    counts: { ...counts, ignored, absent, duplicates: duplicates.length },
    failures: ledger.entries,
    stopped: isStopped,
  };
}

function isTooMany({ done, skipped, failed }: Counts, { maxFailureShare, judgedFrom }: IngestConfig): boolean {
  const tried = done + skipped + failed;
  return tried >= judgedFrom && failed > maxFailureShare * tried;
}

/**
 * Looks that sources come to something.
 *
 * @throws PipelineError `no-videos`.
 */
export function assertVideos(
  options: Pick<IngestOptions, 'sources' | 'candidates'>,
  { candidates, failures = [], ignored, absent }: ExpandedSources,
): void {
  if (options.candidates || candidates.length + failures.length > 0) return;
  const aside = `${ignored} other files were ignored, ${absent} listed videos are absent`;
  throw new PipelineError('no-videos', `There is no video in ${options.sources.join(', ')}: ${aside}.`, {
    context: { sources: options.sources, ignored, absent },
  });
}

/**
 * Looks that not all there is to fetch is named by the archive while the corpus holds none of it: that would end as if it had been done.
 *
 * @throws PipelineError `no-videos`.
 */
function assertNotArchived(
  { config, candidates, part }: IngestOptions,
  found: { readonly corpus: string; readonly sources: number; readonly archived: number; readonly tried: number },
): void {
  const { corpus, sources, archived, tried } = found;
  if (candidates || part || tried === 0 || archived < tried || sources > 0) return;
  const archive = config.fetch.archive ?? join(corpus, archiveName);
  throw new PipelineError(
    'no-videos',
    `${archive} names all ${archived} addresses as fetched, and ${corpus} holds none of them: take their lines out to fetch them again.`,
    { context: { archive, archived } },
  );
}

/** A corpus holds nothing that other settings or another decoder measured: what is not measured again now would leave it unseen. */
function assertCovered(corpus: string, journal: Journal, chosen: readonly Candidate[]): void {
  const named = new Set(chosen.map(({ path }) => path));
  const left = journal.stale().filter((path) => !named.has(path));
  if (left.length === 0) return;
  throw new ConfigError(
    `${corpus} holds ${left.length} videos that were measured with other settings or another decoder and are not among these sources; name them too, use the same settings, or another folder.`,
    { code: 'corpus-settings', context: { corpus, videos: left.slice(0, 4) } },
  );
}

/** Lines of lists that are no candidates, as failures; lines that have been mended are forgotten. Gives their number. */
function recordBadLines(ledger: Ledger, sources: readonly string[], { failures = [] }: ExpandedSources): number {
  const lists = sources.map((source) => `${resolve(source)}, `);
  for (const { path, code } of ledger.entries)
    if (code === 'bad-list-line' && lists.some((list) => path.startsWith(list))) ledger.clear(path, stage);
  for (const failure of failures) ledger.record({ source: null, stage, ...failure });
  return failures.length;
}

/** What earlier runs have said of the same corpus; null without one. */
function readEarlier(corpus: string): CorpusFile | null {
  const file = join(corpus, corpusFiles.corpus);
  return existsSync(file) ? readJsonFile<CorpusFile>(file, 1) : null;
}

/** Pictures that a folder's video is without, a line each; those that have been mended are forgotten. */
function recordDamage(ledger: Ledger, { path }: Candidate, { probed, damaged }: Probed): void {
  for (const entry of ledger.entries)
    if (entry.stage === stage && dirname(entry.path) === path) ledger.clear(entry.path, stage);
  for (const { path: picture, why } of damaged)
    ledger.record({ source: probed.id, path: picture, stage, code: 'decode-error', message: `${picture}: ${why}` });
}

/** Nothing is probed, and `found` null, if the journal has the file already, as it is now. */
async function probeOne(
  candidate: Candidate,
  {
    options,
    decoder,
    journal,
    pool,
  }: { readonly options: IngestOptions; readonly decoder: string; readonly journal: Journal; readonly pool: ProbePool },
): Promise<{ readonly entry: JournalEntry; readonly found: Probed | null }> {
  const known = journal.find(candidate);
  if (known) return { entry: known, found: null };
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
  const found = await pool.probe(request);
  const entry = journal.add(candidate, found);
  if (!entry) throw new MediaError('file-missing', `${path}: it has gone while it was read.`, { context: { path } });
  return { entry, found };
}
