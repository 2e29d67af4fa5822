import { readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { ConfigError } from '../../core/index.js';
import { listSeries } from '../decoders/picture-series.js';
import type { Candidate, ExpandedSources } from './candidate.js';
import { badSource, parseRate } from './source-text.js';

/**
 * `frames:DIR@FPS`: each folder at or under DIR that holds numbered pictures is one video of that rate; every other file
 * is counted as ignored. Hidden files and folders are passed over.
 *
 * @throws ConfigError if DIR is not there, holds no numbered picture, or FPS is none.
 */
export function expandFrames(text: string): ExpandedSources {
  const at = text.lastIndexOf('@');
  if (at < 0) throw badSource(`frames:${text}`, 'write frames:DIR@FPS, such as frames:pictures@25');
  const rate = parseRate(text.slice(at + 1));
  const root = resolve(text.slice(0, at));
  assertFolder(root, `frames:${text}`);
  const folders = seriesBelow(root);
  if (folders.series.length === 0)
    throw new ConfigError(`${root} holds no numbered pictures, nor does a folder under it.`, {
      code: 'source-missing',
      context: { source: `frames:${text}` },
    });
  const candidates = folders.series.map(({ folder }) =>
    pictureCandidate(folder, relative(root, folder) || basename(root), rate),
  );
  return { candidates, ignored: folders.ignored, absent: 0, warnings: [] };
}

/** A folder of pictures of which nothing else is known. */
export function pictureCandidate(path: string, key: string, rate: readonly [number, number]): Candidate {
  return { path, key, licence: null, origin: null, benchmarks: {}, rate };
}

/**
 * Makes sure that a source's folder is there.
 *
 * @throws ConfigError `source-missing`.
 */
export function assertFolder(folder: string, source: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new ConfigError(`Source ${source}: ${folder} is no folder.`, { code: 'source-missing', context: { source } });
}

/** The folders at or under one that hold numbered pictures, in the order of their paths, and how many files are in no series. */
export function seriesBelow(root: string): {
  readonly series: readonly { readonly folder: string; readonly pictures: number }[];
  readonly ignored: number;
} {
  const series: { folder: string; pictures: number }[] = [];
  let ignored = 0;
  const walk = (folder: string): void => {
    const entries = readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.'))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const pictures = listSeries(folder)?.pictures.length ?? 0;
    if (pictures > 0) series.push({ folder, pictures });
    ignored += entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).length - pictures;
    for (const entry of entries) if (entry.isDirectory()) walk(join(folder, entry.name));
  };
  walk(root);
  return { series, ignored };
}
