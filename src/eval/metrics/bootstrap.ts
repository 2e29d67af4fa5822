import type { Random } from '../../core/index.js';

/**
 * A percentile interval of a statistic by drawing whole groups with replacement: examples of one group are not independent,
 * so drawing single examples would give an interval that is too narrow.
 * `groups` names each example's group; `statistic` is given how often each example was drawn, and draws for which it is NaN (a class
 * is missing) are left out; `level` is the share of draws inside the interval.
 *
 * @returns `[low, high]`, or undefined where fewer than two groups or no valid draw make one impossible.
 *
 * Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
 */
export function bootstrapInterval({
  groups,
  statistic,
  random,
  draws = 2000,
  level = 0.95,
}: {
  readonly groups: readonly string[];
  readonly statistic: (weights: Float64Array) => number;
  readonly random: Random;
  readonly draws?: number;
  readonly level?: number;
}): readonly [low: number, high: number] | undefined {
  const names = [...new Set(groups)];
  if (names.length < 2) return undefined;
  const place = new Map(names.map((name, i) => [name, i]));
  const groupOf = Int32Array.from(groups, (group) => place.get(group)!);
  const times = new Float64Array(names.length);
  const weights = new Float64Array(groups.length);
  const values: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    times.fill(0);
    for (let i = 0; i < names.length; i++) times[random.int(names.length)]!++;
    for (let i = 0; i < weights.length; i++) weights[i] = times[groupOf[i]!]!;
    const value = statistic(weights);
    if (!Number.isNaN(value)) values.push(value);
  }
  if (values.length === 0) return undefined;
  values.sort((a, b) => a - b);
  return [quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)];
}

/** The value below which a share `q` of sorted values lies, interpolated linearly between neighbours. */
export function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
}
