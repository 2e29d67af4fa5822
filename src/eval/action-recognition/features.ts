import { ptsToSeconds, secondsToPts, type View, type VideoSource } from '../../core/index.js';
import { tf, type Encoder } from '../../engine/index.js';
import type { OpenVideo } from '../../ingest/index.js';
import { clipInstants } from '../sampling.js';

/** A kind of video feature: the mean over all pictures, or three pictures of the clip side by side, which alone can show motion. */
export const featureKinds = ['singleFrame', 'threeFrames'] as const;

/** One of `featureKinds`. */
export type FeatureKind = (typeof featureKinds)[number];

/** How a video becomes pictures. */
export interface ClipSettings {
  /** An odd multiple of 3. */
  readonly ticks: number;
  readonly clipSeconds: number;
}

const viewName = 'pictures';

/** The view that `readClip` reads: the encoder's picture size, filled and cut at the centre. */
export function clipViews({ width, height }: Encoder): Readonly<Record<string, View>> {
  return { [viewName]: { width, height, fit: 'cover', fps: null, channels: 3 } };
}

/** True where the video is shorter than the clip, so that its last picture is repeated. */
export function isShort({ video }: VideoSource, { clipSeconds }: ClipSettings): boolean {
  return video.durationSeconds < clipSeconds;
}

/** Pictures at the middle instants of equal segments of the clip in the middle of a video: uint8 [ticks, height, width, 3]. */
export async function readClip(video: OpenVideo, settings: ClipSettings): Promise<readonly Uint8Array[]> {
  const stream = video.source.video;
  const startSeconds = ptsToSeconds(stream.startPts, stream.timeBase);
  const durationSeconds = ptsToSeconds(stream.endPts, stream.timeBase) - startSeconds;
  const wanted = clipInstants({ startSeconds, durationSeconds, ...settings }).map((seconds) =>
    Math.min(secondsToPts(seconds, stream.timeBase), stream.endPts - 1),
  );
  const times = [...new Set(wanted)];
  const frames = await video.framesAt(times, viewName);
  return wanted.map((pts) => {
    const frame = frames[times.indexOf(pts)];
    if (!frame) throw new Error(`No frame of ${video.source.id} at ${pts}.`);
    return frame.data;
  });
}

/** The features of one video's pictures, of each kind. */
export function encodeClip(
  encoder: Encoder,
  layer: string,
  pictures: readonly Uint8Array[],
): Readonly<Record<FeatureKind, Float32Array>> {
  const { width, height } = encoder;
  const pixels = new Float32Array(pictures.length * width * height * 3);
  pictures.forEach((picture, i) => pixels.set(picture, i * width * height * 3));
  const features = tf.tidy(() => encoder.encode(tf.tensor(pixels, [pictures.length, height, width, 3]), layer));
  const data = features.dataSync() as Float32Array;
  features.dispose();
  const size = data.length / pictures.length;
  const mean = new Float32Array(size);
  for (let i = 0; i < data.length; i++) mean[i % size]! += data[i]! / pictures.length;
  const three = new Float32Array(size * 3);
  [1, 3, 5].forEach((sixth, i) => {
    const middle = Math.floor((sixth * pictures.length) / 6); // of each third of the clip
    three.set(data.subarray(middle * size, (middle + 1) * size), i * size);
  });
  return { singleFrame: mean, threeFrames: three };
}
