import type { SampleSpec } from '../../core/index.js';

/**
 * The two eyes of one instant, rectified, of one size and with square pixels. Disparity is x of the left eye minus x of the
 * right one, so that what is nearer than the screen is positive and what is behind it negative; it is stored as a share of
 * the eye's width, which no scaling changes.
 *
 * The sample's `pts` are the time of the frame it is cut from.
 */
export const stereoPairsSample = {
  /** What the left and the right eye see: RGB, or luma of an anaglyph. */
  left: { dtype: 'image', shape: [] },
  right: { dtype: 'image', shape: [] },
  /** How the eyes were packed: `sbs-half`, `sbs-full`, `tb-half`, `tb-full`, `rows`, `columns`, `checkerboard`, `anaglyph` or `pair`. */
  layout: { dtype: 'string', shape: [] },
  /** Which eye came first (left, top, red): `left-first` or `right-first`. */
  eyeOrder: { dtype: 'string', shape: [] },
  /** Share of the votes that said so, 0–1. */
  eyeOrderConfidence: { dtype: 'float32', shape: [] },
  /** 5th, 25th, 50th, 75th and 95th percentile of the disparity, as shares of the width. */
  disparity: { dtype: 'float32', shape: [5] },
  /** Blocks that were matched: x and y of the centre, disparity and vertical offset as shares of the width, correlation. */
  blocks: { dtype: 'float32', shape: [null, 5], optional: true },
  /** Median of the blocks' vertical offset, in pixels of an eye 480 wide, before any correction. */
  verticalOffset: { dtype: 'float32', shape: [] },
  /** Share of the textured blocks that were matched, 0–1. */
  matchShare: { dtype: 'float32', shape: [] },
  /** Greatest difference of the eyes' channel means, 0–255. */
  colourGap: { dtype: 'float32', shape: [] },
  /** Sharpness of the left eye over that of the right one. */
  sharpnessRatio: { dtype: 'float32', shape: [] },
  /** Where logos and subtitles lie in the left eye: PNG of the pair's size, 255 there and 0 elsewhere; absent where there are none. */
  ignore: { dtype: 'image', shape: [], optional: true },
  /** The part of each eye that is shown, x, y, width, height in pixels of the eye as it lay in the display-size frame. */
  crop: { dtype: 'int32', shape: [4] },
  /** Number of the frame in the video, from 0; exact at a constant rate. */
  frame: { dtype: 'int32', shape: [] },
  framesPerSecond: { dtype: 'float32', shape: [] },
  /** How far behind the screen the farthest things of the shot are, as a share of the width: 99th percentile of minus the disparity. */
  screenShift: { dtype: 'float32', shape: [] },
  /** What may not be split between training and held-out: `<benchmark>/<group>` of the source, else its id. */
  group: { dtype: 'string', shape: [] },
  /** Bits: 1 the stream's own word contradicts the picture, 2 half or full packing could not be told, 4 an anaglyph's eyes. */
  flags: { dtype: 'int32', shape: [] },
} as const satisfies SampleSpec;
