import { existsSync, readFileSync } from 'node:fs';
import type { Candidate, Metadata } from './candidate.js';

/** What a site says of a video. */
export type SiteFacts = Pick<Candidate, 'licence' | 'origin'> & { readonly metadata: Metadata };

/** Members of an info file that become metadata, by their name in ours. */
const members = {
  id: 'id',
  extractor: 'extractor',
  title: 'title',
  uploader: 'uploader',
  channel: 'channel',
  upload_date: 'uploadDate',
} as const;

/** Reads licence, origin and a few facts from an info file of yt-dlp; null if there is none or it cannot be read. */
export function readInfo(file: string): SiteFacts | null {
  if (!existsSync(file)) return null;
  let said: unknown;
  try {
    said = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null; // half written: the video is there all the same
  }
  if (typeof said !== 'object' || said === null) return null;
  const info = said as Readonly<Record<string, unknown>>;
  const text = (key: string) => (typeof info[key] === 'string' && info[key] !== '' ? info[key] : null);
  const found = Object.entries(members).flatMap(([key, name]) => {
    const value = info[key];
    return typeof value === 'string' || typeof value === 'number' ? [[name, value] as const] : [];
  });
  return {
    licence: text('license'),
    origin: text('webpage_url') ?? text('original_url'),
    metadata: Object.fromEntries(found),
  };
}
