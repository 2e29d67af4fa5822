import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, hashJson, readEnvironment, type BenchmarkEntry } from '../../core/index.js';
import {
  glyphCounts,
  movingMnistFrames,
  movingMnistVariants,
  movingMnistVersion,
  type MovingMnistVariant,
} from '../../synthetic/index.js';
import { parseDigits, type MovingMnistDescription } from '../decoders/generated.js';
import { descriptionExtension } from '../open-media.js';
import type { Candidate, ExpandedSources } from './candidate.js';
import { badSource, parseSourceText, wholeSetting } from './source-text.js';

const settings = ['digits', 'train', 'test', 'frames', 'objects', 'deterministic'] as const;
/** A made video has no rate of its own; players need one. */
const rate = [10, 1] as const;
const defaultVideos = 1000;
/** Names under which MNIST's pictures are given out; the first pair of them that is found is taken. */
const trainNames = ['train-images-idx3-ubyte', 'train-images.idx3-ubyte'] as const;
const testNames = ['t10k-images-idx3-ubyte', 't10k-images.idx3-ubyte'] as const;

/**
 * `moving-mnist:svg@SEED`, `srvp@SEED` or `srivastava@SEED`: videos of bouncing digits, made from the seed as they are read; nothing
 * but a description of each is put into `<corpus>/media`. After a `?`, joined by `&`: `digits=DIR` or `digits=FILE` (MNIST's IDX
 * files; else `REELMINE_MNIST`, else glyphs drawn from the seed), `train=N` and `test=N` videos (1000 each), `frames=N` a video,
 * `objects=N` digits a video (2), `deterministic=1` for walls that turn digits round.
 *
 * Split 1 has the roles. A video is made from its role and number alone, and no digit is in both roles: a test set is the same for
 * everyone who has the seed and the digits.
 *
 * @throws ConfigError for settings that are none or digits that are not there.
 */
export function expandMovingMnist(text: string, corpus: string): ExpandedSources {
  const parsed = parseSourceText(text, settings);
  const [, variantText = '', seedText = ''] = /^(.*?)@(.*)$/.exec(parsed.place) ?? [];
  const variant = movingMnistVariants.find((name) => name === variantText);
  const seed = Number(seedText);
  if (!variant || seedText.trim() === '' || !Number.isSafeInteger(seed) || seed < 0)
    throw badSource(`moving-mnist:${text}`, `write moving-mnist:${movingMnistVariants.join('|')}@SEED, such as svg@1`);
  const digits = findDigits(parsed.settings.get('digits') ?? readEnvironment('REELMINE_MNIST'));
  const common = {
    schema: 1 as const,
    kind: 'moving-mnist' as const,
    version: movingMnistVersion,
    rate,
    variant,
    seed,
    frames: wholeSetting(parsed, 'frames', { least: 2, otherwise: movingMnistFrames[variant] }),
    digits: wholeSetting(parsed, 'objects', { least: 1, otherwise: 2 }),
    deterministic: wholeSetting(parsed, 'deterministic', { least: 0, otherwise: 0 }) > 0,
    digitFiles: digits.files.map(({ sha256, name }) => ({ path: `../digits/${name}`, sha256 })),
  };
  const media = join(corpus, 'media');
  const folder = `moving-mnist-${variant}-${seed}-${hashJson(common).slice(0, 8)}`;
  const copies = digits.files.map(({ from, name }) => ({ from, to: join(media, 'digits', name) }));
  const counts = {
    train: wholeSetting(parsed, 'train', { least: 0, otherwise: defaultVideos }),
    test: wholeSetting(parsed, 'test', { least: 0, otherwise: defaultVideos }),
  };
  const candidates = (['train', 'test'] as const).flatMap((role) =>
    Array.from({ length: counts[role] }, (_, index): Candidate => {
      const name = `${String(index).padStart(6, '0')}-${role}`;
      const description: MovingMnistDescription = { ...common, role, index };
      return {
        path: join(media, folder, `${name}${descriptionExtension}`),
        key: `${folder}/${name}`,
        licence: null,
        origin: `moving-mnist:${variant}@${seed}, ${digits.origin}`,
        benchmarks: { [benchmarkOf(variant)]: [entryOf(variant, folder, name, role)] },
        described: { description, copies },
      };
    }),
  );
  return {
    candidates,
    ignored: 0,
    absent: 0,
    benchmarks: { [benchmarkOf(variant)]: { classNames: [variant], listed: candidates.length } },
    warnings: digits.warning === null ? [] : [digits.warning],
  };
}

interface FoundDigits {
  readonly files: readonly { readonly from: string; readonly name: string; readonly sha256: string }[];
  /** `MNIST` pictures and glyphs give numbers that must not be mixed. */
  readonly origin: string;
  readonly warning: string | null;
}

function findDigits(place: string | undefined): FoundDigits {
  if (place === undefined) {
    const { train, test } = glyphCounts;
    return {
      files: [],
      origin: 'glyphs',
      warning: `No digits=DIR is given: ${train} glyphs are drawn to train on and ${test} to test on. Numbers on them and on MNIST cannot be compared.`,
    };
  }
  const paths = digitPaths(resolve(place));
  const files = paths.map((from) => {
    const bytes = readFileSync(from);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { from, bytes, name: `${sha256.slice(0, 16)}.idx`, sha256 };
  });
  parseDigits(
    files.map(({ bytes }) => bytes),
    paths[0]!,
  );
  const origin = `digits ${files.map(({ sha256 }) => sha256.slice(0, 16)).join(' ')}`;
  return { files: files.map(({ from, name, sha256 }) => ({ from, name, sha256 })), origin, warning: null };
}

/** The file itself; of a folder, MNIST's training and test pictures, or of only one half that one. */
function digitPaths(place: string): readonly string[] {
  const stat = statSync(place, { throwIfNoEntry: false });
  if (stat?.isFile()) return [place];
  const find = (names: readonly string[]): string | undefined =>
    names.flatMap((name) => [join(place, name), join(place, `${name}.gz`)]).find((path) => existsSync(path));
  const found = [find(trainNames), find(testNames)].filter((path) => path !== undefined);
  if (stat && found.length > 0) return found;
  throw new ConfigError(
    `${place} holds no pictures of digits: ${trainNames[0]} or ${testNames[0]}, with .gz or without.`,
    {
      code: 'source-missing',
      context: { place },
    },
  );
}

function benchmarkOf(variant: MovingMnistVariant): string {
  return `moving-mnist-${variant}`;
}

function entryOf(variant: MovingMnistVariant, folder: string, name: string, role: 'train' | 'test'): BenchmarkEntry {
  return {
    key: `${variant}/${folder}/${name}`,
    label: 0,
    className: variant,
    group: `${folder}/${name}`,
    roles: [role],
  };
}
