import { assertAlike, type FramePixels } from './pixel-error.js';

/** How blocks are compared. */
export interface BlockMatching {
  /** Side of a block in pixels; blocks at the right and lower edge are smaller where the frame is no multiple of it. */
  readonly block?: number;
  /** Furthest displacement tried, pixels in each direction. */
  readonly range?: number;
}

/** Where each block of a frame came from. */
export interface BlockMotion {
  readonly block: number;
  readonly columns: number;
  readonly rows: number;
  /** Displacement from the earlier frame to the later one, int [rows, columns, 2] as (x, y). */
  readonly moves: Int16Array;
}

/**
 * Finds for each block of `next` the place in `previous` that differs least (sum of absolute differences, full search). Of equally
 * good places the nearest wins, so that plain areas stand still; places that leave the frame are not tried.
 */
export function matchBlocks(
  previous: FramePixels,
  next: FramePixels,
  { block = 8, range = 7 }: BlockMatching = {},
): BlockMotion {
  assertAlike(previous, next);
  const { width, height } = next;
  const columns = Math.ceil(width / block);
  const rows = Math.ceil(height / block);
  const moves = new Int16Array(rows * columns * 2);
  const tries = displacements(range);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [left, top] = [column * block, row * block];
      const [right, bottom] = [Math.min(left + block, width), Math.min(top + block, height)];
      let best = Infinity;
      for (const [dx, dy] of tries) {
        if (left - dx < 0 || top - dy < 0 || right - dx > width || bottom - dy > height) continue;
        const cost = difference(previous, next, { left, top, right, bottom, dx, dy, limit: best });
        if (cost >= best) continue;
        best = cost;
        moves.set([dx, dy], (row * columns + column) * 2);
        if (cost === 0) break;
      }
    }
  }
  return { block, columns, rows, moves };
}

/** Sum of absolute differences of a block and its place before; gives up above the limit. */
function difference(
  previous: FramePixels,
  next: FramePixels,
  {
    left,
    top,
    right,
    bottom,
    dx,
    dy,
    limit,
  }: {
    readonly left: number;
    readonly top: number;
    readonly right: number;
    readonly bottom: number;
    readonly dx: number;
    readonly dy: number;
    readonly limit: number;
  },
): number {
  const { width, channels, data } = next;
  let sum = 0;
  for (let y = top; y < bottom && sum < limit; y++) {
    const from = (y * width + left) * channels;
    const to = (y * width + right) * channels;
    const offset = (dy * width + dx) * channels;
    for (let i = from; i < to; i++) sum += Math.abs(data[i]! - previous.data[i - offset]!);
  }
  return sum;
}

const known = new Map<number, readonly (readonly [number, number])[]>();

/** All displacements of a range, the shortest first. */
function displacements(range: number): readonly (readonly [number, number])[] {
  const made = known.get(range);
  if (made) return made;
  const all: (readonly [number, number])[] = [];
  for (let dy = -range; dy <= range; dy++) for (let dx = -range; dx <= range; dx++) all.push([dx, dy]);
  all.sort(([ax, ay], [bx, by]) => ax * ax + ay * ay - bx * bx - by * by || ay - by || ax - bx);
  known.set(range, all);
  return all;
}
