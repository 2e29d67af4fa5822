import { loadKernel, type Kernel } from '../core/index.js';
import { KernelRoom } from './kernel-room.js';

/** How to match two eyes. */
export interface StereoMatchOptions {
  /** Least and greatest disparity that is searched, whole pixels; rounded outwards to a multiple of 8 levels. */
  readonly range: readonly [least: number, greatest: number];
  /** What a step of one level to the neighbour costs, and a larger one, in bits of the census. */
  readonly smallStep?: number;
  readonly largeStep?: number;
  /** A pixel is sure if every other level costs so many percent more. */
  readonly uniqueness?: number;
  /** Patches of fewer pixels that agree among themselves, but not with what is around them, are dropped. */
  readonly leastPatch?: number;
}

interface SemiGlobalExports {
  census(from: number, width: number, height: number, out: number): void;
  costs(left: number, right: number, width: number, height: number, least: number, levels: number, out: number): void;
  addPath(
    cost: number,
    sums: number,
    width: number,
    height: number,
    levels: number,
    dx: number,
    dy: number,
    forward: number,
    small: number,
    large: number,
    lines: number,
    least: number,
  ): void;
  choose(
    sums: number,
    width: number,
    height: number,
    least: number,
    levels: number,
    unique: number,
    rightBest: number,
    out: number,
  ): void;
}

/** The paths down and to the right; each is walked backwards, too. */
const paths = [
  [1, 0],
  [0, 1],
  [1, 1],
  [-1, 1],
] as const;

/**
 * Disparity of every pixel of the left eye that both eyes see and of which it is sure: x in the left eye minus x in the right one.
 * Costs are summed along eight paths, so that surfaces come out whole; what the right eye sees otherwise is left out.
 *
 * @param left uint8 [height, width], luma; `right` likewise, of rows that correspond.
 * @returns float32 [height, width] in pixels, NaN where it says nothing.
 *
 * Source: Hirschmüller, "Stereo Processing by Semiglobal Matching and Mutual Information", IEEE TPAMI 2008, sections 2.2 to 2.4.
 * Differs: costs are differing bits of census transforms (Zabih and Woodfill, 1994), since eyes differ in brightness.
 */
export function matchStereo(
  left: Uint8Array,
  right: Uint8Array,
  width: number,
  height: number,
  { range, smallStep = 10, largeStep = 80, uniqueness = 4, leastPatch = 60 }: StereoMatchOptions,
): Float32Array {
  for (const [name, data] of Object.entries({ left, right })) {
    if (data.length !== width * height)
      throw new RangeError(`${name} must hold ${width * height} bytes, got ${data.length}.`);
  }
  if (!range.every(Number.isInteger) || range[1] < range[0])
    throw new RangeError(`range must be two rising whole numbers, got ${range.join(', ')}.`);
  const least = range[0];
  const levels = Math.ceil((range[1] - least + 1) / 8) * 8;
  const kernel: Kernel<SemiGlobalExports> = loadKernel('vision/kernels/semi-global'); // a memory of its own: it may be large
  const { exports } = kernel;
  const room = new KernelRoom(kernel);
  const pixels = width * height;
  const pictures = [room.take(pixels), room.take(pixels)] as const;
  const bits = [room.take(8 * pixels), room.take(8 * pixels)] as const;
  const [cost, sums] = [room.take(pixels * levels), room.take(2 * pixels * levels)];
  const [lines, lows] = [room.take(4 * (width + 2) * (levels + 16)), room.take(4 * (width + 2))];
  const [rightBest, out] = [room.take(4 * width), room.take(4 * pixels)];
  const memory = room.reserve();
  [left, right].forEach((data, i) => {
    new Uint8Array(memory).set(data, pictures[i]);
    exports.census(pictures[i]!, width, height, bits[i]!);
  });
  exports.costs(bits[0], bits[1], width, height, least, levels, cost);
  for (const [dx, dy] of paths) {
    for (const forward of [1, 0])
      exports.addPath(cost, sums, width, height, levels, dx, dy, forward, smallStep, largeStep, lines, lows);
  }
  exports.choose(sums, width, height, least, levels, uniqueness, rightBest, out);
  const disparity = new Float32Array(memory, out, pixels).slice();
  dropPatches(disparity, width, height, leastPatch);
  return disparity;
}

/** Neighbours that differ by more than this are of two patches. */
const patchStep = 1;

/** Sets to NaN what belongs to a patch of fewer than `least` pixels. */
function dropPatches(disparity: Float32Array, width: number, height: number, least: number): void {
  const seen = new Uint8Array(disparity.length);
  const members = new Int32Array(disparity.length);
  for (let start = 0; start < disparity.length; start++) {
    if (seen[start] !== 0 || Number.isNaN(disparity[start]!)) continue;
    let count = 1;
    members[0] = start;
    seen[start] = 1;
    for (let i = 0; i < count; i++) {
      const at = members[i]!;
      const x = at % width;
      const visit = (to: number): void => {
        if (seen[to] === 0 && Math.abs(disparity[to]! - disparity[at]!) <= patchStep) {
          seen[to] = 1;
          members[count++] = to;
        }
      };
      if (x > 0) visit(at - 1);
      if (x < width - 1) visit(at + 1);
      if (at >= width) visit(at - width);
      if (at < width * (height - 1)) visit(at + width);
    }
    if (count < least) for (let i = 0; i < count; i++) disparity[members[i]!] = NaN;
  }
}
