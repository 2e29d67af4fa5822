import type { Box } from '../../core/index.js';

/** A box and what it holds. */
export interface BestBox {
  /** Whole pixels, inside the area. */
  readonly box: Box;
  readonly points: number;
}

const parts = 16; // places are rounded to 1/16 pixel, so that sums are exact

/**
 * The square that holds most points, among all whole places in an area: of equals the one whose centre is nearest to the mean
 * of the points it holds, then the uppermost, then the leftmost. Null where the square does not fit.
 *
 * @param points float32 [points, 2]; pixel edges, as boxes: a point belongs to the pixel that it lies in.
 */
export function findBestBox(points: Float32Array, side: number, area: Box): BestBox | null {
  const left = Math.ceil(area.x);
  const top = Math.ceil(area.y);
  const columns = Math.floor(area.x + area.width) - left;
  const rows = Math.floor(area.y + area.height) - top;
  if (columns < side || rows < side) return null;
  const { counts, sumsX, sumsY, stride } = integrate(points, { left, top, columns, rows });
  const inSquare = (sums: Int32Array, at: number): number =>
    sums[at + side * stride + side]! - sums[at + side * stride]! - sums[at + side]! + sums[at]!;
  let most = 0;
  let nearest = 0;
  let [x, y] = [0, 0];
  for (let row = 0; row <= rows - side; row++) {
    for (let column = 0; column <= columns - side; column++) {
      const at = row * stride + column;
      const count = inSquare(counts, at);
      if (count < most || count === 0) continue;
      const dx = inSquare(sumsX, at) / count - parts * (column + side / 2);
      const dy = inSquare(sumsY, at) / count - parts * (row + side / 2);
      const distance = dx * dx + dy * dy;
      if (count > most || distance < nearest) [most, nearest, x, y] = [count, distance, column, row];
    }
  }
  return { box: { x: left + x, y: top + y, width: side, height: side }, points: most };
}

/** Sums over all pixels above and to the left: of points, and of their places in 1/16 pixels from the area's corner. */
function integrate(
  points: Float32Array,
  {
    left,
    top,
    columns,
    rows,
  }: { readonly left: number; readonly top: number; readonly columns: number; readonly rows: number },
): { readonly counts: Int32Array; readonly sumsX: Int32Array; readonly sumsY: Int32Array; readonly stride: number } {
  const stride = columns + 1;
  const [counts, sumsX, sumsY] = [0, 1, 2].map(() => new Int32Array(stride * (rows + 1))) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  for (let i = 0; i < points.length; i += 2) {
    const px = points[i]! - left;
    const py = points[i + 1]! - top;
    if (!(px >= 0 && py >= 0 && px < columns && py < rows)) continue;
    const at = (Math.floor(py) + 1) * stride + Math.floor(px) + 1;
    counts[at]!++;
    sumsX[at]! += Math.round(px * parts);
    sumsY[at]! += Math.round(py * parts);
  }
  for (const sums of [counts, sumsX, sumsY]) {
    for (let row = 1; row <= rows; row++) {
      let sum = 0;
      for (let at = row * stride + 1; at < (row + 1) * stride; at++) {
        sum += sums[at]!;
        sums[at] = sum + sums[at - stride]!;
      }
    }
  }
  return { counts, sumsX, sumsY, stride };
}
