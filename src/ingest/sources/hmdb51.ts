import { readdirSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { ConfigError, type BenchmarkEntry } from '../../core/index.js';
import type { ExpandedSources } from './candidate.js';
import { assertFolder } from './frames.js';
import { badList, clipFinder, expandBenchmark, foldersIn, linesOf, type BenchmarkList } from './class-folders.js';

type Role = BenchmarkEntry['roles'][number];

const listName = /^(.+)_test_split([123])\.txt$/;
const roleOf: Readonly<Record<string, Role>> = { '0': 'unused', '1': 'train', '2': 'test' };
/** What follows the class in a clip's name: body, camera, people, direction, quality, number. */
const suffix = /^_[a-z]_(?:nm|cm)_np\d+_(?:fr|ba|le|ri)_(?:goo|med|bad)_\d+\.\w+$/;

/**
 * Reads HMDB51's official lists (`<class>_test_split{1,2,3}.txt`), which lie in `dir` or a folder directly in it, and finds the
 * clips in class folders in `dir` or one folder down. A line is a file and a code: 1 training, 2 test, 0 not used in this split.
 * Files may carry `hmdb51_` before their names. Classes are numbered in the order of their names, since the set has no index. A group is a class and the part of the file's
 * name before the class: the film that the clip is cut from.
 *
 * @throws ConfigError `bad-list` naming the file and line: an unknown code, a file named twice or without its class in its
 * name, a group in both training and test; `source-missing` without lists, or with a class that lacks a split of the others.
 */
export async function parseHmdb51(dir: string): Promise<BenchmarkList> {
  const root = resolve(dir);
  assertFolder(root, `hmdb51:${dir}`);
  const { lists, classNames, splits } = findLists(root);
  const clips = new Map<
    string,
    { readonly label: number; readonly className: string; readonly group: string; readonly roles: Role[] }
  >();
  for (const [label, className] of classNames.entries()) {
    for (const split of splits) {
      const file = join(lists, `${className}_test_split${split}.txt`);
      const named = new Set<string>();
      const groups = new Map<string, Role>();
      for (const { line, number } of linesOf(file)) {
        const bad = (why: string) => badList(file, number, why);
        const [, name, code] = /^(\S.*?\.\w+)\s+(\S+)$/.exec(line) ?? [];
        const role = roleOf[code ?? ''];
        if (name === undefined || code === undefined) throw bad('expected <file> <0, 1 or 2>');
        if (role === undefined) throw bad(`code ${code} is not 0, 1 or 2`);
        if (name.includes('/')) throw bad(`${name} is no name of a file`);
        if (named.has(name)) throw bad(`${name} is named twice`);
        named.add(name);
        const group = groupOf(name, className);
        if (group === null) throw bad(`the name of ${name} does not say that it is of class ${className}`);
        if (role !== 'unused' && (groups.get(group) ?? role) !== role)
          throw bad(`group ${group} is in both training and test`);
        if (role !== 'unused') groups.set(group, role);
        const path = `${className}/${name}`;
        const clip = clips.get(path) ?? { label, className, group, roles: splits.map((): Role => 'unused') };
        clip.roles[splits.indexOf(split)] = role;
        clips.set(path, clip);
      }
    }
  }
  const find = clipFinder(root, classNames);
  let absent = 0;
  const entries = [...clips].map(([path, clip]) => {
    // Some copies of the set carry its name before that of each file.
    const found = find(path) ?? find(path.replace('/', '/hmdb51_'));
    if (found === null) absent++;
    return { key: path.slice(0, -extname(path).length), path: found ?? path, ...clip };
  });
  return { classNames, entries: entries.sort((a, b) => (a.key < b.key ? -1 : 1)), absent };
}

/** The clips of `hmdb51:DIR` that are here, each with its entry; videos in class folders that no list names are counted as ignored. */
export async function expandHmdb51(dir: string): Promise<ExpandedSources> {
  return expandBenchmark(resolve(dir), { name: 'hmdb51', origin: 'HMDB51', list: await parseHmdb51(dir) });
}

/** The class and what stands before it in the name; null if the name is not of that class. */
function groupOf(name: string, className: string): string | null {
  for (
    let at = name.lastIndexOf(`_${className}_`);
    at >= 0;
    at = at === 0 ? -1 : name.lastIndexOf(`_${className}_`, at - 1)
  )
    if (suffix.test(name.slice(at + className.length + 1))) return `${className}:${name.slice(0, at)}`;
  return null;
}

function findLists(root: string): {
  readonly lists: string;
  readonly classNames: readonly string[];
  readonly splits: readonly number[];
} {
  for (const lists of [root, ...foldersIn(root)]) {
    const found = readdirSync(lists).flatMap((file) => {
      const [, className, split] = listName.exec(file) ?? [];
      return className === undefined ? [] : [{ className, split: Number(split) }];
    });
    if (found.length === 0) continue;
    const classNames = [...new Set(found.map(({ className }) => className))].sort();
    const splits = [...new Set(found.map(({ split }) => split))].sort();
    if (found.length !== classNames.length * splits.length || splits.some((split, i) => split !== i + 1))
      throw missing(
        `${lists} must hold <class>_test_split{1,2,3}.txt of every class, from split 1 on without gaps.`,
        root,
      );
    return { lists, classNames, splits };
  }
  throw missing(
    `${root} has no <class>_test_split1.txt, nor has a folder directly in it: they are HMDB51's official lists.`,
    root,
  );
}

function missing(message: string, dir: string): ConfigError {
  return new ConfigError(message, { code: 'source-missing', context: { dir } });
}
