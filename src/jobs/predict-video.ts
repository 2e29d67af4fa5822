import { ConfigError, MediaError, type Frame, type Random } from '../core/index.js';
import { tf, type Predictor } from '../engine/index.js';
import { forecast, frameAt, meanSquaredError, psnrOfError } from '../eval/index.js';
import type { DecoderSession } from '../ingest/index.js';
import type { FuturePanels } from './future-panels.js';

/** How a video's future is asked for. */
export interface PredictSettings {
  /** Frames that are seen; at least 1. */
  readonly observe: number;
  readonly steps: number;
  readonly samples: number;
  /** Frames a second that are taken of the video; null: every one. */
  readonly fps: number | null;
  /** Where to start, seconds from the first frame. */
  readonly startSeconds: number;
  readonly random: Random;
}

/** A predicted video, and how near each future is to what came. */
export interface PredictedVideo {
  readonly panels: FuturePanels;
  /** Presentation times of the frames that were read. */
  readonly pts: readonly number[];
  /** Frames a second at which to show it. */
  readonly framesPerSecond: number;
  /** Mean over the frames that the video has of each future, dB; empty where it ends with the last frame seen. */
  readonly psnr: readonly number[];
}

/**
 * Shows a predictor the frames of a video from a time on, scaled and cut to its size, and asks it for futures.
 *
 * @throws MediaError `too-short` if the video has fewer frames from there on than are to be seen, and the decoder's.
 */
export async function predictVideo(
  session: DecoderSession,
  predictor: Predictor,
  settings: PredictSettings,
): Promise<PredictedVideo> {
  const { observe, steps, samples, random } = settings;
  const { width, height, channels } = predictor;
  const frames = await readFrames(session, predictor, settings);
  if (frames.length < observe) throw tooShort(frames.length, settings);
  const values = width * height * channels;
  const truth = new Float32Array(frames.length * values);
  frames.forEach(({ data }, t) => data.forEach((level, i) => (truth[t * values + i] = level / 255)));
  const seeds = Array.from({ length: predictor.isStochastic ? samples : 1 }, (_, i) => random.fork('sample', i));
  const clips = tf.tensor(truth, [1, frames.length, height, width, channels]);
  try {
    const futures = [...forecast(predictor, clips, { observe, steps, seeds })];
    const known = frames.length - observe;
    const psnr = futures.map((future) => {
      let sum = 0;
      for (let t = 0; t < known; t++)
        sum += psnrOfError(meanSquaredError(frameAt(truth, observe + t, predictor), frameAt(future, t, predictor)));
      return sum / known;
    });
    return {
      panels: { width, height, channels, observed: observe, truth, futures, steps },
      pts: frames.map(({ pts }) => pts),
      framesPerSecond: settings.fps ?? rateOf(session, frames),
      psnr: known > 0 ? psnr : [],
    };
  } finally {
    clips.dispose();
  }
}

async function readFrames(
  session: DecoderSession,
  { width, height, channels }: Predictor,
  { observe, steps, fps, startSeconds }: PredictSettings,
): Promise<Frame[]> {
  const view = { width, height, fit: 'cover', fps, channels } as const;
  const [numerator, denominator] = session.media.video.timeBase;
  const frames: Frame[] = [];
  let startPts: number | null = null;
  for await (const frame of session.frames({ span: null, view })) {
    startPts ??= frame.pts + (startSeconds * denominator) / numerator;
    if (frame.pts < startPts) continue;
    frames.push(frame);
    if (frames.length === observe + steps) break;
  }
  return frames;
}

function tooShort(found: number, { observe, fps, startSeconds }: PredictSettings): MediaError {
  const rate = fps === null ? '' : ` at ${fps} a second`;
  const from = startSeconds === 0 ? '' : ` from ${startSeconds} s on`;
  const remedy = fps === null ? '' : '; a higher rate takes more of them';
  return new MediaError(
    'too-short',
    `It has ${found} frames${rate}${from}, and the model must see ${observe} before it predicts${remedy}.`,
    { context: { found, observe } },
  );
}

/** Frames a second of what was read; the video's own where times do not tell. */
function rateOf(session: DecoderSession, frames: readonly Frame[]): number {
  const { timeBase, averageRate } = session.media.video;
  const ticks = frames.at(-1)!.pts - frames[0]!.pts;
  if (frames.length < 2 || ticks <= 0) return averageRate > 0 ? averageRate : 10;
  return ((frames.length - 1) * timeBase[1]) / (ticks * timeBase[0]);
}

/**
 * What is left open filled in by the predictor.
 *
 * @throws ConfigError for fewer than one frame to see or to predict.
 */
export function fillSettings(
  predictor: Predictor,
  asked: { readonly [K in Exclude<keyof PredictSettings, 'random'>]?: PredictSettings[K] | undefined },
): Omit<PredictSettings, 'random'> {
  const settings = {
    observe: asked.observe ?? predictor.observes,
    steps: asked.steps ?? predictor.predicts,
    samples: asked.samples ?? 4,
    fps: asked.fps ?? null,
    startSeconds: asked.startSeconds ?? 0,
  };
  for (const name of ['observe', 'steps', 'samples'] as const) {
    if (!Number.isInteger(settings[name]) || settings[name] < 1)
      throw new ConfigError(`${name} must be a whole number from 1, got ${settings[name]}.`);
  }
  return settings;
}
