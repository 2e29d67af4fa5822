/** Mean of values, each counted as often as its weight says; default: once. NaN where nothing counts. */
export function weightedMean(values: readonly number[], weights?: Float64Array): number {
  let [sum, total] = [0, 0];
  values.forEach((value, i) => {
    const weight = weights ? weights[i]! : 1;
    sum += weight * value;
    total += weight;
  });
  return sum / total;
}
