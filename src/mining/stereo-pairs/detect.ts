import type { Box } from '../../core/index.js';
import { matchBlocks, stereoBlockSide, type MatchedBlock } from '../../vision/index.js';
import { cut, mixChannels, lumaOf, scaleTo, splitEyes, type Arrangement, type Picture } from './layout.js';

/** How alike two halves of a frame are. */
export interface PairScore {
  /** Blocks with texture. */
  readonly blocks: number;
  /** Share of them that are found again, 0–1. */
  readonly score: number;
  /** Share of those found that lie equally high, 0–1: in the same row, or all of them a pixel or two off. */
  readonly inRow: number;
  /** Share of neighbouring blocks, both found, whose shifts differ by at most 2 pixels: depth is smooth, chance is not. */
  readonly smooth: number;
  /** From the 10th to the 90th percentile of their shifts, pixels at 160. */
  readonly spread: number;
  /** Mean difference of the halves, 0–255. */
  readonly difference: number;
}

const workWidth = 160;
const search = { dx: [-12, 12], dy: [-2, 2], leastDeviation: 6 } as const;
/** Vertical offsets that eyes may have as a whole: they are refused later, and by their own name. */
const heights = [-2, -1, 0, 1, 2] as const;
/** For pairs whose things are nearer than films show them. */
const wideSearch = { ...search, dx: [-28, 28] } as const;
/** A block is found where it correlates more than this. */
export const foundCorrelation = 0.8;

/** What a frame must reach to count as stereo: score times share in the same row, smoothness, and blocks with texture. */
const least = { product: 0.4, smooth: 0.5, blocks: 8 } as const;
/** Frames under this product at the narrow search are not looked at again. */
const doubtful = 0.2;

/**
 * How alike the eyes of one arrangement are, each scaled to 160 pixels' width.
 *
 * @param bars the part of each eye inside its black bars; null: the whole.
 */
export function scoreHalves(frame: Picture, arrangement: 'sbs' | 'tb', bars: Box | null = null): PairScore {
  const eyes = splitEyes(lumaOf(frame), arrangement).map((eye) => (bars ? cut(eye, bars) : eye));
  // Half packing is undone: what is squeezed across is so in both directions of the search.
  const { width, height } = eyes[0]!;
  const aspect = arrangement === 'sbs' && width < 1.45 * height ? height / (2 * width) : height / width;
  const workHeight = Math.max(16, Math.round(workWidth * aspect));
  const [first, second] = eyes.map((eye) => scaleTo(eye, workWidth, workHeight)) as [Picture, Picture];
  const narrow = scoreBlocks(first, second, search);
  if (isStereo(narrow) || narrow.score * narrow.inRow < doubtful) return narrow;
  const wide = scoreBlocks(first, second, wideSearch);
  return isStereo(wide) && wide.inRow > 0.85 ? wide : narrow;
}

/** Whether a frame by itself looks like stereo. */
export function isStereo({ blocks, score, inRow, smooth }: PairScore): boolean {
  return blocks >= least.blocks && score * inRow >= least.product && smooth >= least.smooth;
}

/** Whether what looks like stereo is one flat picture twice, or shifted as a whole. */
export function isFlat({ spread }: PairScore): boolean {
  return spread < 0.5;
}

function scoreBlocks(
  first: Picture,
  second: Picture,
  where: {
    readonly dx: readonly [number, number];
    readonly dy: readonly [number, number];
    readonly leastDeviation: number;
  },
): PairScore {
  const blocks = matchBlocks(first.data, second.data, first.width, first.height, where);
  const found = blocks.filter(({ correlation }) => correlation > foundCorrelation);
  let difference = 0;
  for (let i = 0; i < first.data.length; i++) difference += Math.abs(first.data[i]! - second.data[i]!);
  const shifts = found.map(({ dx }) => dx);
  return {
    blocks: blocks.length,
    score: blocks.length === 0 ? 0 : found.length / blocks.length,
    inRow: found.length === 0 ? 0 : Math.max(...heights.map((height) => share(found, ({ dy }) => dy === height))),
    smooth: smoothness(found),
    spread: percentile(shifts, 0.9) - percentile(shifts, 0.1),
    difference: difference / first.data.length,
  };
}

function smoothness(found: readonly MatchedBlock[]): number {
  const at = new Map(found.map((block) => [`${block.x},${block.y}`, block.dx]));
  let pairs = 0;
  let alike = 0;
  for (const { x, y, dx } of found) {
    for (const other of [at.get(`${x + stereoBlockSide},${y}`), at.get(`${x},${y + stereoBlockSide}`)]) {
      if (other === undefined) continue;
      pairs++;
      if (Math.abs(other - dx) <= 2) alike++;
    }
  }
  return pairs === 0 ? 0 : alike / pairs;
}

/** A frame whose red plane shows another eye than its green and blue ones. */
export interface AnaglyphScore {
  /** Textured blocks of the red plane that are found in the other one. */
  readonly blocks: number;
  /** Share of the textured ones that are. */
  readonly score: number;
  /** Share of those found that lie in the same row. */
  readonly inRow: number;
  /** Share of those found that have not moved; 1 in any other film. */
  readonly still: number;
  /** The same for green against blue. */
  readonly stillOther: number;
}

const anaglyphWidth = 320;
const anaglyphSearch = { dx: [-24, 24], dy: [-2, 2], leastDeviation: 6 } as const;

/** Compares red with green, and green with blue; with `magenta` green with red, and red with blue. */
export function scoreAnaglyph(frame: Picture, { magenta = false } = {}): AnaglyphScore {
  const { width, height } = frame;
  const workHeight = Math.max(16, Math.round((anaglyphWidth * height) / width));
  const plane = (weights: readonly [number, number, number]) =>
    scaleTo(mixChannels(frame, weights), anaglyphWidth, workHeight).data;
  const [red, green, blue] = [plane([1, 0, 0]), plane([0, 1, 0]), plane([0, 0, 1])];
  const match = (a: Uint8Array, b: Uint8Array) => matchBlocks(a, b, anaglyphWidth, workHeight, anaglyphSearch);
  const own = match(magenta ? green : red, magenta ? red : green);
  const other = match(magenta ? red : green, blue).filter(({ correlation }) => correlation > foundCorrelation);
  const found = own.filter(({ correlation }) => correlation > foundCorrelation);
  return {
    blocks: found.length,
    score: own.length === 0 ? 0 : found.length / own.length,
    inRow: share(found, ({ dy }) => dy === 0),
    still: share(found, ({ dx, dy }) => Math.abs(dx) < 0.75 && dy === 0),
    stillOther: share(other, ({ dx, dy }) => Math.abs(dx) < 0.75 && dy === 0),
  };
}

/** Whether a frame by itself looks like an anaglyph. Of those tried `still` is at most 0.03, of other films at least 0.67. */
export function isAnaglyph({ blocks, score, inRow, still, stillOther }: AnaglyphScore): boolean {
  return blocks >= least.blocks && score >= 0.3 && inRow >= 0.75 && still < 0.4 && stillOther > 0.65;
}

function share(blocks: readonly MatchedBlock[], holds: (block: MatchedBlock) => boolean): number {
  return blocks.length === 0 ? 1 : blocks.filter(holds).length / blocks.length;
}

/** Rows and columns whose mean is below this, 0–255, in every frame are bars. */
const blackest = 3;

/**
 * The part of each eye inside its black bars: what both eyes have, over all frames. Null where nothing is left.
 *
 * @param frames of one size, packed in the same way.
 */
export function findBars(frames: readonly Picture[], arrangement: Arrangement): Box | null {
  let left = Infinity;
  let top = Infinity;
  let right = -1;
  let bottom = -1;
  // Bars of either eye are cut off both: the brightest row decides per eye, the narrower eye for both.
  const eyes = frames.flatMap((frame) => splitEyes(lumaOf(frame), arrangement).map((eye, side) => ({ eye, side })));
  for (const side of [0, 1]) {
    const own = eyes.filter((each) => each.side === side).map(({ eye }) => eye);
    const box = brightPart(own);
    if (!box) return null;
    if (side === 0) [left, top, right, bottom] = box;
    else {
      left = Math.max(left, box[0]);
      top = Math.max(top, box[1]);
      right = Math.min(right, box[2]);
      bottom = Math.min(bottom, box[3]);
    }
  }
  return right < left || bottom < top ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

function brightPart(
  eyes: readonly Picture[],
): readonly [left: number, top: number, right: number, bottom: number] | null {
  const { width = 0, height = 0 } = eyes[0] ?? {};
  const columns = new Float64Array(width);
  const rows = new Float64Array(height);
  for (const { data } of eyes) {
    const column = new Float64Array(width);
    for (let y = 0; y < height; y++) {
      let row = 0;
      for (let x = 0; x < width; x++) {
        const value = data[y * width + x]!;
        row += value;
        column[x]! += value;
      }
      rows[y] = Math.max(rows[y]!, row / width);
    }
    column.forEach((sum, x) => (columns[x] = Math.max(columns[x]!, sum / height)));
  }
  const isBright = (value: number): boolean => value >= blackest;
  const [left, top] = [columns.findIndex(isBright), rows.findIndex(isBright)];
  return left < 0 || top < 0 ? null : [left, top, columns.findLastIndex(isBright), rows.findLastIndex(isBright)];
}

/** Linear between the sorted values; 0 where there are none. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low]! + ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!) * (at - low);
}
