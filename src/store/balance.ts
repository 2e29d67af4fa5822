import { ConfigError, type Sample } from '../core/index.js';
import { createClasses, type Classes } from './order.js';

/** What is read of a dataset to tell classes apart. */
export interface ClassOrigin {
  key(ordinal: number): string;
  sample(ordinal: number): Promise<Sample>;
  label(key: string): Readonly<Record<string, number | string>> | null;
}

/**
 * Classes of samples by source, found by searching for where the next source begins: samples of one source stand side by side.
 *
 * @param ordinalAt the sample at each of `samples` places, rising.
 */
export function classesBySource(
  dataset: Pick<ClassOrigin, 'key'>,
  samples: number,
  ordinalAt: (place: number) => number,
): Classes {
  const sourceAt = (place: number) => {
    const key = dataset.key(ordinalAt(place));
    return key.slice(0, key.indexOf('/'));
  };
  const starts: number[] = [];
  for (let start = 0; start < samples;) {
    starts.push(start);
    const source = sourceAt(start);
    let inside = start;
    let step = 1;
    while (inside + step < samples && sourceAt(inside + step) === source) {
      inside += step;
      step *= 2;
    }
    for (; step >= 1; step /= 2) {
      if (inside + step < samples && sourceAt(inside + step) === source) inside += step;
    }
    start = inside + 1;
  }
  return createClasses(starts, samples, (place) => place);
}

/**
 * Classes of samples by what a field holds, or what a dataset-wide stage gave under this name. Every record is read once.
 *
 * @throws ConfigError where a sample has no single number, string or boolean of this name.
 */
export async function classesByLabel(
  dataset: ClassOrigin,
  name: string,
  samples: number,
  ordinalAt: (place: number) => number,
): Promise<Classes> {
  const numbers = new Map<string, number>();
  const classOf = new Uint32Array(samples);
  for (let place = 0; place < samples; place++) {
    const { key, fields } = await dataset.sample(ordinalAt(place));
    const value = dataset.label(key)?.[name] ?? fields[name];
    if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'boolean')
      throw new ConfigError(`Sample ${key} has no single value called ${name} to balance by.`, {
        context: { name, key },
      });
    const label = `${typeof value} ${value}`;
    if (!numbers.has(label)) numbers.set(label, numbers.size);
    classOf[place] = numbers.get(label) ?? 0;
  }
  const starts = new Uint32Array(numbers.size + 1);
  for (const number of classOf) starts[number + 1]!++;
  for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!;
  const next = starts.slice();
  const places = new Uint32Array(samples);
  classOf.forEach((number, place) => (places[next[number]!++] = place));
  return createClasses(starts.subarray(0, numbers.size), samples, (at) => places[at] ?? 0);
}
