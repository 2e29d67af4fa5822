import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { archiveEntries } from '../fetch/archive.js';
import { readInfo, type SiteFacts } from './info-file.js';

/** What a folder that yt-dlp has filled says of the files in it. */
export interface SiteFolder {
  /** True for what yt-dlp has not finished: a file that it is converting, or a stream of a video that it has joined. */
  isHalf(file: string): boolean;
  /** Of a video, from its info file, or from the `[id]` in its name and the archive file; null if nothing is known. */
  facts(file: string): SiteFacts | null;
}

/** Reads what lies beside a folder's videos: `*.info.json` and archive files (`archive.txt` and the like) in it or above, up to `root`. */
export function openSiteFolder(root: string): SiteFolder {
  const archives = new Map<string, ReadonlyMap<string, string>>();
  const archiveOf = (folder: string): ReadonlyMap<string, string> => {
    const known = archives.get(folder) ?? new Map([...above(folder), ...readArchives(folder)]);
    archives.set(folder, known);
    return known;
  };
  const above = (folder: string) => (folder === root || dirname(folder) === folder ? [] : archiveOf(dirname(folder)));
  return {
    isHalf(file) {
      const { stem, kind } = partsOf(file);
      if (kind === 'whole') return false;
      if (kind === 'temp') return existsSync(`${stem}.info.json`) || existsSync(`${stem}${extname(file)}`);
      return ['.mp4', '.mkv', '.webm'].some((extension) => existsSync(`${stem}${extension}`));
    },
    facts(file) {
      const { stem } = partsOf(file);
      const said = readInfo(`${stem}.info.json`);
      if (said) return said;
      const id = /\[([\w-]{2,64})\]$/.exec(basename(stem))?.[1];
      if (id === undefined) return null;
      const extractor = archiveOf(dirname(file)).get(id);
      if (extractor === undefined) return id.length === 11 ? { licence: null, origin: null, metadata: { id } } : null;
      const origin = extractor === 'youtube' ? `https://www.youtube.com/watch?v=${id}` : null;
      return { licence: null, origin, metadata: { id, extractor } };
    },
  };
}

/** A file's path without extension and without yt-dlp's marks of unfinished files. */
function partsOf(file: string): { readonly stem: string; readonly kind: 'whole' | 'temp' | 'stream' } {
  const stem = file.slice(0, file.length - extname(file).length);
  if (stem.endsWith('.temp')) return { stem: stem.slice(0, -'.temp'.length), kind: 'temp' };
  const stream = /\.f[\w-]*\d[\w-]*$/.exec(stem);
  return stream ? { stem: stem.slice(0, stream.index), kind: 'stream' } : { stem, kind: 'whole' };
}

/** Extractors by id, of the archive files directly in a folder. */
function readArchives(folder: string): ReadonlyMap<string, string> {
  if (!existsSync(folder)) return new Map();
  const files = readdirSync(folder).filter((name) => /archive[^/]*\.txt$/i.test(name));
  const lines = files.flatMap((name) => archiveEntries(readFileSync(join(folder, name), 'utf8')));
  return new Map(
    lines.flatMap((line) => {
      const [, extractor, id] = /^(\S+) (\S+)$/.exec(line) ?? [];
      return id === undefined ? [] : [[id, extractor!] as const];
    }),
  );
}
