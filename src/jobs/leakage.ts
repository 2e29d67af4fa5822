import { rmSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import {
  ConfigError,
  runJob,
  sha256,
  writeFileWhole,
  type ProgressEvent,
  type VideoSource,
  type WarningEvent,
} from '../core/index.js';
import {
  expandSources,
  ingest,
  readCorpus,
  searchDuplicates,
  type Candidate,
  type IngestConfig,
} from '../ingest/index.js';

/** A source of a corpus that shows what a named test clip shows. */
export interface LeakedSource {
  readonly source: string;
  readonly path: string;
  /** The test clip: its key in the official list, or its path. */
  readonly clip: string;
  readonly kind: 'exact' | 'near';
  /** Mean bits of 64 by which pictures differ at the same moments; 0 for an exact copy. */
  readonly distance: number;
  readonly mirrored: boolean;
  /** Seconds that both show. */
  readonly overlapSeconds: number;
}

/** Which sources of a corpus overlap a test list; `leakage.json` in the corpus's folder. */
export interface LeakageReport {
  readonly schema: 1;
  /** As given: `ucf101:DIR`, a folder, …. */
  readonly against: string;
  readonly split: number | null;
  /** Clips of the list that were read, and clips and lines that could not be. */
  readonly clips: number;
  readonly unreadable: number;
  readonly sources: number;
  /** By source, then clip. */
  readonly overlaps: readonly LeakedSource[];
}

/** A test list that is there. */
export interface TestList {
  readonly against: string;
  readonly split: number | null;
  /** Where its clips are ingested, below the corpus. */
  readonly place: string;
  readonly clips: readonly Candidate[];
  /** Lines that name no clip. */
  readonly badLines: number;
  readonly warnings: readonly string[];
}

/** What a leakage report is made of. */
export interface LeakageOptions {
  readonly corpus: string;
  readonly list: TestList;
  readonly config: IngestConfig;
  readonly decoder: string;
  readonly workers: number;
}

/** The report's file in a corpus. */
export const leakageFile = 'leakage.json';

/**
 * Looks up what a corpus is to be compared with, before anything long starts.
 *
 * @param against a source, such as `ucf101:DIR`.
 * @param split only what this official split tests on; default: everything that `against` names.
 * @throws ConfigError `no-such-split` if the list has no clip that the split tests on.
 */
export async function openTestList(corpus: string, against: string, split: number | undefined): Promise<TestList> {
  const place = join(resolve(corpus), 'against', sha256(`${against}\0${split ?? ''}`).slice(0, 12));
  const { candidates, failures = [], warnings } = await expandSources([against], place);
  const clips = candidates.filter(({ benchmarks }) => split === undefined || isTested(benchmarks, split));
  if (clips.length === 0)
    throw new ConfigError(
      split === undefined ? `${against} names no video.` : `No clip of ${against} is tested on in split ${split}.`,
      { code: 'no-such-split', context: { against, split } },
    );
  return { against, split: split ?? null, place, clips, badLines: failures.length, warnings };
}

/**
 * Compares every source of a corpus with a test list, exact copies and near ones alike, and writes the report. The list's clips are ingested
 * once, into `against/` in the corpus.
 *
 * @returns null, and nothing is written, if it was asked to stop before all clips were read.
 */
export async function reportLeakage(
  { corpus, list, config, decoder, workers }: LeakageOptions,
  onEvent: (event: ProgressEvent | WarningEvent) => void,
  stop?: AbortSignal,
): Promise<LeakageReport | null> {
  const { against, split, place, badLines } = list;
  const result = await runJob(
    ingest(
      {
        sources: [against],
        candidates: list.clips,
        corpus: place,
        config: {
          ...config,
          cleaning: { ...config.cleaning, scoreOnly: true },
          duplicates: { ...config.duplicates, near: 'off' },
          maxFailureShare: 1,
        },
        decoder,
        workers,
        seed: 1,
        now: () => new Date(),
      },
      stop,
    ),
    onEvent,
  );
  if (result.stopped) return null;
  // What an earlier list of that name had besides is there, too.
  const named = new Set(list.clips.map(({ path }) => path));
  const isNamed = (path: string) => named.has(isAbsolute(path) ? path : join(place, path));
  const clips = (await readCorpus(place)).sources.filter(({ paths }) => paths.some(isNamed));
  const { sources } = await readCorpus(corpus);
  const report: LeakageReport = {
    schema: 1,
    against,
    split,
    clips: clips.length,
    unreadable: result.counts.failed + badLines,
    sources: sources.length,
    overlaps: overlapsOf(sources, clips, config),
  };
  writeFileWhole(join(resolve(corpus), leakageFile), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

/** Forgets an earlier report: the corpus has changed. */
export function dropLeakage(corpus: string): void {
  rmSync(join(resolve(corpus), leakageFile), { force: true });
}

/** Exact copies by id, near ones by their fingerprints. */
export function overlapsOf(
  sources: readonly VideoSource[],
  clips: readonly VideoSource[],
  { duplicates }: Pick<IngestConfig, 'duplicates'>,
): readonly LeakedSource[] {
  const nameOf = (clip: VideoSource) => keysOf(clip)[0] ?? clip.paths[0]!;
  const entry = (source: VideoSource, clip: VideoSource) => ({
    source: source.id,
    path: source.paths[0]!,
    clip: nameOf(clip),
  });
  const byId = new Map(clips.map((clip) => [clip.id, clip]));
  const exact = sources.flatMap((source): LeakedSource[] => {
    const clip = byId.get(source.id);
    if (!clip) return [];
    const overlapSeconds = source.video.durationSeconds;
    return [{ ...entry(source, clip), kind: 'exact', distance: 0, mirrored: false, overlapSeconds }];
  });
  const near = searchDuplicates(sources, duplicates, clips).pairs.flatMap((pair): LeakedSource[] => {
    const [source, clip] = [sources[pair.a]!, clips[pair.b]!];
    if (source.id === clip.id) return [];
    const { distance, mirrored, overlapSeconds } = pair;
    return [
      { ...entry(source, clip), kind: 'near', distance: Math.round(distance * 100) / 100, mirrored, overlapSeconds },
    ];
  });
  return [...exact, ...near].sort((a, b) =>
    a.source === b.source ? (a.clip < b.clip ? -1 : 1) : a.source < b.source ? -1 : 1,
  );
}

function isTested(benchmarks: VideoSource['benchmarks'], split: number): boolean {
  return Object.values(benchmarks)
    .flat()
    .some(({ roles }) => roles[split - 1] === 'test');
}

function keysOf({ benchmarks }: Pick<VideoSource, 'benchmarks'>): readonly string[] {
  return Object.values(benchmarks)
    .flat()
    .map(({ key }) => key);
}
