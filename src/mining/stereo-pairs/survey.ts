import type { Box, Frame, RejectionCode, VideoSource } from '../../core/index.js';
import { pairContainer, type OpenVideo } from '../../ingest/index.js';
import type { StereoPairsConfig } from './config.js';
import { findBars, isAnaglyph, isFlat, isStereo, scoreAnaglyph, scoreHalves, type PairScore } from './detect.js';
import { voteEyeOrder } from './eye-order.js';
import {
  arrangementOf,
  cut,
  heightAt,
  lumaOf,
  scaleTo,
  splitEyes,
  stretchOf,
  type Arrangement,
  type Layout,
  type Picture,
} from './layout.js';

/** Bits of a sample's `flags`. */
const stereoFlags = { contradicted: 1, openPacking: 2, anaglyph: 4 } as const;

/** What is known of a stereo video before its shots are looked at. */
export interface StereoFacts {
  readonly layout: Layout;
  readonly eyeOrder: 'left-first' | 'right-first';
  readonly eyeOrderConfidence: number;
  /** The part of each eye that is shown, in pixels of the eye in the display-size frame. */
  readonly crop: Box;
  readonly flags: number;
  /** The colours of an anaglyph are green and magenta. */
  readonly magenta: boolean;
}

/** The facts, or why the video gives nothing. */
export type StereoSurvey =
  { readonly facts: StereoFacts; readonly refusal: null } | { readonly facts: null; readonly refusal: RejectionCode };

const surveyFrames = 12;
const orderWidth = 320;
/** Share of an eye at the seam, which may be black or of the other eye; it is cut off both sides, so that eyes stay alike. */
const seam = 0.01;

/**
 * Whether a video is stereo, how its eyes are packed and which comes first: by what its metadata say and by 12 frames from all over it.
 * Metadata say what to try, and vote for an order; the picture decides.
 */
export async function surveyStereo(video: OpenVideo, config: StereoPairsConfig): Promise<StereoSurvey> {
  const { source } = video;
  const { stereo } = source;
  if (stereo?.arrangement === 'multiview') return refuse('unsupported-multiview');
  const times = spreadTimes(source);
  const frames = usable(times.length > 0 ? await video.framesAt(times, 'packed') : [], config);
  const [first] = frames;
  if (!first) return refuse(times.length === 0 ? 'not-stereo' : 'dark');
  const found = source.container === pairContainer ? ('sbs' as const) : findArrangement(frames, source, config);
  if (!found) return refuse('not-stereo');
  if (found === 'flat') return refuse('flat');
  if (stereo?.projection) return refuse('spherical');
  if (found === 'anaglyph' && config.anaglyph === 'reject') return refuse('anaglyph');
  const magenta = stereo?.arrangement === 'anaglyph-magenta';
  const bars = findBars(frames, found);
  if (!bars) return refuse('dark');
  const { layout, isOpen } = layoutOf(found, source, bars, first);
  const crop = layout === 'pair' ? bars : withoutSeam(bars, found, first);
  const order = findOrder(frames, { layout, crop, magenta }, source);
  if (order.confidence < config.orderAgreement) return refuse('eye-order-unknown');
  const said = stereo?.arrangement?.replace(/-magenta$/, '');
  const contradicted =
    said !== undefined && (said !== found || (stereo?.order != null && stereo.order !== order.eyeOrder));
  return {
    refusal: null,
    facts: {
      layout,
      eyeOrder: order.eyeOrder,
      eyeOrderConfidence: order.confidence,
      crop,
      magenta,
      flags:
        (contradicted ? stereoFlags.contradicted : 0) |
        (isOpen ? stereoFlags.openPacking : 0) |
        (found === 'anaglyph' ? stereoFlags.anaglyph : 0),
    },
  };
}

function refuse(refusal: RejectionCode): StereoSurvey {
  return { facts: null, refusal };
}

/** Times evenly spread over the shots, none near a cut. */
function spreadTimes({ shots }: VideoSource): readonly number[] {
  const total = shots.reduce((sum, { startPts, endPts }) => sum + endPts - startPts, 0);
  const times: number[] = [];
  for (let i = 0; i < surveyFrames && total > 0; i++) {
    let at = ((i + 0.5) * total) / surveyFrames;
    for (const { startPts, endPts } of shots) {
      const length = endPts - startPts;
      if (at < length) {
        const inside = Math.min(Math.max(at, 0.1 * length), 0.9 * length);
        times.push(Math.min(endPts - 1, Math.floor(startPts + inside)));
        break;
      }
      at -= length;
    }
  }
  return [...new Set(times)].sort((a, b) => a - b);
}

/** Frames that are not dark; near-duplicates of one another once. */
function usable(frames: readonly Frame[], { darkest, stillDifference }: StereoPairsConfig): readonly Picture[] {
  const out: Picture[] = [];
  let before: Uint8Array | null = null;
  for (const { data, width, height } of frames) {
    const picture: Picture = { data, width, height, channels: 3 };
    const small = scaleTo(lumaOf(picture), 32, 32).data;
    if (meanOf(small) < darkest / 2 || (before && meanDifference(before, small) < stillDifference / 2)) continue;
    before = small;
    out.push(picture);
  }
  return out;
}

function findArrangement(
  frames: readonly Picture[],
  { stereo }: VideoSource,
  config: StereoPairsConfig,
): Arrangement | 'flat' | null {
  const said = stereo?.arrangement;
  if (said === 'rows' || said === 'columns' || said === 'checkerboard') {
    if (frames.filter((frame) => isStereoPair(splitEyes(frame, said))).length >= config.agreeing * frames.length)
      return said;
  }
  const scores = (['sbs', 'tb'] as const).map((arrangement) => {
    const bars = findBars(frames, arrangement);
    const own = bars ? frames.map((frame) => scoreHalves(frame, arrangement, bars)) : [];
    return { arrangement, own, votes: own.filter(isStereo).length / frames.length };
  });
  const [best, rival] = scores.sort((a, b) => b.votes - a.votes) as [(typeof scores)[0], (typeof scores)[0]];
  if (best.votes >= config.agreeing && rival.votes <= config.rivals) {
    return best.own.filter(isStereo).every(isFlat) ? 'flat' : best.arrangement;
  }
  const magenta = said === 'anaglyph-magenta';
  const mixed = frames.filter((frame) => isAnaglyph(scoreAnaglyph(frame, { magenta }))).length;
  return mixed >= config.agreeing * frames.length ? 'anaglyph' : null;
}

/** Whether two pictures, of whatever arrangement, are two eyes. */
function isStereoPair([first, second]: readonly [Picture, Picture]): boolean {
  const { width, height } = first;
  const joined = new Uint8Array(2 * width * height);
  const [a, b] = [lumaOf(first).data, lumaOf(second).data];
  for (let y = 0; y < height; y++) {
    joined.set(a.subarray(y * width, (y + 1) * width), 2 * y * width);
    joined.set(b.subarray(y * width, (y + 1) * width), (2 * y + 1) * width);
  }
  const score: PairScore = scoreHalves({ data: joined, width: 2 * width, height, channels: 1 }, 'sbs');
  return isStereo(score) && !isFlat(score);
}

/** Aspects of packed pictures, after the bars are cut off, at which each eye is whole. */
const fullAspect = { sbs: 2.9, tb: 1 } as const;

function layoutOf(
  arrangement: Arrangement,
  { container, video }: VideoSource,
  bars: Box,
  frame: Picture,
): { readonly layout: Layout; readonly isOpen: boolean } {
  if (container === pairContainer) return { layout: 'pair', isOpen: false };
  if (arrangement !== 'sbs' && arrangement !== 'tb') return { layout: arrangement, isOpen: false };
  if (arrangement === 'tb') {
    const isFull = bars.width / (2 * bars.height) <= fullAspect.tb;
    return { layout: isFull ? 'tb-full' : 'tb-half', isOpen: false };
  }
  const aspect = (2 * bars.width) / bars.height;
  // Squeezed eyes come in frames of films; two squares are what headsets are shown, and a still photograph is not squeezed.
  const areSquares = Math.abs(frame.width / frame.height - 2) < 0.02;
  const isStill = video.frames === 1;
  const isFull = aspect >= fullAspect.sbs || areSquares || isStill;
  return { layout: isFull ? 'sbs-full' : 'sbs-half', isOpen: aspect < fullAspect.sbs && aspect > 1.95 };
}

function withoutSeam(bars: Box, arrangement: Arrangement, frame: Picture): Box {
  if (arrangement === 'sbs') {
    const width = frame.width >> 1;
    const drop = Math.ceil(seam * width);
    const left = Math.max(bars.x, drop);
    return { ...bars, x: left, width: Math.min(bars.x + bars.width, width - drop) - left };
  }
  if (arrangement !== 'tb') return bars;
  const height = frame.height >> 1;
  const drop = Math.ceil(seam * height);
  const top = Math.max(bars.y, drop);
  return { ...bars, y: top, height: Math.min(bars.y + bars.height, height - drop) - top };
}

/** What the metadata's word weighs among the votes of the frames. */
const wordWeight = 8;

function findOrder(
  frames: readonly Picture[],
  { layout, crop, magenta }: Pick<StereoFacts, 'layout' | 'crop' | 'magenta'>,
  { stereo }: VideoSource,
): { readonly eyeOrder: 'left-first' | 'right-first'; readonly confidence: number } {
  if (layout === 'pair') return { eyeOrder: 'left-first', confidence: 1 };
  let [forLeft, forRight] = [
    stereo?.order === 'left-first' ? wordWeight : 0,
    stereo?.order === 'right-first' ? wordWeight : 0,
  ];
  for (const [n, frame] of frames.entries()) {
    const [first, second] = splitEyes(frame, arrangementOf(layout), { magenta }).map((eye) => {
      const own = cut(lumaOf(eye), crop);
      return scaleTo(own, orderWidth, heightAt(orderWidth, own, layout));
    }) as [Picture, Picture];
    const votes = voteEyeOrder(first, second, n % 3 === 0);
    forLeft += votes.forLeft;
    forRight += votes.forRight;
  }
  const total = forLeft + forRight;
  if (total < 4) return { eyeOrder: 'left-first', confidence: 0 };
  return forLeft >= forRight
    ? { eyeOrder: 'left-first', confidence: forLeft / total }
    : { eyeOrder: 'right-first', confidence: forRight / total };
}

/** Mean of all values. */
export function meanOf(values: Uint8Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Mean absolute difference of all values. */
export function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}

/** Width and height at which an eye is shown, square pixels. */
export function shownSize({ crop, layout }: Pick<StereoFacts, 'crop' | 'layout'>): readonly [number, number] {
  const [x, y] = stretchOf(layout);
  return [crop.width * x, crop.height * y];
}
