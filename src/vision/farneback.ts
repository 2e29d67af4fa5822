import { loadKernel, type Kernel } from '../core/index.js';
import { borderWeights, planLevels, polynomialWeights, type Taps } from './farneback-plan.js';
import { KernelRoom } from './kernel-room.js';

/** Farneback's settings, in OpenCV's terms. */
export interface FarnebackOptions {
  readonly pyramidScale: number;
  readonly levels: number;
  readonly windowSize: number;
  readonly iterations: number;
  readonly polynomialSize: number;
  readonly polynomialSigma: number;
}

/** Addresses of starts, sources and weights. */
type TapAddresses = readonly [number, number, number];

interface ExpansionExports {
  combineBytes(from: number, width: number, to: number, rows: number, ...taps: TapAddresses): void;
  combineRows(from: number, width: number, to: number, rows: number, ...taps: TapAddresses): void;
  combineColumns(from: number, width: number, to: number, columns: number, rows: number, ...taps: TapAddresses): void;
  smoothRows(from: number, width: number, rows: number, to: number): void;
  expand(parameters: number): void;
}

interface FlowExports {
  roomFor(width: number, reach: number): number;
  iterate(parameters: number): void;
}

/** Flow of one picture to the next, float32 [height, width, 2], of pictures of one size. */
export type FlowOfSize = (previous: Uint8Array, next: Uint8Array) => Float32Array;

/**
 * Farneback's flow for pictures of one size: tables are made and memory is laid out once, in an instance of its own.
 *
 * Source: Farneback, "Two-Frame Motion Estimation Based on Polynomial Expansion", SCIA 2003; in its details as OpenCV does it.
 */
export function createFarnebackFlow(width: number, height: number, options: FarnebackOptions): FlowOfSize {
  const expansion: Kernel<ExpansionExports> = loadKernel('vision/kernels/farneback-expansion');
  const flow: Kernel<FlowExports> = loadKernel('vision/kernels/farneback-flow', expansion);
  const room = new KernelRoom(expansion);
  const tables: (readonly [address: number, table: Int32Array | Float32Array])[] = [];
  const keep = (table: Int32Array | Float32Array): number => {
    const address = room.take(table.byteLength);
    tables.push([address, table]);
    return address;
  };
  const keepTaps = (taps: Taps | null): TapAddresses | null =>
    taps && [keep(taps.starts), keep(taps.sources), keep(taps.weights)];
  const levels = planLevels(width, height, options.pyramidScale, options.levels).map((level) => ({
    width: level.width,
    height: level.height,
    rows: keepTaps(level.rows)!,
    columns: keepTaps(level.columns),
    flowRows: keepTaps(level.flowRows),
    flowColumns: keepTaps(level.flowColumns),
    weightX: keep(borderWeights(level.width)),
    weightY: keep(borderWeights(level.height)),
  }));
  const polynomial = polynomialWeights(options.polynomialSize, options.polynomialSigma);
  const weights = keep(polynomial.weights);
  const pixels = width * height;
  const reach = options.windowSize >> 1;
  const [previousAt, nextAt] = [room.take(pixels), room.take(pixels)];
  const [first, second] = [room.take(16 * pixels + 320), room.take(16 * pixels + 320)];
  const [firstCross, secondCross, wide, small] = planes();
  const [flowX, flowY, coarseX, coarseY] = planes();
  const work = room.take(Math.max(flow.exports.roomFor(width, reach), 12 * (width + 48)));
  const parameters = room.take(64);
  const buffer = room.reserve();
  for (const [address, table] of tables) {
    new Uint8Array(buffer, address).set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength));
  }
  const bytes = new Uint8Array(buffer);
  const words = new Uint32Array(buffer, parameters, 16);
  const floats = new Float32Array(buffer, parameters, 16);

  return (previous, next) => {
    bytes.set(previous, previousAt);
    bytes.set(next, nextAt);
    for (let n = levels.length - 1; n >= 0; n--) {
      startFlow(n);
      expand(n, previousAt, first, 0, firstCross);
      expand(n, nextAt, second, 1, secondCross);
      const { width: w, height: h, weightX, weightY } = levels[n]!;
      // In the order of the kernel's Fields.
      words.set([w, h, first, firstCross, second, secondCross, flowX, flowY, reach, 0, weightX, weightY, work]);
      floats[9] = 1 / (options.windowSize * options.windowSize);
      for (let k = 0; k < options.iterations; k++) flow.exports.iterate(parameters);
    }
    const x = new Float32Array(buffer, flowX, pixels);
    const y = new Float32Array(buffer, flowY, pixels);
    const out = new Float32Array(2 * pixels);
    for (let i = 0; i < pixels; i++) {
      out[2 * i] = x[i]!;
      out[2 * i + 1] = y[i]!;
    }
    return out;
  };

  function planes(): [number, number, number, number] {
    return [room.take(4 * pixels), room.take(4 * pixels), room.take(4 * pixels), room.take(4 * pixels)];
  }

  /** The flow that a level starts from: the coarser level's, larger, or none. */
  function startFlow(n: number): void {
    const { width: w, height: h, flowRows, flowColumns } = levels[n]!;
    if (!flowRows || !flowColumns) {
      for (const at of [flowX, flowY]) bytes.fill(0, at, at + 4 * w * h);
      return;
    }
    const coarser = levels[n + 1]!;
    for (const [from, to] of [
      [flowX, coarseX],
      [flowY, coarseY],
    ] as const) {
      bytes.copyWithin(to, from, from + 4 * coarser.width * coarser.height);
      expansion.exports.combineRows(to, coarser.width, wide, h, ...flowRows);
      expansion.exports.combineColumns(wide, coarser.width, from, w, h, ...flowColumns);
    }
  }

  /** The picture at a level's size, and its polynomials. */
  function expand(n: number, from: number, to: number, isPacked: 0 | 1, toCross: number): void {
    const { width: w, height: h, rows, columns } = levels[n]!;
    expansion.exports.combineBytes(from, width, wide, h, ...rows);
    if (columns) expansion.exports.combineColumns(wide, width, small, w, h, ...columns);
    else expansion.exports.smoothRows(wide, w, h, small);
    // In the order of the kernel's Expansion.
    words.set([small, w, h, options.polynomialSize, weights, 0, 0, 0, 0, work, to, isPacked, toCross]);
    floats.set([polynomial.slope, polynomial.constant, polynomial.square, polynomial.cross], 5);
    expansion.exports.expand(parameters);
  }
}
