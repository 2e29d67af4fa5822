import type { Random } from '../../core/index.js';

/**
 * Two-sided p-value of paired differences having mean 0, by flipping their signs: all ways where there are at most `draws`, else so
 * many random ones, the given signs among them.
 *
 * @returns 1 where there is no difference at all.
 *
 * Source: Fisher, "The Design of Experiments", 1935, section 21.
 */
export function signFlipTest(
  differences: ArrayLike<number>,
  { random, draws = 10_000 }: { readonly random: Random; readonly draws?: number },
): number {
  const size = differences.length;
  const sumOf = (isFlipped: (i: number) => boolean) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += isFlipped(i) ? -differences[i]! : differences[i]!;
    return Math.abs(sum);
  };
  const observed = sumOf(() => false);
  const limit = observed * (1 - 1e-12);
  const all = size < 31 ? 1 << size : Infinity;
  if (all <= draws) {
    let extreme = 0;
    for (let bits = 0; bits < all; bits++) if (sumOf((i) => ((bits >> i) & 1) === 1) >= limit) extreme++;
    return extreme / all;
  }
  let extreme = 1;
  for (let draw = 1; draw < draws; draw++) if (sumOf(() => random.seed() > 0x7fffffff) >= limit) extreme++;
  return extreme / draws;
}
