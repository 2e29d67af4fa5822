import { loadKernel, unitCircle } from '../core/index.js';

/** A frame as the tracker takes it: luma or RGB, rows without gaps. */
export interface TrackerFrame {
  /** uint8 [height, width, channels]. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Where a patch lies in a frame. */
export interface PatchPlace {
  /** Its centre in frame pixels; the frame's left edge is 0, the centre of its first pixel 0.5. */
  readonly x: number;
  readonly y: number;
  /** Frame pixels for one pixel of the patch. */
  readonly scale: number;
}

/** Gives histograms of oriented gradients of patches, all of one size. */
export interface PatchFeatures {
  readonly columns: number;
  readonly rows: number;
  /**
   * Features of the cells around a place; beyond the frame its edge is repeated.
   *
   * @returns float32 [2, rows, columns, 16]: features 0–15 (18 signed directions begin), then 16–30 (two more, 9 unsigned
   * ones, 4 energies) and a zero. A view that the next call overwrites.
   */
  extract(frame: TrackerFrame, place: PatchPlace): Float32Array;
}

interface HogKernel {
  samplePatch(rowTaps: number, columnTaps: number, channels: number, width: number, height: number, out: number): void;
  gradientCells(
    planes: number,
    channels: number,
    width: number,
    height: number,
    directions: number,
    cells: number,
  ): void;
  cellFeatures(cells: number, energies: number, window: number, columns: number, rows: number, out: number): void;
}

/** Pixels along a side of a cell. */
export const cellPixels = 4;

/**
 * Histograms of oriented gradients in 31 channels over cells of 4 pixels, from a patch that is first sampled (bilinearly) to
 * `(columns + 2) * 4` by `(rows + 2) * 4` pixels: the outermost ring of cells is not given. Its cost does not depend on
 * the scale. Each pixel takes the channel with the strongest gradient and the nearest of 18 directions; every value is cut at 0.2 of
 * its block's norm before the four blocks are added.
 *
 * @param window float32 [rows, columns], multiplied into every feature; ones if absent.
 *
 * Source: Felzenszwalb et al., "Object Detection with Discriminatively Trained Part-Based Models", PAMI 2010, section 6.
 */
export function createPatchFeatures({
  columns,
  rows,
  window,
}: {
  readonly columns: number;
  readonly rows: number;
  readonly window?: Float32Array;
}): PatchFeatures {
  if (window && window.length !== rows * columns) {
    throw new RangeError(`window must hold ${rows * columns} values, got ${window.length}.`);
  }
  const kernel = loadKernel<HogKernel>('vision/kernels/hog');
  const [width, height] = [(columns + 2) * cellPixels, (rows + 2) * cellPixels];
  let next = kernel.reserve(0) + 16; // a gradient at the first pixel looks one to the left
  const take = (floats: number): number => {
    const at = next;
    next += Math.ceil(floats / 4) * 16;
    return at;
  };
  const directions = take(18);
  const rowTaps = take(3 * height);
  const columnTaps = take(3 * width);
  const weights = take(rows * columns);
  const energies = take((rows + 2) * (columns + 2));
  const cells = take((rows + 4) * (columns + 4) * 20 + 4);
  const planes = take(3 * width * height + 4);
  const out = take(2 * 16 * rows * columns);
  const source = next;
  const reserve = (bytes: number): void => void kernel.reserve(source + bytes);
  reserve(0);
  const floats = (at: number, count: number): Float32Array => new Float32Array(kernel.memory.buffer, at, count);
  floats(directions, 18).set(Array.from({ length: 9 }, (_, o) => unitCircle(o, 18)).flat());
  if (window) floats(weights, window.length).set(window);
  else floats(weights, rows * columns).fill(1);

  return {
    columns,
    rows,
    extract(frame, place) {
      const { channels } = frame;
      if (frame.data.length !== frame.width * frame.height * channels) {
        throw new RangeError(
          `A frame of ${frame.width}×${frame.height}×${channels} has other than ${frame.data.length} bytes.`,
        );
      }
      const across = axisTaps(place.x, place.scale, width, frame.width);
      const down = axisTaps(place.y, place.scale, height, frame.height);
      const left = across.low[0]!;
      const rowBytes = (across.high[width - 1]! - left + 1) * channels;
      reserve((2 * height + 1) * rowBytes + 4);
      const bytes = new Uint8Array(kernel.memory.buffer);
      const words = new Uint32Array(kernel.memory.buffer);
      const values = new Float32Array(kernel.memory.buffer);
      let slots = 0;
      const rowSlots = new Map<number, number>();
      const fetch = (row: number): number => {
        let at = rowSlots.get(row);
        if (at === undefined) {
          const from = (row * frame.width + left) * channels;
          at = source + slots++ * rowBytes;
          bytes.set(frame.data.subarray(from, from + rowBytes), at);
          rowSlots.set(row, at);
        }
        return at;
      };
      for (let y = 0, at = rowTaps >> 2; y < height; y++, at += 3) {
        words[at] = fetch(down.low[y]!);
        words[at + 1] = fetch(down.high[y]!);
        values[at + 2] = down.share[y]!;
      }
      for (let x = 0, at = columnTaps >> 2; x < width; x++, at += 3) {
        words[at] = (across.low[x]! - left) * channels;
        words[at + 1] = (across.high[x]! - left) * channels;
        values[at + 2] = across.share[x]!;
      }
      kernel.exports.samplePatch(rowTaps, columnTaps, channels, width, height, planes);
      kernel.exports.gradientCells(planes, channels, width, height, directions, cells);
      kernel.exports.cellFeatures(cells, energies, weights, columns, rows, out);
      return floats(out, 2 * 16 * rows * columns);
    },
  };
}

/** Product of two raised cosines that are 0 on the rim: float32 [rows, columns]. */
export function hannWindow(columns: number, rows: number): Float32Array {
  const raised = (i: number, size: number): number => 0.5 * (1 - unitCircle(i, size - 1)[0]);
  return Float32Array.from(
    { length: columns * rows },
    (_, i) => raised(i % columns, columns) * raised(Math.floor(i / columns), rows),
  );
}

/** For each sample of one axis the two pixels that it lies between, and the share of the second. */
export function axisTaps(
  centre: number,
  scale: number,
  samples: number,
  size: number,
): { readonly low: Int32Array; readonly high: Int32Array; readonly share: Float32Array } {
  const low = new Int32Array(samples);
  const high = new Int32Array(samples);
  const share = new Float32Array(samples);
  for (let i = 0; i < samples; i++) {
    const at = Math.min(Math.max(centre + (i + 0.5 - samples / 2) * scale - 0.5, 0), size - 1);
    low[i] = Math.floor(at);
    high[i] = Math.min(low[i]! + 1, size - 1);
    share[i] = at - low[i]!;
  }
  return { low, high, share };
}
