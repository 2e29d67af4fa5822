import type { Box } from '../../core/index.js';

/** How far a picture is dark from each side, in its own pixels, and whether content begins there at once. */
export interface BorderSample {
  readonly pts: number;
  /** Dark rows or columns from the top, bottom, left and right. */
  readonly dark: readonly [top: number, bottom: number, left: number, right: number];
  /** True where the first line of content is bright along much of its length: a bar ends so, a dark scene does not. */
  readonly sharp: readonly [boolean, boolean, boolean, boolean];
}

/** Brighter than a bar, 0–255: video black is 16, and compression adds to it. */
const barLevel = 32;
/** Brighter than that, content is no shade of a bar. */
const contentLevel = 48;
/** Of a line in a bar, so much may be brighter: noise, or the edge of the other bars. */
const strayShare = 0.015;
/** Of a content line, so much is bright where a bar ends. */
const sharpShare = 0.25;
/** Of the samples that show content, so many must end sharply at the bar. */
const sharpSamples = 0.3;
/** Bars on both sides differ by so little of the picture's side; as thick as `telling`, two such are no chance. */
const [alikeShare, telling] = [0.02, 0.04];
/** Shares of a side: thinner bars are the picture's own edge, and less content than that is no letterbox. */
const [thinnest, leastContent] = [0.01, 0.3];

/**
 * Looks for bars in one picture; null if it shows nothing bright enough to tell.
 *
 * @param luma uint8 [height, width].
 */
export function measureBorders(luma: Uint8Array, width: number, height: number, pts: number): BorderSample | null {
  const rowBright = (y: number, level: number) => countAbove(luma, y * width, 1, width, level);
  const isDarkRow = (y: number) => rowBright(y, barLevel) <= strayShare * width;
  const top = countWhile(height, isDarkRow);
  if (top === height) return null;
  const bottom = countWhile(height, (i) => isDarkRow(height - 1 - i));
  const rows = height - top - bottom;
  const columnBright = (x: number, level: number) => countAbove(luma, top * width + x, width, rows, level);
  const isDarkColumn = (x: number) => columnBright(x, barLevel) <= strayShare * rows;
  const left = countWhile(width, isDarkColumn);
  const right = countWhile(width, (i) => isDarkColumn(width - 1 - i));
  const columns = width - left - right;
  const near = (bright: (i: number) => number, first: number, step: number, length: number, limit: number) =>
    [0, 1, 2, 3].some((i) => {
      const at = first + i * step;
      return at >= 0 && at < limit && bright(at) >= sharpShare * length;
    });
  const row = (y: number) => rowBright(y, contentLevel);
  const column = (x: number) => columnBright(x, contentLevel);
  return {
    pts,
    dark: [top, bottom, left, right],
    sharp: [
      near(row, top, 1, columns, height),
      near(row, height - 1 - bottom, -1, columns, height),
      near(column, left, 1, rows, width),
      near(column, width - 1 - right, -1, rows, width),
    ],
  };
}

/**
 * The content that samples of one stretch agree on, in their pixels; null: the whole picture; undefined: they do not say.
 * A side's bar is what is dark in every sample, if content begins sharply behind it or behind a bar as thick on the other side.
 */
export function contentBox(
  samples: readonly BorderSample[],
  { width, height }: { readonly width: number; readonly height: number },
): Box | null | undefined {
  if (samples.length === 0) return undefined;
  const sides = [0, 1, 2, 3].map((side) => {
    const bar = samples.reduce((least, { dark }) => Math.min(least, dark[side]!), Infinity);
    const length = side < 2 ? height : width;
    const ends = samples.filter(({ dark, sharp }) => sharp[side] && dark[side]! <= bar + 2).length;
    return {
      bar,
      length,
      isBar: bar >= Math.max(2, thinnest * length),
      isSharp: ends >= sharpSamples * samples.length,
    };
  });
  const bars = sides.map(({ bar, length, isBar, isSharp }, side) => {
    const opposite = sides[side ^ 1]!;
    const alike = opposite.isBar && Math.abs(opposite.bar - bar) <= Math.max(2, alikeShare * length);
    return isBar && (isSharp || (alike && (opposite.isSharp || bar >= telling * length))) ? bar : 0;
  });
  const [top, bottom, left, right] = bars as [number, number, number, number];
  const box = { x: left, y: top, width: width - left - right, height: height - top - bottom };
  if (box.width < leastContent * width || box.height < leastContent * height) return null;
  return box.width === width && box.height === height ? null : box;
}

/**
 * What is not dark in every sample, bars or not: unlike `contentBox` the same for a picture and its letterboxed copy, even where the
 * scene is dark at its edges. Null: the whole picture.
 */
export function brightBox(
  samples: readonly BorderSample[],
  { width, height }: { readonly width: number; readonly height: number },
): Box | null {
  if (samples.length === 0) return null;
  const [top, bottom, left, right] = [0, 1, 2, 3].map((side) =>
    samples.reduce((least, { dark }) => Math.min(least, dark[side]!), Infinity),
  ) as [number, number, number, number];
  return { x: left, y: top, width: width - left - right, height: height - top - bottom };
}

/** A box in pixels of one picture as one of another that shows the same; rounded inwards, so that no bar is left. */
export function scaleBoxInwards(
  box: Box,
  from: { readonly width: number; readonly height: number },
  to: { readonly width: number; readonly height: number },
): Box {
  const x = Math.ceil((box.x * to.width) / from.width);
  const y = Math.ceil((box.y * to.height) / from.height);
  return {
    x,
    y,
    width: Math.floor(((box.x + box.width) * to.width) / from.width) - x,
    height: Math.floor(((box.y + box.height) * to.height) / from.height) - y,
  };
}

function countWhile(limit: number, holds: (i: number) => boolean): number {
  let count = 0;
  while (count < limit && holds(count)) count++;
  return count;
}

function countAbove(data: Uint8Array, from: number, step: number, count: number, level: number): number {
  let above = 0;
  for (let i = 0, at = from; i < count; i++, at += step) if (data[at]! > level) above++;
  return above;
}
