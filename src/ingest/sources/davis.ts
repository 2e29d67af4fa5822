import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, type BenchmarkEntry } from '../../core/index.js';
import { listSeries } from '../decoders/picture-series.js';
import type { Candidate, ExpandedSources } from './candidate.js';
import { assertFolder, pictureCandidate } from './frames.js';
import { badSource, parseSourceText } from './source-text.js';

/** DAVIS is filmed, or was brought, to 24 frames per second. */
const rate = [24, 1] as const;
const settings = ['only', 'except'] as const;

/** One sequence of DAVIS that is here. */
export interface DavisSequence {
  readonly name: string;
  /** Folder of its pictures, absolute. */
  readonly pictures: string;
  /** Folder of its masks, absolute; null where it has none. */
  readonly masks: string | null;
  readonly role: 'train' | 'test' | 'unused';
}

/**
 * The sequences of a folder in DAVIS' layout: `JPEGImages/480p/<name>` and `Annotations/480p/<name>` (or the largest size there
 * is), each in DIR or a folder directly in it. Where `ImageSets` holds lists (`480p/train.txt` of pairs of paths in 2016, `2016/train.txt`
 * or `2017/train.txt` of names), only their sequences: train trains, val tests. Without lists all sequences test.
 *
 * @param text DIR, with `?only=a,b` or `?except=a,b` for some of its sequences.
 * @returns the sequences in order of name; `absent` are named by the lists and not here.
 * @throws ConfigError `source-missing` where there are none, `unknown-source` for a name that is none.
 */
export function listDavis(text: string): { readonly sequences: readonly DavisSequence[]; readonly absent: number } {
  const parsed = parseSourceText(text, settings);
  const given = resolve(parsed.place);
  assertFolder(given, `davis:${text}`);
  const root = [given, ...foldersIn(given).map((name) => join(given, name))].find((folder) =>
    existsSync(join(folder, 'JPEGImages')),
  );
  const pictures = root === undefined ? null : sizeFolder(join(root, 'JPEGImages'));
  if (root === undefined || pictures === null)
    throw new ConfigError(`${given} holds no sequences of DAVIS: folders such as JPEGImages/480p/bear.`, {
      code: 'source-missing',
      context: { source: `davis:${text}` },
    });
  const masks = sizeFolder(join(root, 'Annotations'));
  const roles = readRoles(join(root, 'ImageSets'));
  const here = foldersIn(pictures).filter((name) => listSeries(join(pictures, name)));
  const all = here
    .filter((name) => !roles || roles.has(name))
    .map((name): DavisSequence => {
      const own = masks === null ? null : join(masks, name);
      return {
        name,
        pictures: join(pictures, name),
        masks: own !== null && existsSync(own) ? own : null,
        role: roles?.get(name) ?? 'test',
      };
    });
  const sequences = chosen(all, parsed.settings, text);
  if (sequences.length === 0)
    throw new ConfigError(`${given} holds none of the sequences of DAVIS that are asked for.`, {
      code: 'source-missing',
      context: { source: `davis:${text}` },
    });
  const absent = roles ? [...roles.keys()].filter((name) => !here.includes(name)).length : 0;
  return { sequences, absent: parsed.settings.size > 0 ? 0 : absent };
}

/** `davis:DIR` as sources: one video for each sequence, at 24 frames per second; masks are no part of them. */
export function expandDavis(text: string): ExpandedSources {
  const { sequences, absent } = listDavis(text);
  const candidates = sequences.map(({ name, pictures, role }): Candidate => ({
    ...pictureCandidate(pictures, `davis/${name}`, rate),
    origin: 'DAVIS',
    benchmarks: { davis: [entryOf(name, role)] },
  }));
  const listed = candidates.length + absent;
  return { candidates, ignored: 0, absent, benchmarks: { davis: { classNames: ['object'], listed } }, warnings: [] };
}

function entryOf(name: string, role: DavisSequence['role']): BenchmarkEntry {
  return { key: `object/${name}`, label: 0, className: 'object', group: name, roles: [role] };
}

function chosen(
  all: readonly DavisSequence[],
  wanted: ReadonlyMap<string, string>,
  text: string,
): readonly DavisSequence[] {
  const names = (key: (typeof settings)[number]) => wanted.get(key)?.split(',');
  const [only, except] = [names('only'), names('except')];
  const strange = [...(only ?? []), ...(except ?? [])].find((name) => !all.some((sequence) => sequence.name === name));
  if (strange !== undefined)
    throw badSource(
      `davis:${text}`,
      `it has no sequence ${JSON.stringify(strange)}; it has ${all.map(({ name }) => name).join(', ')}`,
    );
  return all.filter(({ name }) => (!only || only.includes(name)) && !except?.includes(name));
}

/** The folder of one size: 480p where it is there, else the first by name that holds sequences; the folder itself where sequences lie in it. */
function sizeFolder(folder: string): string | null {
  if (!existsSync(folder)) return null;
  const sizes = foldersIn(folder);
  if (sizes.includes('480p')) return join(folder, '480p');
  if (sizes.some((name) => listSeries(join(folder, name)))) return folder;
  const found = sizes.find((name) => foldersIn(join(folder, name)).length > 0);
  return found === undefined ? null : join(folder, found);
}

/** Roles by sequence, from the lists; null where there are none. */
function readRoles(folder: string): ReadonlyMap<string, DavisSequence['role']> | null {
  const place = ['480p', '2016', '2017', '.']
    .map((name) => join(folder, name))
    .find((path) => existsSync(join(path, 'train.txt')) || existsSync(join(path, 'val.txt')));
  if (place === undefined) return null;
  const roles = new Map<string, DavisSequence['role']>();
  for (const [file, role] of [
    ['train.txt', 'train'],
    ['val.txt', 'test'],
  ] as const) {
    const path = join(place, file);
    if (!existsSync(path)) continue;
    for (const line of readFileSync(path, 'utf8').split(/\r?\n/)) {
      const [first = ''] = line.trim().split(/\s+/);
      const parts = first.split('/').filter((part) => part !== '');
      // Of a path the folder that the picture is in.
      const name = parts.length > 1 ? parts[parts.length - 2] : parts[0];
      if (name !== undefined) roles.set(name, role);
    }
  }
  return roles;
}

function foldersIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
}
