import { extname } from 'node:path';
import { sha256 } from '../../core/index.js';
import { videoExtensions } from '../sources/files.js';

/** Name of the file that an address is downloaded to: from the address alone, so that nothing in it can lead elsewhere. */
export function downloadName(url: string): string {
  const extension = extensionOf(url);
  return `${sha256(url).slice(0, 16)}${videoExtensions.has(extension) ? extension : '.video'}`;
}

/** True if the path of an address ends like a video file. */
export function addressEndsLikeVideo(url: string): boolean {
  return videoExtensions.has(extensionOf(url));
}

/** True for the addresses that can be fetched. */
export function isAddress(text: string): boolean {
  return /^https?:\/\/[^\s/]/i.test(text) && URL.canParse(text);
}

function extensionOf(url: string): string {
  return extname(new URL(url).pathname).toLowerCase();
}
