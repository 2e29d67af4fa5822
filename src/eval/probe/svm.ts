import type { Matrix } from './features.js';

/** A linear classifier of two classes. */
export interface LinearSvm {
  /** float64 [columns + 1]; the last is the bias. */
  readonly weights: Float64Array;
  /** Length of the objective's slope there over that at zero. */
  readonly slope: number;
  readonly iterations: number;
}

/** What `fitSvm` is told. */
export interface SvmOptions {
  /** What an example inside the margin costs. */
  readonly cost: number;
  /** How much more a positive costs. */
  readonly positiveWeight?: number;
  /** Ends when `slope` is no larger. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
  /** Where to start; default: zero. */
  readonly start?: Float64Array;
}

/**
 * Fits a linear support vector machine: half the squared length of the weights, the bias among them, plus `cost` times the sum of the squared
 * hinges, of positives `positiveWeight` times. Newton's method on the primal, each step found by conjugate gradients and cut until the
 * objective falls enough; float64.
 *
 * @param labels [rows]: 1 or -1.
 *
 * Source: Keerthi and DeCoste, "A modified finite Newton method for fast solution of large scale linear SVMs", 2005; the same minimum as
 * scikit-learn's `LinearSVC(loss='squared_hinge', intercept_scaling=1)`.
 */
export function fitSvm(
  features: Matrix,
  labels: ArrayLike<number>,
  { cost, positiveWeight = 1, tolerance = 1e-6, maxIterations = 100, start }: SvmOptions,
): LinearSvm {
  const { rows } = features;
  const size = features.columns + 1;
  const costs = Float64Array.from({ length: rows }, (_, r) => (labels[r] === 1 ? positiveWeight : 1) * cost);
  const weights = start ? start.slice() : new Float64Array(size);
  let margins = marginsOf(features, labels, weights);
  let value = objective(margins, costs, weights);
  const atZero = length(
    slopeOf(features, labels, { costs, margins: new Float64Array(rows).fill(1), weights: new Float64Array(size) }),
  );
  let relative = Infinity;
  let iterations = 0;
  for (; iterations < maxIterations; iterations++) {
    const slope = slopeOf(features, labels, { costs, margins, weights });
    relative = atZero === 0 ? 0 : length(slope) / atZero;
    if (relative <= tolerance) break;
    const active = Array.from({ length: rows }, (_, r) => r).filter((r) => margins[r]! > 0);
    const step = newtonStep(features, { active, costs, slope, accuracy: Math.min(0.1, Math.sqrt(relative)) });
    const change = marginsOf(features, labels, step).map((margin) => margin - 1); // of each margin, for a whole step
    const fall = dot(slope, step);
    let share = 1;
    let next = value;
    for (let halvings = 0; halvings < 40; halvings++, share /= 2) {
      next = objectiveAlong({ margins, change, costs, weights, step }, share);
      if (next <= value + 1e-4 * share * fall) break;
    }
    if (!(next < value)) break; // float64 gives no lower value
    for (let i = 0; i < size; i++) weights[i]! += share * step[i]!;
    margins = marginsOf(features, labels, weights);
    value = objective(margins, costs, weights);
  }
  return { weights, slope: relative, iterations };
}

/** Distance of each row from the border, in the classifier's own unit: positive for the class. */
export function svmScores(features: Matrix, { weights }: Pick<LinearSvm, 'weights'>): Float64Array {
  return Float64Array.from({ length: features.rows }, (_, r) => product(features, r, weights));
}

/** What each row lacks to stand clear of the margin; 0 or less: nothing. */
function marginsOf(features: Matrix, labels: ArrayLike<number>, weights: Float64Array): Float64Array {
  return Float64Array.from({ length: features.rows }, (_, r) => 1 - labels[r]! * product(features, r, weights));
}

function objective(margins: Float64Array, costs: Float64Array, weights: Float64Array): number {
  let sum = 0.5 * dot(weights, weights);
  for (let r = 0; r < margins.length; r++) if (margins[r]! > 0) sum += costs[r]! * margins[r]! * margins[r]!;
  return sum;
}

function objectiveAlong(
  {
    margins,
    change,
    costs,
    weights,
    step,
  }: Readonly<Record<'margins' | 'change' | 'costs' | 'weights' | 'step', Float64Array>>,
  share: number,
): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += 0.5 * (weights[i]! + share * step[i]!) ** 2;
  for (let r = 0; r < margins.length; r++) {
    const margin = margins[r]! + share * change[r]!;
    if (margin > 0) sum += costs[r]! * margin * margin;
  }
  return sum;
}

function slopeOf(
  features: Matrix,
  labels: ArrayLike<number>,
  { costs, margins, weights }: Readonly<Record<'costs' | 'margins' | 'weights', Float64Array>>,
): Float64Array {
  const slope = weights.slice();
  for (let r = 0; r < margins.length; r++)
    if (margins[r]! > 0) addRow(slope, features, r, -2 * costs[r]! * labels[r]! * margins[r]!);
  return slope;
}

/** Solves (I + 2 Σ cost · x xᵀ) step = -slope over the rows inside the margin, until `accuracy` of the slope is left. */
function newtonStep(
  features: Matrix,
  {
    active,
    costs,
    slope,
    accuracy,
  }: {
    readonly active: readonly number[];
    readonly costs: Float64Array;
    readonly slope: Float64Array;
    readonly accuracy: number;
  },
): Float64Array {
  const size = slope.length;
  const step = new Float64Array(size);
  const residual = slope.map((value) => -value);
  const direction = residual.slice();
  let squares = dot(residual, residual);
  const enough = accuracy * accuracy * squares;
  for (let i = 0; i < Math.min(4 * size, 500) && squares > enough; i++) {
    const bent = direction.slice();
    for (const r of active) addRow(bent, features, r, 2 * costs[r]! * product(features, r, direction));
    const alpha = squares / dot(direction, bent);
    for (let k = 0; k < size; k++) {
      step[k]! += alpha * direction[k]!;
      residual[k]! -= alpha * bent[k]!;
    }
    const next = dot(residual, residual);
    for (let k = 0; k < size; k++) direction[k] = residual[k]! + (next / squares) * direction[k]!;
    squares = next;
  }
  return step;
}

/** A row times the weights, plus the bias: four sums side by side. */
function product({ data, columns }: Matrix, row: number, weights: Float64Array): number {
  const from = row * columns;
  let [a, b, c, d] = [weights[columns]!, 0, 0, 0];
  let i = 0;
  for (; i + 3 < columns; i += 4) {
    a += data[from + i]! * weights[i]!;
    b += data[from + i + 1]! * weights[i + 1]!;
    c += data[from + i + 2]! * weights[i + 2]!;
    d += data[from + i + 3]! * weights[i + 3]!;
  }
  for (; i < columns; i++) a += data[from + i]! * weights[i]!;
  return a + b + (c + d);
}

function addRow(sum: Float64Array, { data, columns }: Matrix, row: number, factor: number): void {
  const from = row * columns;
  for (let i = 0; i < columns; i++) sum[i]! += factor * data[from + i]!;
  sum[columns]! += factor;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function length(values: Float64Array): number {
  return Math.sqrt(dot(values, values));
}
