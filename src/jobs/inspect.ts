import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parse } from 'yaml';
import { rmsEnvelope } from '../audio/index.js';
import {
  ConfigError,
  folderKind,
  ptsToSeconds,
  readJsonFile,
  readJsonLines,
  secondsToPts,
  type VideoSource,
} from '../core/index.js';
import { openVideo, readCorpus, selectDecoder, type Corpus } from '../ingest/index.js';
import {
  encodePictures,
  type CorpusReport,
  type DatasetReport,
  type Fact,
  type ReportData,
  type RunReport,
  type SourcePreview,
} from '../report/index.js';
import { openDataset } from '../store/index.js';
import { corpusOf, datasetFacts, reportDataset, spread } from './inspect-dataset.js';
import { holdsPredictions, predictionFolders, readPredictions } from './report-predictions.js';
import { readResult, resultFiles, runNamer, runOf, tellApart } from './report-result.js';
import { openThumbnails } from './report-thumbnails.js';
import { leakageFile, type LeakageReport } from './leakage.js';

const previewView = { width: 192, height: 192, fit: 'contain', fps: null, channels: 3 } as const;

/** What a folder holds, in words and numbers. */
export interface Inspection {
  readonly kind: 'corpus' | 'dataset' | 'run' | 'result';
  readonly digest: string | null;
  readonly records: number;
  readonly facts: readonly Fact[];
}

/**
 * What a corpus, dataset, run or result folder holds.
 *
 * @throws ConfigError if it is none of these.
 */
export async function inspect(dir: string): Promise<Inspection> {
  const kind = kindOf(dir);
  if (kind === 'corpus') {
    const corpus = await readCorpus(dir);
    return { kind, digest: corpus.digest, records: corpus.sources.length, facts: corpusFacts(corpus) };
  }
  if (kind === 'dataset') {
    const dataset = await openDataset(dir);
    const inspection = {
      kind,
      digest: dataset.digest,
      records: dataset.size,
      facts: datasetFacts(dataset),
    } as const;
    await dataset.close();
    return inspection;
  }
  if (kind === 'run') {
    const run = readRun(dir);
    return { kind, digest: null, records: run.rows.length, facts: run.facts };
  }
  const result = await readResult(join(dir, 'result.json'));
  return { kind, digest: null, records: result.metrics.length, facts: result.facts };
}

/** How a page's contents are collected. */
export interface CollectOptions {
  readonly title?: string;
  /** Corpus that the datasets were mined from; default: one near each dataset that has its digest, where there is one. */
  readonly corpus?: string | undefined;
  /** Samples drawn of each dataset. */
  readonly samples?: number;
}

/**
 * Everything that a page about these folders shows: corpora, datasets, runs with the results below them, results, and what `predict` drew.
 *
 * @throws ConfigError for a folder that is none of these.
 */
export async function collectReport(
  dirs: readonly string[],
  { title, corpus: mined, samples }: CollectOptions = {},
): Promise<ReportData> {
  const drawn = dirs.filter((dir) => folderKind(dir) === null && holdsPredictions(dir));
  const kinds = dirs.filter((dir) => !drawn.includes(dir)).map((dir) => ({ dir, kind: kindOf(dir) }));
  const of = (kind: Inspection['kind']) => kinds.filter((entry) => entry.kind === kind).map(({ dir }) => dir);
  const [corpusDir] = of('corpus');
  const corpus = corpusDir === undefined ? null : await readCorpus(corpusDir);
  const datasets: DatasetReport[] = [];
  for (const dir of of('dataset')) {
    const own = await corpusOf(dir, mined);
    datasets.push(await reportDataset(dir, { corpus: own, ...(samples === undefined ? {} : { samples }) }));
  }
  const runs = of('run');
  const files = [...runs.flatMap(resultFiles), ...of('result').map((dir) => join(dir, 'result.json'))];
  const nameRun = runNamer([...runs, ...files.flatMap((file) => runOf(file) ?? [])]);
  const thumbnails = await openThumbnails([...of('corpus'), ...files.flatMap(corporaNear)]);
  const results: Awaited<ReturnType<typeof readResult>>[] = [];
  for (const file of files) results.push(await readResult(file, { thumbnails, nameRun }));
  const folders = [...drawn, ...[...runs, ...files.map((file) => dirname(file))].flatMap(predictionFolders)];
  const predictions: Awaited<ReturnType<typeof readPredictions>>[] = [];
  for (const dir of new Set(folders)) predictions.push(await readPredictions(dir));
  return {
    title: title ?? `Report on ${dirs.map((dir) => basename(dir)).join(', ')}`,
    ...(corpus ? { corpus: await reportCorpus(corpus) } : {}),
    datasets,
    runs: runs.map((dir) => ({ ...readRun(dir), name: nameRun(dir) })),
    results: tellApart(results, files),
    predictions,
  };
}

/** Corpora that an evaluation ingested beside its result, or beside those of single splits. */
function corporaNear(file: string): readonly string[] {
  const folder = dirname(file);
  return [join(folder, 'corpus'), join(dirname(folder), 'corpus')].filter((dir) => folderKind(dir) === 'corpus');
}

function kindOf(dir: string): Inspection['kind'] {
  const kind = folderKind(dir);
  if (kind === null) {
    throw new ConfigError(`${dir} is neither a corpus, a dataset, a run nor a result.`, {
      code: 'unknown-folder',
      context: { dir },
    });
  }
  return kind;
}

function corpusFacts({ sources, failures, digest }: Corpus): readonly Fact[] {
  const seconds = sources.reduce((sum, { video }) => sum + video.durationSeconds, 0);
  const benchmarks = [...new Set(sources.flatMap((source) => Object.keys(source.benchmarks)))];
  return [
    { label: 'videos', value: sources.length },
    { label: 'minutes', value: Number((seconds / 60).toFixed(2)) },
    { label: 'shots', value: sources.reduce((sum, { shots }) => sum + shots.length, 0) },
    { label: 'with sound', value: sources.filter(({ audio }) => audio).length },
    { label: 'failures', value: failures.length },
    ...benchmarks.map((name) => ({
      label: `of ${name}`,
      value: sources.filter((source) => name in source.benchmarks).length,
    })),
    { label: 'digest', value: digest },
  ];
}

async function reportCorpus(corpus: Corpus): Promise<CorpusReport> {
  const leakage = join(corpus.root, leakageFile);
  const { decoder } = await selectDecoder('auto');
  const previews: SourcePreview[] = [];
  for (const source of spread(corpus.sources, 24)) {
    const video = await openVideo(source, { corpusRoot: corpus.root, decoder, views: { preview: previewView } });
    try {
      const middles = source.shots.slice(0, 4).map(({ startPts, endPts }) => Math.floor((startPts + endPts) / 2));
      const frames = await video.framesAt(middles, 'preview');
      const { timeBase } = source.video;
      const caption = (pts: number) => `${ptsToSeconds(pts, timeBase).toFixed(1)} s`;
      const pictures = await encodePictures(frames.map((frame) => ({ ...frame, caption: caption(frame.pts) })));
      const envelope = await soundEnvelope(source, video);
      previews.push({ source: source.id, pictures, ...(envelope ? { envelope } : {}) });
    } finally {
      await video.close();
    }
  }
  return {
    digest: corpus.digest,
    sources: corpus.sources,
    failures: corpus.failures,
    duplicates: corpus.duplicates ?? [],
    ...(existsSync(leakage) ? { leakage: readJsonFile<LeakageReport>(leakage, 1) } : {}),
    counts: {},
    previews,
  };
}

async function soundEnvelope(
  source: VideoSource,
  video: Awaited<ReturnType<typeof openVideo>>,
): Promise<readonly number[] | null> {
  const { startPts, endPts, timeBase } = source.video;
  const first60 = Math.min(endPts, startPts + secondsToPts(60, timeBase));
  const clip = await video.audio({ startPts, endPts: first60 }, 8000);
  if (!clip || clip.data.length === 0) return null;
  const { rms } = rmsEnvelope(clip.data, clip.sampleRateHz, clip.data.length / clip.sampleRateHz / 120);
  return [...rms].map((value) => Math.min(1, value));
}

function readRun(dir: string): RunReport {
  const config = parse(readFileSync(join(dir, 'config.yaml'), 'utf8')) as { readonly task: string };
  const summaryFile = join(dir, 'summary.json');
  const summary = existsSync(summaryFile)
    ? readJsonFile<{ schema: number } & Record<string, unknown>>(summaryFile, 1)
    : {};
  const facts = Object.entries(summary).flatMap(([label, value]) =>
    label !== 'schema' && (typeof value === 'number' || typeof value === 'string') ? [{ label, value }] : [],
  );
  return { name: basename(dir), task: config.task, facts, rows: readJsonLines(join(dir, 'metrics.jsonl')) };
}
