import type { Random } from '../../core/index.js';
import { estimateCameraMotion, fastFlow, trackPoints } from '../../vision/index.js';
import type { MotionMasksConfig } from './config.js';

/** Two frames compared: where the camera takes places, and what moves beside that. */
export interface PairMotion {
  /** float64 [9], from the first frame to the second; the identity where no camera was found. */
  readonly homography: Float64Array;
  /** Share of the followed corners that the camera explains; NaN where none was found. */
  readonly inliers: number;
  /** float32 [height, width, 2]: pixels that the flow adds to the camera's motion, before the camera is applied. */
  readonly residual: Float32Array;
  /** uint8 [height, width]: 1 where the camera leaves a place inside the second frame. */
  readonly valid: Uint8Array;
}

/** A frame at work size. */
export interface WorkPicture {
  /** uint8 [height, width]. */
  readonly luma: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const leastPoints = 12;
/** Under this share a model is no better than chance. */
const leastTrusted = 0.15;
const mostDraws = 2000;
/** Change of the mean brightness from which on it is taken off. */
const leastGain = 0.015;
const identity = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

/** How a camera moved between two frames. */
export interface CameraStep {
  /** float64 [9]; null where it could not be found. */
  readonly homography: Float64Array | null;
  /** Share of the followed corners that it explains; NaN where there is none. */
  readonly inliers: number;
}

/** The camera's motion from one frame to the next. */
export function findCamera(
  first: WorkPicture,
  second: WorkPicture,
  { corners, cornerQuality, cornerDistance, roundTrip, cameraThreshold }: MotionMasksConfig,
  random: Random,
): CameraStep {
  const lit = matchBrightness(second.luma, sumOf(first.luma) / Math.max(1, sumOf(second.luma)));
  const { from, to } = trackPoints(first.luma, lit, first.width, first.height, {
    mostCorners: corners,
    quality: cornerQuality,
    minDistance: cornerDistance,
    maxRoundTrip: roundTrip,
    levels: 4,
  });
  const options = { threshold: cameraThreshold, leastPoints, leastInliers: leastTrusted, mostDraws, random };
  const camera = estimateCameraMotion(from, to, options);
  return { homography: camera?.homography ?? null, inliers: camera?.inlierFraction ?? NaN };
}

/**
 * The camera's motion over several steps, one after the other: far frames have too little in common to be compared themselves.
 *
 * @param steps from each frame to the next, in order of time.
 * @param isBackward from the last frame to the first instead.
 */
export function chainCamera(steps: readonly CameraStep[], isBackward: boolean): CameraStep {
  let all: Float64Array | null = identity;
  for (const { homography } of steps) all = all && homography && multiply(homography, all);
  const chained = all && isBackward ? invert(all) : all;
  return { homography: chained, inliers: chained ? Math.min(...steps.map(({ inliers }) => inliers)) : NaN };
}

/** The flow from one frame to another that is left when the camera's motion is taken off. */
export function comparePair(first: WorkPicture, second: WorkPicture, camera: CameraStep): PairMotion {
  const homography = camera.homography ?? identity;
  const { luma, valid } = warp(second, homography);
  const residual = fastFlow(
    first.luma,
    matchBrightness(luma, gainOf(first.luma, luma, valid)),
    first.width,
    first.height,
  );
  return { homography, inliers: camera.inliers, residual, valid };
}

/** A picture as bright as another: where light changes, not all that changes moves. Small differences may be things themselves, and stay. */
function matchBrightness(luma: Uint8Array, gain: number): Uint8Array {
  if (Math.abs(gain - 1) <= leastGain) return luma;
  const levels = Uint8Array.from({ length: 256 }, (_, level) => Math.min(255, Math.round(level * gain)));
  const out = new Uint8Array(luma.length);
  for (let i = 0; i < luma.length; i++) out[i] = levels[luma[i]!]!;
  return out;
}

/** How much brighter a picture is than another, over the places where both show the same. */
function gainOf(first: Uint8Array, second: Uint8Array, valid: Uint8Array): number {
  let own = 0;
  let other = 0;
  for (let i = 0; i < valid.length; i++) {
    own += first[i]! * valid[i]!;
    other += second[i]! * valid[i]!;
  }
  return own / Math.max(1, other);
}

function sumOf(luma: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < luma.length; i++) sum += luma[i]!;
  return sum;
}

function multiply(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(9);
  for (let i = 0; i < 9; i++) {
    const [row, column] = [3 * Math.floor(i / 3), i % 3];
    out[i] = a[row]! * b[column]! + a[row + 1]! * b[column + 3]! + a[row + 2]! * b[column + 6]!;
  }
  return out.map((value) => value / out[8]!);
}

function invert(m: Float64Array): Float64Array {
  const [a, b, c, d, e, f, g, h, i] = m as unknown as Nine;
  const out = Float64Array.of(
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  );
  return out.map((value) => value / out[8]!);
}

type Nine = readonly [number, number, number, number, number, number, number, number, number];

/** The second frame as the camera of the first would see it: linear between pixels, its edge goes on outside. */
export function warp(
  { luma, width, height }: WorkPicture,
  h: Float64Array,
): { readonly luma: Uint8Array; readonly valid: Uint8Array } {
  const out = new Uint8Array(luma.length);
  const valid = new Uint8Array(luma.length);
  const [a, b, c, d, e, f, g, i, j] = h as unknown as Nine;
  const [right, bottom] = [width - 1, height - 1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const w = 1 / (g * x + i * y + j);
      const u = (a * x + b * y + c) * w;
      const v = (d * x + e * y + f) * w;
      const at = y * width + x;
      if (u >= 0 && v >= 0 && u <= right && v <= bottom) valid[at] = 1;
      const cu = u < 0 ? 0 : u > right ? right : u;
      const cv = v < 0 ? 0 : v > bottom ? bottom : v;
      const left = cu | 0;
      const top = cv | 0;
      const fx = cu - left;
      const fy = cv - top;
      const from = top * width + left;
      const next = left < right ? from + 1 : from;
      const below = top < bottom ? width : 0;
      const upper = luma[from]! + (luma[next]! - luma[from]!) * fx;
      const lower = luma[from + below]! + (luma[next + below]! - luma[from + below]!) * fx;
      out[at] = upper + (lower - upper) * fy + 0.5;
    }
  }
  return { luma: out, valid };
}
