import { createRandom, type Random } from '../core/index.js';
import { sineOfTurns } from './sine.js';
import { drawWorld, worldSide, type World } from './world-texture.js';

/** How a generated stereo film looks. Disparities are shares of the eye's width: positive is nearer than the screen. */
export interface StereoFilmOptions {
  readonly seed: number;
  /** Size of one eye's picture. */
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  /** Frames of each take; a cut lies between two takes. */
  readonly takes?: readonly number[];
  /** Things that stand on the ground. */
  readonly things?: number;
  /** Disparity of the farthest and the nearest place. */
  readonly far?: number;
  readonly near?: number;
  /** Most levels by which the grain of either eye changes a value. */
  readonly grain?: number;
}

/** What both eyes see in one instant. */
export interface StereoView {
  /** uint8 [height, width, 3]; `right` likewise. */
  readonly left: Uint8Array;
  readonly right: Uint8Array;
}

/** Where each pixel of the left eye is found in the right one. */
export interface StereoTruth {
  /** float32 [height, width]: x in the left eye minus x in the right one, pixels. */
  readonly disparity: Float32Array;
  /** uint8 [height, width]: 1 where the right eye sees the same place. */
  readonly visible: Uint8Array;
}

/** A stereo film with its truth. Frames may be asked for in any order. */
export interface StereoFilm {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frameCount: number;
  /** First frame of every take but the first. */
  readonly cuts: readonly number[];
  view(index: number): StereoView;
  truth(index: number): StereoTruth;
}

interface Layer {
  /** Disparity in a row, pixels. */
  readonly disparity: (y: number) => number;
  /** How much of it is at a place of the left eye, 0–1, falling to 0 over one pixel. */
  readonly cover: (x: number, y: number, time: number) => number;
  /** Where on its world a place of the left eye is. */
  readonly place: (x: number, y: number, time: number) => readonly [u: number, v: number];
  readonly world: World;
  /** Share of the haze's colour in a row: what is far is pale. */
  readonly haze: (y: number) => number;
}

/**
 * A wall, the ground before it and things that stand on it, each a plane of its own disparity, drawn from formulas at every pixel of
 * both eyes: disparity and what is hidden are exact. As in the world, what is near stands lower, is larger, coarser and less pale. The camera
 * pans and the things move sideways. The same bytes from the same options on every machine.
 */
export function createStereoFilm({
  seed,
  width = 256,
  height = 144,
  fps = 12,
  takes = [30, 18],
  things = 4,
  far = -0.02,
  near = 0.022,
  grain = 1,
}: StereoFilmOptions): StereoFilm {
  const random = createRandom(seed).fork('stereo-film');
  const starts = takes.map((_, n) => takes.slice(0, n).reduce((sum, frames) => sum + frames, 0));
  const frameCount = takes.reduce((sum, frames) => sum + frames, 0);
  const scenes = new Map<number, readonly Layer[]>();
  const sceneOf = (take: number): readonly Layer[] => {
    let scene = scenes.get(take);
    if (!scene) {
      scene = createScene({ width, height, things, far: far * width, near: near * width }, random.fork('take', take));
      scenes.set(take, scene);
    }
    return scene;
  };
  const locate = (index: number) => {
    if (!Number.isInteger(index) || index < 0 || index >= frameCount)
      throw new RangeError(`index must be from 0 to ${frameCount - 1}, got ${index}.`);
    const take = starts.findLastIndex((start) => start <= index);
    return { scene: sceneOf(take), size: { width, height, time: (index - starts[take]!) / fps } };
  };
  return {
    width,
    height,
    fps,
    frameCount,
    cuts: starts.slice(1),
    view(index) {
      const { scene, size } = locate(index);
      const eye = (share: 0 | 1) => drawEye(scene, share, size, grain, random.fork('grain', index, share));
      return { left: eye(0), right: eye(1) };
    },
    truth(index) {
      const { scene, size } = locate(index);
      return truthOf(scene, size);
    },
  };
}

interface Stage {
  readonly width: number;
  readonly height: number;
  readonly things: number;
  /** Pixels. */
  readonly far: number;
  readonly near: number;
}

const hazeColour = [196, 202, 210] as const;
const palest = 0.55;

function createScene({ width, height, things, far, near }: Stage, random: Random): readonly Layer[] {
  const horizon = Math.round(height * (0.35 + 0.15 * random.float()));
  const nearness = (y: number): number => Math.min(1, Math.max(0, (y - horizon) / (height - 1 - horizon)));
  const depthAt = (y: number): number => far + (near - far) * nearness(y);
  const pan = (random.float() < 0.5 ? -1 : 1) * width * (0.03 + 0.05 * random.float());
  const wall: Layer = {
    disparity: () => far,
    cover: () => 1,
    place: (x, y, time) => [1.6 * (x + 0.3 * pan * time), 1.6 * y],
    world: drawWorld(random.fork('wall'), 'muted'),
    haze: () => palest,
  };
  const ground: Layer = {
    disparity: depthAt,
    cover: (_, y) => Number(y >= horizon),
    place: (x, y, time) => {
      const size = 1.6 - 1.1 * nearness(y);
      return [size * (x - width / 2 + pan * time * (0.3 + 0.7 * nearness(y))), 2 * y];
    },
    world: drawWorld(random.fork('ground'), 'muted'),
    haze: (y) => palest * (1 - nearness(y)),
  };
  const standing = Array.from({ length: things }, (_, n) => {
    const own = random.fork('thing', n);
    const close = 0.15 + 0.8 * ((n + own.float()) / things);
    const foot = horizon + close * (height - 1 - horizon);
    const [tall, broad] = [height * (0.18 + 0.5 * close), width * (0.05 + 0.13 * close)];
    const [x0, phase, isRound] = [width * own.float(), own.float(), own.float() < 0.5];
    const [reach, rate] = [width * (0.05 + 0.1 * own.float()), 0.1 + 0.2 * own.float()];
    const centre = (time: number): number =>
      x0 + reach * sineOfTurns(phase + rate * time) - pan * time * (0.3 + 0.7 * close);
    const layer: Layer = {
      disparity: () => depthAt(foot),
      cover(x, y, time) {
        const dx = Math.abs(x - centre(time)) - broad / 2;
        const dy = Math.abs(y - (foot - tall / 2)) - tall / 2;
        if (!isRound) return inside(-dx) * inside(-dy);
        const [ex, ey] = [(2 * (x - centre(time))) / broad, (2 * (y - (foot - tall / 2))) / tall];
        return inside((1 - Math.sqrt(ex * ex + ey * ey)) * (broad / 2));
      },
      place: (x, y, time) => {
        const size = 1.5 - close;
        return [size * (x - centre(time)) + 50, size * y];
      },
      world: drawWorld(own, 'colourful'),
      haze: () => palest * (1 - close),
    };
    return layer;
  });
  return [wall, ground, ...standing];
}

function inside(distance: number): number {
  return Math.min(1, Math.max(0, distance + 0.5));
}

interface Size {
  readonly width: number;
  readonly height: number;
  /** Seconds since the take began. */
  readonly time: number;
}

/** The left eye (`share` 0), or the right one (1), which sees at x what the left one sees at x + disparity. */
function drawEye(
  scene: readonly Layer[],
  share: 0 | 1,
  { width, height, time }: Size,
  grain: number,
  noise: Random,
): Uint8Array {
  const out = new Uint8Array(3 * width * height);
  const colour = new Float64Array(3);
  const covers = new Float64Array(scene.length);
  for (let y = 0, at = 0; y < height; y++) {
    const shifts = scene.map((layer) => layer.disparity(y));
    const hazes = scene.map((layer) => layer.haze(y));
    for (let x = 0; x < width; x++) {
      let bits = noise.seed();
      let bottom = scene.length;
      do covers[--bottom] = scene[bottom]!.cover(x + share * shifts[bottom]!, y, time);
      while (covers[bottom]! < 1);
      for (let n = bottom; n < scene.length; n++) {
        if (covers[n]! > 0)
          blend(colour, scene[n]!, covers[n]!, scene[n]!.place(x + share * shifts[n]!, y, time), hazes[n]!);
      }
      for (let c = 0; c < 3; c++, at++) {
        out[at] = Math.min(255, Math.max(0, Math.round(colour[c]! + ((bits & 0xff) % (2 * grain + 1)) - grain)));
        bits >>>= 8;
      }
    }
  }
  return out;
}

function blend(
  colour: Float64Array,
  { world }: Layer,
  cover: number,
  [u, v]: readonly [number, number],
  haze: number,
): void {
  const last = worldSide - 1;
  const [left, top] = [Math.floor(u), Math.floor(v)];
  const [fx, fy] = [u - left, v - top];
  const [row, below] = [(top & last) * worldSide, ((top + 1) & last) * worldSide];
  const [column, right] = [left & last, (left + 1) & last];
  for (let c = 0; c < 3; c++) {
    const upper = world[3 * (row + column) + c]! * (1 - fx) + world[3 * (row + right) + c]! * fx;
    const lower = world[3 * (below + column) + c]! * (1 - fx) + world[3 * (below + right) + c]! * fx;
    const own = (upper * (1 - fy) + lower * fy) * (1 - haze) + hazeColour[c]! * haze;
    colour[c]! += cover * (own - colour[c]!);
  }
}

function truthOf(scene: readonly Layer[], { width, height, time }: Size): StereoTruth {
  const disparity = new Float32Array(width * height);
  const visible = new Uint8Array(width * height);
  const ownerAt = (place: (layer: Layer) => number, y: number): Layer =>
    scene.findLast((layer) => layer.cover(place(layer), y, time) >= 0.5)!;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const owner = ownerAt(() => x, y);
      const d = owner.disparity(y);
      disparity[i] = d;
      const isInside = x - d >= 0 && x - d <= width - 1;
      visible[i] = Number(isInside && ownerAt((layer) => x - d + layer.disparity(y), y) === owner);
    }
  }
  return { disparity, visible };
}
