import type { VideoSource } from '../core/index.js';

/**
 * What may not be split between training and held-out: `<benchmark>/<group>` of the source's first benchmark; else what
 * a pattern finds in its path, such as a person of KTH; else its id.
 */
export function groupOf({ id, benchmarks, paths }: VideoSource, pattern: string | null = null): string {
  const groups = Object.entries(benchmarks).flatMap(([name, entries]) =>
    entries.map(({ group }) => `${name}/${group}`),
  );
  const [listed] = groups.sort();
  if (listed !== undefined) return listed;
  const found = pattern === null ? [] : paths.map((path) => new RegExp(pattern, 'u').exec(path)?.[0]);
  return found.find((text) => text !== undefined && text !== '') ?? id;
}
