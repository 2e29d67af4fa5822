import { createFft, encodeFftPlan, loadKernel, planFft } from '../core/index.js';

/** A kernelized correlation filter over a grid of cells with 16 pairs of features. */
export interface CorrelationFilter {
  /**
   * Learns what the target looks like.
   *
   * @param features float32 [2, rows, columns, 16].
   * @param rate share of the new in the model; the first call takes everything.
   */
  learn(features: Float32Array, rate: number): void;
  /**
   * How well the target fits at each displacement.
   *
   * @param features float32 [2, rows, columns, 16].
   * @returns float32 [rows, columns], about 1 at best: element (y, x) is a shift by y down and x to the right, from half the size
   * on a shift back by what is left. A view that the next call overwrites.
   */
  respond(features: Float32Array): Float32Array;
}

interface CorrelationKernel {
  transformFeatures(
    features: number,
    spectrum: number,
    scratch: number,
    columns: number,
    rows: number,
    columnPlan: number,
    rowPlan: number,
  ): void;
  transformPlane(
    re: number,
    im: number,
    outRe: number,
    outIm: number,
    scratch: number,
    columns: number,
    rows: number,
    columnPlan: number,
    rowPlan: number,
  ): void;
  multiplySpectra(a: number, b: number, cells: number, outRe: number, outIm: number): void;
  sumOfSquares(values: number, count: number): number;
  gaussian(values: number, count: number, offset: number, slope: number, rate: number): void;
  multiplyReal(re: number, im: number, factors: number, count: number): void;
  blend(model: number, fresh: number, count: number, rate: number): void;
  solve(kernel: number, target: number, count: number, ridge: number): void;
}

/** True for the side lengths that a filter can have: multiples of 4 without prime factors above 5. */
export function isFilterSide(cells: number): boolean {
  return cells >= 4 && cells % 4 === 0 && planFft(cells).radices.every((radix) => radix <= 5);
}

/**
 * A filter with a Gaussian kernel, `k(a, b) = exp(-max(0, |a|² + |b|² - 2 corr) / (cells · featureCount · sigma²))`, trained by ridge
 * regression towards a Gaussian peak. Two features travel as one complex series, which halves the work and leaves the
 * real part of every correlation as it was. All sums are in float32 and in a fixed order.
 *
 * @param peakSigma standard deviation of the wanted peak, in cells.
 *
 * Source: Henriques et al., "High-Speed Tracking with Kernelized Correlation Filters", PAMI 2015, eq. 17, 22, 30.
 * Differs: lag zero is element zero throughout, so that spectra of kernel and target are real and lambda adds to what is
 * never negative; published code shifts both to the middle, where it turns the sign of every other term.
 */
export function createCorrelationFilter({
  columns,
  rows,
  featureCount = 31,
  sigma,
  lambda,
  peakSigma,
}: {
  readonly columns: number;
  readonly rows: number;
  /** How many of the 32 values of a cell are in use; the rest is 0. */
  readonly featureCount?: number;
  readonly sigma: number;
  readonly lambda: number;
  readonly peakSigma: number;
}): CorrelationFilter {
  for (const side of [columns, rows]) {
    if (!isFilterSide(side)) throw new RangeError(`A side must be a multiple of 4 and 5-smooth, got ${side} cells.`);
  }
  const kernel = loadKernel<CorrelationKernel>('vision/kernels/correlation');
  const { exports } = kernel;
  const cells = columns * rows;
  const count = 2 * 16 * cells;
  let next = kernel.reserve(0);
  const take = (floats: number): number => {
    const at = next;
    next += Math.ceil(floats / 4) * 16;
    return at;
  };
  const plans = [encodeFftPlan(columns, 'float32'), encodeFftPlan(rows, 'float32')] as const;
  const [columnPlan, rowPlan] = [take(plans[0].length / 4), take(plans[1].length / 4)];
  const [target, dual, fresh] = [take(cells), take(cells), take(cells)];
  const [re, im, outRe, outIm] = [take(cells), take(cells), take(cells), take(cells)];
  const [features, model, spectrum] = [take(count), take(count), take(count)];
  const scratch = take(Math.max(4 * cells, 64 * Math.max(columns, rows)));
  kernel.reserve(next);
  const floats = (at: number, length: number): Float32Array => new Float32Array(kernel.memory.buffer, at, length);
  new Uint8Array(kernel.memory.buffer, columnPlan).set(plans[0]);
  new Uint8Array(kernel.memory.buffer, rowPlan).set(plans[1]);
  let modelEnergy = 0;
  let isTrained = false;

  /** Leaves in (outRe, outIm) the spectrum, and in `re` the values, of the kernel between `a` and `b`: spectra of features. */
  const correlate = (a: number, b: number, energy: number): void => {
    exports.multiplySpectra(a, b, cells, outRe, outIm); // [columns, rows]
    exports.transformPlane(outIm, outRe, im, re, scratch, rows, columns, rowPlan, columnPlan); // inverse: [rows, columns]
    exports.gaussian(re, cells, energy, 2 / cells, 1 / (cells * featureCount * sigma * sigma));
    floats(im, cells).fill(0);
    exports.transformPlane(re, im, outRe, outIm, scratch, columns, rows, columnPlan, rowPlan); // [columns, rows]
  };
  const takeIn = (values: Float32Array): number => {
    if (values.length !== count) throw new RangeError(`features must hold ${count} values, got ${values.length}.`);
    floats(features, count).set(values);
    exports.transformFeatures(features, spectrum, scratch, columns, rows, columnPlan, rowPlan);
    return exports.sumOfSquares(features, count);
  };

  // The wanted peak: a Gaussian of the distance round the corner.
  const distances = Float32Array.from({ length: cells }, (_, i) => {
    const [x, y] = [i % columns, Math.floor(i / columns)];
    const [dx, dy] = [Math.min(x, columns - x), Math.min(y, rows - y)];
    return dx * dx + dy * dy;
  });
  floats(re, cells).set(distances);
  exports.gaussian(re, cells, 0, -1, 1 / (2 * peakSigma * peakSigma));
  floats(target, cells).set(realSpectrum(floats(re, cells), columns, rows));

  return {
    learn(values, rate) {
      const energy = takeIn(values);
      correlate(spectrum, spectrum, 2 * energy);
      floats(fresh, cells).set(floats(outRe, cells));
      exports.solve(fresh, target, cells, lambda);
      const share = isTrained ? rate : 1;
      if (!isTrained) {
        floats(dual, cells).fill(0);
        floats(model, count).fill(0);
      }
      exports.blend(dual, fresh, cells, share);
      exports.blend(model, spectrum, count, share);
      modelEnergy = exports.sumOfSquares(model, count) / cells;
      isTrained = true;
    },
    respond(values) {
      if (!isTrained) throw new Error('The filter has learned nothing yet.');
      const energy = takeIn(values);
      correlate(spectrum, model, energy + modelEnergy);
      exports.multiplyReal(outRe, outIm, dual, cells);
      exports.transformPlane(outIm, outRe, im, re, scratch, rows, columns, rowPlan, columnPlan);
      const response = floats(re, cells);
      for (let i = 0; i < cells; i++) response[i]! /= cells;
      return response;
    },
  };
}

/** Real part of a plane's spectrum, turned over: float32 [columns, rows] from [rows, columns]. In float64; used once a filter. */
function realSpectrum(plane: Float32Array, columns: number, rows: number): Float32Array {
  const [across, down] = [createFft(columns), createFft(rows)];
  const turned = Array.from({ length: columns }, () => [new Float64Array(rows), new Float64Array(rows)] as const);
  for (let y = 0; y < rows; y++) {
    const real = Float64Array.from(plane.subarray(y * columns, (y + 1) * columns));
    const imaginary = new Float64Array(columns);
    across.forward(real, imaginary);
    turned.forEach(([re, im], x) => {
      re[y] = real[x]!;
      im[y] = imaginary[x]!;
    });
  }
  const out = new Float32Array(columns * rows);
  turned.forEach(([re, im], x) => {
    down.forward(re, im);
    out.set(re, x * rows);
  });
  return out;
}
