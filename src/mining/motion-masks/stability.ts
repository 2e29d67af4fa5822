import type { GapMotion } from './saliency.js';

/** Pixels between the places at which motion is kept: masks are coarse. */
const grid = 4;

/** Where places of a frame go, per frame of time, on a grid. */
export interface Velocity {
  readonly columns: number;
  readonly rows: number;
  /** float32 [rows, columns, 2]: pixels per frame towards later frames; NaN where unknown. */
  readonly later: Float32Array;
  /** The same towards earlier frames. */
  readonly earlier: Float32Array;
}

/** A frame's mask and its motion. */
export interface MovingMask {
  /** Frame number; distances are measured in it. */
  readonly frame: number;
  /** uint8 [height, width] of 0 and 1, at work size. */
  readonly mask: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly velocity: Velocity;
}

/** Camera and residual together, from the comparisons of each direction: their mean over the distance. */
export function gridVelocity(pairs: readonly GapMotion[], width: number, height: number): Velocity {
  const [columns, rows] = [Math.ceil(width / grid), Math.ceil(height / grid)];
  const mean = (side: readonly GapMotion[]): Float32Array => {
    const out = new Float32Array(2 * columns * rows).fill(side.length === 0 ? NaN : 0);
    for (const { gap, motion } of side) {
      const [a, b, c, d, e, f, g, i, j] = motion.homography as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      for (let n = 0; n < columns * rows; n++) {
        const [x, y] = [grid * (n % columns), grid * Math.floor(n / columns)];
        const at = 2 * (y * width + x);
        const [u, v] = [x + motion.residual[at]!, y + motion.residual[at + 1]!];
        const w = 1 / (g * u + i * v + j);
        const scale = 1 / (Math.abs(gap) * side.length);
        out[2 * n]! += ((a * u + b * v + c) * w - x) * scale;
        out[2 * n + 1]! += ((d * u + e * v + f) * w - y) * scale;
      }
    }
    return out;
  };
  return {
    columns,
    rows,
    later: mean(pairs.filter(({ gap }) => gap > 0)),
    earlier: mean(pairs.filter(({ gap }) => gap < 0)),
  };
}

/** Overlap of a mask with that before or after it, whichever is more, brought here along its flow; 1 where there are none to compare with. */
export function measureStability(own: MovingMask, neighbours: readonly MovingMask[]): number {
  const overlaps = neighbours.map((other) => {
    const steps = Math.abs(other.frame - own.frame);
    const field = other.frame > own.frame ? own.velocity.later : own.velocity.earlier;
    return movedOverlap(own, other, field, steps);
  });
  const known = overlaps.filter((value) => value !== null);
  return known.length === 0 ? 1 : Math.max(...known);
}

function movedOverlap(own: MovingMask, other: MovingMask, field: Float32Array, steps: number): number | null {
  if (Number.isNaN(field[0]!)) return null;
  const { width, height, velocity } = own;
  let both = 0;
  let either = 0;
  for (let n = 0; n < velocity.columns * velocity.rows; n++) {
    const [x, y] = [grid * (n % velocity.columns), grid * Math.floor(n / velocity.columns)];
    const u = Math.round(x + steps * field[2 * n]!);
    const v = Math.round(y + steps * field[2 * n + 1]!);
    if (u < 0 || v < 0 || u >= width || v >= height) continue;
    const a = own.mask[y * width + x]!;
    const b = other.mask[v * width + u]!;
    both += a & b;
    either += a | b;
  }
  return either === 0 ? 1 : both / either;
}
