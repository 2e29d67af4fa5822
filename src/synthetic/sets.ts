import { createMotionSet, motionSetClassNames } from './motion-set.js';
import { createMoverSet, moverSetClassNames } from './mover-set.js';
import { createSoundSet, soundSetClassNames } from './sound-set.js';
import { createStereoSet, stereoSetClassNames } from './stereo-set.js';
import type { GeneratedVideo } from './synthetic-video.js';

/** A set of generated videos: what `synthetic:KIND@SEED` names. */
export interface SyntheticSet {
  /** In the order of the labels. */
  readonly classNames: readonly string[];
  /** All its videos; nothing is drawn before it is asked for. */
  readonly create: (seed: number) => readonly GeneratedVideo[];
  /** Constant rate factor of its files; default: the encoder's. */
  readonly quality?: number;
}

/** The generated sets by kind: one line each. `synthetic:SEED` is `motion`. */
export const syntheticSets: Readonly<Record<string, SyntheticSet>> = {
  motion: { classNames: motionSetClassNames, create: (seed) => createMotionSet({ seed }) },
  movers: { classNames: moverSetClassNames, create: (seed) => createMoverSet({ seed }), quality: 14 },
  stereo: { classNames: stereoSetClassNames, create: (seed) => createStereoSet({ seed }), quality: 14 },
  sounds: { classNames: soundSetClassNames, create: (seed) => createSoundSet({ seed }) },
};
