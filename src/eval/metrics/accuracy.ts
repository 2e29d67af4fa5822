/** Class scores of some examples and the truth. */
export interface ScoredExamples {
  /** [examples, classes], row-major. */
  readonly scores: ArrayLike<number>;
  /** [examples], 0-based. */
  readonly labels: ArrayLike<number>;
  readonly classes: number;
  /** [examples]: how often each counts; default: once. */
  readonly weights?: ArrayLike<number>;
}

/** The class with the highest score of each row; among equal scores the lowest index. A score that is NaN is never the highest; -1 where all are. */
export function bestClasses(scores: ArrayLike<number>, classes: number): Int32Array {
  const best = new Int32Array(scores.length / classes).fill(-1);
  for (let row = 0; row < best.length; row++) {
    let highest = NaN;
    for (let c = 0; c < classes; c++) {
      const score = scores[row * classes + c]!;
      if (Number.isNaN(score) || score <= highest) continue;
      highest = score;
      best[row] = c;
    }
  }
  return best;
}

/** How many classes rank before one: those of a higher score, and of equal ones those of a lower index. A score that is NaN ranks behind all others. */
export function classesAhead(scores: ArrayLike<number>, { from, classes, label }: RowOfScores): number {
  const own = scores[from + label]!;
  if (Number.isNaN(own)) return classes;
  let ahead = 0;
  for (let c = 0; c < classes; c++) {
    const other = scores[from + c]!;
    if (other > own || (other === own && c < label)) ahead++;
  }
  return ahead;
}

/** The scores of one example: those of `classes` classes from place `from` on, of which `label` is asked about. */
export interface RowOfScores {
  readonly from: number;
  readonly classes: number;
  readonly label: number;
}

/** Share of examples whose true class is among the `k` highest scores; equal scores rank by class index, NaN is a miss. NaN without examples. */
export function topKAccuracy({
  scores,
  labels,
  classes,
  weights,
  k = 1,
}: ScoredExamples & { readonly k?: number }): number {
  let hits = 0;
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    const weight = weights ? weights[row]! : 1;
    if (classesAhead(scores, { from: row * classes, classes, label: labels[row]! }) < k) hits += weight;
    total += weight;
  }
  return hits / total;
}

/** Mean over the classes that occur of the share of their examples that are right: what TSN's evaluation prints. NaN without examples. */
export function classMeanAccuracy({ scores, labels, classes, weights }: ScoredExamples): number {
  const best = bestClasses(scores, classes);
  return meanRecall({ labels, classes, weights, rightness: (row) => (best[row] === labels[row] ? 1 : 0) });
}

/** One score per example, higher for label 1, and the labels 0 and 1. */
export interface BinaryExamples {
  readonly scores: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
  /** How often each example counts; default: once. */
  readonly weights?: ArrayLike<number> | undefined;
}

/** Mean of the shares of positives above 0 and negatives below 0; a score of exactly 0 is half right. Guessing gives 0.5 at any mix. */
export function balancedAccuracy({ scores, labels, weights }: BinaryExamples): number {
  const rightness = (row: number) => {
    const score = labels[row] === 1 ? scores[row]! : -scores[row]!;
    return score > 0 ? 1 : score === 0 ? 0.5 : 0;
  };
  return meanRecall({ labels, classes: 2, weights, rightness });
}

/** Probability that a random positive scores above a random negative, ties half (area under the ROC curve). NaN without both. */
export function areaUnderCurve({ scores, labels, weights }: BinaryExamples): number {
  const order = Array.from(labels, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let below = 0; // weight of negatives with a lower score
  let wins = 0;
  let positives = 0;
  for (let start = 0; start < order.length;) {
    let end = start;
    const tied = [0, 0];
    for (; end < order.length && scores[order[end]!] === scores[order[start]!]; end++) {
      tied[labels[order[end]!]!]! += weights ? weights[order[end]!]! : 1;
    }
    wins += tied[1]! * (below + tied[0]! / 2);
    below += tied[0]!;
    positives += tied[1]!;
    start = end;
  }
  return wins / (positives * below);
}

function meanRecall({
  labels,
  classes,
  weights,
  rightness,
}: {
  readonly labels: ArrayLike<number>;
  readonly classes: number;
  readonly weights: ArrayLike<number> | undefined;
  readonly rightness: (row: number) => number;
}): number {
  const right = new Float64Array(classes);
  const total = new Float64Array(classes);
  for (let row = 0; row < labels.length; row++) {
    const weight = weights ? weights[row]! : 1;
    right[labels[row]!]! += weight * rightness(row);
    total[labels[row]!]! += weight;
  }
  let sum = 0;
  let present = 0;
  for (let c = 0; c < classes; c++) {
    if (total[c]! === 0) continue;
    sum += right[c]! / total[c]!;
    present++;
  }
  return sum / present;
}
