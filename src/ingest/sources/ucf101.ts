import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, resolve } from 'node:path';
import { ConfigError, type BenchmarkEntry } from '../../core/index.js';
import type { Candidate, ExpandedSources } from './candidate.js';
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

type Role = BenchmarkEntry['roles'][number];

/**
 * Reads UCF101's official lists (`classInd.txt`, `trainlist0N.txt`, `testlist0N.txt`), which lie in `dir` or a folder directly in it, and
 * finds the clips in class folders in `dir` or one folder down. A label is the class folder's place in `classInd.txt`; where a list gives one
 * (1-based) too, both must agree. A group is a class and its `gNN`.
 *
 * @throws ConfigError `bad-list` naming the file and line: a label out of range or of another class, an unknown class folder, a path named
 * twice, a video or a group in both training and test of one split.
 */
export async function parseUcf101(dir: string): Promise<BenchmarkList> {
  const root = resolve(dir);
  const lists = findLists(root);
  const classNames = readClassNames(join(lists, 'classInd.txt'));
  const splits = splitNumbers(lists);
  const clips = new Map<
    string,
    { readonly label: number; readonly className: string; readonly group: string; readonly roles: Role[] }
  >();
  for (const split of splits) {
    const groups = new Map<string, Role>();
    for (const role of ['train', 'test'] as const) {
      const file = join(lists, `${role}list${String(split).padStart(2, '0')}.txt`);
      for (const { line, number } of linesOf(file)) {
        const bad = (why: string) => badList(file, number, why);
        const { path, label, group } = parseLine(line, classNames, role, bad);
        const clip = clips.get(path) ?? {
          label,
          className: classNames[label]!,
          group,
          roles: splits.map((): Role => 'unused'),
        };
        const at = splits.indexOf(split);
        if (clip.roles[at] === role) throw bad(`${path} is named twice`);
        if (clip.roles[at] !== 'unused') throw bad(`${path} is in both training and test`);
        if ((groups.get(group) ?? role) !== role) throw bad(`group ${group} is in both training and test`);
        groups.set(group, role);
        clip.roles[at] = role;
        clips.set(path, clip);
      }
    }
  }
  const find = clipFinder(root, classNames);
  let absent = 0;
  const entries = [...clips].map(([path, { roles, ...clip }]) => {
    const found = find(path);
    if (found === null) absent++;
    return { key: path.slice(0, -extname(path).length), path: found ?? path, ...clip, roles };
  });
  return { classNames, entries: entries.sort((a, b) => (a.key < b.key ? -1 : 1)), absent };
}

/** The clips of `ucf101:DIR` that are here, each with its entry; videos in class folders that no list names are counted as ignored. */
export async function expandUcf101(dir: string): Promise<ExpandedSources> {
  const root = resolve(dir);
  const { entries, absent, classNames } = await parseUcf101(dir);
  const candidates = entries
    .filter(({ path }) => existsSync(join(root, path)))
    .map(({ path, ...entry }): Candidate => ({
      path: join(root, path),
      key: entry.key,
      licence: null,
      origin: 'UCF101',
      benchmarks: { ucf101: [entry] },
    }));
  const listed = new Set(candidates.map(({ path }) => path));
  const videos = classFolders(root, classNames).flatMap(({ folder }) =>
    readdirSync(folder)
      .map((name) => join(folder, name))
      .filter((file) => videoExtensions.has(extname(file).toLowerCase())),
  );
  return {
    candidates,
    ignored: videos.filter((file) => !listed.has(file)).length,
    absent,
    benchmarks: { ucf101: { classNames, listed: entries.length } },
    warnings: [],
  };
}

function parseLine(
  line: string,
  classNames: readonly string[],
  role: Role,
  bad: (why: string) => ConfigError,
): { path: string; label: number; group: string } {
  const [, path, number] = /^(\S.*?\.\w+)(?:\s+(-?\d+))?$/.exec(line) ?? [];
  if (path === undefined) throw bad('expected <class>/<file> and, in a training list, a label');
  const [folder, file, ...more] = path.split('/');
  const label = classNames.indexOf(folder!);
  if (label < 0 || file === undefined || more.length > 0) throw bad(`${folder} is not a class of classInd.txt`);
  if (role === 'train' && number === undefined) throw bad('a training list gives a label');
  if (number !== undefined && (Number(number) < 1 || Number(number) > classNames.length)) {
    throw bad(`label ${number} is not from 1 to ${classNames.length}`);
  }
  if (number !== undefined && Number(number) - 1 !== label)
    throw bad(`label ${number} is not that of folder ${folder}, ${label + 1}`);
  const [, group] = /_(g\d+)_c\d+\.\w+$/.exec(file) ?? [];
  if (group === undefined) throw bad(`${file} names no group`);
  return { path, label, group: `${folder}:${group}` };
}

function readClassNames(file: string): readonly string[] {
  return linesOf(file).map(({ line, number }, i) => {
    const [, index, name] = /^(\d+)\s+(\S+)$/.exec(line) ?? [];
    if (name === undefined || Number(index) !== i + 1) throw badList(file, number, `expected "${i + 1} <class>"`);
    return name;
  });
}

function findLists(root: string): string {
  const found = [root, ...foldersIn(root)].find((folder) => existsSync(join(folder, 'classInd.txt')));
  if (found !== undefined) return found;
  throw new ConfigError(
    `${root} has no classInd.txt, nor has a folder directly in it: it holds UCF101's official lists.`,
    {
      code: 'source-missing',
      context: { dir: root },
    },
  );
}

function splitNumbers(lists: string): readonly number[] {
  const numbers = [1, 2, 3].filter((n) =>
    ['train', 'test'].every((role) => existsSync(join(lists, `${role}list0${n}.txt`))),
  );
  if (numbers.length === numbers.at(-1)) return numbers;
  throw new ConfigError(`${lists} must hold trainlist0N.txt and testlist0N.txt from split 1 on without gaps.`, {
    code: 'source-missing',
    context: { lists },
  });
}

/** Finds clips by exact name, else by one that differs only in case (`HandStandPushups` in folder `HandstandPushups`). */
function clipFinder(root: string, classNames: readonly string[]): (path: string) => string | null {
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

function foldersIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
}

/** Lines that hold something, either kind of line end taken off. */
function linesOf(file: string): readonly { readonly line: string; readonly number: number }[] {
  return readFileSync(file, 'utf8')
    .split(/\r?\n/)
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== '');
}

function badList(file: string, line: number, why: string): ConfigError {
  return new ConfigError(`${file}, line ${line}: ${why}.`, { code: 'bad-list', context: { file, line } });
}
