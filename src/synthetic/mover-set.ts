import { createRandom, type Random } from '../core/index.js';
import { makeMoverFilm, type MoverFilm, type MovingThing } from './mover-film.js';
import { cosineOfTurns, sineOfTurns } from './sine.js';
import type { GeneratedVideo } from './synthetic-video.js';

/** The classes in label order: how many things move by themselves. */
export const moverSetClassNames = ['no-mover', 'one-mover', 'two-movers'] as const;

/** What to make. The same options always give the same bytes. */
export interface MoverSetOptions {
  readonly seed: number;
  /** Videos of each class. */
  readonly groups?: number;
  /** Of these, the first so many are for testing. */
  readonly testGroups?: number;
  readonly width?: number;
  readonly height?: number;
  readonly frames?: number;
}

/** A video of the mover set, with what is true of it. */
export interface MoverVideo extends GeneratedVideo {
  readonly film: MoverFilm;
}

const fps = 25;

/**
 * The generated mover set: textured discs and polygons move by themselves over a textured plane, before a camera that pans,
 * zooms and rolls, and that in half of the films follows one of them. Films without movers are there to be refused.
 */
export function createMoverSet({
  seed,
  groups = 8,
  testGroups = 3,
  width = 256,
  height = 144,
  frames = 40,
}: MoverSetOptions): readonly MoverVideo[] {
  if (testGroups > groups) throw new RangeError(`testGroups must be at most groups (${groups}), got ${testGroups}.`);
  const random = createRandom(seed).fork('mover-set');
  return moverSetClassNames.flatMap((className, label) =>
    Array.from({ length: groups }, (_, n): MoverVideo => {
      const name = `${className}_g${String(n + 1).padStart(2, '0')}`;
      const film = drawFilm(label, { width, height, frames }, random.fork(name));
      const role = n < testGroups ? 'test' : 'train';
      const frame = (index: number) => film.frame(index);
      return { name, className, label, group: name, role, width, height, fps, frameCount: frames, frame, film };
    }),
  );
}

interface Stage {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

function drawFilm(count: number, stage: Stage, random: Random): MoverFilm {
  const { width, height, frames } = stage;
  const follows = random.int(2) === 1;
  const speed = (least: number, most: number): readonly [number, number] => {
    const turn = (random.float() - 0.5) / 3 + 0.5 * random.int(2); // rather sideways: pictures are wide
    const length = least + (most - least) * random.float();
    return [length * cosineOfTurns(turn), length * sineOfTurns(turn)];
  };
  const pan = follows || count === 0 ? speed(2, 4) : speed(0, 2);
  const things = Array.from({ length: count }, (_, n): MovingThing => {
    const radius = height * (0.14 + 0.1 * random.float());
    const outline = (['disc', 3, 4, 5] as const)[random.int(4)]!;
    // At least 1.5 pixels a frame against the background; a followed thing hardly moves on the screen.
    let velocity: readonly [number, number];
    do velocity = follows && n === 0 ? speed(0, 0.4) : speed(1, 2.5);
    while (length([velocity[0] - pan[0], velocity[1] - pan[1]]) < 1.5);
    // In the middle of the film it is in its share of the screen.
    const share = (n + 1) / (count + 1);
    const middle = [
      width * (share + 0.1 * (random.float() - 0.5)),
      height * (0.5 + 0.15 * (random.float() - 0.5)),
    ] as const;
    const from = [middle[0] - (velocity[0] * frames) / 2, middle[1] - (velocity[1] * frames) / 2] as const;
    return { outline, radius, from, velocity, spin: 0.004 * (random.float() - 0.5) };
  });
  return makeMoverFilm({
    seed: random.seed(),
    ...stage,
    pan,
    zoom: 1 + 0.01 * (random.float() - 0.5),
    rollDegrees: 0.5 * (random.float() - 0.5),
    things,
  });
}

function length([x, y]: readonly [number, number]): number {
  return Math.sqrt(x * x + y * y);
}
