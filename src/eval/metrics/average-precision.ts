/** Scores of one class, and whether each picture shows it: 1 yes, -1 no; any other label leaves the picture out. */
export interface RankedExamples {
  readonly scores: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
  /** How often each example counts, whole numbers; default: once. */
  readonly weights?: ArrayLike<number> | undefined;
}

/** The area under a curve of precision over recall, as three traditions take it. Figures of different definitions do not compare. */
export interface AveragePrecision {
  /** Each new recall times the precision there: scikit-learn's, and the classification harness in use before 2019. */
  readonly stepWise: number;
  /** The same with the best precision at that recall or beyond: the challenge's rule from 2010 on. */
  readonly envelope: number;
  /** Mean of the best precision at recall 0, 0.1, … 1 or beyond: the challenge's rule of 2007. */
  readonly elevenPoint: number;
}

/** The definitions, by their names as variants of a metric. */
export const averagePrecisionVariants = {
  envelope: 'envelope',
  elevenPoint: '11-point',
  stepWise: 'step-wise',
} as const satisfies Record<keyof AveragePrecision, string>;

/**
 * Average precision of a ranking by each of the three definitions, 0–1; NaN where no example is positive. Examples of equal scores are taken
 * together, at one threshold, so their order does not matter.
 *
 * Source: Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge", 2010, section 4.2, and the development kits of 2007 and 2010.
 */
export function averagePrecision({ scores, labels, weights }: RankedExamples): AveragePrecision {
  return averagePrecisionOf(rankExamples({ scores, labels }), weights);
}

/** The examples that count, from the highest score down. */
export interface Ranking {
  /** Places in the list that was ranked. */
  readonly order: Int32Array;
  /** [examples]: 1 where the score is lower than that of the example before. */
  readonly starts: Uint8Array;
  readonly labels: ArrayLike<number>;
}

/** Sorts examples once, for many weightings of them. */
export function rankExamples({ scores, labels }: Omit<RankedExamples, 'weights'>): Ranking {
  const kept = Array.from(labels, (label, i) => (label === 1 || label === -1 ? i : -1)).filter((i) => i >= 0);
  const order = Int32Array.from(kept.sort((a, b) => scores[b]! - scores[a]! || a - b));
  const starts = Uint8Array.from(order, (at, i) => (i === 0 || scores[at]! < scores[order[i - 1]!]! ? 1 : 0));
  return { order, starts, labels };
}

/**
 * `averagePrecision` of examples that are sorted already.
 *
 * @param missed positives that are not among the examples, such as things that no detection is of.
 */
export function averagePrecisionOf(
  { order, starts, labels }: Ranking,
  weights?: ArrayLike<number>,
  missed = 0,
): AveragePrecision {
  // The curve: found positives and everything above each threshold.
  const found: number[] = [];
  const taken: number[] = [];
  let [positives, all] = [0, 0];
  for (let i = 0; i < order.length; i++) {
    if (i > 0 && starts[i] === 1) {
      found.push(positives);
      taken.push(all);
    }
    const weight = weights ? weights[order[i]!]! : 1;
    if (labels[order[i]!] === 1) positives += weight;
    all += weight;
  }
  const wanted = positives + missed;
  if (wanted === 0) return { stepWise: NaN, envelope: NaN, elevenPoint: NaN };
  found.push(positives);
  taken.push(all);
  let [stepWise, envelope, best] = [0, 0, 0];
  const bestFrom = new Float64Array(11); // best precision at each tenth of recall, or beyond
  let tenth = 10;
  for (let i = found.length - 1; i >= 0; i--) {
    const gained = found[i]! - (i > 0 ? found[i - 1]! : 0);
    while (tenth >= 0 && found[i]! * 10 < tenth * wanted) bestFrom[tenth--] = best;
    if (gained === 0) continue; // its precision is lower than that of the threshold before it
    const precision = found[i]! / taken[i]!;
    best = Math.max(best, precision);
    stepWise += (gained / wanted) * precision;
    envelope += (gained / wanted) * best;
  }
  while (tenth >= 0) bestFrom[tenth--] = best;
  return { stepWise, envelope, elevenPoint: bestFrom.reduce((sum, value) => sum + value, 0) / 11 };
}
