import { basename, extname, join } from 'node:path';
import type { Observable } from 'rxjs';
import {
  ConfigError,
  createJob,
  createRandom,
  MediaError,
  PipelineError,
  toolVersion,
  writeFileWhole,
  type Counts,
  type FailureCode,
  type JobContext,
  type JobEvent,
} from '../core/index.js';
import { selectBackend } from '../engine/index.js';
import { encodeVideo, selectDecoder, type Decoder } from '../ingest/index.js';
import { encodeGif } from '../vision/index.js';
import { listVideos, readVideo, type Video } from './encode.js';
import { loadRun, type RunOptions } from './load-run.js';
import { drawFutures } from './future-panels.js';
import {
  drawVideo,
  fillDrawSettings,
  pictureDrawer,
  type DrawnVideo,
  type DrawSettings,
  type PictureDrawer,
} from './predict-pictures.js';
import { fillSettings, predictVideo, type PredictedVideo, type PredictSettings } from './predict-video.js';
import { describeBackend } from './train.js';

/** What `predict` takes. */
export interface PredictOptions extends RunOptions {
  /** Videos, folders of videos, lists, globs, `frames:DIR@FPS`, or folders of corpora. */
  readonly input: readonly string[];
  /** A folder, which gets an MP4 and a GIF of each video; or `FILE.mp4` or `FILE.gif` for one video. */
  readonly out: string;
  /** Frames that are seen; default: as many as the model was trained to see. */
  readonly observe?: number | undefined;
  /** Frames that are predicted; default: as many as it was trained to predict. */
  readonly steps?: number | undefined;
  /** Futures side by side, of a model that can draw several. */
  readonly samples?: number | undefined;
  /** Frames a second that are taken of the video; default: every one. */
  readonly fps?: number | undefined;
  /** Where to start, seconds from the first frame. */
  readonly startSeconds?: number | undefined;
  /** Only the first so many videos. */
  readonly limit?: number | undefined;
}

/** What was predicted of one video. */
export interface PredictedFile extends Pick<PredictedVideo, 'pts' | 'framesPerSecond' | 'psnr'> {
  readonly path: string;
  readonly outputs: readonly string[];
}

/** What was predicted. */
export interface PredictSummary {
  readonly counts: Counts;
  readonly settings: Omit<PredictSettings, 'random'> | DrawSettings;
  readonly videos: readonly PredictedFile[];
  readonly failures: readonly { readonly path: string; readonly code: FailureCode; readonly message: string }[];
  /** All files that were written. */
  readonly outputs: readonly string[];
}

const stage = 'predict';

/**
 * Futures of videos as a model sees them, beside what came, or what a model of single pictures draws of each: MP4 and GIF files, and `predictions.json` with times and PSNR where `out` is a
 * folder. Videos that cannot be read or are too short are skipped and named. Equal options give equal files on one engine.
 *
 * @param stop ends it after the video in hand.
 * @throws ConfigError for an input or output that cannot be; PipelineError `nothing-predicted` where no video can be used.
 */
export function predict(options: PredictOptions, stop?: AbortSignal): Observable<JobEvent<PredictSummary>> {
  return createJob((context) => run(options, context), stop);
}

async function run(options: PredictOptions, { emit, signal }: JobContext): Promise<PredictSummary> {
  const { out, seed = 1, engine = 'auto', onBackend, file, set = [] } = options;
  const loaded = await loadRun(options.run, seed, { file, set });
  const { decoder } = await selectDecoder(options.decoder ?? 'auto');
  const videos = await listAll(options.input, decoder, options.limit);
  const single = ['.mp4', '.gif'].includes(extname(out));
  if (single && videos.length > 1)
    throw new ConfigError(`${videos.length} videos do not fit into ${out}: name a folder with --out.`, {
      context: { out, videos: videos.length },
    });
  const backend = await selectBackend(engine);
  onBackend?.(describeBackend(backend));
  const trainer = loaded.create();
  try {
    const { predictor } = trainer;
    const drawer = predictor ? null : pictureDrawer(trainer);
    if (!predictor && !drawer)
      throw new ConfigError(`${loaded.task.name} predicts no frames: ${options.run} is no predictor.`);
    const settings = predictor ? fillSettings(predictor, options) : fillDrawSettings(options);
    const foretell = async (video: Video, n: number) => {
      if (drawer) return readDrawn(video, drawer, settings);
      const random = createRandom(seed).fork('predict', n);
      return readVideo(video, (session) =>
        predictVideo(session, predictor!, { ...(settings as Omit<PredictSettings, 'random'>), random }),
      );
    };
    const done: PredictedFile[] = [];
    const failures: { path: string; code: FailureCode; message: string }[] = [];
    for (const [n, video] of videos.entries()) {
      if (signal.aborted) break;
      try {
        const predicted = await foretell(video, n);
        const stems = single ? [out] : ['mp4', 'gif'].map((kind) => join(out, `${nameOf(video, n, videos)}.${kind}`));
        for (const path of stems) await writeAnimation(path, predicted);
        const { pts, framesPerSecond, psnr } = predicted;
        const outputs = [...stems, ...(await writeOthers(stems, predicted))];
        done.push({ path: video.path, outputs, pts, framesPerSecond, psnr });
      } catch (error) {
        if (!(error instanceof MediaError)) throw error;
        failures.push({ path: video.path, code: error.code, message: error.message });
      }
      const note = basename(video.path);
      emit({ kind: 'progress', stage, done: n + 1, total: videos.length, unit: 'videos', note });
    }
    if (done.length === 0) throw nothing(failures, signal.aborted);
    const outputs = done.flatMap((each) => each.outputs);
    const counts = { done: done.length, skipped: 0, failed: failures.length };
    if (single) return { counts, settings, videos: done, failures, outputs };
    const about = {
      schema: 1,
      toolVersion: toolVersion(),
      ...loaded.evaluated,
      ...settings,
      seed,
      videos: done,
      failures,
    };
    const index = join(out, 'predictions.json');
    writeFileWhole(index, `${JSON.stringify(about, null, 2)}\n`);
    return { counts, settings, videos: done, failures, outputs: [...outputs, index] };
  } finally {
    trainer.dispose();
  }
}

async function listAll(inputs: readonly string[], decoder: Decoder, limit: number | undefined): Promise<Video[]> {
  const videos: Video[] = [];
  for (const input of inputs) videos.push(...(await listVideos(input, decoder)));
  return videos.slice(0, limit);
}

/** The file's name; with its place in the list where another video is called the same. */
function nameOf(video: Video, place: number, all: readonly Video[]): string {
  const plain = ({ path }: Video) => basename(path, extname(path));
  const isAlone = all.filter((other) => plain(other) === plain(video)).length === 1;
  return isAlone ? plain(video) : `${plain(video)}-${place + 1}`;
}

async function readDrawn(video: Video, drawer: PictureDrawer, settings: DrawSettings): Promise<DrawnPrediction> {
  return { ...(await readVideo(video, (session) => drawVideo(session, drawer, settings))), psnr: [] };
}

/** Pictures drawn anew, of which there is no truth to compare with. */
type DrawnPrediction = DrawnVideo & Pick<PredictedVideo, 'psnr'>;

async function writeAnimation(path: string, predicted: PredictedVideo | DrawnPrediction): Promise<void> {
  const { framesPerSecond } = predicted;
  const { frames, width, height } = 'panels' in predicted ? drawFutures(predicted.panels) : predicted;
  if (path.endsWith('.gif')) {
    writeFileWhole(path, await encodeGif(frames, width, height, { delayMs: 1000 / framesPerSecond }));
    return;
  }
  const fps = [Math.round(framesPerSecond * 1000), 1000] as const;
  await encodeVideo(path, { frames, width, height, fps, quality: 12, fastStart: true });
}

/** What was drawn in other ways too, each in files of its own. */
async function writeOthers(stems: readonly string[], predicted: PredictedVideo | DrawnPrediction): Promise<string[]> {
  if ('panels' in predicted) return [];
  const written: string[] = [];
  for (const [name, other] of Object.entries(predicted.also ?? {})) {
    for (const stem of stems) {
      const path = `${stem.slice(0, -extname(stem).length)}-${name}${extname(stem)}`;
      await writeAnimation(path, { ...predicted, ...other });
      written.push(path);
    }
  }
  return written;
}

function nothing(
  failures: readonly { readonly path: string; readonly code: string; readonly message: string }[],
  isStopped: boolean,
): PipelineError {
  const [first] = failures;
  if (!first) return new PipelineError('stopped', 'Stopped before a video was predicted; nothing was written.');
  const others = failures.length > 1 ? ` None of the other ${failures.length - 1} can be used either.` : '';
  return new PipelineError(isStopped ? 'stopped' : 'nothing-predicted', `${first.path}: ${first.message}${others}`, {
    context: { failures: failures.length, code: first.code },
  });
}
