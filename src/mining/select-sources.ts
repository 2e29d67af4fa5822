import { ConfigError, sha256, type BenchmarkEntry, type VideoSource } from '../core/index.js';

/** Which sources of a corpus a job works on. */
export interface SourceSelection {
  /** The first so many by id, after `split`. */
  readonly limit?: number | undefined;
  /** A fixed share of the work: `index` from 0 to `count` - 1; the shares of all indices unite to the whole. */
  readonly part?: { readonly index: number; readonly count: number } | undefined;
  /** Official split, from 1: only sources that have `role` in some list of it, and the other role in none. */
  readonly split?: number | undefined;
  /** Default: `train`. */
  readonly role?: 'train' | 'test' | undefined;
  /** Only these source ids. */
  readonly only?: readonly string[] | undefined;
}

/** What was selected. */
export interface SelectedSources {
  /** In order of id. */
  readonly sources: readonly VideoSource[];
  /** Groups, as `<benchmark> <group>`, that have clips on both sides of the split: the lists themselves leak. */
  readonly leakingGroups: readonly string[];
}

/**
 * The sources to work on, in order of id: first the ids asked for, then the split, then the limit, then the part, so that the parts of a
 * limited job unite to the limited job.
 *
 * @throws RangeError if the part or limit is out of range, ConfigError if no benchmark of the corpus has such a split.
 */
export function selectSources(sources: readonly VideoSource[], selection: SourceSelection): SelectedSources {
  const { limit, part, split, role = 'train', only } = selection;
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 0)) {
    throw new RangeError(`limit must be a whole number from 0 up, got ${limit}.`);
  }
  if (
    part &&
    !(Number.isInteger(part.count) && Number.isInteger(part.index) && part.index >= 0 && part.index < part.count)
  ) {
    throw new RangeError(`part.index must be from 0 to part.count - 1, got ${part.index} of ${part.count}.`);
  }
  const wanted = only && new Set(only);
  const sorted = sources
    .filter(({ id }) => !wanted || wanted.has(id))
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const chosen = split === undefined ? sorted : sourcesInRole(sorted, split, role);
  return {
    sources: chosen
      .slice(0, limit)
      .filter((source) => !part || partOf(source.id, part.count) === part.index)
      .map(withoutUnusableShots),
    leakingGroups: split === undefined ? [] : leakingGroups(sorted, split),
  };
}

/** Shots keep their numbers, so that keys do not depend on the rules that mark shots. */
function withoutUnusableShots(source: VideoSource): VideoSource {
  if (source.shots.every(({ unusable }) => unusable === undefined)) return source;
  return { ...source, shots: source.shots.filter(({ unusable }) => unusable === undefined) };
}

/** The part, from 0, that a source falls into; depends on its id alone. */
export function partOf(id: string, count: number): number {
  return Number.parseInt(sha256(`part:${id}`).slice(0, 12), 16) % count;
}

function sourcesInRole(sources: readonly VideoSource[], split: number, role: 'train' | 'test'): readonly VideoSource[] {
  const known = Math.max(0, ...sources.flatMap((source) => entriesOf(source).map(([, entry]) => entry.roles.length)));
  if (!Number.isInteger(split) || split < 1 || split > known) {
    throw new ConfigError(
      known === 0
        ? `split ${split} was asked for, but no source of the corpus belongs to a benchmark.`
        : `split must be from 1 to ${known}, got ${split}.`,
      { code: 'no-such-split', context: { split, known } },
    );
  }
  return sources.filter((source) => {
    const roles = entriesOf(source).map(([, entry]) => entry.roles[split - 1]);
    return roles.includes(role) && !roles.includes(role === 'train' ? 'test' : 'train');
  });
}

function leakingGroups(sources: readonly VideoSource[], split: number): readonly string[] {
  const rolesByGroup = new Map<string, Set<string | undefined>>();
  for (const source of sources) {
    for (const [benchmark, entry] of entriesOf(source)) {
      const name = `${benchmark} ${entry.group}`;
      const roles = rolesByGroup.get(name) ?? new Set();
      rolesByGroup.set(name, roles.add(entry.roles[split - 1]));
    }
  }
  return [...rolesByGroup]
    .filter(([, roles]) => roles.has('train') && roles.has('test'))
    .map(([name]) => name)
    .sort();
}

function entriesOf(source: VideoSource): readonly (readonly [string, BenchmarkEntry])[] {
  return Object.entries(source.benchmarks).flatMap(([name, entries]) => entries.map((entry) => [name, entry] as const));
}
