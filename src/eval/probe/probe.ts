import type { Random } from '../../core/index.js';
import { topKAccuracy } from '../metrics/index.js';
import { rowSpace, standardiser, takeRows, type Matrix, type Transform } from './features.js';
import { minimise } from './lbfgs.js';
import { isLarge, softmaxObjective } from './softmax-objective.js';

/** Labelled features of one list. */
export interface ProbeExamples {
  readonly features: Matrix;
  /** [rows], 0-based. */
  readonly labels: Int32Array;
  /** Examples of one group are never divided between fitting and choosing. */
  readonly groups: readonly string[];
}

/** A fitted linear classifier. */
export interface Probe {
  readonly weightDecay: number;
  /** Class scores before softmax: float64 [rows, classes]. */
  scores(features: Matrix): Float64Array;
}

/**
 * Multinomial logistic regression on standardised features: mean cross-entropy in nats plus `weightDecay / 2` times the squared weights; biases
 * are not decayed. Full-batch L-BFGS in float64, from zero; very many numbers are multiplied in float32 by the engine.
 */
export function fitProbe(
  { features, labels }: Pick<ProbeExamples, 'features' | 'labels'>,
  {
    classes,
    weightDecay,
    maxIterations = 300,
  }: { readonly classes: number; readonly weightDecay: number; readonly maxIterations?: number },
): Probe {
  const { train, transform } = prepare(features, classes);
  return fitPrepared(train, labels, { classes, weightDecay, maxIterations, transform });
}

/** What a setting was chosen on: groups held out of the training list; `fixed`: on nothing, as there is one candidate or no class has two groups. */
export type SelectedOn = 'group-val' | 'fixed';

/**
 * Chooses the weight decay on held-out groups of the training list, then fits on the whole list; the last, where it is `fixed`.
 * `heldOutShare` of each class's groups is held out, at least one where a class has two; `random` draws them.
 */
export function selectProbe(
  examples: ProbeExamples,
  {
    classes,
    weightDecays,
    heldOutShare = 0.25,
    random,
  }: {
    readonly classes: number;
    readonly weightDecays: readonly number[];
    readonly heldOutShare?: number;
    readonly random: Random;
  },
): Probe & { readonly selectedOn: SelectedOn } {
  const held = drawHeldOutGroups(examples, { share: heldOutShare, random });
  const rowsWhere = (isHeld: boolean) =>
    examples.groups.flatMap((group, row) => (held.has(group) === isHeld ? [row] : []));
  const [fitting, choosing] = [rowsWhere(false), rowsWhere(true)];
  let weightDecay = weightDecays.at(-1) ?? 0;
  const isChosen = fitting.length > 0 && choosing.length > 0 && weightDecays.length > 1;
  if (isChosen) {
    const labelsOf = (rows: readonly number[]) => Int32Array.from(rows, (row) => examples.labels[row]!);
    const { train, transform } = prepare(takeRows(examples.features, fitting), classes);
    const test = { features: takeRows(examples.features, choosing), labels: labelsOf(choosing) };
    let best = { accuracy: -1, loss: Infinity };
    for (const candidate of weightDecays) {
      const probe = fitPrepared(train, labelsOf(fitting), {
        classes,
        weightDecay: candidate,
        maxIterations: 300,
        transform,
      });
      const scores = probe.scores(test.features);
      const accuracy = topKAccuracy({ scores, labels: test.labels, classes });
      const loss = meanCrossEntropy(scores, test.labels, classes);
      if (accuracy > best.accuracy || (accuracy === best.accuracy && loss < best.loss)) {
        best = { accuracy, loss };
        weightDecay = candidate;
      }
    }
  }
  return { ...fitProbe(examples, { classes, weightDecay }), selectedOn: isChosen ? 'group-val' : 'fixed' };
}

/** Whole groups of each class, drawn to choose settings on; a class with one group keeps it for fitting. */
export function drawHeldOutGroups(
  { labels, groups }: Pick<ProbeExamples, 'labels' | 'groups'>,
  { share, random }: { readonly share: number; readonly random: Random },
): ReadonlySet<string> {
  const byClass = new Map<number, Set<string>>();
  groups.forEach((group, row) => {
    const label = labels[row]!;
    const set = byClass.get(label) ?? new Set<string>();
    byClass.set(label, set.add(group));
  });
  const held = new Set<string>();
  for (const [label, own] of [...byClass].sort(([a], [b]) => a - b)) {
    const already = [...own].filter((group) => held.has(group)).length; // a group may hold several classes
    const wanted = own.size < 2 ? 0 : Math.max(1, Math.round(own.size * share));
    const free = [...own].filter((group) => !held.has(group)).sort();
    for (const group of random
      .fork('held-out', label)
      .shuffle(free)
      .slice(0, Math.max(0, wanted - already)))
      held.add(group);
  }
  return held;
}

/** Mean negative log-probability of the true class, in nats. */
export function meanCrossEntropy(scores: ArrayLike<number>, labels: ArrayLike<number>, classes: number): number {
  let sum = 0;
  for (let row = 0; row < labels.length; row++) {
    let max = -Infinity;
    for (let c = 0; c < classes; c++) max = Math.max(max, scores[row * classes + c]!);
    let total = 0;
    for (let c = 0; c < classes; c++) total += Math.exp(scores[row * classes + c]! - max);
    sum += Math.log(total) + max - scores[row * classes + labels[row]!]!;
  }
  return sum / labels.length;
}

function prepare(features: Matrix, classes: number): { readonly train: Matrix; readonly transform: Transform } {
  const standardise = standardiser(features);
  const standard = standardise(features);
  if (isLarge(features, classes)) return { train: standard, transform: standardise };
  const rotate = rowSpace(standard);
  return { train: rotate(standard), transform: (matrix) => rotate(standardise(matrix)) };
}

function fitPrepared(
  train: Matrix,
  labels: Int32Array,
  {
    classes,
    weightDecay,
    maxIterations,
    transform,
  }: {
    readonly classes: number;
    readonly weightDecay: number;
    readonly maxIterations: number;
    readonly transform: Transform;
  },
): Probe {
  const solution = new Float64Array((train.columns + 1) * classes);
  const objective = softmaxObjective(train, labels, { classes, weightDecay });
  try {
    minimise(objective.evaluate, solution, { maxIterations });
  } finally {
    objective.dispose();
  }
  return {
    weightDecay,
    scores(features) {
      const matrix = transform(features);
      const scores = new Float64Array(matrix.rows * classes);
      for (let row = 0; row < matrix.rows; row++)
        scoreRow(matrix, row, solution, scores.subarray(row * classes, (row + 1) * classes));
      return scores;
    },
  };
}

/** Writes one row's class scores into `out`. */
function scoreRow({ data, columns }: Matrix, row: number, x: Float64Array, out: Float64Array): void {
  const classes = out.length;
  out.set(x.subarray(columns * classes));
  for (let i = 0; i < columns; i++) {
    const value = data[row * columns + i]!;
    for (let c = 0; c < classes; c++) out[c]! += value * x[i * classes + c]!;
  }
}
