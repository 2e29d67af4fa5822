import { createMotionSet, motionSetClassNames } from './motion-set.js';
import { createMoverSet, moverSetClassNames } from './mover-set.js';
import { shapeNames } from './shape-outlines.js';
import { createShapeSet, findShapePicture, shapeSetSize } from './shape-set.js';
import { createSoundSet, soundSetClassNames } from './sound-set.js';
import { createStereoSet, stereoSetClassNames } from './stereo-set.js';
import type { GeneratedVideo } from './synthetic-video.js';

/** A set of generated videos: what `synthetic:KIND@SEED` names. */
export interface SyntheticSet {
  /** In the order of the labels. */
  readonly classNames: readonly string[];
  /** All its videos, in sets of an adjustable size so many; nothing is drawn before it is asked for. */
  readonly create: (seed: number, size?: SetSize) => readonly GeneratedVideo[];
  /** Of a set of an adjustable size: how many there are where nothing else is said, and one of them by its name, whatever the size. */
  readonly adjustable?: {
    readonly size: SetSize;
    readonly find: (seed: number, name: string) => GeneratedVideo | undefined;
  };
  /** Constant rate factor of its files; default: the encoder's. */
  readonly quality?: number;
}

/** Videos of each role. */
export interface SetSize {
  readonly train: number;
  readonly test: number;
}

/** The generated sets by kind: one line each. `synthetic:SEED` is `motion`. */
export const syntheticSets: Readonly<Record<string, SyntheticSet>> = {
  motion: { classNames: motionSetClassNames, create: (seed) => createMotionSet({ seed }) },
  movers: { classNames: moverSetClassNames, create: (seed) => createMoverSet({ seed }), quality: 14 },
  stereo: { classNames: stereoSetClassNames, create: (seed) => createStereoSet({ seed }), quality: 14 },
  shapes: {
    classNames: shapeNames,
    create: (seed, size) => createShapeSet({ seed, ...size }),
    adjustable: { size: shapeSetSize, find: findShapePicture },
  },
  sounds: { classNames: soundSetClassNames, create: (seed) => createSoundSet({ seed }) },
};
