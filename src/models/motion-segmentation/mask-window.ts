import type { Box } from '../../core/index.js';

/** A mask of three levels: 0 background, 128 unknown, 255 foreground. */
export interface TriMap {
  /** uint8 [height, width]. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const foreground = 255;
const unknown = 128;

/**
 * The mask in a square window, place by place: `weight` is 1 where at least half of the place is known, `target` 1 where at least half of
 * what is known of it is foreground. Outside the picture nothing is known. Without `ignoreUnknown` what is unknown counts as background.
 */
export function cutMask(
  mask: TriMap,
  window: Box,
  {
    size,
    mirror,
    ignoreUnknown,
    target,
    weight,
  }: {
    readonly size: number;
    readonly mirror: boolean;
    readonly ignoreUnknown: boolean;
    readonly target: Uint8Array;
    readonly weight: Uint8Array;
  },
): void {
  const front = sumOver(mask, (level) => level === foreground);
  const known = sumOver(mask, (level) => !ignoreUnknown || level !== unknown);
  const step = window.width / size;
  for (let y = 0; y < size; y++) {
    const top = window.y + y * step;
    for (let x = 0; x < size; x++) {
      const left = window.x + x * step;
      const knownArea = areaOf(known, left, top, step);
      const at = y * size + (mirror ? size - 1 - x : x);
      weight[at] = knownArea >= (step * step) / 2 ? 1 : 0;
      target[at] = weight[at] === 1 && areaOf(front, left, top, step) >= knownArea / 2 ? 1 : 0;
    }
  }
}

interface Sums {
  /** float64 [height + 1, width + 1]: how many pixels above and left of a corner fulfil a condition. */
  readonly data: Float64Array;
  readonly width: number;
  readonly height: number;
}

function sumOver({ data, width, height }: TriMap, isCounted: (level: number) => boolean): Sums {
  const counted = Uint8Array.from({ length: 256 }, (_, level) => (isCounted(level) ? 1 : 0));
  const sums = new Float64Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += counted[data[y * width + x]!]!;
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1]! + row;
    }
  }
  return { data: sums, width, height };
}

/** Pixels of a square that fulfil the condition, with their parts; none outside the picture. */
function areaOf(sums: Sums, left: number, top: number, side: number): number {
  return (
    cornerSum(sums, left + side, top + side) -
    cornerSum(sums, left, top + side) -
    cornerSum(sums, left + side, top) +
    cornerSum(sums, left, top)
  );
}

/** The sum above and left of a place between corners: exact, as pixels are even inside. */
function cornerSum({ data, width, height }: Sums, x: number, y: number): number {
  const u = Math.min(Math.max(0, x), width);
  const v = Math.min(Math.max(0, y), height);
  const [left, top] = [Math.min(width - 1, Math.floor(u)), Math.min(height - 1, Math.floor(v))];
  const [fx, fy] = [u - left, v - top];
  const at = top * (width + 1) + left;
  const below = at + width + 1;
  const upper = data[at]! + (data[at + 1]! - data[at]!) * fx;
  const lower = data[below]! + (data[below + 1]! - data[below]!) * fx;
  return upper + (lower - upper) * fy;
}
