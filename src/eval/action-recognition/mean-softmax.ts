/** Mean over the rows of the softmax of class scores, float64 [rows, classes]: what some publish instead of the mean score. */
export function meanSoftmax(scores: Float64Array, classes: number): number[] {
  const rows = scores.length / classes;
  const mean = new Array<number>(classes).fill(0);
  for (let row = 0; row < rows; row++) {
    const own = scores.subarray(row * classes, (row + 1) * classes);
    const max = own.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = own.map((score) => Math.exp(score - max));
    const total = powers.reduce((a, b) => a + b, 0);
    powers.forEach((power, c) => (mean[c]! += power / total / rows));
  }
  return mean;
}
