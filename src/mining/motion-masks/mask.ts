import type { Box } from '../../core/index.js';
import { findComponents } from '../../vision/index.js';
import type { MotionMasksConfig } from './config.js';

/** Values of a stored mask. */
export const maskLevels = { background: 0, unknown: 128, foreground: 255 } as const;

/** A mask and what is to be known of it. */
export interface Foreground {
  /** uint8 [height, width] of 0 and 1: without its small parts. */
  readonly mask: Uint8Array;
  /** Share of the picture. */
  readonly area: number;
  /** Share of the foreground in the outer 5 % of the picture. */
  readonly borderShare: number;
  readonly components: number;
  /** Edges of the largest part, pixels; null where there is none. */
  readonly box: Box | null;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const rim = 0.05;

/** Votes of regions as a map of votes of pixels. */
export function paintVotes(votes: Float32Array, labels: Uint16Array): Float32Array {
  const out = new Float32Array(labels.length);
  for (let i = 0; i < labels.length; i++) out[i] = votes[labels[i]!]!;
  return out;
}

/** A map at another size, linear between pixel centres. */
export function scaleMap(map: Float32Array, from: Size, to: Size): Float32Array {
  if (from.width === to.width && from.height === to.height) return map;
  const columns = taps(from.width, to.width);
  const rows = taps(from.height, to.height);
  const out = new Float32Array(to.width * to.height);
  for (let y = 0; y < to.height; y++) {
    const top = rows.low[y]! * from.width;
    const bottom = rows.high[y]! * from.width;
    const fy = rows.share[y]!;
    for (let x = 0; x < to.width; x++) {
      const left = columns.low[x]!;
      const right = columns.high[x]!;
      const fx = columns.share[x]!;
      const upper = map[top + left]! + (map[top + right]! - map[top + left]!) * fx;
      const lower = map[bottom + left]! + (map[bottom + right]! - map[bottom + left]!) * fx;
      out[y * to.width + x] = upper + (lower - upper) * fy;
    }
  }
  return out;
}

function taps(from: number, to: number) {
  const low = new Int32Array(to);
  const high = new Int32Array(to);
  const share = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const centre = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    low[i] = Math.floor(centre);
    high[i] = Math.min(low[i]! + 1, from - 1);
    share[i] = centre - low[i]!;
  }
  return { low, high, share };
}

/** uint8 of the same shape: 1 where a map has at least this value. */
export function atLeast(map: Float32Array, least: number): Uint8Array {
  const out = new Uint8Array(map.length);
  for (let i = 0; i < map.length; i++) if (map[i]! >= least) out[i] = 1;
  return out;
}

/** What of a map of votes is foreground, without parts that are small beside the largest or the picture. */
export function cutForeground(
  votes: Float32Array,
  { width, height }: Size,
  { foreground, leastPart, leastPartArea }: Pick<MotionMasksConfig, 'foreground' | 'leastPart' | 'leastPartArea'>,
): Foreground {
  const mask = atLeast(votes, foreground);
  const { labels, sizes } = findComponents(mask, width, height);
  const largest = sizes.reduce((a, b) => Math.max(a, b), 0);
  const least = Math.max(leastPart * largest, leastPartArea * width * height);
  const isKept = sizes.map((size) => size >= least);
  const main = sizes.indexOf(largest) + 1;
  let pixels = 0;
  let inRim = 0;
  let left = width;
  let top = height;
  let right = -1;
  let bottom = -1;
  for (let i = 0; i < mask.length; i++) {
    const label = labels[i]!;
    if (label === 0) continue;
    if (!isKept[label - 1]) {
      mask[i] = 0;
      continue;
    }
    const x = i % width;
    const y = (i - x) / width;
    pixels++;
    if (x < rim * width || y < rim * height || x >= width - rim * width || y >= height - rim * height) inRim++;
    if (label !== main) continue;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return {
    mask,
    area: pixels / mask.length,
    borderShare: pixels === 0 ? 0 : inRim / pixels,
    components: isKept.filter(Boolean).length,
    box:
      pixels === 0 || !isKept[main - 1] ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 },
  };
}

/**
 * A mask of three levels: foreground, background where votes are at most `background`, and unknown between them, in a band on both
 * sides of the outline, and in parts that were taken off.
 *
 * @returns uint8 [height, width] of `maskLevels`.
 */
export function makeTriMap(
  votes: Float32Array,
  mask: Uint8Array,
  { width, height }: Size,
  { background, band }: Pick<MotionMasksConfig, 'background' | 'band'>,
): Uint8Array {
  const reach = Math.max(2, Math.round(band * Math.min(width, height)));
  const near = nearOutline(mask, width, height, reach);
  return Uint8Array.from(mask, (inside, i) => {
    if (near[i] === 1) return maskLevels.unknown;
    if (inside === 1) return maskLevels.foreground;
    return votes[i]! <= background ? maskLevels.background : maskLevels.unknown;
  });
}

/** 1 within `reach` pixels, along either axis or both, of a pixel of the other kind. */
function nearOutline(mask: Uint8Array, width: number, height: number, reach: number): Uint8Array {
  const spread = (of: (i: number) => boolean): Uint8Array => {
    // A square grows along rows and then along columns.
    const rows = new Uint8Array(mask.length);
    for (let y = 0; y < height; y++) {
      let last = -Infinity;
      for (let x = 0; x < width; x++) {
        if (of(y * width + x)) last = x;
        if (x - last <= reach) rows[y * width + x] = 1;
      }
      last = Infinity;
      for (let x = width - 1; x >= 0; x--) {
        if (of(y * width + x)) last = x;
        if (last - x <= reach) rows[y * width + x] = 1;
      }
    }
    const out = new Uint8Array(mask.length);
    for (let x = 0; x < width; x++) {
      let last = -Infinity;
      for (let y = 0; y < height; y++) {
        if (rows[y * width + x] === 1) last = y;
        if (y - last <= reach) out[y * width + x] = 1;
      }
      last = Infinity;
      for (let y = height - 1; y >= 0; y--) {
        if (rows[y * width + x] === 1) last = y;
        if (last - y <= reach) out[y * width + x] = 1;
      }
    }
    return out;
  };
  const inside = spread((i) => mask[i] === 1);
  const outside = spread((i) => mask[i] === 0);
  return inside.map((value, i) => value & outside[i]!);
}

/** Intersection over union of two masks; 1 where both are empty. */
export function overlap(a: Uint8Array, b: Uint8Array): number {
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.length; i++) {
    both += a[i]! & b[i]!;
    either += a[i]! | b[i]!;
  }
  return either === 0 ? 1 : both / either;
}
