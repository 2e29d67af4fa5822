import { join } from 'node:path';
import {
  checkConfig,
  ConfigError,
  folderKind,
  MediaError,
  readJsonFile,
  StoreError,
  type VideoSource,
} from '../core/index.js';
import {
  corpusFiles,
  hashSource,
  ingestConfig,
  readCorpus,
  readJournal,
  sourcePath,
  settleSources,
  writeCorpus,
  type Corpus,
  type CorpusFile,
} from '../ingest/index.js';
import { repairDataset, verifyDataset, type RepairReport } from '../store/index.js';
import { findStage } from './dataset-stage.js';

/** What `verify` found. */
export interface FolderCheck {
  /** Of the folder as it is now. */
  readonly digest: string | null;
  /** Records that were read: samples of a dataset, sources of a corpus. */
  readonly records: number;
  /** One sentence per damage that was found, naming the record. */
  readonly problems: readonly string[];
  /** Units that mining again would fill. */
  readonly incomplete: readonly string[];
  /** What `repair` did; null where nothing was asked for or to be done. */
  readonly repair: {
    /** One sentence per step, and per unit that could not be kept whole. */
    readonly done: readonly string[];
    /** Damage that is still there. */
    readonly left: readonly string[];
  } | null;
}

/**
 * Reads every record of a corpus or dataset and checks it against its checksum. With `repair` it rebuilds what can be: `repairDataset` says how; a
 * corpus's manifest from its journal.
 */
export async function verify(
  dir: string,
  { repair = false }: { readonly repair?: boolean } = {},
): Promise<FolderCheck> {
  const kind = folderKind(dir);
  if (kind === 'dataset') return repair ? repairAndVerify(dir) : { ...(await checkDataset(dir)), repair: null };
  if (kind !== 'corpus') throw new ConfigError(`${dir} is neither a corpus nor a dataset.`, { context: { dir } });
  return checkCorpus(dir, repair);
}

async function checkDataset(dir: string): Promise<Omit<FolderCheck, 'repair'>> {
  const { digest, samples, problems, incomplete } = await verifyDataset(dir);
  return { digest, records: samples, problems, incomplete };
}

async function repairAndVerify(dir: string): Promise<FolderCheck> {
  const report = await repairDataset(dir, await findStage([dir]));
  const { problems } = report.found;
  const done = describeRepair(report);
  if (done.length === 0) return { ...(await checkDataset(dir)), problems, repair: null };
  const after = await checkDataset(dir);
  return { ...after, problems, repair: { done, left: after.problems } };
}

function describeRepair({ found, lost, aside, summary }: RepairReport): string[] {
  if (found.problems.length === 0 && !summary) return [];
  return [
    ...lost.map(({ unit, kept, of }) =>
      of === null
        ? `unit ${unit} is dropped: its record is lost, so that nothing of it can be checked`
        : `unit ${unit} keeps ${kept} of its ${of} samples`,
    ),
    ...(lost.length > 0 ? ['run mine again: it fills what was lost'] : []),
    ...aside.map((name) => `the damaged file is kept as ${name}; delete it when it is not wanted any more`),
    summary ? `ordinals, checksums, stats and digest are made again` : 'shards are sound; run mine again to finish',
  ];
}

async function checkCorpus(dir: string, repair: boolean): Promise<FolderCheck> {
  const found: string[] = [];
  let corpus: Corpus;
  try {
    corpus = await readCorpus(dir);
  } catch (error) {
    if (!repair || !(error instanceof StoreError) || error.code !== 'corrupt') throw error;
    found.push(error.message);
    rebuildManifest(dir);
    corpus = await readCorpus(dir);
  }
  const left: string[] = [];
  for (const source of corpus.sources) {
    const problem = await checkSource(corpus.root, source);
    if (problem !== null) left.push(problem);
  }
  return {
    digest: corpus.digest,
    records: corpus.sources.length,
    problems: [...found, ...left],
    incomplete: [],
    repair: found.length > 0 ? { done: [`the manifest is rebuilt from ${corpusFiles.journal}`], left } : null,
  };
}

/** From the journal, which has every probe; `corpus.json` must be readable. */
function rebuildManifest(dir: string): void {
  const head = readJsonFile<CorpusFile>(join(dir, corpusFiles.corpus), 1);
  const journal = attemptJournal(dir);
  if (!journal) {
    throw new StoreError(
      'corrupt',
      `${dir} has no journal to rebuild its manifest from: run its ingest command again.`,
      {
        context: { dir },
      },
    );
  }
  const { sources, duplicates } = settleSources(journal.entries, checkConfig(ingestConfig, head.config).config);
  writeCorpus(dir, { ...head, sources, duplicates });
}

function attemptJournal(dir: string): ReturnType<typeof readJournal> {
  try {
    return readJournal(dir);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function checkSource(root: string, source: VideoSource): Promise<string | null> {
  try {
    const path = sourcePath(root, source);
    return (await hashSource(path)) === source.sha256 ? null : `${source.id}: ${path} is no longer what was ingested`;
  } catch (error) {
    if (error instanceof MediaError) return `${source.id}: ${error.message}`;
    throw error;
  }
}
