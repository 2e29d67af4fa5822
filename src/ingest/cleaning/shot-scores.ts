import type { ShotScores } from '../../core/index.js';

/** Cells of the coarse pictures from which shots are scored. */
export const scoreGrid = { columns: 16, rows: 12 } as const;
const cells = scoreGrid.columns * scoreGrid.rows;

/** A coarse look at one moment. */
export interface CoarseSample {
  readonly pts: number;
  /** uint8 [rows, columns]: mean luma of each cell. */
  readonly means: Uint8Array;
  /** uint8 [rows, columns]: mean absolute difference of the cell's pixels to the sample before, times 4. */
  readonly activity: Uint8Array;
}

/** What is known of the frames of one shot. */
export interface ShotCurves {
  /** Mean absolute luma difference of each frame to the one before; the first frame of the shot left out. */
  readonly differences: Float64Array;
  /** Frames that are black. */
  readonly blackFrames: number;
  readonly frames: number;
  readonly samples: readonly CoarseSample[];
}

/** Of the cells, so many decide how far a picture has changed. */
const mostChanged = 10;
/** A cell in which pixels change by so many levels in half a second moves. */
const movingLevels = 2;
/** Samples without which nothing is said of a talking head: two seconds. */
const fewestSamples = 4;

/** Scores of one shot. */
export function scoreShot({ differences, blackFrames, frames, samples }: ShotCurves): ShotScores {
  const motion = differences.length > 0 ? differences.reduce((sum, value) => sum + value, 0) / differences.length : 0;
  return {
    motion: round(motion),
    change: round(changeOf(samples) ?? motion * differences.length),
    black: frames > 0 ? round(blackFrames / frames) : 0,
    talkingHead: round(talkingHeadOf(samples.slice(1))),
  };
}

/** Mean luma of each cell of a picture, and the mean absolute difference to an earlier picture of the same size. */
export function coarseSample(
  luma: Uint8Array,
  before: Uint8Array | null,
  { width, height, pts }: { readonly width: number; readonly height: number; readonly pts: number },
): CoarseSample {
  const sums = new Float64Array(cells);
  const changes = new Float64Array(cells);
  const counts = new Int32Array(cells);
  const columnOf = Uint8Array.from({ length: width }, (_, x) => Math.floor((x * scoreGrid.columns) / width));
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * scoreGrid.rows) / height) * scoreGrid.columns;
    for (let x = 0; x < width; x++) {
      const cell = row + columnOf[x]!;
      const value = luma[y * width + x]!;
      sums[cell]! += value;
      if (before) changes[cell]! += Math.abs(value - before[y * width + x]!);
      counts[cell]!++;
    }
  }
  return {
    pts,
    means: Uint8Array.from(sums, (sum, i) => Math.round(sum / Math.max(1, counts[i]!))),
    activity: Uint8Array.from(changes, (sum, i) => Math.min(255, Math.round((4 * sum) / Math.max(1, counts[i]!)))),
  };
}

/** How far the samples leave the first one: mean of the cells that changed most, 95th percentile; null for fewer than two. */
function changeOf(samples: readonly CoarseSample[]): number | null {
  const [first, ...rest] = samples;
  if (!first || rest.length === 0) return null;
  const changes = rest.map(({ means }) => {
    const sorted = means.map((value, i) => Math.abs(value - first.means[i]!)).sort();
    return sorted.subarray(cells - mostChanged).reduce((sum, value) => sum + value, 0) / mostChanged;
  });
  return changes.sort((a, b) => a - b)[Math.ceil(0.95 * changes.length) - 1]!;
}

/**
 * A talking head moves in the middle of a picture whose edges (top, left and right) stand still: the share of all change in
 * the middle half, times how still the edges are (0 at 3 levels), times 1 down to 0 as 30 to 60 % of the cells move.
 */
function talkingHeadOf(samples: readonly CoarseSample[]): number {
  if (samples.length < fewestSamples) return 0;
  const { columns, rows } = scoreGrid;
  const levels = new Float64Array(cells);
  for (const { activity } of samples) activity.forEach((value, i) => (levels[i]! += value / 4 / samples.length));
  let [moving, total, middle, edges, edgeCells] = [0, 0, 0, 0, 0];
  levels.forEach((level, i) => {
    const [x, y] = [i % columns, Math.floor(i / columns)];
    total += level;
    if (level >= movingLevels) moving++;
    if (x >= columns / 4 && x < (3 * columns) / 4) middle += level;
    if (y === 0 || ((x === 0 || x === columns - 1) && y < rows - 2)) {
      edges += level;
      edgeCells++;
    }
  });
  if (moving === 0) return 0;
  const quiet = Math.max(0, 1 - edges / edgeCells / 3);
  return (middle / total) * quiet * Math.min(1, Math.max(0, (0.6 - moving / cells) / 0.3));
}

/** Four digits after the point: enough to judge by, and short in the manifest. */
function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
