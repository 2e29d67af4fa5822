import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, type BenchmarkEntry } from '../../core/index.js';
import type { Candidate, ExpandedSources } from './candidate.js';
import { badList, foldersIn, linesOf } from './class-folders.js';
import { badSource, parseSourceText } from './source-text.js';

/** In the order of their labels. */
const vocClassNames = [
  'aeroplane',
  'bicycle',
  'bird',
  'boat',
  'bottle',
  'bus',
  'car',
  'cat',
  'chair',
  'cow',
  'diningtable',
  'dog',
  'horse',
  'motorbike',
  'person',
  'pottedplant',
  'sheep',
  'sofa',
  'train',
  'tvmonitor',
] as const;

type Role = BenchmarkEntry['roles'][number];

/** In split 1 train and val teach and test judges; in split 2 train teaches and val judges. */
const rolesOf: Readonly<Record<string, readonly Role[]>> = {
  train: ['train', 'train'],
  val: ['train', 'test'],
  trainval: ['train', 'unused'],
  test: ['test', 'unused'],
};

/** What a list says of a class in a picture; `ignored`: only things that are hard to see. */
export type VocLabel = 'present' | 'absent' | 'ignored';

/** How lists write it: `official` as the challenge does, `fair` as the target files of FAIR's benchmark and VISSL do. */
export const vocCodings: Readonly<Record<'official' | 'fair', Readonly<Record<string, VocLabel>>>> = {
  official: { '1': 'present', '-1': 'absent', '0': 'ignored' },
  fair: { '1': 'present', '0': 'absent', '-1': 'ignored' },
};

/**
 * `voc:DIR`, the official layout of Pascal VOC (`ImageSets/Main`, `JPEGImages`), in DIR or up to two folders down: every listed
 * picture is one source of one frame, with an entry for each class in it; a class of which a picture has only difficult things has one that is
 * `ignored`. Listed pictures that are not here are counted as absent.
 *
 * @param text DIR, with `?coding=fair` for lists that write 0 for absent and -1 for difficult.
 * @throws ConfigError `source-missing` without lists, `bad-list` naming file and line, or where the lists look as if coded the other way.
 */
export function expandVoc(text: string): ExpandedSources {
  const { place: dir, settings } = parseSourceText(text, ['coding']);
  const coding = settings.get('coding') ?? 'official';
  if (coding !== 'official' && coding !== 'fair') throw badSource(`voc:${text}`, 'coding is official or fair');
  const root = findRoot(resolve(dir));
  const sets = ['train', 'val', 'test'].filter((set) =>
    existsSync(join(root, 'ImageSets', 'Main', `aeroplane_${set}.txt`)),
  );
  const read = sets.includes('train') || sets.includes('val') ? sets : ['trainval', ...sets];
  const byPicture = new Map<string, { readonly set: string; readonly entries: BenchmarkEntry[] }>();
  const counts: Record<VocLabel, number> = { present: 0, absent: 0, ignored: 0 };
  for (const set of read) {
    for (const [label, className] of vocClassNames.entries()) {
      const file = join(root, 'ImageSets', 'Main', `${className}_${set}.txt`);
      if (!existsSync(file)) throw missing(`${file} is missing: every class has a list of each set.`, dir);
      const named = new Set<string>();
      for (const { line, number } of linesOf(file)) {
        const [, id, code] = /^(\w+)\s+(\S+)$/.exec(line) ?? [];
        const says = code === undefined ? undefined : vocCodings[coding][code];
        if (id === undefined || says === undefined) throw badList(file, number, 'expected <picture> <1, 0 or -1>');
        const picture = byPicture.get(id) ?? { set, entries: [] };
        byPicture.set(id, picture);
        if (named.has(id) || picture.set !== set) throw badList(file, number, `${id} is named twice, or in two sets`);
        named.add(id);
        counts[says]++;
        if (says === 'absent') continue;
        const entry = { key: `${className}/${id}`, label, className, group: id, roles: rolesOf[set]! };
        picture.entries.push(says === 'ignored' ? { ...entry, ignored: true } : entry);
      }
    }
  }
  if (counts.ignored > counts.absent)
    throw new ConfigError(
      `The lists of ${root} call ${counts.ignored} classes of pictures difficult and ${counts.absent} absent: they seem to be coded the other way, ${
        coding === 'official' ? 'which voc:DIR?coding=fair reads' : 'as voc:DIR without coding=fair reads'
      }.`,
      { code: 'bad-list', context: { coding, ...counts } },
    );
  const pictures = new Set(readdirSync(join(root, 'JPEGImages')));
  const sizes = [0, 1].map((split) => {
    const inRole = (role: Role) => [...byPicture.values()].filter(({ set }) => rolesOf[set]![split] === role).length;
    return { train: inRole('train'), test: inRole('test') };
  });
  const here = [...byPicture].filter(([id]) => pictures.has(`${id}.jpg`));
  return {
    candidates: here.map(([id, { entries }]): Candidate => ({
      path: join(root, 'JPEGImages', `${id}.jpg`),
      key: `voc/${id}`,
      licence: null,
      origin: 'Pascal VOC',
      benchmarks: { voc: entries },
    })),
    ignored: pictures.size - here.length,
    absent: byPicture.size - here.length,
    benchmarks: { voc: { classNames: vocClassNames, listed: byPicture.size, listedBy: 'group', splits: sizes } },
    warnings: [],
  };
}

function findRoot(dir: string): string {
  if (!existsSync(dir)) throw missing(`${dir} does not exist.`, dir);
  const below = foldersIn(dir);
  const found = [dir, ...below, ...below.flatMap(foldersIn)].find((folder) =>
    ['ImageSets/Main', 'JPEGImages'].every((part) => existsSync(join(folder, part))),
  );
  if (found !== undefined) return found;
  throw missing(`${dir} holds no folder with ImageSets/Main and JPEGImages, as Pascal VOC has.`, dir);
}

function missing(message: string, source: string): ConfigError {
  return new ConfigError(message, { code: 'source-missing', context: { source: `voc:${source}` } });
}
