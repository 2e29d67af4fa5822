import type { Box, OverlayMask } from '../../core/index.js';

/** Finds logos and subtitles from samples of a video, a few a second; what it holds does not grow with them. */
export interface OverlayFinder {
  /**
   * Takes a small picture, all of one size, for what stands still.
   *
   * @param luma uint8 [height, width].
   */
  pushSmall(luma: Uint8Array, width: number, height: number): void;
  /**
   * Takes a picture in which letters can be told.
   *
   * @param luma uint8 [height, width].
   */
  pushSharp(luma: Uint8Array, width: number, height: number): void;
  /**
   * The cells that are covered; null if none are.
   *
   * @param content the part of the picture that is no bar, as shares of its sides.
   */
  finish(content: Box): OverlayMask | null;
}

const [columns, rows] = [32, 24];
/** Fewer samples tell nothing. */
const fewestSamples = 8;
/** Median standard deviation of a pixel over time, in levels, from which on what does not change stands out. */
const restless = 10;
/** What stands still changes by at most this share of that median, and by at most so many levels. */
const [stillShare, stillLevels] = [0.3, 6];
/** Levels between neighbouring pixels of the mean picture where a logo has an edge. */
const edge = 10;
/** More than this share of the picture is no overlay: the camera stands still. */
const mostCovered = 0.25;
/** Levels of letters and of their outline, and how far these are apart at most, as a share of the width. */
const [letter, outline, stroke] = [190, 90, 1 / 160];
/** Where lines of text are looked for: from this share of the height on. */
const textFrom = 0.6;
/** A line of text is at least so many cells long, and its middle lies so near the picture's. */
const [shortestLine, offCentre] = [4, 0.1];
/** Shares of the samples that show a line: fewer are chance, more are part of the scene. */
const [rarest, mostOften] = [0.12, 0.9];
/** Samples that a line stays, on average. */
const stays = 2;

/** Finds overlays: what stays while the picture changes, and lines of text that come and go. */
export function createOverlayFinder(): OverlayFinder {
  let small: { readonly width: number; readonly height: number; sum: Float64Array; squares: Float64Array } | null =
    null;
  let smallCount = 0;
  let sharpCount = 0;
  const shown = new Int32Array(rows); // samples that have a line of text in this row of cells
  const onsets = new Int32Array(rows);
  const before = new Uint8Array(rows);
  const letters = new Int32Array(rows * columns);
  return {
    pushSmall(luma, width, height) {
      small ??= { width, height, sum: new Float64Array(luma.length), squares: new Float64Array(luma.length) };
      const { sum, squares } = small;
      for (let i = 0; i < luma.length; i++) {
        sum[i]! += luma[i]!;
        squares[i]! += luma[i]! * luma[i]!;
      }
      smallCount++;
    },
    pushSharp(luma, width, height) {
      const strokes = countStrokes(luma, width, height);
      for (let row = 0; row < rows; row++) {
        const line = centredLine(strokes.subarray(row * columns, (row + 1) * columns));
        if (line) {
          shown[row]!++;
          if (!before[row]) onsets[row]!++;
          for (let x = line[0]; x < line[1]; x++) letters[row * columns + x]!++;
        }
        before[row] = line ? 1 : 0;
      }
      sharpCount++;
    },
    finish(content) {
      const covered = new Uint8Array(rows * columns);
      if (small && smallCount >= fewestSamples) markStill(covered, small, smallCount, content);
      if (sharpCount >= fewestSamples) {
        for (let row = 0; row < rows; row++) {
          const share = shown[row]! / sharpCount;
          if (share < rarest || share > mostOften || shown[row]! < stays * onsets[row]!) continue;
          for (let x = 0; x < columns; x++)
            if (letters[row * columns + x]! >= 0.3 * shown[row]!) covered[row * columns + x] = 1;
        }
      }
      const count = covered.reduce((sum, bit) => sum + bit, 0);
      return count === 0 || count > mostCovered * covered.length ? null : { columns, rows, bits: toHex(covered) };
    },
  };
}

/** Share of the cells of a mask that are covered, 0–1. */
export function coveredShare(mask: OverlayMask | null): number {
  return mask ? maskCells(mask).reduce((sum, bit) => sum + bit, 0) / (mask.columns * mask.rows) : 0;
}

/** The cells of a mask: uint8 [rows, columns], 1 where something is laid over the picture. */
export function maskCells({ columns, rows, bits }: OverlayMask): Uint8Array {
  return Uint8Array.from(
    { length: columns * rows },
    (_, i) => (Number.parseInt(bits[i >> 2] ?? '0', 16) >> (3 - (i & 3))) & 1,
  );
}

function toHex(cells: Uint8Array): string {
  let out = '';
  for (let i = 0; i < cells.length; i += 4)
    out += (cells[i]! * 8 + cells[i + 1]! * 4 + cells[i + 2]! * 2 + cells[i + 3]!).toString(16);
  return out;
}

/** Marks cells in which an edge stands still while most of the picture changes. */
function markStill(
  covered: Uint8Array,
  { width, height, sum, squares }: { width: number; height: number; sum: Float64Array; squares: Float64Array },
  count: number,
  content: Box,
): void {
  const mean = sum.map((value) => value / count);
  const deviation = squares.map((value, i) => Math.sqrt(Math.max(0, value / count - mean[i]! * mean[i]!)));
  const usual = deviation.toSorted()[deviation.length >> 1]!;
  if (usual < restless) return;
  const most = Math.min(stillLevels, stillShare * usual);
  const [left, top] = [Math.ceil(content.x * width) + 1, Math.ceil(content.y * height) + 1];
  const right = Math.floor((content.x + content.width) * width) - 1;
  const bottom = Math.floor((content.y + content.height) * height) - 1;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const at = y * width + x;
      if (deviation[at]! > most) continue;
      const step = Math.max(...[-1, 1, -width, width].map((to) => Math.abs((mean[at + to] ?? mean[at]!) - mean[at]!)));
      if (step >= edge) covered[Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width)] = 1;
    }
  }
}

/** Of each cell in the lower part of a picture, the share of its lines in which a letter meets its outline. */
function countStrokes(luma: Uint8Array, width: number, height: number): Float64Array {
  const out = new Float64Array(rows * columns);
  const near = Math.max(2, Math.round(stroke * width));
  for (let row = Math.floor(textFrom * rows); row < rows; row++) {
    const [top, bottom] = [Math.floor((row * height) / rows), Math.floor(((row + 1) * height) / rows)];
    for (let y = top; y < bottom; y++) {
      for (let column = 0; column < columns; column++) {
        const left = y * width + Math.floor((column * width) / columns);
        const right = y * width + Math.min(width - near, Math.floor(((column + 1) * width) / columns));
        for (let at = left; at < right; at++) {
          const [a, b] = [luma[at]!, luma[at + near]!];
          if (!((a > letter && b < outline) || (b > letter && a < outline))) continue;
          out[row * columns + column]! += 1 / (bottom - top);
          break;
        }
      }
    }
  }
  return out;
}

/** From where to where in a row of cells a centred line of text lies. */
function centredLine(strokes: Float64Array): readonly [number, number] | null {
  let from = -1;
  let to = -1;
  for (let x = 0; x < columns; x++) {
    if (strokes[x]! < 0.25) continue;
    if (from < 0) from = x;
    to = x + 1;
  }
  const cells = strokes.reduce((sum, share) => sum + (share >= 0.25 ? 1 : 0), 0);
  const isDense = cells >= 0.75 * (to - from);
  const isCentred = Math.abs((from + to) / 2 / columns - 0.5) <= offCentre;
  return cells >= shortestLine && isDense && isCentred ? [from, to] : null;
}
