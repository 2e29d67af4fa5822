import type { SampleSpec } from '../../core/index.js';

/**
 * Frames of one shot at a fixed rate and size. `frames` holds them where the dataset's `storage` is `raw`, `images`
 * where it is a picture format; the other one is absent. The presentation time of every frame is in the sample's `pts`.
 *
 * A model takes any stretch of the clip that is as long as it needs: clips may be longer than what is trained on.
 */
export const clipSample = {
  /** [time, height, width, channels], 0–255; 1 channel is luma (or red, by `colour`), 3 are RGB. */
  frames: { dtype: 'uint8', shape: [null, null, null, null], optional: true },
  /** As many pictures as there are frames, in order; of 1 or 3 channels as `size` says. */
  images: { dtype: 'image', shape: [null], optional: true },
  /** Time, height, width, channels of the clip, however it is stored. */
  size: { dtype: 'int32', shape: [4] },
  /** Number of the first frame among the shot's frames at the plan's rate and step, from 0. */
  start: { dtype: 'int32', shape: [] },
  /** Frames per second of the clip as its times have it; within 5 % of the rate asked for. */
  framesPerSecond: { dtype: 'float32', shape: [] },
  /** Mean absolute difference of neighbouring frames over all pixels and channels, 0–255. */
  motion: { dtype: 'float32', shape: [] },
  /** What may not be split between training and held-out: `<benchmark>/<group>` of the source, else its recording, else its id. */
  group: { dtype: 'string', shape: [] },
} as const satisfies SampleSpec;
