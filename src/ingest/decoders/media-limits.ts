import { z } from 'zod';
import type { TimeBase } from '../../core/index.js';
import { mediaError } from './media-error.js';

/** Bounds on what a file may make us read, hold and decode: what stops a decompression bomb. */
export const mediaLimits = z.strictObject({
  pixels: z.int().positive().default(67_108_864).describe('Of one picture, as coded and as displayed.'),
  seconds: z.number().positive().default(43_200).describe('From the first picture to the last.'),
  frames: z.int().positive().default(5_000_000).describe('Pictures of one video.'),
  streams: z.int().positive().default(64).describe('Streams of one file.'),
  bytes: z.number().positive().default(68_719_476_736).describe('Of one file.'),
  memoryBytes: z.number().positive().default(4_294_967_296).describe('That the process which reads a file may hold.'),
});

/** Checked bounds. */
export type MediaLimits = z.infer<typeof mediaLimits>;

/** The bounds where nobody says otherwise. */
export const defaultLimits: MediaLimits = mediaLimits.parse({});

/**
 * The demuxers that read one file and nothing else: playlists, lists of files, session descriptions, pictures by pattern and devices
 * are not among them, so that no content can name a further file or a server. Both decoders are given this list.
 */
export const selfContainedFormats: string = [
  '3g2,3gp,aac,ac3,aiff,apng,asf,asf_o,au,av1,avi,caf,cavsvideo,dirac,dnxhd,dv,eac3,film_cpk,flac,flic,flv,gif,gxf,h261,h263,h264,hevc',
  'ingenient,ivf,j2k,live_flv,m4a,m4v,matroska,mj2,mjpeg,mov,mp3,mp4,mpeg,mpegts,mpegvideo,mpjpeg,mxf,nsv,nut,nuv,obu,ogg,rm,roq,smk',
  'swf,vc1,vc1test,vvc,w64,wav,webm,webp_anim,wtv,xwma,yuv4mpegpipe',
].join(',');

/** The only protocol that a demuxer may open. */
export const allowedProtocols = 'file';

/**
 * Judges a picture's size.
 *
 * @throws MediaError `over-limit`.
 */
export function assertPixels(path: string, { pixels }: MediaLimits, width: number, height: number): void {
  if (width * height > pixels)
    throw mediaError('over-limit', path, `a picture of ${width}×${height} pixels, the limit is ${pixels}`);
}

/**
 * Judges the pictures of one pass as they come.
 *
 * @throws MediaError `over-limit`.
 */
export function watchLimits(
  path: string,
  limits: MediaLimits,
  [num, den]: TimeBase,
): (pts: number, width: number, height: number) => void {
  let frames = 0;
  let first: number | null = null;
  return (pts, width, height) => {
    first ??= pts;
    assertPixels(path, limits, width, height);
    assertWithin(path, 'frames', ++frames, limits.frames);
    assertWithin(path, 'seconds', ((pts - first) * num) / den, limits.seconds);
  };
}

/**
 * Judges a number against its bound.
 *
 * @throws MediaError `over-limit`.
 */
export function assertWithin(path: string, what: string, value: number, limit: number): void {
  if (value > limit) throw mediaError('over-limit', path, `${value} ${what}, the limit is ${limit}`);
}
