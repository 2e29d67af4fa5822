import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Observable } from 'rxjs';
import {
  ConfigError,
  createJob,
  didYouMean,
  encodeNpy,
  folderKind,
  MediaError,
  openLedger,
  PipelineError,
  toolVersion,
  writeFileWhole,
  type Counts,
  type FailureEntry,
  type JobContext,
  type JobEvent,
} from '../core/index.js';
import { selectBackend, type Encoder } from '../engine/index.js';
import {
  expandSources,
  openMedia,
  openSource,
  readCorpus,
  selectDecoder,
  sourcePath,
  type Decoder,
  type DecoderSession,
} from '../ingest/index.js';
import { encodeVideo, secondsOf, type EncodedVideo } from './encode-video.js';
import { loadRun, type RunOptions } from './load-run.js';
import { createFeatureFile, type FeatureFile } from './feature-file.js';
import { writeFeatureParquet } from './feature-parquet.js';
import { describeBackend } from './train.js';

/** What `encode` takes. */
export interface EncodeOptions extends RunOptions {
  /** A video, a folder of videos, a list, a glob, `frames:DIR@FPS`, or the folder of a corpus. */
  readonly input: string;
  /** File to write: `.npy` or `.parquet`. */
  readonly out: string;
  /** Default: the encoder's first. */
  readonly layer?: string | undefined;
  /** Pictures per second; default: every one. */
  readonly fps?: number | undefined;
  /** Pictures encoded at once. */
  readonly batch?: number;
  /** Only the first so many videos. */
  readonly limit?: number | undefined;
}

/** What was encoded. */
export interface EncodeSummary {
  readonly counts: Counts & { readonly rows: number };
  readonly layer: string;
  readonly features: number;
  /** All files that were written. */
  readonly outputs: readonly string[];
  readonly failures: readonly FailureEntry[];
  /** True if it was asked to stop before the end; the files hold what was done. */
  readonly stopped: boolean;
}

/** A video that can be opened for reading; its opener closes it. */
export interface Video {
  readonly source: string | null;
  readonly path: string;
  open(): Promise<DecoderSession>;
}

interface Encoded extends EncodedVideo {
  readonly video: Video;
  /** Its first row. */
  readonly from: number;
}

const stage = 'encode';

/**
 * Features of every picture of videos, under a run's weights. `.npy`: float32 [rows, features], beside it `….times.npy` with seconds, float64
 * [rows], and `….json`, which says whose rows are which. `.parquet`: all in one table. Videos that cannot be read are skipped and written to
 * `….failures.jsonl`. Equal options give equal files on one engine; memory does not grow with the pictures' features.
 *
 * @param stop ends it after the video in hand; what was done is written.
 * @throws ConfigError for an input or layer that is not there; PipelineError `nothing-encoded` where no video can be read.
 */
export function encode(options: EncodeOptions, stop?: AbortSignal): Observable<JobEvent<EncodeSummary>> {
  return createJob((context) => run(options, context), stop);
}

async function run(options: EncodeOptions, { emit, signal }: JobContext): Promise<EncodeSummary> {
  const { out, fps = null, batch = 32, seed = 1, engine = 'auto', onBackend, file: configFile, set = [] } = options;
  const stem = outputStem(out);
  const loaded = await loadRun(options.run, seed, { file: configFile, set });
  const { decoder } = await selectDecoder(options.decoder ?? 'auto');
  const videos = (await listVideos(options.input, decoder)).slice(0, options.limit);
  const backend = await selectBackend(engine);
  onBackend?.(describeBackend(backend));
  const trainer = loaded.create();
  const ledger = openLedger(`${stem}.failures.jsonl`, () => new Date());
  const counts = { done: 0, skipped: 0, failed: 0 };
  const encoded: Encoded[] = [];
  let file: FeatureFile | null = null;
  try {
    const { encoder } = trainer;
    if (!encoder) throw new ConfigError(`${loaded.task.name} has no encoder.`);
    const layer = pickLayer(encoder, options.layer);
    const features = encoder.layers[layer]!;
    file = createFeatureFile(join(dirname(out), `.${basename(out)}.${process.pid}.tmp`), features);
    for (const video of videos) {
      if (signal.aborted) break;
      const from = file.rows;
      try {
        const times = await readVideo(video, (session) =>
          encodeVideo(session, { encoder, settings: { layer, fps, batch }, file: file! }),
        );
        encoded.push({ video, from, ...times });
        ledger.clear(video.path, stage);
        counts.done++;
      } catch (error) {
        if (!(error instanceof MediaError)) throw error;
        counts.failed++;
        ledger.record({ source: video.source, path: video.path, stage, code: error.code, message: error.message });
      }
      const done = counts.done + counts.failed;
      emit({
        kind: 'progress',
        stage,
        done,
        total: videos.length,
        unit: 'videos',
        counts: { ...counts },
        note: basename(video.path),
      });
    }
    const stopped = counts.done + counts.failed < videos.length;
    const hasFailures = ledger.entries.length > 0;
    if (hasFailures) ledger.save();
    else rmSync(`${stem}.failures.jsonl`, { force: true });
    if (encoded.length === 0) {
      throw new PipelineError(
        stopped ? 'stopped' : 'nothing-encoded',
        stopped
          ? 'Stopped before a video was encoded; nothing was written.'
          : `None of ${counts.failed} videos can be read; see ${stem}.failures.jsonl.`,
        { context: { ...counts } },
      );
    }
    const about = {
      schema: 1,
      toolVersion: toolVersion(),
      ...loaded.evaluated,
      layer,
      features,
      fps,
      decoder: { name: decoder.name, version: await decoder.version() },
    };
    const outputs = out.endsWith('.npy')
      ? writeNpy(stem, file, encoded, about)
      : await writeTable(out, file, encoded, about);
    return {
      counts: { ...counts, rows: file.rows },
      layer,
      features,
      outputs: hasFailures ? [...outputs, `${stem}.failures.jsonl`] : outputs,
      failures: ledger.entries,
      stopped,
    };
  } finally {
    file?.close();
    trainer.dispose();
  }
}

function outputStem(out: string): string {
  const stem = /^(.*[^/\\])\.(?:npy|parquet)$/s.exec(out)?.[1];
  if (stem === undefined) throw new ConfigError(`--out must end in .npy or .parquet, got ${JSON.stringify(out)}.`);
  return stem;
}

function pickLayer({ layers }: Encoder, asked: string | undefined): string {
  const names = Object.keys(layers);
  const layer = asked ?? names[0];
  if (layer !== undefined && names.includes(layer)) return layer;
  throw new ConfigError(
    `The encoder has no layer ${JSON.stringify(asked)}${didYouMean(asked ?? '', names)}. Known: ${names.join(', ')}.`,
    { context: { layer: asked, known: names } },
  );
}

/** The videos of an input, in a fixed order. */
export async function listVideos(input: string, decoder: Decoder): Promise<readonly Video[]> {
  if (folderKind(input) === 'corpus') {
    const { root, sources } = await readCorpus(input);
    return sources.map((source) => ({
      source: source.id,
      path: source.paths[0] ?? source.id,
      open: async () => openSource(sourcePath(root, source), source, { decoder }),
    }));
  }
  const { candidates } = await expandSources([input], input);
  const made = candidates.find(({ synthetic, described }) => synthetic ?? described);
  if (made)
    throw new ConfigError(`${input} is made or unpacked by ingest: ingest it, and name the corpus.`, {
      context: { input },
    });
  if (candidates.length === 0) throw new ConfigError(`${input} holds no video.`, { context: { input } });
  return candidates.map(({ path, rate }) => ({
    source: null,
    path,
    open: async () => (await openMedia(path, { decoder, rate })).session,
  }));
}

/** Opens a video, reads from it, and closes it. */
export async function readVideo<T>(video: Video, read: (session: DecoderSession) => Promise<T>): Promise<T> {
  const session = await video.open();
  try {
    return await read(session);
  } finally {
    await session.close();
  }
}

function writeNpy(stem: string, file: FeatureFile, encoded: readonly Encoded[], about: object): string[] {
  const outputs = [`${stem}.npy`, `${stem}.times.npy`, `${stem}.json`];
  const seconds = Float64Array.from(encoded.flatMap(secondsOf));
  const videos = encoded.map(({ video: { source, path }, from, pts, timeBase }) => ({
    source,
    path,
    from,
    rows: pts.length,
    timeBase,
  }));
  file.finish(outputs[0]!);
  writeFileWhole(outputs[1]!, encodeNpy({ dtype: 'float64', shape: [seconds.length], data: seconds }));
  writeFileWhole(outputs[2]!, `${JSON.stringify({ ...about, rows: file.rows, videos }, null, 2)}\n`);
  return outputs;
}

async function writeTable(
  out: string,
  file: FeatureFile,
  encoded: readonly Encoded[],
  about: object,
): Promise<string[]> {
  let at = 0;
  await writeFeatureParquet(out, file, {
    row(index) {
      while (encoded[at + 1] && index >= encoded[at + 1]!.from) at++; // rows are asked for in their order
      const { video, from, pts, timeBase } = encoded[at]!;
      const time = pts[index - from]!;
      return {
        source: video.source ?? '',
        path: video.path,
        pts: time,
        seconds: (time * timeBase[0]) / timeBase[1],
      };
    },
    metadata: { reelmine: JSON.stringify(about) },
  });
  return [out];
}
