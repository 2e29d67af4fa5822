import { takeRows } from './features.js';
import { fitProbe, type ProbeExamples } from './probe.js';

/**
 * Scores of a linear classifier, each fold of groups scored by a fit on the others: float64 [rows, classes]; null for fewer than two groups.
 * `order` holds every group once; a group's place in it, modulo `folds`, is its fold.
 */
export function crossFit(
  { features, labels, groups }: ProbeExamples,
  { classes, folds, order }: { readonly classes: number; readonly folds: number; readonly order: readonly string[] },
): Float64Array | null {
  if (order.length < 2) return null;
  const foldOf = new Map(order.map((group, i) => [group, i % folds]));
  const scores = new Float64Array(groups.length * classes);
  for (let fold = 0; fold < Math.min(folds, order.length); fold++) {
    const rows = (inside: boolean) =>
      groups.flatMap((group, row) => ((foldOf.get(group) === fold) === inside ? [row] : []));
    const [fitting, testing] = [rows(false), rows(true)];
    const fitted = fitProbe(
      { features: takeRows(features, fitting), labels: Int32Array.from(fitting, (row) => labels[row]!) },
      { classes, weightDecay: 0.01 },
    ).scores(takeRows(features, testing));
    testing.forEach((row, i) => scores.set(fitted.subarray(i * classes, (i + 1) * classes), row * classes));
  }
  return scores;
}
