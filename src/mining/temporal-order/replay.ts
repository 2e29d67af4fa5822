import type { EncodedImage, Shot, View } from '../../core/index.js';
import type { OpenVideo } from '../../ingest/index.js';
import { encodeImage } from '../../vision/index.js';
import { thumbnailSize } from './checks.js';
import type { TemporalOrderConfig } from './config.js';
import type { ShotMotion } from './motion.js';
import type { Candidate } from './record.js';

/** The pictures that samples are made from: for flow, for comparisons, and as stored. */
export function temporalOrderViews(config: TemporalOrderConfig) {
  const { flowWidth, flowHeight, imageWidth, imageHeight, cropBars } = config;
  const all = { fps: null, readOnce: true, withoutBars: cropBars } as const;
  return {
    flow: { width: flowWidth, height: flowHeight, fit: 'contain', channels: 1, ...all },
    thumbnail: { width: thumbnailSize, height: thumbnailSize, fit: 'stretch', channels: 3, ...all },
    picture: { width: imageWidth, height: imageHeight, fit: 'stretch', channels: 3, ...all },
  } as const satisfies Readonly<Record<string, View>>;
}

/** Compresses stored pictures. */
export function encodeWith({ jpegQuality }: TemporalOrderConfig) {
  return (rgb: Uint8Array, width: number, height: number): Promise<EncodedImage> =>
    encodeImage(rgb, width, height, 3, { format: 'jpeg', quality: jpegQuality });
}

/** Replays a view and keeps what `keep` makes of the frames, by number in the shot, that some candidate holds. */
export async function replay<T>(
  { video, shot, view }: { readonly video: OpenVideo; readonly shot: Shot; readonly view: string },
  candidates: readonly Candidate[],
  motion: ShotMotion,
  signal: AbortSignal,
  keep: (picture: Uint8Array, width: number, height: number) => T | Promise<T>,
): Promise<ReadonlyMap<number, T>> {
  const kept = new Map<number, T>();
  const wanted = new Set(candidates.flatMap(({ frames }) => frames.filter((frame) => frame >= 0)));
  if (wanted.size === 0) return kept;
  let at = 0;
  for await (const { data, width, height, pts } of video.frames(shot, view)) {
    if (signal.aborted) break;
    if (pts !== motion.pts[at])
      throw new Error(`View ${view} shows ${pts} where the flow view showed ${String(motion.pts[at])}.`);
    if (wanted.has(at)) kept.set(at, await keep(data, width, height));
    if (kept.size === wanted.size) break;
    at++;
  }
  return kept;
}
