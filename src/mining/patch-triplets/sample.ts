import type { SampleSpec } from '../../core/index.js';

/**
 * Two views of one moving thing: the first and the last patch of a track. The third of the triplet, a patch of another
 * video, is chosen when a batch is formed. The sample's `pts` are the times of the two patches, and `source` and `shot` of
 * its provenance say where they are from.
 *
 * Boxes are x, y, width, height in pixels of the frames that were mined (`frameSize`), edges and not pixel centres: the
 * whole frame is 0, 0, width, height.
 *
 * Source: Wang and Gupta, "Unsupervised Learning of Visual Representations using Videos", ICCV 2015, section 3.
 */
export const patchTripletsSample = {
  /** First and last patch, RGB, square, of the miner's `patchSize`. */
  patches: { dtype: 'image', shape: [2] },
  /** One per video: 31 bits of its id. Of two samples with the same label neither serves the other as a negative. */
  label: { dtype: 'int32', shape: [] },
  /** One per group of videos that may show the same thing: 31 bits of the hash of `group`. Negatives need another one, too. */
  groupLabel: { dtype: 'int32', shape: [] },
  /** `<benchmark>/<group>` of the source, else its id: what may not be split between training and held-out. */
  group: { dtype: 'string', shape: [] },
  /** Frame numbers of the two patches in the video, from 0. Exact at a constant rate; after a cut of a variable one, nearest. */
  frames: { dtype: 'int32', shape: [2] },
  /** Mean frames per second between the two. */
  framesPerSecond: { dtype: 'float32', shape: [] },
  /** Height and width of the frames that were mined. */
  frameSize: { dtype: 'int32', shape: [2] },
  /** Mined size over the video's display size: vertical, horizontal. */
  sourceScale: { dtype: 'float32', shape: [2] },
  /** Boxes of the two patches; the first and the last of `trackBoxes`. */
  boxes: { dtype: 'float32', shape: [2, 4] },
  /** The whole track, a box for each frame from the first to the last: other gaps can be cut from it. */
  trackBoxes: { dtype: 'float32', shape: [null, 4] },
  /** Presentation times of the track's frames, in ticks of the provenance's `timeBase`. */
  trackPts: { dtype: 'int64', shape: [null] },
  /** Peak of the filter's response at every frame but the first. */
  trackPeak: { dtype: 'float32', shape: [null] },
  /** Peak-to-sidelobe ratio at every frame but the first. */
  trackPsr: { dtype: 'float32', shape: [null] },
  /** Points followed at the first frame; those that move by themselves; those of them in the box. */
  points: { dtype: 'int32', shape: [] },
  movingPoints: { dtype: 'int32', shape: [] },
  movingInBox: { dtype: 'int32', shape: [] },
  /** `movingPoints / points`. */
  movingFraction: { dtype: 'float32', shape: [] },
  /** Share of the points that the camera's motion explains to within a pixel. */
  inlierFraction: { dtype: 'float32', shape: [] },
  /** Median of the moving points' own motion, in pixels per frame of a picture whose short side is 448, at 25 frames per second. */
  medianResidual: { dtype: 'float32', shape: [] },
  /** Camera's motion to the next frame at the start, row by row: where it takes a place of the first frame, in its pixels. */
  homography: { dtype: 'float64', shape: [9] },
  /** Normalized correlation of the two patches as 32×32 luma, -1–1. */
  similarity: { dtype: 'float32', shape: [] },
  /** Bits of checks that only warn: 1 the track leaves the frame on its way, 2 few points in the box, 4 the box stands on the frame's edge. */
  flags: { dtype: 'int32', shape: [] },
} as const satisfies SampleSpec;
