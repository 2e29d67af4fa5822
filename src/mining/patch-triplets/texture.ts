import type { Box } from '../../core/index.js';

const cell = 8; // pixels a side

/** How much texture a frame holds, cell by cell, summed up. */
export interface TextureMap {
  /** float64 [rows + 1, columns + 1]: sums over all cells above and to the left. */
  readonly sums: Float64Array;
  readonly columns: number;
  readonly rows: number;
}

/** Energy of differences of neighbouring pixels in a luma picture, every second pixel each way. */
export function measureTexture(luma: Uint8Array, width: number, height: number): TextureMap {
  const columns = Math.floor(width / cell);
  const rows = Math.floor(height / cell);
  const stride = columns + 1;
  const sums = new Float64Array(stride * (rows + 1));
  for (let y = 1; y < rows * cell - 1; y += 2) {
    const row = ((y >> 3) + 1) * stride;
    for (let x = 1; x < columns * cell - 1; x += 2) {
      const at = y * width + x;
      const dx = luma[at + 1]! - luma[at - 1]!;
      const dy = luma[at + width]! - luma[at - width]!;
      sums[row + (x >> 3) + 1]! += dx * dx + dy * dy;
    }
  }
  for (let row = 1; row <= rows; row++) {
    let sum = 0;
    for (let at = row * stride + 1; at < (row + 1) * stride; at++) {
      sum += sums[at]!;
      sums[at] = sum + sums[at - stride]!;
    }
  }
  return { sums, columns, rows };
}

/** Mean energy of the whole cells nearest to a box. */
export function textureOf({ sums, columns, rows }: TextureMap, box: Box): number {
  const stride = columns + 1;
  const near = (pixel: number, limit: number): number => Math.min(limit, Math.max(0, Math.round(pixel / cell)));
  const [left, right] = [near(box.x, columns), near(box.x + box.width, columns)];
  const [top, bottom] = [near(box.y, rows), near(box.y + box.height, rows)];
  const total =
    sums[bottom * stride + right]! -
    sums[top * stride + right]! -
    sums[bottom * stride + left]! +
    sums[top * stride + left]!;
  return total / Math.max(1, (right - left) * (bottom - top));
}

/** Textures of boxes of one size spread over an area, each half a side from the next. */
export function texturesOver(map: TextureMap, side: number, area: Box): number[] {
  const places = (from: number, length: number): number[] =>
    Array.from({ length: Math.max(0, Math.floor((2 * (length - side)) / side) + 1) }, (_, i) => from + (i * side) / 2);
  return places(area.y, area.height).flatMap((y) =>
    places(area.x, area.width).map((x) => textureOf(map, { x, y, width: side, height: side })),
  );
}
