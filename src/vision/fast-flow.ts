import { loadKernel, type Kernel } from '../core/index.js';
import { KernelRoom } from './kernel-room.js';

/** How `fastFlow` searches. What is given by default is what the figures of `bench/flow.bench.mjs` were measured with. */
export interface FastFlowOptions {
  /** The finest level that is searched: 1 is half the pictures' size, 0 their own (four times the time, and more exact). */
  readonly finestLevel?: number;
  /** Pixels from one patch to the next, 1–8; patches are 8 × 8. */
  readonly patchStep?: number;
  /** Gauss-Newton steps of a patch at most, in each of the two passes. */
  readonly steps?: number;
  /** How often the refinement weighs its equations anew at each level; 0 leaves it out. */
  readonly refinements?: number;
}

interface PyramidExports {
  halve(from: number, width: number, height: number, to: number): void;
  padPlane(from: number, width: number, height: number, to: number, stride: number): void;
  slopes(plane: number, stride: number, height: number, alongX: number, alongY: number): void;
  enlarge(
    from: number,
    width: number,
    height: number,
    to: number,
    toWidth: number,
    toHeight: number,
    row: number,
  ): void;
  interleave(flowX: number, flowY: number, count: number, to: number): void;
}

interface SearchExports {
  search(level: number, pass: number, steps: number): void;
  spread(level: number): void;
}

interface RefinementExports {
  roomFor(width: number, height: number): number;
  refine(
    first: number,
    second: number,
    stride: number,
    columns: number,
    rows: number,
    flowX: number,
    flowY: number,
    room: number,
    rounds: number,
    sweeps: number,
  ): void;
}

interface Kernels {
  readonly pyramid: Kernel<PyramidExports>;
  readonly search: Kernel<SearchExports>;
  readonly refinement: Kernel<RefinementExports>;
}

interface Level {
  readonly width: number;
  readonly height: number;
  /** Where the two pictures of this size lie, uint8. */
  readonly first: number;
  readonly second: number;
}

const patchSide = 8;
const pad = 16;
const coarsestSide = 12;
const sweeps = 4;
let kernels: Kernels | null = null;

/**
 * Where every pixel of one picture is found in the next: in half the time of Farneback's flow (`denseFlow`), and less than half
 * as far off, above all at the edges of what moves. The same bytes everywhere.
 *
 * @param previous uint8 [height, width], luma; `next` likewise. At least 16 pixels on each side.
 * @returns float32 [height, width, 2]: pixels to the right and down.
 * @throws RangeError if a picture is too small or not of this size, or an option is out of range.
 *
 * Source: Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016.
 * Differs: patches also try their neighbours' displacements, as in PatchMatch, and are weighted by how well they match as a whole;
 * comparison is in 16-bit integers; the refinement is its section 2.3 with the gradient term of Brox et al. (ECCV 2004), at a
 * fixed linearization, relaxed in the order of a chessboard.
 */
export function fastFlow(
  previous: Uint8Array,
  next: Uint8Array,
  width: number,
  height: number,
  { finestLevel = 1, patchStep = 3, steps = 2, refinements = 2 }: FastFlowOptions = {},
): Float32Array {
  checkArguments(previous, next, width, height, { finestLevel, patchStep, steps, refinements });
  const { pyramid, search, refinement } = (kernels ??= loadKernels());
  const room = new KernelRoom(pyramid);
  const levels = planLevels(width, height, room);
  const top = Math.min(finestLevel, levels.length - 1);
  const finest = levels[top]!;
  const stride = paddedStride(finest.width);
  const planes = Array.from({ length: 4 }, () => room.take(2 * stride * (finest.height + 2 * pad)));
  const [columns, rows] = [patchesAlong(finest.width, patchStep), patchesAlong(finest.height, patchStep)];
  const patches = Array.from({ length: 3 }, () => room.take(4 * columns * rows));
  const flows = Array.from({ length: 4 }, () => room.take(4 * width * height));
  const weight = room.take(4 * finest.width * finest.height);
  const out = room.take(8 * width * height);
  const line = room.take(4 * width);
  const work = room.take(refinement.exports.roomFor(finest.width, finest.height));
  const parameters = room.take(64);
  const buffer = room.reserve();
  const pixels = new Uint8Array(buffer);
  pixels.set(previous, levels[0]!.first);
  pixels.set(next, levels[0]!.second);
  for (const [n, { width: w, height: h, first, second }] of levels.slice(0, -1).entries()) {
    pyramid.exports.halve(first, w, h, levels[n + 1]!.first);
    pyramid.exports.halve(second, w, h, levels[n + 1]!.second);
  }
  let [flowX, flowY, otherX, otherY] = flows as [number, number, number, number];
  const { width: least, height: lowest } = levels.at(-1)!;
  for (const at of [flowX, flowY]) pixels.fill(0, at, at + 4 * least * lowest);
  for (let n = levels.length - 1; n >= 0; n--) {
    const { width: w, height: h, first, second } = levels[n]!;
    const coarser = levels[n + 1];
    if (coarser) {
      pyramid.exports.enlarge(flowX, coarser.width, coarser.height, otherX, w, h, line);
      pyramid.exports.enlarge(flowY, coarser.width, coarser.height, otherY, w, h, line);
      [flowX, flowY, otherX, otherY] = [otherX, otherY, flowX, flowY];
    }
    if (n < top) continue;
    const row = paddedStride(w);
    const [a, b, slopeX, slopeY] = planes as [number, number, number, number];
    pyramid.exports.padPlane(first, w, h, a, row);
    pyramid.exports.padPlane(second, w, h, b, row);
    pyramid.exports.slopes(a, row, h, slopeX, slopeY);
    const across = patchesAlong(w, patchStep);
    const down = patchesAlong(h, patchStep);
    // In the order of the kernel's Level.
    new Uint32Array(buffer, parameters, 16).set([
      ...[w, h, row, a, b, slopeX, slopeY, patchStep, across, down, flowX, flowY],
      ...patches,
      weight,
    ]);
    for (let pass = 0; pass < 2; pass++) search.exports.search(parameters, pass, steps);
    search.exports.spread(parameters);
    if (refinements > 0) refinement.exports.refine(a, b, row, w, h, flowX, flowY, work, refinements, sweeps);
  }
  pyramid.exports.interleave(flowX, flowY, width * height, out);
  return new Float32Array(buffer, out, 2 * width * height).slice();
}

function loadKernels(): Kernels {
  const pyramid = loadKernel<PyramidExports>('vision/kernels/flow-pyramid');
  return {
    pyramid,
    search: loadKernel('vision/kernels/patch-search', pyramid),
    refinement: loadKernel('vision/kernels/flow-refinement', pyramid),
  };
}

/** The pictures' own size and its halves, down to `coarsestSide`. */
function planLevels(width: number, height: number, room: KernelRoom): Level[] {
  const levels: Level[] = [];
  for (let [w, h] = [width, height]; levels.length === 0 || Math.min(w, h) >= coarsestSide; w >>= 1, h >>= 1) {
    levels.push({ width: w, height: h, first: room.take(w * h), second: room.take(w * h) });
  }
  return levels;
}

function paddedStride(width: number): number {
  return (width + 2 * pad + 7) & ~7;
}

function patchesAlong(length: number, step: number): number {
  return Math.ceil((length - patchSide) / step) + 1;
}

function checkArguments(
  previous: Uint8Array,
  next: Uint8Array,
  width: number,
  height: number,
  options: Required<FastFlowOptions>,
): void {
  for (const [name, size] of Object.entries({ width, height })) {
    if (!Number.isInteger(size) || size < 16)
      throw new RangeError(`${name} must be a whole number from 16, got ${size}.`);
  }
  for (const picture of [previous, next]) {
    if (picture.length !== width * height) {
      throw new RangeError(
        `A picture of ${width}×${height} has ${width * height} bytes of luma, got ${picture.length}.`,
      );
    }
  }
  const limits = { finestLevel: [0, 4], patchStep: [1, 8], steps: [0, 32], refinements: [0, 20] } as const;
  for (const [name, [least, most]] of Object.entries(limits)) {
    const value = options[name as keyof FastFlowOptions];
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(`${name} must be a whole number from ${least} to ${most}, got ${value}.`);
    }
  }
}
