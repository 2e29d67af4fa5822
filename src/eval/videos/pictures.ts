import { ptsToSeconds, secondsToPts, type VideoSource, type View } from '../../core/index.js';
import type { Encoder } from '../../engine/index.js';
import type { OpenVideo } from '../../ingest/index.js';
import { clipInstants, segmentCentres, tsn25 } from '../sampling.js';

/**
 * Which pictures of a video are looked at: those of a clip of fixed length in its middle, the middles of equal segments of the whole, or
 * the 25 of TSN's protocol.
 */
export const samplingRules = ['middle-clip', 'segment-centre', 'tsn25'] as const;

/** How many places of each picture are looked at: its centre, also its corners, and all five mirrored too. */
export const cropCounts = [1, 5, 10] as const;

/** How a video becomes pictures. */
export interface PictureSettings {
  readonly sampling: (typeof samplingRules)[number];
  /** Pictures of a video; `tsn25` has its own 25. */
  readonly ticks: number;
  /** Of `middle-clip`. */
  readonly clipSeconds: number;
  readonly crops: (typeof cropCounts)[number];
}

const viewName = 'pictures';
/** Side of the picture that crops are taken from over that of a crop, as 256 to 224. */
const room = 8 / 7;

/** The view that `readPictures` reads: the encoder's picture size, filled and cut at the centre; larger where crops are taken. */
export function pictureViews({ width, height }: Size, { crops }: PictureSettings): Readonly<Record<string, View>> {
  const factor = crops === 1 ? 1 : room;
  const size = { width: Math.round(width * factor), height: Math.round(height * factor) };
  return { [viewName]: { ...size, fit: 'cover', fps: null, channels: 3 } };
}

type Size = Pick<Encoder, 'width' | 'height'>;

/** True where the video is shorter than the clip, so that its last picture is repeated. */
export function isShort({ video }: VideoSource, { sampling, clipSeconds }: PictureSettings): boolean {
  return sampling === 'middle-clip' && video.durationSeconds < clipSeconds;
}

/** Pictures of a video in order of time: uint8 [ticks][crops] of [height, width, 3]. The centre comes first of the crops. */
export async function readPictures(
  video: OpenVideo,
  size: Size,
  settings: PictureSettings,
): Promise<readonly (readonly Uint8Array[])[]> {
  const wanted = instantsOf(video.source, settings);
  const times = [...new Set(wanted)];
  const frames = await video.framesAt(times, viewName);
  const cropped = frames.map((frame) => (settings.crops === 1 ? [frame.data] : takeCrops(frame, size, settings.crops)));
  return wanted.map((pts) => {
    const pictures = cropped[times.indexOf(pts)];
    if (!pictures) throw new Error(`No frame of ${video.source.id} at ${pts}.`);
    return pictures;
  });
}

/** Presentation times that a rule asks for; frames of even spacing are taken for granted, as the rules do. */
function instantsOf({ video }: VideoSource, { sampling, ticks, clipSeconds }: PictureSettings): number[] {
  const startSeconds = ptsToSeconds(video.startPts, video.timeBase);
  const durationSeconds = ptsToSeconds(video.endPts, video.timeBase) - startSeconds;
  const frames = Math.max(1, video.frames);
  const seconds =
    sampling === 'middle-clip'
      ? clipInstants({ startSeconds, durationSeconds, clipSeconds, ticks })
      : (sampling === 'tsn25' ? tsn25(frames) : segmentCentres(frames, ticks)).map(
          (frame) => startSeconds + ((frame + 0.5) / frames) * durationSeconds,
        );
  return seconds.map((at) => Math.min(secondsToPts(at, video.timeBase), video.endPts - 1));
}

/** The centre and the four corners of a picture, then the same mirrored where ten are asked for. */
export function takeCrops(
  { data, width, height }: { readonly data: Uint8Array; readonly width: number; readonly height: number },
  size: Size,
  crops: number,
): readonly Uint8Array[] {
  const [right, bottom] = [width - size.width, height - size.height];
  const corners = [
    [right >> 1, bottom >> 1],
    [0, 0],
    [right, 0],
    [0, bottom],
    [right, bottom],
  ] as const;
  const cut = (left: number, top: number, isMirrored: boolean): Uint8Array => {
    const out = new Uint8Array(size.width * size.height * 3);
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        const from = ((top + y) * width + left + (isMirrored ? size.width - 1 - x : x)) * 3;
        const to = (y * size.width + x) * 3;
        for (let c = 0; c < 3; c++) out[to + c] = data[from + c]!;
      }
    }
    return out;
  };
  return Array.from({ length: crops }, (_, i) => cut(corners[i % 5]![0], corners[i % 5]![1], i >= 5));
}
