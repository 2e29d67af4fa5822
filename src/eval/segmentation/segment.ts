import { tf, type Segmenter } from '../../engine/index.js';
import { resizeRgb } from '../../vision/index.js';

/** How windows are laid over a picture. */
export interface SegmentOptions {
  /** Sides of the windows over the shorter side of the picture. */
  readonly scales: readonly number[];
  /** From one window to the next, over the window's side. */
  readonly stride: number;
  /** What a place loses for its distance from the middle: so much times the sum of squares of its offsets over width and height; default 0. */
  readonly centre?: number;
  readonly batchSize?: number;
}

/** How pictures are cut where nothing else is said: windows at three scales, things rather in the middle, and the level halfway up. */
export const usualWindows = { scales: [1, 1.25, 1.5], stride: 0.25, centre: 3, level: 0.5 } as const;

/** What windows say of each place of a picture, coarser than it. */
export interface VoteMap {
  /** float32 [height, width]: -1 to 1, less what a place loses for its distance from the middle. */
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** Logits from which on a window counts as sure. */
const softness = 4;
/** Longer side of the map on which windows are united, places. */
const mapSide = 216;
const outside = 128;

/**
 * What a model of single windows says of a whole picture: windows of several sizes are laid over all of it, and where they overlap the mean of
 * tanh(logit / 4) counts. Logits themselves would not do: the very sure no of a window that shows a part of a thing would outweigh all others.
 *
 * @param rgb uint8 [height, width, 3].
 */
export function segmentPicture(
  segmenter: Segmenter,
  rgb: Uint8Array,
  width: number,
  height: number,
  { scales, stride, centre = 0, batchSize = 32 }: SegmentOptions,
): VoteMap {
  const { size, maskSize } = segmenter;
  const reduce = Math.min(1, mapSide / Math.max(width, height));
  const map = { width: Math.max(1, Math.round(width * reduce)), height: Math.max(1, Math.round(height * reduce)) };
  const sum = new Float64Array(map.width * map.height);
  const count = new Int32Array(sum.length);
  for (const scale of scales) {
    const factor = size / (scale * Math.min(width, height)); // the window as large as the model sees it
    const scaled = {
      width: Math.max(1, Math.round(width * factor)),
      height: Math.max(1, Math.round(height * factor)),
    };
    const picture = resizeRgb(rgb, width, height, scaled.width, scaled.height);
    const places = placesAlong(scaled.height, size, stride).flatMap((y) =>
      placesAlong(scaled.width, size, stride).map((x) => ({ x, y })),
    );
    for (let start = 0; start < places.length; start += batchSize) {
      const batch = places.slice(start, start + batchSize);
      const windows = new Float32Array(3 * size * size * batch.length).fill(outside);
      batch.forEach((place, i) => copyWindow(picture, scaled, place, size, windows, 3 * size * size * i));
      const values = runModel(segmenter, windows, [batch.length, size, size, 3]);
      batch.forEach(({ x, y }, i) => {
        const own = values.subarray(i * maskSize * maskSize, (i + 1) * maskSize * maskSize);
        const side = { x: (size / scaled.width) * map.width, y: (size / scaled.height) * map.height };
        const corner = { x: (x / scaled.width) * map.width, y: (y / scaled.height) * map.height };
        addMask(own, maskSize, corner, side, map, sum, count);
      });
    }
  }
  const data = Float32Array.from(sum, (value, i) => {
    const x = ((i % map.width) + 0.5) / map.width - 0.5;
    const y = (Math.floor(i / map.width) + 0.5) / map.height - 0.5;
    return (count[i]! > 0 ? value / count[i]! : -1) - centre * (x * x + y * y);
  });
  return { data, ...map };
}

/**
 * The level at which a map is cut: so far from its median up to its maximum. A level of its own for each picture, because windows that show a
 * part of a thing, or none, draw nothing and pull down the mean of all; where places stand to each other is what they tell.
 */
export function relativeLevel({ data }: VoteMap, share: number): number {
  const sorted = Float32Array.from(data).sort();
  const median = sorted[sorted.length >> 1]!;
  return median + share * (sorted[sorted.length - 1]! - median);
}

/** A map at the picture's size, linear between its places, cut at a level: uint8 [height, width] of 0 and 1. */
export function cutMap(map: VoteMap, width: number, height: number, threshold = 0): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const v = clamp(((y + 0.5) * map.height) / height - 0.5, map.height - 1);
    for (let x = 0; x < width; x++) {
      const u = clamp(((x + 0.5) * map.width) / width - 0.5, map.width - 1);
      if (sampleMap(map.data, map.width, map.height, u, v) > threshold) out[y * width + x] = 1;
    }
  }
  return out;
}

function runModel(segmenter: Segmenter, windows: Float32Array, shape: readonly number[]): Float32Array {
  const images = tf.tensor(windows, [...shape]);
  const result = segmenter.logits(images);
  const values = result.dataSync() as Float32Array;
  images.dispose();
  result.dispose();
  return values;
}

/** Where windows begin along an axis, the last one at its end; one in the middle where the picture is smaller. */
function placesAlong(length: number, size: number, stride: number): readonly number[] {
  if (length <= size) return [Math.round((length - size) / 2)];
  const steps = Math.max(1, Math.ceil((length - size) / (stride * size)));
  return Array.from({ length: steps + 1 }, (_, i) => Math.round(((length - size) * i) / steps));
}

function copyWindow(
  picture: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  { x: left, y: top }: { readonly x: number; readonly y: number },
  size: number,
  out: Float32Array,
  at: number,
): void {
  for (let y = Math.max(0, -top); y < Math.min(size, height - top); y++) {
    const from = Math.max(0, left);
    const to = Math.min(width, left + size);
    const row = picture.subarray(3 * ((top + y) * width + from), 3 * ((top + y) * width + to));
    out.set(row, at + 3 * (y * size + from - left));
  }
}

function addMask(
  logits: Float32Array,
  maskSize: number,
  corner: { readonly x: number; readonly y: number },
  side: { readonly x: number; readonly y: number },
  map: { readonly width: number; readonly height: number },
  sum: Float64Array,
  count: Int32Array,
): void {
  const end = { x: Math.min(map.width, corner.x + side.x), y: Math.min(map.height, corner.y + side.y) };
  for (let y = Math.max(0, Math.ceil(corner.y - 0.5)); y + 0.5 < end.y; y++) {
    const v = clamp(((y + 0.5 - corner.y) / side.y) * maskSize - 0.5, maskSize - 1);
    for (let x = Math.max(0, Math.ceil(corner.x - 0.5)); x + 0.5 < end.x; x++) {
      const u = clamp(((x + 0.5 - corner.x) / side.x) * maskSize - 0.5, maskSize - 1);
      sum[y * map.width + x]! += Math.tanh(sampleMap(logits, maskSize, maskSize, u, v) / softness);
      count[y * map.width + x]!++;
    }
  }
}

function sampleMap(data: Float32Array, width: number, height: number, u: number, v: number): number {
  const left = Math.floor(u);
  const top = Math.floor(v);
  const right = Math.min(left + 1, width - 1);
  const below = Math.min(top + 1, height - 1);
  const upper = data[top * width + left]! + (data[top * width + right]! - data[top * width + left]!) * (u - left);
  const lower = data[below * width + left]! + (data[below * width + right]! - data[below * width + left]!) * (u - left);
  return upper + (lower - upper) * (v - top);
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(0, value), most);
}
