import type { Random, RejectionCode, TimeSpan } from '../../core/index.js';
import type { ClipsConfig, ClipsPlan } from './config.js';

/** The frames of a shot at a plan's rate and step. */
export interface ShotFrames {
  /** When each is shown. */
  readonly pts: readonly number[];
  /** When the frame after the last would be shown. */
  readonly endPts: number;
  /** [frames - 1]: whether the frame after this one comes when the rate says. */
  readonly isSteady: readonly boolean[];
  /** [frames - 1]: mean absolute difference to the frame after, 0–255. */
  readonly differences: readonly number[];
  /** Ticks between frames, as the plan wants them. */
  readonly period: number;
}

/** A clip to be: frames `start` to `start + length - 1`. */
export interface ClipWindow {
  readonly start: number;
  readonly length: number;
  readonly motion: number;
}

/** Longest clip of a whole shot, in frames: one record holds it. */
export const mostFrames = 300;
/** By how much the rate of a clip may be off, as a share. */
const rateTolerance = 0.05;

/**
 * Lays clips into a shot. Refused are: the shot, as `too-short`; a clip with a gap, or off the rate by over 5 %, as
 * `uneven-rate`; a clip that moves too little, as `still`; what is over `clipsPerShot`, as `budget`.
 *
 * @returns in order of time.
 */
export function layClips(
  frames: ShotFrames,
  plan: ClipsPlan,
  { clipsPerShot, minMotion }: Pick<ClipsConfig, 'clipsPerShot' | 'minMotion'>,
  { random, reject }: { readonly random: Random; readonly reject: (code: RejectionCode, span: TimeSpan) => void },
): readonly ClipWindow[] {
  const count = frames.pts.length;
  if (count === 0) return [];
  const length = plan.length === 0 ? Math.min(count, mostFrames) : plan.length;
  const stride = plan.length === 0 ? length : plan.stride;
  if (count < Math.max(2, length)) {
    reject('too-short', spanOf(frames, 0, count));
    return [];
  }
  const over = (count - length) % stride;
  const first = plan.phase === 'random' ? random.fork('phase').int(over + 1) : 0;
  const sound: ClipWindow[] = [];
  for (let start = first; start + length <= count; start += stride) {
    const between = frames.differences.slice(start, start + length - 1);
    const motion = between.reduce((sum, value) => sum + value, 0) / between.length;
    if (!keepsRate(frames, start, length)) reject('uneven-rate', spanOf(frames, start, length));
    else if (motion < minMotion) reject('still', spanOf(frames, start, length));
    else sound.push({ start, length, motion });
  }
  const kept = chooseClips(sound, clipsPerShot, plan.phase === 'random' ? random.fork('budget') : null);
  for (const { start } of sound.filter((clip) => !kept.has(clip))) reject('budget', spanOf(frames, start, length));
  return sound.filter((clip) => kept.has(clip));
}

/** From the start of one frame to the end of the last of so many. */
export function spanOf({ pts, endPts }: ShotFrames, start: number, length: number): TimeSpan {
  return { startPts: pts[start]!, endPts: pts[start + length] ?? endPts };
}

/**
 * Which of the frames of a rate follow each other as it says. A frame is late only if it belongs to a later tick of
 * the rate and also comes half a period too late: sources of nearly the rate skip ticks, and faster ones shake.
 *
 * @param startPts where ticks are counted from.
 */
export function findSteady(pts: readonly number[], startPts: number, period: number): readonly boolean[] {
  const tick = (i: number): number => Math.round((pts[i]! - startPts) / period);
  return pts.slice(1).map((next, i) => tick(i + 1) - tick(i) === 1 || next - pts[i]! <= 1.5 * period);
}

function keepsRate({ pts, isSteady, period }: ShotFrames, start: number, length: number): boolean {
  if (isSteady.slice(start, start + length - 1).includes(false)) return false;
  const wanted = (length - 1) * period;
  const taken = pts[start + length - 1]! - pts[start]!;
  return Math.abs(taken - wanted) <= Math.max(period, rateTolerance * wanted);
}

function chooseClips(
  clips: readonly ClipWindow[],
  most: number | null,
  random: Random | null,
): ReadonlySet<ClipWindow> {
  if (most === null || clips.length <= most) return new Set(clips);
  return new Set((random ? random.shuffle(clips) : clips).slice(0, most));
}
