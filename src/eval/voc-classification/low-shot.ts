import type { Random } from '../../core/index.js';

/**
 * A few pictures of a class and some that do not show it, drawn: places in the list, rising. All that there are where there are fewer negatives.
 *
 * @param labels 1, -1, or 0 for pictures that are left out.
 * @returns null where there are fewer positives.
 */
export function drawShots(
  labels: ArrayLike<number>,
  { positives, negatives, random }: { readonly positives: number; readonly negatives: number; readonly random: Random },
): readonly number[] | null {
  const of = (label: number) =>
    random.fork(label).shuffle(Array.from(labels, (own, i) => (own === label ? i : -1)).filter((i) => i >= 0));
  const shown = of(1);
  if (shown.length < positives) return null;
  return [...shown.slice(0, positives), ...of(-1).slice(0, negatives)].sort((a, b) => a - b);
}
