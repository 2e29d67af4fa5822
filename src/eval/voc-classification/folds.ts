import { averagePrecision } from '../metrics/index.js';
import { fitSvm, svmScores, takeRows, type Matrix } from '../probe/index.js';

/** The costs that two published code bases try, rising. */
export const costGrids = {
  /** Decades from 1e-7 to 100, and a half to the powers of 4 to 19. */
  fair: [
    ...[1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100],
    ...Array.from({ length: 16 }, (_, i) => 1 / 2 ** (i + 4)),
  ].sort((a, b) => a - b),
  vissl: [0.01, 0.1, 1, 2, 5, 10, 15, 20, 50, 100, 1000],
} as const;

/**
 * The fold of each example: of both labels the first examples go into the first fold, the last into the last, as evenly as can be. Nothing is drawn.
 *
 * @param labels 1 or -1.
 *
 * Source: the division of scikit-learn's `StratifiedKFold` without shuffling.
 */
export function stratifiedFolds(labels: ArrayLike<number>, folds: number): Int32Array {
  const first = labels[0];
  const kinds = [first, first === 1 ? -1 : 1];
  const counts = kinds.map((kind) => Array.from(labels).filter((label) => label === kind).length);
  // The sorted list, dealt out: how many of each kind a fold is given.
  const sorted = kinds.flatMap((_, k) => new Array<number>(counts[k]!).fill(k));
  const share = kinds.map((_, k) =>
    Array.from({ length: folds }, (__, fold) => sorted.filter((kind, i) => kind === k && i % folds === fold).length),
  );
  const next = kinds.map(() => ({ fold: 0, given: 0 }));
  return Int32Array.from(labels, (label) => {
    const k = label === first ? 0 : 1;
    const place = next[k]!;
    while (place.given >= share[k]![place.fold]!) Object.assign(place, { fold: place.fold + 1, given: 0 });
    place.given++;
    return place.fold;
  });
}

/** Settings of the classifiers. */
export interface SvmSettings {
  /** Rising. */
  readonly costs: readonly number[];
  readonly folds: number;
  readonly positiveWeight: number;
}

/**
 * The cost whose classifiers rank left-out thirds best: mean over the folds of the step-wise average precision, the first of equals. Where a fold would
 * be without a positive, the middle of the costs.
 *
 * @param labels [rows]: 1 or -1.
 */
export function chooseCost(
  features: Matrix,
  labels: ArrayLike<number>,
  { costs, folds, positiveWeight }: SvmSettings,
): { readonly cost: number; readonly scores: readonly number[] } {
  const positives = Array.from(labels).filter((label) => label === 1).length;
  if (costs.length < 2 || positives < folds || labels.length - positives < folds)
    return { cost: costs[costs.length >> 1]!, scores: [] };
  const foldOf = stratifiedFolds(labels, folds);
  const sums = new Float64Array(costs.length);
  for (let fold = 0; fold < folds; fold++) {
    const rowsWhere = (isLeft: boolean) =>
      Array.from({ length: labels.length }, (_, row) => row).filter((row) => (foldOf[row] === fold) === isLeft);
    const [fitting, judging] = [rowsWhere(false), rowsWhere(true)];
    const [train, test] = [takeRows(features, fitting), takeRows(features, judging)];
    const own = fitting.map((row) => labels[row]!);
    const asked = judging.map((row) => labels[row]!);
    let start: Float64Array | undefined; // each cost goes on from the one below it
    costs.forEach((cost, i) => {
      const svm = fitSvm(train, own, { cost, positiveWeight, ...(start ? { start } : {}), ...roughly });
      start = svm.weights;
      sums[i]! += averagePrecision({ scores: svmScores(test, svm), labels: asked }).stepWise / folds;
    });
  }
  const best = sums.indexOf(Math.max(...sums));
  return { cost: costs[best]!, scores: [...sums] };
}

/** For choosing, the ranking need not be exact. */
const roughly = { tolerance: 1e-4, maxIterations: 50 } as const;
