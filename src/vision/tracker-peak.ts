/** The highest point of a response and how far it stands out. */
export interface ResponsePeak {
  /** Height at the highest element. */
  readonly peak: number;
  /** Displacement in cells, to the right and down, between the elements too; from minus half a side to half a side. */
  readonly x: number;
  readonly y: number;
  /** (peak - mean) / standard deviation, both over what lies outside 5×5 elements about the peak. */
  readonly peakToSidelobe: number;
}

/**
 * Finds the peak of a response whose element zero means no displacement and whose sides are joined. Between elements it
 * is the top of the parabola through the peak and its neighbours, along each axis by itself. Of equal elements the first counts.
 *
 * @param response float32 [rows, columns], more than 5 on a side.
 */
export function findPeak(response: Float32Array, columns: number, rows: number): ResponsePeak {
  let best = 0;
  for (let i = 1; i < response.length; i++) if (response[i]! > response[best]!) best = i;
  const [column, row] = [best % columns, Math.floor(best / columns)];
  const at = (x: number, y: number): number => response[((y + rows) % rows) * columns + ((x + columns) % columns)]!;
  const peak = response[best]!;
  let sum = 0;
  let squares = 0;
  for (const value of response) {
    sum += value;
    squares += value * value;
  }
  for (let dy = -2; dy <= 2; dy++) {
    for (let dx = -2; dx <= 2; dx++) {
      const value = at(column + dx, row + dy);
      sum -= value;
      squares -= value * value;
    }
  }
  const count = response.length - 25;
  const mean = sum / count;
  const deviation = Math.sqrt(Math.max(0, squares / count - mean * mean));
  return {
    peak,
    x: signed(column, columns) + parabolaTop(at(column - 1, row), peak, at(column + 1, row)),
    y: signed(row, rows) + parabolaTop(at(column, row - 1), peak, at(column, row + 1)),
    peakToSidelobe: deviation > 0 ? (peak - mean) / deviation : 0,
  };
}

/** A place on a ring of `size`, as the shortest way from zero. */
function signed(place: number, size: number): number {
  return place < size / 2 ? place : place - size;
}

/** Where the parabola through three neighbours has its top, in steps from the middle one: within 0.5 if that is the highest; 0 if it has none. */
function parabolaTop(before: number, middle: number, after: number): number {
  const bend = 2 * middle - before - after;
  return bend > 0 ? (after - before) / (2 * bend) : 0;
}

/**
 * By what the size changes, from the peaks at a smaller, the same and a larger size, all seen from one state: to the better neighbour where
 * that is clearly better than staying, else to the top of the parabola through the three.
 *
 * @param step ratio of neighbouring sizes, above 1.
 * @param weight of a neighbour's peak, at most 1: below 1 the size is slow to change.
 */
export function chooseFactor(
  peaks: readonly [smaller: number, same: number, larger: number],
  step: number,
  weight: number,
): number {
  const [smaller, same, larger] = peaks;
  const isLarger = larger > smaller;
  if ((isLarger ? larger : smaller) * weight > same) return isLarger ? step : 1 / step;
  const part = Math.min(0.5, Math.max(-0.5, parabolaTop(smaller, same, larger)));
  return part < 0 ? 1 + part * (1 - 1 / step) : 1 + part * (step - 1);
}
