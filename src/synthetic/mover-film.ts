import { createRandom, type Random } from '../core/index.js';
import { cosineOfTurns, sineOfTurns } from './sine.js';
import { drawWorld, paintFrom, worldSide, type World } from './world-texture.js';

/** Outlines of what moves: a disc, or a polygon of so many corners. */
export type MoverOutline = 'disc' | 3 | 4 | 5;

/** One thing that moves by itself, as it is seen. */
export interface MovingThing {
  readonly outline: MoverOutline;
  /** Pixels from the centre to the farthest point of the outline. */
  readonly radius: number;
  /** Centre in the first frame; pixel centres are at whole numbers. */
  readonly from: readonly [x: number, y: number];
  /** Pixels per frame on the screen, the camera's motion not taken off. */
  readonly velocity: readonly [x: number, y: number];
  /** Turns per frame on the screen. */
  readonly spin?: number;
}

/** What a film of movers shows. The same options always give the same bytes. */
export interface MoverFilmOptions {
  readonly seed: number;
  readonly width?: number;
  readonly height?: number;
  readonly frames?: number;
  /** Pixels per frame by which the background moves on the screen, at the start. */
  readonly pan?: readonly [x: number, y: number];
  /** Factor per frame by which the background grows. */
  readonly zoom?: number;
  /** Degrees per frame, clockwise. */
  readonly rollDegrees?: number;
  readonly things: readonly MovingThing[];
  /** Standard deviation of the grain, levels of 0–255. */
  readonly noise?: number;
  /** Factor by which frame i is brighter than it should be; default: 1. */
  readonly brightness?: (frame: number) => number;
}

/** A film of things that move by themselves before a camera that moves, and what is true of it. */
export interface MoverFilm {
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  /** uint8 [height, width, 3]. */
  frame(index: number): Uint8Array;
  /** uint8 [height, width]: 1 where a thing is. */
  mask(index: number): Uint8Array;
  /** float64 [9], row by row: where the background of one frame is in another. */
  homography(from: number, to: number): Float64Array;
  /** Pixels per frame by which a thing's centre moves against the background there. */
  relativeSpeed(index: number, thing?: number): number;
}

/**
 * A textured plane under a camera that pans, zooms and rolls, with textured things of their own motion before it, all more
 * colourful than the plane, so that one frame alone can tell them.
 */
export function makeMoverFilm(options: MoverFilmOptions): MoverFilm {
  const {
    seed,
    width = 256,
    height = 144,
    frames = 40,
    pan = [0, 0],
    zoom = 1,
    rollDegrees = 0,
    things,
    noise = 2,
    brightness = () => 1,
  } = options;
  const random = createRandom(seed).fork('mover-film');
  let drawn: { readonly background: World; readonly skins: readonly World[]; readonly grain: Int8Array } | null = null;
  const draw = () =>
    (drawn ??= {
      background: drawWorld(random.fork('background'), 'muted'),
      skins: things.map((_, n) => drawWorld(random.fork('skin', n), 'colourful')),
      grain: drawGrain(random.fork('grain'), noise),
    });
  const cameras = cameraPath({ width, height, frames, pan, zoom, turns: rollDegrees / 360 });
  const poseOf = (thing: MovingThing, i: number) => ({
    x: thing.from[0] + thing.velocity[0] * i,
    y: thing.from[1] + thing.velocity[1] * i,
    angle: (thing.spin ?? 0) * i,
  });
  const homography = (from: number, to: number): Float64Array => compose(invert(cameras[to]!), cameras[from]!);
  return {
    width,
    height,
    frameCount: frames,
    frame(index) {
      const { background, skins, grain } = draw();
      const out = new Float64Array(3 * width * height);
      const [a, b, c, d, e, f] = cameras[index]! as unknown as [number, number, number, number, number, number];
      paintFrom(background, out, width, height, null, (x, y) => [a * x + b * y + c, d * x + e * y + f]);
      things.forEach((thing, n) => {
        const pose = poseOf(thing, index);
        const [cosine, sine] = [cosineOfTurns(pose.angle), sineOfTurns(pose.angle)];
        const place = (x: number, y: number): readonly [number, number] => [
          cosine * (x - pose.x) + sine * (y - pose.y),
          cosine * (y - pose.y) - sine * (x - pose.x),
        ];
        const inside = (x: number, y: number) => isInside(thing, ...place(x, y));
        paintFrom(skins[n]!, out, width, height, inside, (x, y) => {
          const [u, v] = place(x, y);
          return [u + worldSide / 2, v + worldSide / 2];
        });
      });
      const start = random.fork('frame', index).int(grainSize);
      const gain = brightness(index);
      return Uint8Array.from(out, (value, i) =>
        Math.min(255, Math.max(0, Math.round(value * gain) + grain[(start + i * 7) % grainSize]!)),
      );
    },
    mask(index) {
      const mask = new Uint8Array(width * height);
      for (const thing of things) {
        const pose = poseOf(thing, index);
        const [cosine, sine] = [cosineOfTurns(pose.angle), sineOfTurns(pose.angle)];
        for (let i = 0; i < mask.length; i++) {
          const [x, y] = [(i % width) - pose.x, Math.floor(i / width) - pose.y];
          if (isInside(thing, cosine * x + sine * y, cosine * y - sine * x)) mask[i] = 1;
        }
      }
      return mask;
    },
    homography,
    relativeSpeed(index, thing = 0) {
      const [here, next] = [poseOf(things[thing]!, index), poseOf(things[thing]!, index + 1)];
      const h = homography(index, index + 1);
      const dx = next.x - (h[0]! * here.x + h[1]! * here.y + h[2]!);
      const dy = next.y - (h[3]! * here.x + h[4]! * here.y + h[5]!);
      return Math.sqrt(dx * dx + dy * dy);
    },
  };
}

const grainSize = 65_521; // a prime: rows do not repeat each other

/** Where the camera of each frame finds its pixels on the plane: float64 [9] a frame, row by row. */
function cameraPath({
  width,
  height,
  frames,
  pan,
  zoom,
  turns,
}: {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly pan: readonly [number, number];
  readonly zoom: number;
  readonly turns: number;
}): readonly Float64Array[] {
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  let scale = 1;
  return Array.from({ length: frames }, (_, i) => {
    if (i > 0) scale /= zoom;
    const [a, b] = [scale * cosineOfTurns(turns * i), scale * sineOfTurns(turns * i)];
    const [x, y] = [worldSide / 2 - pan[0] * i, worldSide / 2 - pan[1] * i];
    return Float64Array.of(a, b, x - a * cx - b * cy, -b, a, y + b * cx - a * cy, 0, 0, 1);
  });
}

/** First b, then a; of similarities. */
function compose(a: Float64Array, b: Float64Array): Float64Array {
  return Float64Array.from({ length: 9 }, (_, i) => {
    const [row, column] = [3 * Math.floor(i / 3), i % 3];
    return a[row]! * b[column]! + a[row + 1]! * b[column + 3]! + a[row + 2]! * b[column + 6]!;
  });
}

function invert(m: Float64Array): Float64Array {
  const [a, b, c, d, e, f] = m as unknown as [number, number, number, number, number, number];
  const determinant = a * e - b * d;
  const [p, q, r, s] = [e / determinant, -b / determinant, -d / determinant, a / determinant];
  return Float64Array.of(p, q, -(p * c + q * f), r, s, -(r * c + s * f), 0, 0, 1);
}

/** Whether a place in a thing's own frame, its centre at 0, is in its outline. */
function isInside({ outline, radius }: MovingThing, x: number, y: number): boolean {
  if (outline === 'disc') return x * x + y * y <= radius * radius;
  const apothem = radius * cosineOfTurns(0.5 / outline);
  for (let side = 0; side < outline; side++) {
    const turn = (side + 0.5) / outline;
    if (x * cosineOfTurns(turn) + y * sineOfTurns(turn) > apothem) return false;
  }
  return true;
}

/** Nearly normal: the sum of twelve uniform numbers. */
function drawGrain(random: Random, deviation: number): Int8Array {
  return Int8Array.from({ length: grainSize }, () => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += (random.seed() >>> 8) / 16_777_216;
    return Math.round(sum * deviation);
  });
}
