import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, type BenchmarkEntry } from '../../core/index.js';
import type { Candidate, ExpandedSources } from './candidate.js';
import { badList, foldersIn, linesOf } from './class-folders.js';

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

/**
 * `voc:DIR`, the official layout of Pascal VOC (`ImageSets/Main`, `JPEGImages`), in DIR or up to two folders down: every listed
 * picture is one source of one frame, with an entry for each class in it. A class of which a picture has only difficult
 * things (code 0) is in no role. Listed pictures that are not here are counted as absent.
 *
 * @throws ConfigError `source-missing` without lists, `bad-list` naming file and line.
 */
export function expandVoc(dir: string): ExpandedSources {
  const root = findRoot(resolve(dir));
  const sets = ['train', 'val', 'test'].filter((set) =>
    existsSync(join(root, 'ImageSets', 'Main', `aeroplane_${set}.txt`)),
  );
  const read = sets.includes('train') || sets.includes('val') ? sets : ['trainval', ...sets];
  const byPicture = new Map<string, BenchmarkEntry[]>();
  for (const set of read) {
    for (const [label, className] of vocClassNames.entries()) {
      const file = join(root, 'ImageSets', 'Main', `${className}_${set}.txt`);
      if (!existsSync(file)) throw missing(`${file} is missing: every class has a list of each set.`, dir);
      for (const { line, number } of linesOf(file)) {
        const [, id, code] = /^(\w+)\s+(\S+)$/.exec(line) ?? [];
        if (id === undefined || !['1', '0', '-1'].includes(code!))
          throw badList(file, number, 'expected <picture> <1, 0 or -1>');
        const entries = byPicture.get(id) ?? [];
        byPicture.set(id, entries);
        if (code === '-1') continue;
        if (entries.some((entry) => entry.label === label))
          throw badList(file, number, `${id} is named twice, or in two sets`);
        const roles = rolesOf[set]!.map((role) => (code === '0' ? 'unused' : role));
        entries.push({ key: `${className}/${id}`, label, className, group: id, roles });
      }
    }
  }
  const pictures = new Set(readdirSync(join(root, 'JPEGImages')));
  const here = [...byPicture].filter(([id]) => pictures.has(`${id}.jpg`));
  return {
    candidates: here.map(([id, entries]): Candidate => ({
      path: join(root, 'JPEGImages', `${id}.jpg`),
      key: `voc/${id}`,
      licence: null,
      origin: 'Pascal VOC',
      benchmarks: { voc: entries },
    })),
    ignored: pictures.size - here.length,
    absent: byPicture.size - here.length,
    benchmarks: { voc: { classNames: vocClassNames, listed: byPicture.size } },
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
