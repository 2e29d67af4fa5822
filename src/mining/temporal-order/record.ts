import { ptsToSeconds, type EncodedImage, type Shot, type TimeSpan, type VideoSource } from '../../core/index.js';
import type { MinedSample } from '../define-miner.js';
import { groupOf } from '../group.js';
import type { Likeness } from './checks.js';
import type { TemporalOrderConfig } from './config.js';
import type { Quintuple } from './draw.js';
import type { ShotMotion } from './motion.js';
import { mostMovingSquare } from './patch.js';
import type { temporalOrderSample } from './sample.js';
import { spanOf } from './windows.js';

/** A quintuple that was drawn. */
export interface Candidate {
  readonly frames: Quintuple;
  /** Probability with which its window was drawn first. */
  readonly weight: number;
}

/** A quintuple that passed all checks. */
export type ChosenCandidate = Candidate & Omit<Likeness, 'refused'>;

/** From the first to the end of the last frame of a quintuple. */
export function candidateSpan(motion: ShotMotion, frames: Quintuple): TimeSpan {
  const there = frames.filter((frame) => frame >= 0);
  return spanOf(motion, there[0]!, there[there.length - 1]!);
}

/** Order in time: by first frame, then by the next. */
export function compareCandidates(x: Candidate, y: Candidate): number {
  for (let i = 0; i < x.frames.length; i++) {
    const difference = x.frames[i]! - y.frames[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * The record of a quintuple.
 *
 * @param pictures the compressed frames, by number in the shot.
 */
export function toSample(
  source: VideoSource,
  candidate: ChosenCandidate,
  motion: ShotMotion,
  pictures: ReadonlyMap<number, EncodedImage>,
  { shot, config }: { readonly shot: Shot; readonly config: TemporalOrderConfig },
): MinedSample<typeof temporalOrderSample> {
  const { frames, weight, msdCa, msdCe } = candidate;
  const [a, b, , d, e] = frames;
  const there = frames.filter((frame) => frame >= 0);
  const first = there[0]!;
  const last = there[there.length - 1]!;
  const { timeBase } = source.video;
  const seconds = (from: number, to: number): number => ptsToSeconds(motion.pts[to]! - motion.pts[from]!, timeBase);
  const sides = [
    ...(a < 0 ? [] : [{ distance: b - a, seconds: seconds(a, b) }]),
    ...(e < 0 ? [] : [{ distance: e - d, seconds: seconds(d, e) }]),
  ];
  const offset = framesBefore(source, shot);
  const patch = mostMovingSquare(motion.cells.slice(first, last), config.imageWidth, config.imageHeight);
  return {
    span: candidateSpan(motion, frames),
    pts: there.map((frame) => motion.pts[frame]!),
    fields: {
      images: there.map((frame) => pictures.get(frame)!),
      frames: Int32Array.from(frames, (frame) => (frame < 0 ? -1 : offset + frame)),
      has: (a < 0 ? 0 : 1) | (e < 0 ? 0 : 2),
      tauMax: d - b,
      tauMin: Math.min(...sides.map((side) => side.distance)),
      tauMaxSeconds: Math.fround(seconds(b, d)),
      tauMinSeconds: Math.fround(Math.min(...sides.map((side) => side.seconds))),
      policy: config.policy,
      motion: Math.fround(meanOf(motion.curve.subarray(first, last))),
      motionWidth: config.motionWidth,
      motionKind: config.motionKind,
      msdCa: Math.fround(msdCa),
      msdCe: Math.fround(msdCe),
      weight: Math.fround(weight),
      patch: Int32Array.of(patch.x, patch.y, patch.width, patch.height),
      group: groupOf(source),
    },
  };
}

/** Frames of the video before the shot; at a variable rate the nearest to it. */
export function framesBefore({ video }: VideoSource, shot: Shot): number {
  return Math.round(ptsToSeconds(shot.startPts - video.startPts, video.timeBase) * video.averageRate);
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
