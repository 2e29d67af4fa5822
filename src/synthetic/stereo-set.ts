import { createStereoFilm, type StereoFilm } from './stereo-film.js';
import { packStereo, type StereoPacking } from './stereo-packing.js';
import type { GeneratedVideo } from './synthetic-video.js';

/** What the films of the stereo set are, in the order of their labels: five packings, and two that are no stereo. */
export const stereoSetClassNames = [
  'sbs-full',
  'sbs-half',
  'tb-full',
  'tb-half',
  'anaglyph',
  'mono',
  'doubled',
] as const;

/** A film of the stereo set, and what it was made from. */
export interface StereoSetVideo extends GeneratedVideo {
  readonly className: (typeof stereoSetClassNames)[number];
  readonly order: 'left-first' | 'right-first';
  /** Both eyes, with their truth. */
  readonly film: StereoFilm;
}

/** Films of each class, and how many of the first of them are for testing. */
const films: Readonly<Record<(typeof stereoSetClassNames)[number], readonly [count: number, forTests: number]>> = {
  'sbs-full': [14, 4],
  'sbs-half': [6, 2],
  'tb-full': [6, 2],
  'tb-half': [4, 1],
  anaglyph: [2, 1],
  mono: [2, 1],
  doubled: [2, 1],
};

/**
 * The generated stereo films: every scene in one film alone, eyes of 256×144, 4 s each with one cut; every third packed film has the right
 * eye first. `mono` is the left eye alone, `doubled` the left eye twice, side by side.
 */
export function createStereoSet({ seed }: { readonly seed: number }): readonly StereoSetVideo[] {
  return stereoSetClassNames.flatMap((className, label) => {
    const [count, forTests] = films[className];
    return Array.from({ length: count }, (_, n): StereoSetVideo => {
      const name = `${className}_f${String(n + 1).padStart(2, '0')}`;
      const film = createStereoFilm({ seed: filmSeed(seed, label, n) });
      const order = n % 3 === 2 && className !== 'mono' && className !== 'doubled' ? 'right-first' : 'left-first';
      const { width, height, fps, frameCount } = film;
      const isWide = className === 'sbs-full' || className === 'doubled';
      return {
        name,
        className,
        label,
        group: name,
        role: n < forTests ? 'test' : 'train',
        width: isWide ? 2 * width : width,
        height: className === 'tb-full' ? 2 * height : height,
        fps,
        frameCount,
        order,
        film,
        frame(index) {
          const { left, right } = film.view(index);
          if (className === 'mono') return left;
          const [first, second] = order === 'left-first' ? [left, right] : [right, left];
          const packing: StereoPacking = className === 'doubled' ? 'sbs-full' : className;
          return packStereo(first, className === 'doubled' ? left : second, width, height, packing).data;
        },
      };
    });
  });
}

/** Neighbouring seeds of the set share no film. */
function filmSeed(seed: number, label: number, n: number): number {
  return seed * 1000 + label * 100 + n;
}
