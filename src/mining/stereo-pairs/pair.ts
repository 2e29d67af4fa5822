import type { RejectionCode } from '../../core/index.js';
import { matchBlocks, matchStereo, type MatchedBlock } from '../../vision/index.js';
import type { StereoPairsConfig } from './config.js';
import { foundCorrelation, percentile } from './detect.js';
import { arrangementOf, cut, lumaOf, scaleTo, splitEyes, type Picture } from './layout.js';
import { meanOf, shownSize, type StereoFacts } from './survey.js';

/** Two eyes of one instant that passed every check, and what was measured of them. */
export interface ExaminedPair {
  /** Of one size, square pixels, as they are stored. */
  readonly left: Picture;
  readonly right: Picture;
  /** All disparities of which the matcher is sure, as shares of the width. */
  readonly disparities: Float32Array;
  /** 5th, 25th, 50th, 75th and 95th percentile of these. */
  readonly percentiles: Float32Array;
  /** [blocks, 5], as the sample has them. */
  readonly blocks: Float32Array;
  readonly verticalOffset: number;
  readonly matchShare: number;
  readonly colourGap: number;
  readonly sharpnessRatio: number;
}

/** Widest eye that is measured. */
const workWidth = 480;
const verticalReach = 6;
const disparityWidth = 240;
/** Disparities that are searched: a little more than may be. */
const reach = 0.07;
const leastBlocks = 8;

/**
 * The eyes of a packed frame as they are stored, the first of them left.
 *
 * @param frame at display size.
 */
export function takeEyes(
  frame: Picture,
  facts: StereoFacts,
  { longSide }: Pick<StereoPairsConfig, 'longSide'>,
): readonly [left: Picture, right: Picture] {
  const [width, height] = storedSize(facts, longSide);
  const eyes = splitEyes(frame, arrangementOf(facts.layout), { magenta: facts.magenta }).map((eye) =>
    scaleTo(cut(eye, facts.crop), width, height),
  ) as [Picture, Picture];
  return facts.eyeOrder === 'left-first' ? eyes : [eyes[1], eyes[0]];
}

/** Width and height of the stored eyes: even, square pixels, never more than there are. */
function storedSize(facts: StereoFacts, longSide: number): readonly [number, number] {
  const [width, height] = shownSize(facts);
  const scale = Math.min(1, longSide / Math.max(width, height));
  const even = (size: number): number => Math.max(16, 2 * Math.round((size * scale) / 2));
  return [even(width), even(height)];
}

/** Checks and measures two eyes; the code of the first check that fails. */
export function examinePair(
  eyes: readonly [left: Picture, right: Picture],
  facts: StereoFacts,
  config: StereoPairsConfig,
): ExaminedPair | RejectionCode {
  const lumas = eyes.map(lumaOf) as [Picture, Picture];
  if (lumas.some(({ data }) => meanOf(data) < config.darkest)) return 'dark';
  const colour = compareColours(eyes);
  const sharpnessRatio = sharpnessOf(lumas[0]) / Math.max(1e-9, sharpnessOf(lumas[1]));
  if (facts.layout !== 'anaglyph') {
    if (colour.gap > config.mostColourGap || !isWithin(colour.ratio, config.mostContrastRatio))
      return 'colour-mismatch';
    if (!isWithin(sharpnessRatio, config.mostSharpnessRatio)) return 'soft-eye';
  }
  const width = Math.min(workWidth, lumas[0].width);
  const scale = workWidth / width;
  const work = lumas.map((eye) => scaleTo(eye, width, Math.round((width * eye.height) / eye.width))) as [
    Picture,
    Picture,
  ];
  const blocks = findBlocks(work, config.mostDisparity);
  const found = blocks.filter(({ correlation }) => correlation > foundCorrelation);
  const matchShare = blocks.length < leastBlocks ? 0 : found.length / blocks.length;
  if (matchShare < config.leastMatched) return 'unmatched';
  const drops = found.map(({ dy }) => dy * scale);
  const offset = percentile(drops, 0.5);
  if (tiltOf(found, work[0]) * scale >= config.mostTilt) return 'not-rectified';
  const isMended = Math.abs(offset) > config.mostOffset && Math.abs(offset) <= config.mendOffset;
  const inLine = found.filter(
    ({ dy }) => Math.abs(dy * scale - (isMended ? offset : 0)) <= Math.max(config.mostOffset, scale),
  );
  if ((!isMended && Math.abs(offset) > config.mostOffset) || inLine.length < 0.9 * found.length)
    return 'vertical-offset';
  const [left, right] = isMended ? shiftEyes(eyes, Math.round((offset * eyes[0].width) / workWidth)) : eyes;
  const disparities = measureDisparities(lumaOf(left), lumaOf(right));
  const percentiles = percentilesOf(disparities, [0.05, 0.25, 0.5, 0.75, 0.95]);
  const [low, high] = [percentiles[0]!, percentiles[4]!];
  if (disparities.length === 0) return 'unmatched';
  if (low < -config.mostDisparity || high > config.mostDisparity) return 'range';
  if (high - low < config.leastRange) return 'flat';
  return {
    left,
    right,
    disparities,
    percentiles,
    blocks: listBlocks(found, work[0]),
    verticalOffset: offset,
    matchShare,
    colourGap: colour.gap,
    sharpnessRatio,
  };
}

function findBlocks([left, right]: readonly [Picture, Picture], most: number): readonly MatchedBlock[] {
  const dx = Math.round(most * left.width);
  return matchBlocks(left.data, right.data, left.width, left.height, {
    dx: [-dx, dx],
    dy: [-verticalReach, verticalReach],
    leastDeviation: 6,
  });
}

function listBlocks(found: readonly MatchedBlock[], { width, height }: Picture): Float32Array {
  return Float32Array.from(
    found.flatMap(({ x, y, dx, dy, correlation }) => [
      (x + 8) / width,
      (y + 8) / height,
      -dx / width,
      dy / width,
      correlation,
    ]),
  );
}

/** A slope of less than this many times its error is chance. */
const leastSure = 4;

/** Change of the blocks' dy across the whole picture, in either direction, by least squares; pixels, 0 where it may be chance. */
function tiltOf(found: readonly MatchedBlock[], { width, height }: Picture): number {
  const n = found.length;
  const mean = (of: (block: MatchedBlock) => number): number => found.reduce((sum, block) => sum + of(block), 0) / n;
  const [mx, my, md] = [mean(({ x }) => x), mean(({ y }) => y), mean(({ dy }) => dy)];
  let [xx, xy, yy, xd, yd, dd] = [0, 0, 0, 0, 0, 0];
  for (const { x, y, dy } of found) {
    xx += (x - mx) * (x - mx);
    xy += (x - mx) * (y - my);
    yy += (y - my) * (y - my);
    xd += (x - mx) * (dy - md);
    yd += (y - my) * (dy - md);
    dd += (dy - md) * (dy - md);
  }
  const determinant = xx * yy - xy * xy;
  if (n < leastBlocks || determinant <= 1e-6 * xx * yy) return 0;
  const alongX = (xd * yy - yd * xy) / determinant;
  const alongY = (yd * xx - xd * xy) / determinant;
  const variance = Math.max(dd - alongX * xd - alongY * yd, 0.05 * n) / (n - 3);
  const isSure = (slope: number, other: number): boolean =>
    slope * slope > leastSure * leastSure * variance * (other / determinant);
  return Math.max(
    isSure(alongX, yy) ? Math.abs(alongX) * width : 0,
    isSure(alongY, xx) ? Math.abs(alongY) * height : 0,
  );
}

/** Cuts rows off so that what is `rows` lower in the right eye comes to lie in the same row. */
function shiftEyes(eyes: readonly [Picture, Picture], rows: number): readonly [Picture, Picture] {
  const { width, height } = eyes[0];
  const rest = 2 * Math.floor((height - Math.abs(rows)) / 2);
  const from = (y: number) => ({ x: 0, y, width, height: rest });
  return [cut(eyes[0], from(Math.max(0, -rows))), cut(eyes[1], from(Math.max(0, rows)))];
}

function measureDisparities(left: Picture, right: Picture): Float32Array {
  const width = Math.min(disparityWidth, left.width);
  const height = Math.round((width * left.height) / left.width);
  const most = Math.round(reach * width);
  const [a, b] = [scaleTo(left, width, height), scaleTo(right, width, height)];
  const found = matchStereo(a.data, b.data, width, height, { range: [-most, most] });
  return found.filter((value) => !Number.isNaN(value)).map((value) => value / width);
}

/** Linear between the sorted values. */
function percentilesOf(values: Float32Array, shares: readonly number[]): Float32Array {
  const sorted = values.slice().sort();
  return Float32Array.from(shares, (share) => {
    const at = share * (sorted.length - 1);
    const low = Math.floor(at);
    return sorted[low]! + ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!) * (at - low);
  });
}

function isWithin(ratio: number, most: number): boolean {
  return ratio <= most && ratio >= 1 / most;
}

/** Greatest difference of the channels' means, and the ratio of their deviations that is farthest from 1. */
function compareColours([left, right]: readonly [Picture, Picture]): { readonly gap: number; readonly ratio: number } {
  let gap = 0;
  let ratio = 1;
  for (let c = 0; c < left.channels; c++) {
    const [a, b] = [left, right].map(({ data, channels }) => momentsOf(data, channels, c)) as [Moments, Moments];
    gap = Math.max(gap, Math.abs(a.mean - b.mean));
    const own = Math.max(1, a.deviation) / Math.max(1, b.deviation);
    if (Math.max(own, 1 / own) > Math.max(ratio, 1 / ratio)) ratio = own;
  }
  return { gap, ratio };
}

interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

function momentsOf(data: Uint8Array, channels: number, channel: number): Moments {
  let [sum, squares] = [0, 0];
  for (let i = channel; i < data.length; i += channels) {
    sum += data[i]!;
    squares += data[i]! * data[i]!;
  }
  const count = data.length / channels;
  const mean = sum / count;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)) };
}

/** Variance of the Laplacian. */
function sharpnessOf({ data, width, height }: Picture): number {
  let [sum, squares, count] = [0, 0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
      const value = 4 * data[i]! - data[i - 1]! - data[i + 1]! - data[i - width]! - data[i + width]!;
      sum += value;
      squares += value * value;
      count++;
    }
  }
  return squares / count - (sum / count) * (sum / count);
}
