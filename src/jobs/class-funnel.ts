import type { VideoSource } from '../core/index.js';
import type { ClassYield } from '../report/index.js';
import type { DatasetUnit } from '../store/index.js';

/**
 * What each class of the official lists gave: samples, and refused candidates by code. Classes of which nothing was mined are left
 * out; those that gave no sample are in it. Empty where no source has a class.
 */
export async function yieldByClass(
  units: AsyncIterable<Pick<DatasetUnit, 'source' | 'samples' | 'rejections'>>,
  sources: readonly VideoSource[],
): Promise<readonly ClassYield[]> {
  const classesOf = new Map(
    sources.map(({ id, benchmarks }) => {
      const entries = Object.values(benchmarks).flat();
      return [id, [...new Set(entries.map(({ className }) => className))]] as const;
    }),
  );
  const found = new Map<string, { sources: Set<string>; samples: number; rejections: Record<string, number> }>();
  for await (const { source, samples, rejections } of units) {
    for (const name of classesOf.get(source) ?? []) {
      const own = found.get(name) ?? { sources: new Set(), samples: 0, rejections: {} };
      found.set(name, own);
      own.sources.add(source);
      own.samples += samples;
      for (const [code, { count }] of Object.entries(rejections))
        own.rejections[code] = (own.rejections[code] ?? 0) + count;
    }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => ({
      name,
      sources: own.sources.size,
      samples: own.samples,
      rejections: own.rejections,
    }));
}
