import {
  ptsToSeconds,
  type Box,
  type EncodedImage,
  type Fields,
  type TimeSpan,
  type VideoSource,
} from '../../core/index.js';
import { encodeImage } from '../../vision/index.js';
import type { MinedSample } from '../define-miner.js';
import { groupOf } from '../group.js';
import type { StereoPairsConfig } from './config.js';
import { arrangementOf, type Picture } from './layout.js';
import type { ExaminedPair } from './pair.js';
import type { stereoPairsSample } from './sample.js';
import type { StereoFacts } from './survey.js';
import type { IgnoredAreas } from './watch.js';

/** A pair that was taken, as little of it as must be held until its shot is over. */
export interface KeptPair extends Omit<ExaminedPair, 'left' | 'right' | 'disparities'> {
  readonly span: TimeSpan;
  readonly left: EncodedImage;
  readonly right: EncodedImage;
  readonly width: number;
  readonly height: number;
  /** How many of its disparities fall into each of `depthBins` steps from -`depthReach` to `depthReach`. */
  readonly depths: Uint32Array;
}

const depthBins = 400;
const depthReach = 0.1;

/** Compresses a pair. */
export async function keepPair(
  { left, right, disparities, ...measured }: ExaminedPair,
  span: TimeSpan,
  { format, quality }: StereoPairsConfig,
): Promise<KeptPair> {
  const encode = ({ data, width, height, channels }: Picture) =>
    encodeImage(data, width, height, channels, { format, quality });
  const depths = new Uint32Array(depthBins);
  for (const value of disparities) {
    const bin = Math.floor(((value + depthReach) / (2 * depthReach)) * depthBins);
    depths[Math.min(depthBins - 1, Math.max(0, bin))]!++;
  }
  const { width, height } = left;
  return { ...measured, span, width, height, depths, left: await encode(left), right: await encode(right) };
}

/** The samples of a shot; none where logos cover too much. */
export async function recordPairs(
  kept: readonly KeptPair[],
  ignored: IgnoredAreas | null,
  {
    source,
    facts,
    config,
  }: { readonly source: VideoSource; readonly facts: StereoFacts; readonly config: StereoPairsConfig },
): Promise<readonly MinedSample<typeof stereoPairsSample>[]> {
  const { timeBase, startPts, averageRate } = source.video;
  const screenShift = screenShiftOf(kept);
  const group = groupOf(source);
  const isAbove = arrangementOf(facts.layout) === 'tb';
  const eyeInFrame = {
    width: isAbove ? source.video.width : source.video.width >> 1,
    height: isAbove ? source.video.height >> 1 : source.video.height,
  };
  const samples: MinedSample<typeof stereoPairsSample>[] = [];
  for (const { span, left, right, width, height, ...pair } of kept) {
    const ignore = ignored && fitIgnored(ignored, eyeInFrame, facts.crop, [width, height]);
    if (ignore && share(ignore) > config.mostIgnored) continue;
    const { x, y, width: cropWidth, height: cropHeight } = facts.crop;
    const fields: Fields<typeof stereoPairsSample> = {
      left,
      right,
      layout: facts.layout,
      eyeOrder: facts.eyeOrder,
      eyeOrderConfidence: Math.fround(facts.eyeOrderConfidence),
      disparity: pair.percentiles,
      verticalOffset: Math.fround(pair.verticalOffset),
      matchShare: Math.fround(pair.matchShare),
      colourGap: Math.fround(pair.colourGap),
      sharpnessRatio: Math.fround(pair.sharpnessRatio),
      crop: Int32Array.of(x, y, cropWidth, cropHeight),
      frame: Math.round(ptsToSeconds(span.startPts - startPts, timeBase) * averageRate),
      framesPerSecond: Math.fround(averageRate),
      screenShift: Math.fround(screenShift),
      group,
      flags: facts.flags,
      ...(config.keepBlocks ? { blocks: pair.blocks } : {}),
      ...(ignore?.includes(255) ? { ignore: await encodeImage(ignore, width, height, 1, { format: 'png' }) } : {}),
    };
    samples.push({ span, pts: [span.startPts], fields });
  }
  return samples;
}

/** 99th percentile of minus the disparity, over all pairs of the shot. */
function screenShiftOf(kept: readonly KeptPair[]): number {
  const all = new Uint32Array(depthBins);
  for (const { depths } of kept) depths.forEach((count, bin) => (all[bin]! += count));
  const total = all.reduce((sum, count) => sum + count, 0);
  let below = 0;
  for (let bin = 0; bin < depthBins; bin++) {
    below += all[bin]!;
    if (below >= 0.01 * total) return depthReach - ((bin + 0.5) / depthBins) * 2 * depthReach;
  }
  return 0;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The areas as they lie in the stored left eye: uint8 [height, width] of 0 and 255. */
function fitIgnored(
  { mask, width, height }: IgnoredAreas,
  eye: Size,
  crop: Box,
  [toWidth, toHeight]: readonly [number, number],
): Uint8Array {
  const out = new Uint8Array(toWidth * toHeight);
  for (let y = 0; y < toHeight; y++) {
    const row = Math.floor(((crop.y + ((y + 0.5) * crop.height) / toHeight) * height) / eye.height);
    for (let x = 0; x < toWidth; x++) {
      const column = Math.floor(((crop.x + ((x + 0.5) * crop.width) / toWidth) * width) / eye.width);
      out[y * toWidth + x] = 255 * mask[Math.min(height - 1, row) * width + Math.min(width - 1, column)]!;
    }
  }
  return out;
}

function share(mask: Uint8Array): number {
  return mask.reduce((sum, value) => sum + value, 0) / (255 * mask.length);
}
