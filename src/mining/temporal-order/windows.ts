import type { RejectionCode, TimeSpan } from '../../core/index.js';
import type { TemporalOrderConfig } from './config.js';
import type { ShotMotion } from './motion.js';

/** The distances that the policy allows in a shot, in frames at `tauRate`. */
export interface Distances {
  readonly tauMax: number;
  readonly tauMin: number;
  /** `one`: only a or only e is taken. */
  readonly sides: 'both' | 'one';
}

/** A place at which a quintuple may start. */
export interface Window {
  /** Earliest start of a, in frames at `tauRate` from the start of the shot; it may be up to `jitter` later. */
  readonly start: number;
  readonly jitter: number;
  /** How far the last frame may be from `start`, in frames at `tauRate`. */
  readonly room: number;
  /** Mean of the motion curve over the window. */
  readonly motion: number;
}

/** Tells why a place was refused. */
export type Refuse = (code: RejectionCode, span: TimeSpan) => void;

const rounding = 1e-6; // times are quotients: 3 may come as 2.9999999999999996

/**
 * The distances for a shot of so many frames at `tauRate`, from its first to its last; null if it is too short.
 *
 * Source: the three policies of `README.md`; the bounds 4 and 2 keep scaled distances from vanishing.
 */
export function planDistances(length: number, config: TemporalOrderConfig): Distances | null {
  const { policy, tauMax, tauMin } = config;
  const full = tauMax + 2 * tauMin;
  if (length >= full) return { tauMax, tauMin, sides: 'both' };
  if (policy === 'one-sided' && length >= tauMax + tauMin) return { tauMax, tauMin, sides: 'one' };
  if (policy !== 'relative') return null;
  const side = Math.max(2, Math.floor((tauMin * length) / full));
  const outer = Math.min(Math.max(4, Math.floor((tauMax * length) / full)), length - 2 * side);
  return outer >= 4 ? { tauMax: outer, tauMin: side, sides: 'both' } : null;
}

/** Frames at `tauRate` that the smallest quintuple of these distances takes. */
export function leastLength(distances: Distances, exactGaps: boolean): number {
  const outer = exactGaps ? distances.tauMax : Math.ceil(distances.tauMax / 2);
  return outer + distances.tauMin * (distances.sides === 'both' ? 2 : 1);
}

/**
 * The windows of a shot that move and hold no cut; those that do not are told to `refuse`.
 *
 * A window is refused as `still` if a still passage lies in it, or if its mean motion is under `motionFloor` or under
 * the `floorPercentile` of the shot's windows.
 */
export function findWindows(
  motion: ShotMotion,
  distances: Distances,
  config: TemporalOrderConfig,
  refuse: Refuse,
): readonly Window[] {
  const { times, curve, frames } = motion;
  const blocks = findBlocks(motion, config);
  const need = leastLength(distances, config.exactGaps);
  const typical = distances.tauMax + distances.tauMin * (distances.sides === 'both' ? 2 : 1);
  const end = times[frames - 1] ?? 0;
  const sums = runningSums(curve);
  const moving: Window[] = [];
  let first = 0; // first frame at or after the window's start
  let block = 0; // first blocked interval at or after it
  for (let start = 0; start + need <= end + rounding; start += config.windowStep) {
    while (times[first]! < start - rounding) first++;
    block = Math.max(block, first);
    while (block < blocks.length && blocks[block] === null) block++;
    const room = Math.floor(times[Math.min(block, frames - 1)]! - start + rounding);
    const spanTo = (length: number): number => lastFrameWithin(times, first, start + length);
    if (room < need) {
      refuse(blocks[block] ?? 'too-short', spanOf(motion, first, spanTo(need)));
      continue;
    }
    const last = spanTo(Math.min(room, typical));
    const mean = (sums[last]! - sums[first]!) / Math.max(1, last - first);
    if (mean < config.motionFloor) refuse('still', spanOf(motion, first, last));
    else moving.push({ start, room, motion: mean, jitter: Math.min(config.windowStep - 1, room - need) });
  }
  const floor = percentile(
    moving.map((window) => window.motion),
    config.floorPercentile,
  );
  return moving.filter((window) => {
    if (window.motion >= floor) return true;
    refuse('still', windowSpan(motion, window, need));
    return false;
  });
}

/** What a window shows at least, as a span of the video. */
export function windowSpan(motion: ShotMotion, window: Window, length: number): TimeSpan {
  const first = lastFrameWithin(motion.times, 0, window.start);
  return spanOf(motion, first, lastFrameWithin(motion.times, first, window.start + length));
}

/** The span from one frame to the end of another. */
export function spanOf({ pts, frames }: ShotMotion, first: number, last: number): TimeSpan {
  const spacing = last > 0 ? pts[last]! - pts[last - 1]! : 1;
  return { startPts: pts[first]!, endPts: last + 1 < frames ? pts[last + 1]! : pts[last]! + spacing };
}

/** For each interval of neighbouring frames why no window may hold it, or null. */
export function findBlocks(motion: ShotMotion, config: TemporalOrderConfig): readonly ('cut' | 'still' | null)[] {
  const { curve, jumps, times } = motion;
  const blocks = Array.from(curve, (_, i): 'cut' | 'still' | null => (isCut(jumps, i, config) ? 'cut' : null));
  for (let i = 0; i < curve.length;) {
    let end = i;
    while (end < curve.length && curve[end]! < config.motionFloor) end++;
    const seconds = (times[end]! - times[i]!) / config.tauRate;
    if (end > i && seconds + rounding >= config.stillSeconds) {
      for (let k = i; k < end; k++) blocks[k] ??= 'still';
    }
    i = Math.max(end, i + 1);
  }
  return blocks;
}

/** Numbers, rising, of the intervals between neighbouring frames in which the picture jumps as at a cut. */
export function findJumps(jumps: Float64Array, config: TemporalOrderConfig): readonly number[] {
  return [...jumps.keys()].filter((at) => isCut(jumps, at, config));
}

const neighbours = 12;

function isCut(jumps: Float64Array, at: number, { cutDifference, cutRatio }: TemporalOrderConfig): boolean {
  const jump = jumps[at]!;
  if (jump <= cutDifference) return false;
  const around = [...jumps.subarray(Math.max(0, at - neighbours), at), ...jumps.subarray(at + 1, at + 1 + neighbours)];
  return around.length > 0 && jump > cutRatio * percentile(around, 50);
}

function runningSums(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i]! + values[i]!;
  return sums;
}

/** The last frame, from `first` on, that is shown no later than `time`. */
function lastFrameWithin(times: Float64Array, first: number, time: number): number {
  let low = first;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle]! <= time + rounding) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Nearest rank; 0 of nothing. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(((sorted.length - 1) * percent) / 100)] ?? 0;
}
