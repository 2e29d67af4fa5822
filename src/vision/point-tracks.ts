import { loadKernel, type Box, type Kernel } from '../core/index.js';
import { loadPyramid, mostPeaks, planMemory, type Layout, type PointKernel } from './point-memory.js';

/** Corners of one picture and where they are in another. Pixel centres are at whole numbers. */
export interface PointTracks {
  /** float32 [points, 2]: x and y in the first picture, strongest corner first. */
  readonly from: Float32Array;
  /** float32 [points, 2]: the same points in the second. */
  readonly to: Float32Array;
  /** Corners that were tried; those that could not be followed there and back are not among the points. */
  readonly corners: number;
}

/** How corners are found and followed. Lengths are in pixels. */
export interface PointTrackOptions {
  readonly mostCorners?: number;
  /** Least cornerness, as a share of the greatest in the picture. */
  readonly quality?: number;
  readonly minDistance?: number;
  /** Pictures of the pyramid, each half the one before. */
  readonly levels?: number;
  /** A point is dropped if followed back it ends farther than this from where it was. */
  readonly maxRoundTrip?: number;
  /** Where corners are looked for; default: everywhere. */
  readonly area?: Box | null;
}

const edge = 4; // corners nearer to the picture's edge are not looked for
const iterations = 12;
const epsilon = 0.02; // pixels

let kernel: Kernel<PointKernel> | null = null;

/**
 * Finds corners in one picture (smaller eigenvalue of the 3×3 structure tensor) and follows them to another by pyramidal
 * Lucas–Kanade over 16×16 windows, there and back.
 *
 * @param previous uint8 [height, width], luma; `next` likewise.
 *
 * Source: Shi and Tomasi, "Good Features to Track", CVPR 1994; Bouguet, "Pyramidal Implementation of the Lucas Kanade
 * Feature Tracker", 2000.
 */
export function trackPoints(
  previous: Uint8Array,
  next: Uint8Array,
  width: number,
  height: number,
  {
    mostCorners = 1000,
    quality = 0.01,
    minDistance = 5,
    levels = 4,
    maxRoundTrip = 1,
    area = null,
  }: PointTrackOptions = {},
): PointTracks {
  for (const picture of [previous, next]) {
    if (picture.length !== width * height) {
      throw new RangeError(
        `A picture of ${width}×${height} has ${width * height} bytes of luma, got ${picture.length}.`,
      );
    }
  }
  if ((width + 32) * height > placeRange) {
    throw new RangeError(`A picture of ${width}×${height} is too large to look for corners: scale it down.`);
  }
  kernel ??= loadKernel<PointKernel>('vision/kernels/points');
  const { exports, memory } = kernel;
  const layout = planMemory(width, height, levels, mostCorners);
  const base = kernel.reserve(layout.bytes);
  const first = loadPyramid(kernel, base + layout.first, base + layout.rows, layout, previous);
  const second = loadPyramid(kernel, base + layout.second, base + layout.rows, layout, next);

  const corners = findCorners(kernel, { base, layout, picture: first[0]!, width, height, quality, area });
  const chosen = spreadOut(corners, { width, height, most: mostCorners, minDistance });
  const count = chosen.length / 2;
  new Float32Array(memory.buffer, base + layout.from, 2 * count).set(chosen);
  const table = (old: readonly number[], young: readonly number[]): number => {
    const entries = new Int32Array(memory.buffer, base + layout.table, 4 * layout.levels.length);
    layout.levels.forEach((level, i) =>
      entries.set([old[i]!, young[i]!, level.stride, level.width | (level.height << 16)], 4 * i),
    );
    return base + layout.table;
  };
  const follow = (levelTable: number, from: number, to: number, found: number): void =>
    exports.follow(
      levelTable,
      layout.levels.length,
      base + from,
      base + to,
      base + found,
      count,
      iterations,
      epsilon,
      base + layout.scratch,
    );
  follow(table(first, second), layout.from, layout.to, layout.found);
  follow(table(second, first), layout.to, layout.back, layout.foundBack);

  const to = new Float32Array(memory.buffer, base + layout.to, 2 * count);
  const back = new Float32Array(memory.buffer, base + layout.back, 2 * count);
  const found = new Uint8Array(memory.buffer, base + layout.found, count);
  const foundBack = new Uint8Array(memory.buffer, base + layout.foundBack, count);
  const kept: number[] = [];
  for (let i = 0; i < count; i++) {
    const dx = back[2 * i]! - chosen[2 * i]!;
    const dy = back[2 * i + 1]! - chosen[2 * i + 1]!;
    if (found[i] && foundBack[i] && dx * dx + dy * dy <= maxRoundTrip * maxRoundTrip) kept.push(i);
  }
  const pick = (pairs: Float32Array): Float32Array =>
    Float32Array.from({ length: 2 * kept.length }, (_, k) => pairs[2 * kept[k >> 1]! + (k & 1)]!);
  return { from: pick(chosen), to: pick(to), corners: count };
}

/** Pixel numbers of local maxima of cornerness, strongest first, in rows of `stride`. */
function findCorners(
  { exports, memory }: Kernel<PointKernel>,
  {
    base,
    layout,
    picture,
    width,
    height,
    quality,
    area,
  }: {
    readonly base: number;
    readonly layout: Layout;
    readonly picture: number;
    readonly width: number;
    readonly height: number;
    readonly quality: number;
    readonly area: Box | null;
  },
): { readonly places: Int32Array; readonly stride: number } {
  const { responseStride: stride } = layout;
  const left = Math.max(edge, Math.ceil(area?.x ?? 0));
  const top = Math.max(edge, Math.ceil(area?.y ?? 0));
  const right = Math.min(width - edge, Math.floor(area ? area.x + area.width : width));
  const bottom = Math.min(height - edge, Math.floor(area ? area.y + area.height : height));
  const columns = Math.floor((right - left) / 4) * 4;
  if (columns < 4 || bottom - top < 1) return { places: new Int32Array(0), stride };
  const response = base + layout.response;
  const rows = base + layout.rows;
  const largest = exports.cornerness(
    picture,
    layout.levels[0]!.stride,
    response,
    stride,
    left - 4,
    top - 1,
    left + columns + 4,
    bottom + 1,
    rows,
  );
  if (!(largest > 0)) return { places: new Int32Array(0), stride };
  const [places, values] = [base + layout.places, base + layout.values];
  const count = exports.peaks(
    response,
    stride,
    left,
    top,
    left + columns,
    bottom,
    largest * quality,
    places,
    values,
    mostPeaks,
  );
  const where = new Int32Array(memory.buffer, places, count);
  // Positive floats sort as their bits do; of equals the first in reading order comes first.
  const bits = new Uint32Array(memory.buffer, values, count);
  const keys = Float64Array.from(bits, (value, i) => value * placeRange + (placeRange - 1 - where[i]!)).sort();
  return { places: Int32Array.from(keys.reverse(), (key) => placeRange - 1 - (key % placeRange)), stride };
}

const placeRange = 4_194_304; // 2^22: with 31 bits of a float still an exact double

/** The strongest corners of which no two are nearer than `minDistance`: float32 [points, 2]. */
function spreadOut(
  { places, stride }: { readonly places: Int32Array; readonly stride: number },
  {
    width,
    height,
    most,
    minDistance,
  }: { readonly width: number; readonly height: number; readonly most: number; readonly minDistance: number },
): Float32Array {
  const cell = Math.max(1, minDistance / Math.SQRT2); // holds one point at most
  const columns = Math.floor(width / cell) + 5;
  const grid = new Int32Array(columns * (Math.floor(height / cell) + 5)).fill(-1);
  const out = new Float32Array(2 * Math.min(most, places.length));
  const near = minDistance * minDistance;
  let count = 0;
  for (let i = 0; i < places.length && count < most; i++) {
    const y = Math.floor(places[i]! / stride);
    const x = places[i]! - y * stride;
    const at = (Math.floor(y / cell) + 2) * columns + Math.floor(x / cell) + 2;
    let free = true;
    for (let dy = -2; dy <= 2 && free; dy++) {
      for (let dx = -2; dx <= 2 && free; dx++) {
        const other = grid[at + dy * columns + dx]!;
        if (other < 0) continue;
        const [ox, oy] = [out[2 * other]! - x, out[2 * other + 1]! - y];
        free = ox * ox + oy * oy >= near;
      }
    }
    if (!free) continue;
    grid[at] = count;
    out[2 * count] = x;
    out[2 * count + 1] = y;
    count++;
  }
  return out.slice(0, 2 * count);
}
