import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { ConfigError, type BenchmarkEntry } from '../../core/index.js';
import type { Candidate, ExpandedSources, SplitSizes } from './candidate.js';
import { videoExtensions } from './files.js';

/** One entry of an official list, and where its clip should lie. */
export interface ListedClip extends BenchmarkEntry {
  /** Relative to the benchmark's folder. */
  readonly path: string;
}

/** An official benchmark: its classes, and every clip that its lists name. */
export interface BenchmarkList {
  readonly classNames: readonly string[];
  readonly entries: readonly ListedClip[];
  /** Entries whose clip is not here. */
  readonly absent: number;
}

/** The clips of an official list that are here, each with its entry; videos in class folders that no list names are counted as ignored. */
export function expandBenchmark(
  root: string,
  {
    name,
    origin,
    list: { entries, classNames, absent },
  }: { readonly name: string; readonly origin: string; readonly list: BenchmarkList },
): ExpandedSources {
  const candidates = entries
    .filter(({ path }) => existsSync(join(root, path)))
    .map(({ path, ...entry }): Candidate => ({
      path: join(root, path),
      key: entry.key,
      licence: null,
      origin,
      benchmarks: { [name]: [entry] },
    }));
  const listed = new Set(candidates.map(({ path }) => path));
  const videos = classFolders(root, classNames).flatMap(({ folder }) =>
    readdirSync(folder)
      .map((file) => join(folder, file))
      .filter((file) => videoExtensions.has(extname(file).toLowerCase())),
  );
  return {
    candidates,
    ignored: videos.filter((file) => !listed.has(file)).length,
    absent,
    benchmarks: { [name]: { classNames, listed: entries.length, splits: countRoles(entries) } },
    warnings: [],
  };
}

/** How many entries each official split trains and tests on. */
function countRoles(entries: readonly BenchmarkEntry[]): readonly SplitSizes[] {
  return (entries[0]?.roles ?? []).map((_, split) => {
    const inRole = (role: string) => entries.filter(({ roles }) => roles[split] === role).length;
    return { train: inRole('train'), test: inRole('test') };
  });
}

/** Finds clips by exact name, else by one that differs only in case (`HandStandPushups` in folder `HandstandPushups`). */
export function clipFinder(root: string, classNames: readonly string[]): (path: string) => string | null {
  const exact = new Set<string>();
  const byLowerCase = new Map<string, string>();
  const places = new Map<string, string>();
  for (const { className, folder } of classFolders(root, classNames)) {
    for (const name of readdirSync(folder)) {
      const key = `${className}/${name}`;
      const place = relative(root, join(folder, name));
      if (!places.has(key)) places.set(key, place);
      exact.add(key);
      if (!byLowerCase.has(key.toLowerCase())) byLowerCase.set(key.toLowerCase(), place);
    }
  }
  return (path) => (exact.has(path) ? places.get(path)! : (byLowerCase.get(path.toLowerCase()) ?? null));
}

/** Folders named as a class, whatever their case, in a folder or one folder down. */
function classFolders(
  root: string,
  classNames: readonly string[],
): readonly { readonly className: string; readonly folder: string }[] {
  const byLowerCase = new Map(classNames.map((name) => [name.toLowerCase(), name]));
  return [root, ...foldersIn(root)].flatMap((parent) =>
    foldersIn(parent).flatMap((folder) => {
      const className = byLowerCase.get(folder.slice(parent.length + 1).toLowerCase());
      return className === undefined ? [] : [{ className, folder }];
    }),
  );
}

/** Folders directly in one, in the order of their names. */
export function foldersIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
}

/** Lines that hold something, either kind of line end taken off. */
export function linesOf(file: string): readonly { readonly line: string; readonly number: number }[] {
  return readFileSync(file, 'utf8')
    .split(/\r?\n/)
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== '');
}

/** A ConfigError `bad-list` that names file and line. */
export function badList(file: string, line: number, why: string): ConfigError {
  return new ConfigError(`${file}, line ${line}: ${why}.`, { code: 'bad-list', context: { file, line } });
}
