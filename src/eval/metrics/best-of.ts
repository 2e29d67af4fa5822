/**
 * How much each of some samples counts in the best of `n` of them, averaged over all ways to draw the n: the sample at rank i
 * from the worst (0) is the best of C(i, n - 1) of the C(samples, n) draws. With n = 1 all count the same, with n = samples only
 * the best one does.
 *
 * @param scores one score a sample; `NaN` is not allowed.
 * @returns float64 [samples], sums to 1; multiply whole curves by it, so that one sample is chosen for all steps.
 * @throws RangeError if n is not from 1 to the number of samples.
 */
export function bestOfWeights(scores: readonly number[], n: number, direction: 'higher' | 'lower'): Float64Array {
  const samples = scores.length;
  if (!Number.isInteger(n) || n < 1 || n > samples)
    throw new RangeError(`The best of ${n} cannot be taken of ${samples} samples.`);
  const sign = direction === 'higher' ? 1 : -1;
  const worstFirst = scores.map((_, i) => i).sort((a, b) => sign * (scores[a]! - scores[b]!) || a - b);
  const weights = new Float64Array(samples);
  // from the best down: C(i - 1, n - 1) / C(i, n - 1) = (i - n + 1) / i
  let share = n / samples; // C(samples - 1, n - 1) / C(samples, n)
  for (let rank = samples - 1; rank >= n - 1; rank--) {
    weights[worstFirst[rank]!] = share;
    share = rank === 0 ? 0 : (share * (rank - n + 1)) / rank;
  }
  return weights;
}

/** The place of the sample with the worst score; of equal ones the first. */
export function worstSample(scores: readonly number[], direction: 'higher' | 'lower'): number {
  const sign = direction === 'higher' ? 1 : -1;
  return scores.reduce((worst, score, i) => (sign * score < sign * scores[worst]! ? i : worst), 0);
}
