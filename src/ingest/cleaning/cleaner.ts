import {
  ptsToSeconds,
  type Box,
  type Frame,
  type Shot,
  type TimeBase,
  type VideoSource,
  type View,
} from '../../core/index.js';
import { perceptualHash } from '../../vision/index.js';
import { createFingerprinter, fingerprintRate } from '../duplicates/fingerprint.js';
import { createPictureRing, type PictureRing } from '../picture-ring.js';
import { brightBox, contentBox, measureBorders, scaleBoxInwards, type BorderSample } from './borders.js';
import { coveredShare, createOverlayFinder } from './overlay.js';
import { coarseSample, scoreShot, type CoarseSample } from './shot-scores.js';
import { createSpreadSample } from './spread-sample.js';

/** What cleaning has to say of a video. */
export type CleaningResult = Required<
  Pick<VideoSource, 'shots' | 'motion' | 'still' | 'scores' | 'overlay' | 'perceptualHash' | 'fingerprint'>
>;

/** Watches the pictures of one video go by, in the pass that finds its shots. What it holds hardly grows with the length. */
export interface Cleaner {
  /** Every frame, small, RGB. */
  pushSmall(frame: Frame): void;
  /** Two grey frames a second, of `borderView`. */
  pushBorder(frame: Frame): void;
  /** Scores of the video and of each of its shots. */
  finish(shots: readonly Shot[]): CleaningResult;
}

/** A shot that changes less than this, in levels, is a still picture. */
export const stillChange = 2;
/** Mean and standard deviation up to which a small picture is black, in levels. */
const [blackMean, blackDeviation] = [24, 8];
const coarsePerSecond = 2;
/** Frames whose hashes make the perceptual hash of a video. */
const hashedFrames = 4;
/** Larger pictures are looked at for borders in whole fractions of their size. */
const largestBorderSide = 1920;

/** The view in which borders and letters are looked for: grey, twice a second. */
export function borderView({ width, height }: { readonly width: number; readonly height: number }): View {
  const divisor = Math.ceil(Math.max(width, height) / largestBorderSide);
  const part = (side: number) => Math.max(1, Math.round(side / divisor));
  const size = { width: part(width), height: part(height) };
  return { ...size, fit: 'stretch', fps: coarsePerSecond, channels: 1, filter: 'bilinear' };
}

/** Measures what the rules of a corpus judge: borders, black, stillness, overlays, talking heads, and the hashes for duplicates. */
export function createCleaner(video: {
  readonly width: number;
  readonly height: number;
  readonly timeBase: TimeBase;
}): Cleaner {
  const pts: number[] = [];
  const differences: number[] = [];
  const black: boolean[] = [];
  const borders: BorderSample[] = [];
  const coarse: CoarseSample[] = [];
  const overlay = createOverlayFinder();
  const spread = createSpreadSample<{ luma: Uint8Array; width: number; height: number }>(64);
  let borderSize = { width: video.width, height: video.height };
  let ring: PictureRing | null = null;
  let coarseBefore: Uint8Array | null = null;
  let [nextTick, nextCoarse] = [0, 0];
  const secondsOf = (time: number) => ptsToSeconds(time - pts[0]!, video.timeBase);
  const sharesOf = (box: Box | null | undefined): Box =>
    box
      ? {
          x: box.x / borderSize.width,
          y: box.y / borderSize.height,
          width: box.width / borderSize.width,
          height: box.height / borderSize.height,
        }
      : { x: 0, y: 0, width: 1, height: 1 };
  const fingerprinter = createFingerprinter((from, to) => {
    const near = borders.filter(({ pts: time }) => {
      const tick = secondsOf(time) * fingerprintRate;
      return tick >= from - fingerprintRate / 2 && tick <= to + fingerprintRate / 2;
    });
    return sharesOf(brightBox(near, borderSize));
  });
  return {
    pushSmall({ data, width, height, pts: time }) {
      ring ??= createPictureRing(width * height, 2);
      ring.push(data);
      const luma = ring.luma(ring.count - 1);
      const { mean, variance } = ring.moments(ring.count - 1);
      pts.push(time);
      differences.push(ring.lumaDifference);
      black.push(mean <= blackMean && variance <= blackDeviation * blackDeviation);
      spread.push({ luma, width, height });
      const seconds = secondsOf(time);
      if (seconds * fingerprintRate >= nextTick - 1e-6) {
        const tick = Math.round(seconds * fingerprintRate);
        fingerprinter.push(luma, width, height, tick);
        nextTick = Math.max(nextTick + 1, tick + 0.5);
      }
      if (seconds * coarsePerSecond >= nextCoarse - 1e-6) {
        coarse.push(coarseSample(luma, coarseBefore, { width, height, pts: time }));
        coarseBefore = luma;
        if (!black.at(-1)) overlay.pushSmall(luma, width, height);
        nextCoarse = Math.max(nextCoarse, Math.floor(seconds * coarsePerSecond)) + 1;
      }
    },
    pushBorder({ data, width, height, pts: time }) {
      borderSize = { width, height };
      const sample = measureBorders(data, width, height, time);
      if (!sample) return;
      borders.push(sample);
      overlay.pushSharp(data, width, height);
    },
    finish(shots) {
      const inShot = <T extends { readonly pts: number }>(items: readonly T[], { startPts, endPts }: Shot) =>
        items.filter((item) => item.pts >= startPts && item.pts < endPts);
      const whole = contentBox(borders, borderSize);
      const boxes = shots.map((shot) => contentBox(inShot(borders, shot), borderSize));
      const everywhere = agreed(boxes);
      const measured = shots.map((shot, i): Shot & { scores: NonNullable<Shot['scores']> } => {
        const box = boxes[i] === undefined ? everywhere : boxes[i];
        const from = firstAt(pts, shot.startPts);
        const to = firstAt(pts, shot.endPts);
        return {
          ...shot,
          crop: box ? scaleBoxInwards(box, borderSize, video) : null,
          scores: scoreShot({
            differences: Float64Array.from(differences.slice(from + 1, to)),
            blackFrames: black.slice(from, to).filter(Boolean).length,
            frames: to - from,
            samples: inShot(coarse, shot),
          }),
        };
      });
      const mask = overlay.finish(sharesOf(whole));
      const length = measured.reduce((sum, shot) => sum + shot.endPts - shot.startPts, 0);
      const overTime = (of: (shot: (typeof measured)[number]) => number) =>
        round(measured.reduce((sum, shot) => sum + of(shot) * (shot.endPts - shot.startPts), 0) / Math.max(1, length));
      const steps = Math.max(1, pts.length - 1);
      return {
        shots: measured,
        motion: differences.reduce((sum, value) => sum + value, 0) / steps,
        still: differences.slice(1).filter((value) => value === 0).length / steps,
        scores: {
          black: round(black.filter(Boolean).length / Math.max(1, pts.length)),
          slideshow: overTime(({ scores }) => (scores.change < stillChange && pts.length > 1 ? 1 : 0)),
          talkingHead: overTime(({ scores }) => scores.talkingHead),
          overlay: round(coveredShare(mask)),
        },
        overlay: mask,
        perceptualHash: spread
          .take(hashedFrames)
          .map(({ luma, width, height }) => perceptualHash(luma, width, height))
          .join('-'),
        fingerprint: fingerprinter.finish(),
      };
    },
  };
}

/** The box of shots that were too short to be sampled: that of all others, if they have one and the same. */
function agreed(boxes: readonly (Box | null | undefined)[]): Box | null {
  const known = boxes.filter((box) => box !== undefined);
  const [first] = known;
  if (!first) return null;
  const isSame = (box: Box | null) =>
    box !== null && (['x', 'y', 'width', 'height'] as const).every((side) => Math.abs(box[side] - first[side]) <= 2);
  return known.every(isSame) ? first : null;
}

/** Number of the first frame at or after a time. */
function firstAt(pts: readonly number[], time: number): number {
  let [low, high] = [0, pts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pts[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
