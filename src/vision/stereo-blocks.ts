import { loadKernel, type Kernel } from '../core/index.js';
import { KernelRoom } from './kernel-room.js';

/** Side of the blocks, pixels. */
export const stereoBlockSide = 16;

/** Where a block of the first picture lies in the second. */
export interface MatchedBlock {
  /** Its top left corner in the first picture, pixels. */
  readonly x: number;
  readonly y: number;
  /** Place in the second picture less that in the first, pixels; dx with its fraction, by a parabola through the best and its neighbours. */
  readonly dx: number;
  readonly dy: number;
  /** Normalised correlation there, -1–1. */
  readonly correlation: number;
  /** Normalised correlation at the same place of both pictures. */
  readonly atRest: number;
}

/** Where to search, and which blocks. */
export interface BlockSearch {
  /** First and last dx and dy, pixels. */
  readonly dx: readonly [number, number];
  readonly dy: readonly [number, number];
  /** Least standard deviation of a block's luma, 0–255. */
  readonly leastDeviation: number;
}

interface BlocksExports {
  matchBlocks(
    a: number,
    b: number,
    width: number,
    height: number,
    leastVariance: number,
    dxFrom: number,
    dxTo: number,
    dyFrom: number,
    dyTo: number,
    row: number,
    best: number,
    out: number,
  ): void;
}

let kernel: Kernel<BlocksExports> | null = null;

/**
 * Finds each textured block of 16 × 16 pixels of one picture in another by normalised correlation; the blocks lie side by side from the
 * top left. What is brighter or of more contrast in one picture matches all the same.
 *
 * @param a uint8 [height, width], luma; `b` likewise.
 */
export function matchBlocks(
  a: Uint8Array,
  b: Uint8Array,
  width: number,
  height: number,
  { dx, dy, leastDeviation }: BlockSearch,
): readonly MatchedBlock[] {
  for (const [name, data] of Object.entries({ a, b })) {
    if (data.length !== width * height)
      throw new RangeError(`${name} must hold ${width * height} bytes, got ${data.length}.`);
  }
  const columns = Math.floor(width / stereoBlockSide);
  const rows = Math.floor(height / stereoBlockSide);
  if (columns * rows === 0) return [];
  kernel ??= loadKernel<BlocksExports>('vision/kernels/stereo-blocks');
  const room = new KernelRoom(kernel);
  const [first, second] = [room.take(a.length), room.take(b.length)];
  const values = (dx[1] - dx[0] + 1) * 4;
  const [row, best, out] = [room.take(values), room.take(values), room.take(columns * rows * 16)];
  const memory = room.reserve();
  new Uint8Array(memory).set(a, first);
  new Uint8Array(memory).set(b, second);
  kernel.exports.matchBlocks(
    first,
    second,
    width,
    height,
    leastDeviation * leastDeviation,
    dx[0],
    dx[1],
    dy[0],
    dy[1],
    row,
    best,
    out,
  );
  const found = new Float32Array(memory, out, columns * rows * 4);
  const blocks: MatchedBlock[] = [];
  for (let i = 0; i < columns * rows; i++) {
    const [correlation, shift, drop, atRest] = found.subarray(4 * i, 4 * i + 4) as unknown as readonly [
      number,
      number,
      number,
      number,
    ];
    if (correlation <= -2) continue;
    const [x, y] = [(i % columns) * stereoBlockSide, Math.floor(i / columns) * stereoBlockSide];
    blocks.push({ x, y, dx: shift, dy: drop, correlation, atRest });
  }
  return blocks;
}
