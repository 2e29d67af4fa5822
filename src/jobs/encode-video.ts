import { MediaError, ptsToSeconds, type Frame, type TimeBase } from '../core/index.js';
import { tf, type Encoder } from '../engine/index.js';
import type { DecoderSession } from '../ingest/index.js';
import type { FeatureFile } from './feature-file.js';

/** How pictures become features. */
export interface EncodeSettings {
  readonly layer: string;
  /** Pictures per second; null: every one. */
  readonly fps: number | null;
  /** Pictures encoded at once. */
  readonly batch: number;
}

/** Times of a video's rows. */
export interface EncodedVideo {
  readonly pts: readonly number[];
  readonly timeBase: TimeBase;
}

/** Of the frames that the header promises; a video that gives fewer is damaged, as `ingest` has it. */
const minDecodableShare = 0.5;

/**
 * Appends a row of features for every picture of a video, a few pictures at a time. Where the video breaks off, or gives fewer than half of
 * the frames that it promises, its rows are taken back.
 *
 * @throws MediaError with the ledger's code.
 */
export async function encodeVideo(
  session: DecoderSession,
  {
    encoder,
    settings,
    file,
  }: { readonly encoder: Encoder; readonly settings: EncodeSettings; readonly file: FeatureFile },
): Promise<EncodedVideo> {
  const { width, height } = encoder;
  const view = { width, height, fit: 'cover', fps: settings.fps, channels: 3 } as const;
  const before = file.rows;
  const pts: number[] = [];
  const held: Frame[] = [];
  const flush = () => {
    if (held.length > 0) file.append(encodeFrames(held, encoder, settings.layer));
    held.length = 0;
  };
  try {
    for await (const frame of session.frames({ span: null, view })) {
      held.push(frame);
      pts.push(frame.pts);
      if (held.length === settings.batch) flush();
    }
    flush();
    const promised = session.media.video.frames;
    const { framesDecoded } = session.stats();
    if (framesDecoded < promised * minDecodableShare) {
      throw new MediaError('truncated', `${framesDecoded} of ${promised} promised frames can be decoded.`);
    }
  } catch (error) {
    file.truncate(before);
    throw error;
  }
  return { pts, timeBase: session.media.video.timeBase };
}

/** The times of a video's rows in seconds, on the source's own clock. */
export function secondsOf({ pts, timeBase }: EncodedVideo): number[] {
  return pts.map((time) => ptsToSeconds(time, timeBase));
}

/** float32 [frames, features]. */
function encodeFrames(frames: readonly Frame[], encoder: Encoder, layer: string): Float32Array {
  const { width, height } = encoder;
  const size = width * height * 3;
  const pixels = new Float32Array(frames.length * size);
  frames.forEach(({ data }, i) => pixels.set(data, i * size));
  const features = tf.tidy(() => encoder.encode(tf.tensor(pixels, [frames.length, height, width, 3]), layer));
  const values = features.dataSync() as Float32Array;
  features.dispose();
  return values;
}
