// Fourier transforms of grids, part of correlation.as.ts.

import { transform } from '../../core/kernels/fft.as';

/** Small steps that are always compiled in place: only methods of a class can say so. */
class Lanes {
  @inline
  static copyElement(from: usize, to: usize): void {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
  }
}

/**
 * Spectrum of 16 complex series over a grid: two planes [rows, columns, 16] to two planes [columns, rows, 16], turned over.
 * `scratch` holds 4 lines: 64 × 4 × the longer side, in floats.
 */
export function transformFeatures(
  features: usize,
  spectrum: usize,
  scratch: usize,
  columns: i32,
  rows: i32,
  columnPlan: usize,
  rowPlan: usize,
): void {
  const plane = (<usize>(columns * rows)) << 6;
  const across = (<usize>columns) << 6;
  const down = (<usize>rows) << 6;
  const work = scratch + across + across;
  for (let y = 0; y < rows; y++) {
    const line = features + <usize>y * across;
    transform<f32>(line, line + plane, scratch, scratch + across, work, columns, 16, columnPlan);
    const to = spectrum + ((<usize>y) << 6);
    for (let x: usize = 0; x < <usize>columns; x++) {
      Lanes.copyElement(scratch + (x << 6), to + x * down);
      Lanes.copyElement(scratch + across + (x << 6), to + plane + x * down);
    }
  }
  const workDown = scratch + down + down;
  for (let x = 0; x < columns; x++) {
    const line = spectrum + <usize>x * down;
    transform<f32>(line, line + plane, scratch, scratch + down, workDown, rows, 16, rowPlan);
    memory.copy(line, scratch, down);
    memory.copy(line + plane, scratch + down, down);
  }
}

/** Transforms one complex plane [rows, columns] to [columns, rows], turned over. `scratch` holds four such planes. */
export function transformPlane(
  re: usize,
  im: usize,
  outRe: usize,
  outIm: usize,
  scratch: usize,
  columns: i32,
  rows: i32,
  columnPlan: usize,
  rowPlan: usize,
): void {
  const plane = (<usize>(columns * rows)) << 2;
  const middle = scratch + 2 * plane;
  transform<f32>(re, im, middle, middle + plane, scratch, rows, columns, rowPlan);
  turnOver(middle, outRe, columns, rows);
  turnOver(middle + plane, outIm, columns, rows);
  memory.copy(middle, outRe, plane);
  memory.copy(middle + plane, outIm, plane);
  transform<f32>(middle, middle + plane, outRe, outIm, scratch, columns, rows, columnPlan);
}

function turnOver(from: usize, to: usize, columns: i32, rows: i32): void {
  for (let y = 0; y < rows; y++) {
    const line = from + ((<usize>(y * columns)) << 2);
    for (let x = 0; x < columns; x++)
      store<f32>(to + ((<usize>(x * rows + y)) << 2), load<f32>(line + ((<usize>x) << 2)));
  }
}
