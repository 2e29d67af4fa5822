import { createRandom, type Random } from '../core/index.js';
import { drawShapes, shapeMask, type DrawnShape } from './shape-picture.js';
import { shapeNames, shapeReach } from './shape-outlines.js';
import type { GeneratedVideo } from './synthetic-video.js';

/**
 * How often kinds are drawn, in the order of their labels: as often as the classes of Pascal VOC 2007 are in its test list, by their order. The frequent
 * one is in about two pictures of five, the rarest in one of fifty.
 *
 * Source: positives in `test_targets.json` of facebookresearch/fair_self_supervision_benchmark.
 */
export const shapeFrequencies = [
  204, 239, 282, 172, 212, 174, 721, 322, 417, 127, 190, 418, 274, 222, 2007, 224, 97, 223, 259, 229,
] as const;

/** Of 100 pictures, how many have one shape, two, three and four. */
const numberShares = [55, 27, 12, 6] as const;
/** One shape of so many is hard to see. */
const difficultOneIn = 12;
/** Evaluators look at the middle 7/8 of a picture's sides: all shapes are in there. */
const border = 1 / 16;

/** What to make. The same options always give the same bytes. */
export interface ShapeSetOptions {
  readonly seed: number;
  /** Pictures to learn from. */
  readonly train?: number;
  /** Pictures to be asked about. */
  readonly test?: number;
  /** Of a picture, pixels. */
  readonly side?: number;
}

/** A shape in a picture. */
export interface PlacedShape extends DrawnShape {
  /** A picture that shows a kind only in this way is left out where that kind is asked about. */
  readonly isDifficult: boolean;
}

/** A picture of the shape set, and what is in it. */
export interface ShapePicture extends GeneratedVideo {
  readonly labels: NonNullable<GeneratedVideo['labels']>;
  readonly shapes: readonly PlacedShape[];
  /** uint8 [height, width]: 1 where at least half of a pixel is the shape's. */
  mask(shape: number): Uint8Array;
}

/** Pictures in each list where nothing else is asked for. */
export const shapeSetSize = { train: 800, test: 800 } as const;

/**
 * The generated shape set: pictures of one to four shapes of 20 kinds, as unevenly frequent as the classes of VOC 2007, some of them small, pale and
 * flagged as difficult. All have one area, and colours and textures that are drawn without regard to the kind: only outlines tell kinds apart. A picture
 * follows from seed, list and number alone, so a longer list begins with the shorter one.
 */
export function createShapeSet({
  seed,
  train = shapeSetSize.train,
  test = shapeSetSize.test,
  side,
}: ShapeSetOptions): readonly ShapePicture[] {
  const list = (role: 'train' | 'test', count: number) =>
    Array.from({ length: count }, (_, n) =>
      createShapePicture({ seed, role, n, ...(side === undefined ? {} : { side }) }),
    );
  return [...list('train', train), ...list('test', test)];
}

/** One picture of the set by its name, such as `00012-test`; undefined for a name that is none. */
export function findShapePicture(seed: number, name: string): ShapePicture | undefined {
  const [, number, role] = /^(\d{5,})-(train|test)$/.exec(name) ?? [];
  return number === undefined
    ? undefined
    : createShapePicture({ seed, role: role as 'train' | 'test', n: Number(number) });
}

function createShapePicture({
  seed,
  role,
  n,
  side = 128,
}: {
  readonly seed: number;
  readonly role: 'train' | 'test';
  readonly n: number;
  readonly side?: number;
}): ShapePicture {
  const random = createRandom(seed).fork('shape-set', role, n);
  const shapes = placeShapes(side, random.fork('places'));
  const labels = [...new Set(shapes.map(({ name }) => name))]
    .map((className) => ({
      label: shapeNames.indexOf(className),
      className,
      ignored: shapes.every(({ name, isDifficult }) => name !== className || isDifficult),
    }))
    .sort((a, b) => a.label - b.label);
  const { label, className } = labels[0]!;
  const name = `${String(n).padStart(5, '0')}-${role}`;
  return {
    name,
    className,
    label,
    labels,
    group: name,
    role,
    width: side,
    height: side,
    fps: 1,
    frameCount: 1,
    shapes,
    frame: () => drawShapes(shapes, side, random.fork('colours')),
    mask: (shape) => shapeMask(shapes[shape]!, side),
  };
}

/** One to four shapes that do not touch, smaller ones where there are more. */
function placeShapes(side: number, random: Random): readonly PlacedShape[] {
  const count = drawIndex(numberShares, random) + 1;
  const drawn = Array.from({ length: count }, () => {
    const isDifficult = random.int(difficultOneIn) === 0;
    const radius = (side / 128) * (16 + 12 * random.float()) * (1.13 - 0.13 * count) * (isDifficult ? 0.35 : 1);
    return {
      name: shapeNames[drawIndex(shapeFrequencies, random)]!,
      radius,
      turn: (random.float() - 0.5) / 8,
      contrast: (isDifficult ? 0.4 : 1) * (70 + 30 * random.float()),
      isDifficult,
    };
  });
  for (let shrink = 1; ; shrink *= 0.9) {
    const shapes = drawn.map((shape) => ({ ...shape, radius: shape.radius * shrink }));
    const places = findPlaces(
      shapes.map(({ name, radius }) => radius * shapeReach(name)),
      side,
      random,
    );
    if (places) return shapes.map((shape, i) => ({ ...shape, ...places[i]! }));
  }
}

/** Middles of circles that do not touch each other or the border; null where they were not found soon. */
function findPlaces(
  radii: readonly number[],
  side: number,
  random: Random,
): readonly { readonly x: number; readonly y: number }[] | null {
  const places: { x: number; y: number }[] = [];
  for (const [i, radius] of radii.entries()) {
    const room = side * (1 - 2 * border) - 2 * radius;
    if (room < 0) return null;
    const draw = () => side * border + radius + room * random.float() - 0.5;
    let tries = 0;
    for (;;) {
      const [x, y] = [draw(), draw()];
      const isFree = places.every((other, k) => {
        const [dx, dy, apart] = [x - other.x, y - other.y, radius + radii[k]! + 1];
        return dx * dx + dy * dy >= apart * apart;
      });
      if (isFree) {
        places[i] = { x, y };
        break;
      }
      if (++tries === 50) return null;
    }
  }
  return places;
}

/** A place in a list, as often as its number says. */
function drawIndex(shares: readonly number[], random: Random): number {
  let left = random.int(shares.reduce((sum, share) => sum + share, 0));
  return shares.findIndex((share) => (left -= share) < 0);
}
