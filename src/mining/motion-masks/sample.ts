import type { SampleSpec } from '../../core/index.js';

/**
 * One frame, and what of it moves by itself. The sample's `pts` is the time of the frame. Work size is the size at which motion
 * was measured; `scale` tells its pixels from those of the stored picture.
 *
 * Source: Pathak, Girshick, Dollár, Darrell and Hariharan, "Learning Features by Watching Objects Move", CVPR 2017, section 4.
 */
export const motionMasksSample = {
  /** The frame, RGB, display aspect, as the miner's `storedSide` fits it. */
  image: { dtype: 'image', shape: [] },
  /** PNG of one channel and the picture's size: 0 background, 128 unknown, 255 what moves. */
  mask: { dtype: 'image', shape: [] },
  /** Votes at work size, [height, width]: 255 means that all regions agree that it moves. */
  votes: { dtype: 'uint8', shape: [null, null], optional: true },
  /** Edges of the largest component: x, y, width, height in pixels of the picture. */
  box: { dtype: 'float32', shape: [4] },
  /** Share of the picture that is foreground. */
  area: { dtype: 'float32', shape: [] },
  /** Share of the foreground that lies within 5 % of the picture's border. */
  borderShare: { dtype: 'float32', shape: [] },
  /** Connected parts of the foreground after small ones are taken off. */
  components: { dtype: 'int32', shape: [] },
  /** Intersection over union with the mask that colours alone (GrabCut) make of the votes, 0–1. */
  agreement: { dtype: 'float32', shape: [] },
  /** Mean intersection over union with the masks of the frames before and after, moved along the flow, 0–1. */
  stability: { dtype: 'float32', shape: [] },
  /** Median, 90th and 97th percentile of the motion that the camera does not explain, pixels per frame at work size. */
  residual: { dtype: 'float32', shape: [3] },
  /** Share of followed points that the camera explains, for each pair of frames; NaN where no camera was found. */
  inliers: { dtype: 'float32', shape: [null] },
  /** Where the camera takes a place of this frame in the other, row by row, work-size pixels; the identity where none was found. */
  homography: { dtype: 'float64', shape: [null, 3, 3] },
  /** Frames from this one to the other of each pair, in frames of the source. */
  gaps: { dtype: 'int32', shape: [null] },
  /** Number of the frame in the video, from 0. Exact at a constant rate; after a cut of a variable one, nearest. */
  frame: { dtype: 'int32', shape: [] },
  framesPerSecond: { dtype: 'float32', shape: [] },
  /** Work-size pixels per pixel of the picture. */
  scale: { dtype: 'float32', shape: [] },
  /** Intersection over union with a benchmark's mask, where there is one. */
  truth: { dtype: 'float32', shape: [], optional: true },
} as const satisfies SampleSpec;
