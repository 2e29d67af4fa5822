/**
 * Energy score of several samples of one thing, with the root mean square as distance: `mean |x_i - y| - mean |x_i - x_j| / 2` over all pairs i ≠ j. It is least
 * on average for samples of the true distribution: who says one thing where several may happen pays, and so does who says anything. Of a single sample it is
 * its distance.
 *
 * @param truth y, any number of values.
 * @param samples x_i, each as long.
 * @throws RangeError without a sample.
 *
 * Source: Gneiting and Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", 2007, section 4.3; pairs of different samples, so that
 * it does not depend on how many there are.
 */
export function energyScore(truth: Float32Array, samples: readonly Float32Array[]): number {
  const count = samples.length;
  if (count === 0) throw new RangeError('An energy score needs a sample.');
  const miss = samples.reduce((sum, sample) => sum + distance(sample, truth), 0) / count;
  let apart = 0;
  samples.forEach((sample, i) => {
    for (const other of samples.slice(0, i)) apart += distance(sample, other);
  });
  return count === 1 ? miss : miss - apart / (count * (count - 1));
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!;
    sum += difference * difference;
  }
  return Math.sqrt(sum / a.length);
}
