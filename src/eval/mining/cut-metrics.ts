/** How many cuts were found. */
export interface CutScore {
  readonly hits: number;
  readonly truths: number;
  readonly found: number;
}

/**
 * Pairs found cuts with true ones, at most `tolerance` frames apart and each used once, as many pairs as there can be.
 *
 * @param truth frame numbers, rising.
 * @param found frame numbers, rising.
 */
export function matchCuts(truth: readonly number[], found: readonly number[], tolerance: number): CutScore {
  let hits = 0;
  for (let t = 0, f = 0; t < truth.length && f < found.length;) {
    const apart = found[f]! - truth[t]!;
    if (Math.abs(apart) <= tolerance) {
      hits++;
      t++;
      f++;
    } else if (apart < 0) f++;
    else t++;
  }
  return { hits, truths: truth.length, found: found.length };
}

/** Precision, recall and their harmonic mean over several films; 1 where nothing was to be found and nothing was. */
export function cutRates(scores: readonly CutScore[]): {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
} {
  const sum = (of: (score: CutScore) => number) => scores.reduce((total, score) => total + of(score), 0);
  const hits = sum((score) => score.hits);
  const truths = sum((score) => score.truths);
  const found = sum((score) => score.found);
  return {
    precision: found === 0 ? (truths === 0 ? 1 : 0) : hits / found,
    recall: truths === 0 ? 1 : hits / truths,
    f1: truths + found === 0 ? 1 : (2 * hits) / (truths + found),
  };
}

/** As many cuts as given, evenly spread over a film: what knows how often is cut, and nothing else. */
export function uniformCuts(count: number, frames: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => Math.round(((i + 1) * frames) / (count + 1)));
}
