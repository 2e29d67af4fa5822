import type { SampleSpec } from '../../core/index.js';

/**
 * Five frames a < b < c < d < e of one shot, from which tuples are formed when they are loaded: (b, c, d) is in order,
 * (b, a, d) and (b, e, d) are not. Presentation times of the frames that are there are the sample's `pts`.
 *
 * Source: Misra, Zitnick and Hebert, "Shuffle and Learn", ECCV 2016, section 3.
 */
export const temporalOrderSample = {
  /** The frames that are there, in order: 5, or 4 where `has` lacks one. [height, width] is the miner's `imageWidth` × `imageHeight`. */
  images: { dtype: 'image', shape: [null] },
  /** Frame numbers a..e in the video, from 0, in the order shown; -1 where absent. Exact at a constant rate; after a cut of a variable one, nearest. */
  frames: { dtype: 'int32', shape: [5] },
  /** Bit 0: a is there; bit 1: e is there. */
  has: { dtype: 'uint8', shape: [] },
  /** Realised distance of b and d, in frames. */
  tauMax: { dtype: 'int32', shape: [] },
  /** Smaller of the distances a to b and d to e that are there, in frames. */
  tauMin: { dtype: 'int32', shape: [] },
  /** The same two in seconds. */
  tauMaxSeconds: { dtype: 'float32', shape: [] },
  tauMinSeconds: { dtype: 'float32', shape: [] },
  /** `exact`, `one-sided` or `relative`. */
  policy: { dtype: 'string', shape: [] },
  /** Mean flow magnitude of the window, pixels per frame at `motionWidth`. */
  motion: { dtype: 'float32', shape: [] },
  motionWidth: { dtype: 'int32', shape: [] },
  /** `raw` or `median-subtracted`. */
  motionKind: { dtype: 'string', shape: [] },
  /** Mean squared RGB difference of c to a and c to e at 32×32; -1 where absent. */
  msdCa: { dtype: 'float32', shape: [] },
  msdCe: { dtype: 'float32', shape: [] },
  /** Probability with which the window is drawn first among those of its shot. */
  weight: { dtype: 'float32', shape: [] },
  /** Where most moves: x, y, width, height in pixels of the stored images. */
  patch: { dtype: 'int32', shape: [4] },
  /** `<benchmark>/<group>` of the source, else its id: what may not be split between training and held-out. */
  group: { dtype: 'string', shape: [] },
} as const satisfies SampleSpec;

export { classOfOrder, fourFrameOrders, fourFramesOf, showInOrder, type FourPlaces } from './orders.js';
