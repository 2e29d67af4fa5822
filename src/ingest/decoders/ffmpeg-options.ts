import { allowedProtocols, selfContainedFormats, type MediaLimits } from './media-limits.js';

/** Pictures of the first stream that is neither a cover nor a thumbnail. */
export const firstPictures = '0:V:0';

/** Keeps a file from naming other files and servers. */
export const confined = ['-protocol_whitelist', allowedProtocols, '-format_whitelist', selfContainedFormats] as const;

/** Options before the input: every stream's own clock, the picture as it is coded, one thread, and the limits. */
export function readOptionsFor({ pixels, streams }: MediaLimits): readonly string[] {
  const bounds = ['-max_pixels', String(pixels), '-max_streams', String(streams)];
  return ['-copyts', '-noautorotate', '-threads', '1', ...confined, ...bounds];
}
