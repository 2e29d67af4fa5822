import type { Box } from '../../core/index.js';
import { motionGrid } from './motion.js';

const side = 7 / 16; // of the width: what a network of 80 to 112 pixels sees of 256
const step = 8; // pixels between the places tried

/**
 * The square in which most moves: of 7/16 of the picture's width, where the summed motion is greatest, and of equals
 * the one nearest to the centre.
 *
 * @param cells uint16 [rows, columns] of `motionGrid` each; they are added up.
 * @returns whole pixels of a picture of `width` × `height`.
 */
export function mostMovingSquare(cells: readonly Uint16Array[], width: number, height: number): Box {
  const size = Math.max(1, Math.min(Math.round(width * side), height));
  const integral = integrate(cells);
  let best: Box = { x: (width - size) >> 1, y: (height - size) >> 1, width: size, height: size };
  let most = squareSum(integral, best, width, height);
  let offCentre = 0;
  for (const y of places(height - size)) {
    for (const x of places(width - size)) {
      const box = { x, y, width: size, height: size };
      const sum = squareSum(integral, box, width, height);
      const dx = 2 * x + size - width;
      const dy = 2 * y + size - height;
      const distance = dx * dx + dy * dy;
      if (sum > most || (sum === most && distance < offCentre)) {
        best = box;
        most = sum;
        offCentre = distance;
      }
    }
  }
  return best;
}

function places(last: number): number[] {
  const starts = Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step);
  return last % step === 0 ? starts : [...starts, last];
}

/** Float64 [rows + 1, columns + 1]: sums of all cells above and to the left. */
function integrate(cells: readonly Uint16Array[]): Float64Array {
  const { columns, rows } = motionGrid;
  const out = new Float64Array((rows + 1) * (columns + 1));
  for (const grid of cells) {
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) out[(y + 1) * (columns + 1) + x + 1]! += grid[y * columns + x]!;
  }
  for (let y = 1; y <= rows; y++) {
    let row = 0;
    for (let x = 1; x <= columns; x++) {
      row += out[y * (columns + 1) + x]!;
      out[y * (columns + 1) + x] = row + out[(y - 1) * (columns + 1) + x]!;
    }
  }
  return out;
}

function squareSum(integral: Float64Array, box: Box, width: number, height: number): number {
  const { columns, rows } = motionGrid;
  const x0 = (box.x * columns) / width;
  const x1 = ((box.x + box.width) * columns) / width;
  const y0 = (box.y * rows) / height;
  const y1 = ((box.y + box.height) * rows) / height;
  return sumTo(integral, x1, y1) - sumTo(integral, x0, y1) - sumTo(integral, x1, y0) + sumTo(integral, x0, y0);
}

/** The integral at a place between grid points: linear in each direction, as if motion were even within a cell. */
function sumTo(integral: Float64Array, x: number, y: number): number {
  const { columns, rows } = motionGrid;
  const left = Math.min(Math.floor(x), columns - 1);
  const top = Math.min(Math.floor(y), rows - 1);
  const right = x - left;
  const down = y - top;
  const at = (row: number, column: number): number => integral[row * (columns + 1) + column]!;
  return (
    (1 - down) * ((1 - right) * at(top, left) + right * at(top, left + 1)) +
    down * ((1 - right) * at(top + 1, left) + right * at(top + 1, left + 1))
  );
}
