import { existsSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { ConfigError, type BenchmarkEntry } from '../../core/index.js';
import { badList, clipFinder, expandBenchmark, foldersIn, linesOf, type BenchmarkList } from './class-folders.js';
import type { ExpandedSources } from './candidate.js';
import { assertFolder } from './frames.js';

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
  assertFolder(root, `ucf101:${dir}`);
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
  return expandBenchmark(resolve(dir), { name: 'ucf101', origin: 'UCF101', list: await parseUcf101(dir) });
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
