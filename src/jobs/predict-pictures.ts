import { ConfigError, MediaError, ptsToSeconds } from '../core/index.js';
import type { Segmenter, Trainer } from '../engine/index.js';
import { cutMap, relativeLevel, segmentPicture, usualWindows } from '../eval/index.js';
import type { DecoderSession } from '../ingest/index.js';
import { stereoDrawer } from './predict-stereo.js';

/** A model that makes a picture of every single picture. */
export interface PictureDrawer {
  /** uint8 [height, width, 3], RGB → the same; its size is the same for all pictures of a size. */
  draw(
    rgb: Uint8Array,
    width: number,
    height: number,
  ): DrawnPicture & { readonly also?: Readonly<Record<string, DrawnPicture>> };
}

/** uint8 [height, width, 3]. */
interface DrawnPicture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A video drawn anew, picture by picture. */
export interface DrawnVideo {
  /** uint8 [height, width, 3] each. */
  readonly frames: readonly Uint8Array[];
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  /** Presentation times of the pictures that were read. */
  readonly pts: readonly number[];
  /** The same otherwise drawn, by what is put behind the file's name. */
  readonly also?: Readonly<Record<string, Pick<DrawnVideo, 'frames' | 'width' | 'height'>>>;
}

/** Which pictures are taken of a video. */
export interface DrawSettings {
  /** Most pictures. */
  readonly steps: number;
  /** Frames a second; null: every one. */
  readonly fps: number | null;
  /** Seconds from the first frame. */
  readonly startSeconds: number;
}

/** Longer side of the pictures that are drawn. */
const longestSide = 480;
const defaultPictures = 250;
const tint = [255, 60, 60] as const;

/** What a trainer makes of single pictures; null where it makes nothing of them. */
export function pictureDrawer({ segmenter, stereo }: Pick<Trainer, 'segmenter' | 'stereo'>): PictureDrawer | null {
  if (segmenter) return maskDrawer(segmenter);
  return stereo ? stereoDrawer(stereo) : null;
}

/**
 * What is left open filled in.
 *
 * @throws ConfigError for less than one picture, and for what only futures have.
 */
export function fillDrawSettings(
  asked: { readonly [K in keyof DrawSettings]?: DrawSettings[K] | undefined } & {
    readonly observe?: number | undefined;
    readonly samples?: number | undefined;
  },
): DrawSettings {
  const { steps = defaultPictures, fps = null, startSeconds = 0 } = asked;
  for (const name of ['observe', 'samples'] as const) {
    if (asked[name] !== undefined)
      throw new ConfigError(`${name} is for models that predict frames; this one draws single pictures.`);
  }
  if (!Number.isInteger(steps) || steps < 1)
    throw new ConfigError(`steps must be a whole number from 1, got ${steps}.`);
  return { steps, fps, startSeconds };
}

/**
 * Draws the pictures of a video one by one.
 *
 * @throws MediaError `too-short` if it has none from there on, and the decoder's.
 */
export async function drawVideo(
  session: DecoderSession,
  drawer: PictureDrawer,
  { steps, fps, startSeconds }: DrawSettings,
): Promise<DrawnVideo> {
  const { video } = session.media;
  const scale = Math.min(1, longestSide / Math.max(video.width, video.height));
  const even = (side: number) => Math.max(2, 2 * Math.round((side * scale) / 2)); // players want even sides
  const view = { width: even(video.width), height: even(video.height), fit: 'stretch', fps, channels: 3 } as const;
  const frames: Uint8Array[] = [];
  const pts: number[] = [];
  const also: Record<string, { width: number; height: number; frames: Uint8Array[] }> = {};
  let size = { width: 0, height: 0 };
  let first: number | null = null;
  for await (const frame of session.frames({ span: null, view })) {
    first ??= frame.pts;
    if (ptsToSeconds(frame.pts - first, video.timeBase) < startSeconds) continue;
    const { data, width, height, also: others = {} } = drawer.draw(frame.data, frame.width, frame.height);
    size = { width, height };
    for (const [name, picture] of Object.entries(others)) {
      also[name] ??= { width: picture.width, height: picture.height, frames: [] };
      also[name].frames.push(picture.data);
    }
    frames.push(data);
    pts.push(frame.pts);
    if (frames.length === steps) break;
  }
  if (frames.length === 0) throw new MediaError('too-short', `It has no picture from ${startSeconds} s on.`);
  return { frames, ...size, framesPerSecond: fps ?? (video.averageRate > 0 ? video.averageRate : 10), pts, also };
}

/** The picture and, beside it, the same with the mask that the model draws laid over in red. */
function maskDrawer(segmenter: Segmenter): PictureDrawer {
  return {
    draw(rgb, width, height) {
      const map = segmentPicture(segmenter, rgb, width, height, usualWindows);
      const mask = cutMap(map, width, height, relativeLevel(map, usualWindows.level));
      const data = new Uint8Array(2 * rgb.length);
      for (let y = 0; y < height; y++) {
        const row = rgb.subarray(3 * y * width, 3 * (y + 1) * width);
        data.set(row, 6 * y * width);
        data.set(row, 6 * y * width + 3 * width);
        for (let x = 0; x < width; x++) {
          if (mask[y * width + x] === 0) continue;
          const at = 6 * y * width + 3 * (width + x);
          for (let c = 0; c < 3; c++) data[at + c] = (data[at + c]! + tint[c]!) >> 1;
        }
      }
      return { data, width: 2 * width, height };
    },
  };
}
