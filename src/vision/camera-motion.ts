import type { Random } from '../core/index.js';

/** How a camera moved from one picture to the next, as far as its points tell. */
export interface CameraMotion {
  /** float64 [9]: the homography, row by row, that takes a place of the first picture to its place in the second; the last value is 1. */
  readonly homography: Float64Array;
  /** uint8 [points]: 1 where the point moved as the camera makes it. */
  readonly inliers: Uint8Array;
  readonly inlierFraction: number;
}

/** What a camera's motion must fulfil. */
export interface CameraOptions {
  /** A point fits if it is at most that far from where the homography takes it; pixels. */
  readonly threshold?: number;
  readonly leastPoints?: number;
  readonly leastInliers?: number;
  /** Samples of four that are tried at most. */
  readonly mostDraws?: number;
  readonly random: Random;
}

const confidence = 0.995;
const refinements = 4;

/**
 * The homography that most points agree with: random samples of four, then least squares over those that fit, until their
 * set stays. Null where there are too few points, where too few agree, or where the picture would be turned inside out.
 *
 * @param from float32 [points, 2]; `to` likewise.
 *
 * Source: Fischler and Bolles, "Random Sample Consensus", 1981; Hartley, "In Defense of the Eight-Point Algorithm", 1997.
 */
export function estimateCameraMotion(
  from: Float32Array,
  to: Float32Array,
  { threshold = 1, leastPoints = 30, leastInliers = 0.4, mostDraws = 400, random }: CameraOptions,
): CameraMotion | null {
  const count = from.length / 2;
  if (count < Math.max(4, leastPoints)) return null;
  const frame = normalizer(from);
  const a = normalize(from, frame);
  const b = normalize(to, frame);
  const limit = threshold * frame.scale * (threshold * frame.scale);
  let best: { readonly model: Float64Array; readonly inliers: number } | null = null;
  let draws = mostDraws;
  const sample = new Int32Array(4);
  for (let draw = 0; draw < draws; draw++) {
    drawFour(sample, count, random);
    const model = isSpread(a, sample) && isSpread(b, sample) ? solveFour(a, b, sample) : null;
    if (!model) continue;
    const inliers = countInliers(model, a, b, limit, best?.inliers ?? 0);
    if (inliers <= (best?.inliers ?? 3)) continue;
    best = { model, inliers };
    draws = drawsNeeded(inliers / count, mostDraws);
  }
  if (!best) return null;
  let { model } = best;
  let mask = inliersOf(model, a, b, limit);
  for (let i = 0; i < refinements; i++) {
    const refined = solveLeastSquares(a, b, mask);
    if (!refined) break;
    const next = inliersOf(refined, a, b, limit);
    if (sum(next) < sum(mask)) break;
    const same = next.every((value, k) => value === mask[k]);
    [model, mask] = [refined, next];
    if (same) break;
  }
  const inlierFraction = sum(mask) / count;
  const homography = denormalize(model, frame);
  if (inlierFraction < leastInliers || !isPlausible(model) || !homography) return null;
  return { homography, inliers: mask, inlierFraction };
}

/**
 * Where a homography takes points.
 *
 * @param points float32 [points, 2].
 * @returns float64 [points, 2].
 */
export function applyHomography(h: Float64Array, points: Float32Array): Float64Array {
  const out = new Float64Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    const x = points[i]!;
    const y = points[i + 1]!;
    const w = h[6]! * x + h[7]! * y + h[8]!;
    out[i] = (h[0]! * x + h[1]! * y + h[2]!) / w;
    out[i + 1] = (h[3]! * x + h[4]! * y + h[5]!) / w;
  }
  return out;
}

interface Normalizer {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** The centre of the points, and what brings their mean distance from it to about 1. */
function normalizer(points: Float32Array): Normalizer {
  const count = points.length / 2;
  let [x, y, spread] = [0, 0, 0];
  for (let i = 0; i < points.length; i += 2) {
    x += points[i]! / count;
    y += points[i + 1]! / count;
  }
  for (let i = 0; i < points.length; i += 2) {
    spread += (Math.abs(points[i]! - x) + Math.abs(points[i + 1]! - y)) / count;
  }
  return { x, y, scale: 1 / Math.max(1e-6, spread) };
}

function normalize(points: Float32Array, { x, y, scale }: Normalizer): Float64Array {
  return Float64Array.from(points, (value, i) => (value - (i % 2 === 0 ? x : y)) * scale);
}

/** The same homography between pixels; null where its last value vanishes. */
function denormalize(h: Float64Array, { x, y, scale }: Normalizer): Float64Array | null {
  const into = [scale, 0, -x * scale, 0, scale, -y * scale, 0, 0, 1];
  const outOf = [1 / scale, 0, x, 0, 1 / scale, y, 0, 0, 1];
  const all = multiply(outOf, multiply(h, into));
  const last = all[8]!;
  if (!(Math.abs(last) > 1e-9)) return null;
  const out = Float64Array.from(all, (value) => value / last);
  return out.every(Number.isFinite) ? out : null;
}

function multiply(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  return Array.from({ length: 9 }, (_, i) => {
    const [row, column] = [3 * Math.floor(i / 3), i % 3];
    return a[row]! * b[column]! + a[row + 1]! * b[column + 3]! + a[row + 2]! * b[column + 6]!;
  });
}

function drawFour(out: Int32Array, count: number, random: Random): void {
  for (let i = 0; i < 4;) {
    out[i] = random.int(count);
    let isNew = true;
    for (let k = 0; k < i; k++) isNew &&= out[k] !== out[i];
    if (isNew) i++;
  }
}

/** No three of the four points in one line, or nearly: they would not hold the plane. */
function isSpread(points: Float64Array, sample: Int32Array): boolean {
  for (let skip = 0; skip < 4; skip++) {
    const [p, q, r] = [0, 1, 2, 3].filter((i) => i !== skip).map((i) => 2 * sample[i]!) as [number, number, number];
    const [ax, ay] = [points[q]! - points[p]!, points[q + 1]! - points[p + 1]!];
    const [bx, by] = [points[r]! - points[p]!, points[r + 1]! - points[p + 1]!];
    if (Math.abs(ax * by - ay * bx) < 0.01) return false;
  }
  return true;
}

function solveFour(a: Float64Array, b: Float64Array, sample: Int32Array): Float64Array | null {
  const rows = new Float64Array(8 * 9);
  for (let i = 0; i < 4; i++) {
    const at = 2 * sample[i]!;
    writeRows(rows, 2 * i * 9, a[at]!, a[at + 1]!, b[at]!, b[at + 1]!);
  }
  return solve(rows);
}

/** Two equations of a match for the eight unknowns, with the right side last. */
function writeRows(rows: Float64Array, at: number, x: number, y: number, u: number, v: number): void {
  rows[at] = x;
  rows[at + 1] = y;
  rows[at + 2] = 1;
  rows[at + 6] = -u * x;
  rows[at + 7] = -u * y;
  rows[at + 8] = u;
  rows[at + 12] = x;
  rows[at + 13] = y;
  rows[at + 14] = 1;
  rows[at + 15] = -v * x;
  rows[at + 16] = -v * y;
  rows[at + 17] = v;
}

/** Least squares of the same equations over all that fit, each weighted alike. */
function solveLeastSquares(a: Float64Array, b: Float64Array, mask: Uint8Array): Float64Array | null {
  const normal = new Float64Array(8 * 9);
  const rows = new Float64Array(18);
  for (let i = 0; i < mask.length; i++) {
    if (!mask[i]) continue;
    writeRows(rows, 0, a[2 * i]!, a[2 * i + 1]!, b[2 * i]!, b[2 * i + 1]!);
    for (let equation = 0; equation < 18; equation += 9) {
      for (let r = 0; r < 8; r++) {
        const weight = rows[equation + r]!;
        if (weight === 0) continue;
        for (let c = 0; c < 9; c++) normal[9 * r + c]! += weight * rows[equation + c]!;
      }
    }
  }
  return solve(normal);
}

/** Gauss elimination of 8 equations in rows of 9, destroyed; null where they do not determine the unknowns. */
function solve(rows: Float64Array): Float64Array | null {
  for (let column = 0; column < 8; column++) {
    let pivot = column;
    for (let r = column + 1; r < 8; r++) {
      if (Math.abs(rows[9 * r + column]!) > Math.abs(rows[9 * pivot + column]!)) pivot = r;
    }
    if (!(Math.abs(rows[9 * pivot + column]!) > 1e-10)) return null;
    for (let c = column; c < 9; c++) {
      const kept = rows[9 * column + c]!;
      rows[9 * column + c] = rows[9 * pivot + c]!;
      rows[9 * pivot + c] = kept;
    }
    for (let r = 0; r < 8; r++) {
      if (r === column) continue;
      const factor = rows[9 * r + column]! / rows[9 * column + column]!;
      if (factor !== 0) for (let c = column; c < 9; c++) rows[9 * r + c]! -= factor * rows[9 * column + c]!;
    }
  }
  const out = new Float64Array(9);
  for (let i = 0; i < 8; i++) out[i] = rows[9 * i + 8]! / rows[9 * i + i]!;
  out[8] = 1;
  return out.every(Number.isFinite) ? out : null;
}

/** Gives up, with 0, once no more than `least` can be reached. */
function countInliers(h: Float64Array, a: Float64Array, b: Float64Array, limit: number, least: number): number {
  const count = a.length / 2;
  let misses = count - least;
  for (let i = 0; i < count; i++) if (misfit(h, a, b, 2 * i) > limit && --misses <= 0) return 0;
  return least + misses;
}

function inliersOf(h: Float64Array, a: Float64Array, b: Float64Array, limit: number): Uint8Array {
  return Uint8Array.from({ length: a.length / 2 }, (_, i) => (misfit(h, a, b, 2 * i) <= limit ? 1 : 0));
}

function misfit(h: Float64Array, a: Float64Array, b: Float64Array, at: number): number {
  const x = a[at]!;
  const y = a[at + 1]!;
  const w = h[6]! * x + h[7]! * y + 1;
  if (!(w > 0.1)) return Infinity; // behind the camera, or far out
  const dx = (h[0]! * x + h[1]! * y + h[2]!) / w - b[at]!;
  const dy = (h[3]! * x + h[4]! * y + h[5]!) / w - b[at + 1]!;
  return dx * dx + dy * dy;
}

/** Draws after which four points that fit have come with the wanted confidence, if so large a share fits. */
function drawsNeeded(share: number, mostDraws: number): number {
  const fail = 1 - share * share * share * share;
  let draws = 1;
  for (let left = fail; left > 1 - confidence && draws < mostDraws; left *= fail) draws++;
  return draws;
}

/** From one frame to the next nothing is mirrored, nor scaled to twice or half, nor tilted far. */
function isPlausible(h: Float64Array): boolean {
  const area = h[0]! * h[4]! - h[1]! * h[3]!;
  return area > 0.25 && area < 4 && Math.abs(h[6]!) < 0.3 && Math.abs(h[7]!) < 0.3;
}

function sum(mask: Uint8Array): number {
  let total = 0;
  for (const value of mask) total += value;
  return total;
}
