import { ptsToSeconds, type Frame, type TimeBase } from '../../core/index.js';
import { denseFlow, medianFlow } from '../../vision/index.js';
import type { TemporalOrderConfig } from './config.js';

/** Columns and rows of the grid on which motion is kept to find the most moving square. */
export const motionGrid = { columns: 16, rows: 12 } as const;

/** What one pass over a shot leaves of it: some 400 bytes a frame. */
export interface ShotMotion {
  readonly frames: number;
  /** Float64 [frames]: presentation times in ticks. */
  readonly pts: Float64Array;
  /** Float64 [frames]: the same in frames at `tauRate`, from 0 at the first frame. */
  readonly times: Float64Array;
  /** Float64 [frames - 1]: mean flow magnitude from each frame to the next, pixels per frame at `motionWidth`. */
  readonly curve: Float64Array;
  /** Float64 [frames - 1]: mean absolute luma difference of each frame and the next, 0–255. */
  readonly jumps: Float64Array;
  /** By interval, uint16 [rows, columns]: mean magnitude in each cell of `motionGrid`, in 1/256 pixels of the flow picture. */
  readonly cells: readonly Uint16Array[];
}

/**
 * Measures how a shot moves. Holds two frames at a time.
 *
 * @param frames luma, uint8 [height, width], all of one size.
 */
export async function measureMotion(
  frames: AsyncIterable<Frame>,
  timeBase: TimeBase,
  config: TemporalOrderConfig,
  signal: AbortSignal,
): Promise<ShotMotion> {
  const pts: number[] = [];
  const curve: number[] = [];
  const jumps: number[] = [];
  const cells: Uint16Array[] = [];
  let previous: Frame | null = null;
  let anchor: Frame | null = null; // where the current flow starts: the previous frame, unless flowStride is over 1
  for await (const frame of frames) {
    if (signal.aborted) break;
    pts.push(frame.pts);
    if (previous) jumps.push(meanDifference(previous.data, frame.data));
    const steps = pts.length - 1 - curve.length;
    if (anchor && steps === config.flowStride) {
      extend(anchor, frame, steps);
      anchor = frame;
    }
    anchor ??= frame;
    previous = frame;
  }
  const rest = pts.length - 1 - curve.length;
  if (anchor && previous && rest > 0) extend(anchor, previous, rest);
  const start = pts[0] ?? 0;
  return {
    frames: pts.length,
    pts: Float64Array.from(pts),
    times: Float64Array.from(pts, (at) => ptsToSeconds(at - start, timeBase) * config.tauRate),
    curve: Float64Array.from(curve),
    jumps: Float64Array.from(jumps),
    cells,
  };

  function extend(from: Frame, to: Frame, steps: number): void {
    const flow = denseFlow(from.data, to.data, to.width, to.height);
    const { mean, grid } = summarizeFlow(flow, to.width, to.height, config.motionKind === 'median-subtracted');
    const scaled = (mean * config.motionWidth) / to.width / steps;
    for (let i = 0; i < steps; i++) {
      curve.push(scaled);
      cells.push(grid);
    }
  }
}

/**
 * Mean magnitude of a flow, over all and in each cell of `motionGrid`.
 *
 * @param flow float32 [height, width, 2].
 * @param subtractMedian takes the median of each component off first.
 */
export function summarizeFlow(
  flow: Float32Array,
  width: number,
  height: number,
  subtractMedian: boolean,
): { readonly mean: number; readonly grid: Uint16Array } {
  const { columns, rows } = motionGrid;
  const sums = new Float64Array(columns * rows);
  const counts = new Uint32Array(columns * rows);
  const [u, v] = subtractMedian ? medianFlow(flow) : [0, 0];
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * rows) / height) * columns;
    for (let x = 0; x < width; x++) {
      const at = 2 * (y * width + x);
      const dx = flow[at]! - u;
      const dy = flow[at + 1]! - v;
      const cell = row + Math.floor((x * columns) / width);
      sums[cell]! += Math.sqrt(dx * dx + dy * dy); // not Math.hypot: its last bits differ between engines
      counts[cell]!++;
    }
  }
  const grid = new Uint16Array(columns * rows);
  let total = 0;
  for (let cell = 0; cell < grid.length; cell++) {
    total += sums[cell]!;
    grid[cell] = Math.min(65535, Math.round((256 * sums[cell]!) / Math.max(1, counts[cell]!)));
  }
  return { mean: total / (width * height), grid };
}

/** Mean absolute difference of two arrays of bytes; 0 of nothing. */
export function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return a.length === 0 ? 0 : sum / a.length;
}
