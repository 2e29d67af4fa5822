import { createRandom, type Box, type Random } from '../core/index.js';
import { type Coordinate, still } from './trajectories.js';

/** A textured square before a textured backdrop. */
export interface MovingTargetOptions {
  readonly width?: number;
  readonly height?: number;
  /** Side of the target at scale 1, pixels. */
  readonly size: number;
  /** Its centre; the frame's left edge is 0, the centre of the first pixel 0.5. */
  readonly x: Coordinate;
  readonly y: Coordinate;
  /** Its size over that at scale 1. */
  readonly scale?: Coordinate;
  /** False where the target is not drawn. */
  readonly isVisible?: (frame: number) => boolean;
  /** How far the backdrop is moved, pixels to the right and down; it comes back after its own size. */
  readonly panX?: Coordinate;
  readonly panY?: Coordinate;
  /** Standard deviation of the grain, grey levels; another in each frame. */
  readonly grain?: number;
  readonly seed?: number;
}

/** Frames with a target whose place is known exactly. */
export interface MovingTarget {
  readonly width: number;
  readonly height: number;
  /** Uint8 [height, width, 3], RGB; frames may be asked for in any order. */
  frame(index: number): Uint8Array;
  /** Where the target is, or would be if it were drawn; its edges are exact. */
  box(index: number): Box;
}

/**
 * A square that moves over a backdrop, both with detail of all sizes (equal contrast an octave), placed between pixels by linear
 * interpolation, its edges by the share covered. The same bytes from the same options on every machine.
 */
export function createMovingTarget({
  width = 600,
  height = 448,
  size,
  x,
  y,
  scale = still(1),
  isVisible = () => true,
  panX = still(0),
  panY = still(0),
  grain = 2,
  seed = 0,
}: MovingTargetOptions): MovingTarget {
  const random = createRandom(seed).fork('moving-target');
  const backdrop = drawDetail(width, height, random.fork('backdrop'));
  const target = drawDetail(size, size, random.fork('target'));
  const noise = drawNoise(grain, random.fork('grain'));
  const box = (index: number): Box => {
    const side = size * scale(index);
    return { x: x(index) - side / 2, y: y(index) - side / 2, width: side, height: side };
  };
  return {
    width,
    height,
    box,
    frame(index) {
      const picture = panned(backdrop, width, height, panX(index), panY(index));
      if (isVisible(index)) drawTarget(picture, { width, height, target, size, box: box(index) });
      return withNoise(picture, noise, random.fork('noise', index));
    },
  };
}

/** Float32 [height, width, 3]: three colours that share most of their detail, 20 to 235. */
function drawDetail(width: number, height: number, random: Random): Float32Array {
  const out = new Float32Array(width * height * 3).fill(128);
  for (let cell = 64; cell >= 2; cell /= 2) {
    for (const [contrast, channels] of [
      [30, [0]],
      [30, [1]],
      [30, [2]],
      [70, [0, 1, 2]],
    ] as const) {
      addLattice(out, { width, height, cell, contrast, channels, random });
    }
  }
  for (let i = 0; i < out.length; i++) out[i] = Math.min(235, Math.max(20, out[i]!));
  return out;
}

/** Adds numbers on a lattice, linear in between. */
function addLattice(
  out: Float32Array,
  {
    width,
    height,
    cell,
    contrast,
    channels,
    random,
  }: {
    readonly width: number;
    readonly height: number;
    readonly cell: number;
    readonly contrast: number;
    readonly channels: readonly number[];
    readonly random: Random;
  },
): void {
  const columns = Math.ceil(width / cell) + 2;
  const count = columns * (Math.ceil(height / cell) + 2);
  const lattice = Float32Array.from({ length: count }, () => contrast * (random.float() - 0.5));
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / cell);
    const fy = y / cell - row;
    for (let x = 0; x < width; x++) {
      const column = Math.floor(x / cell);
      const at = row * columns + column;
      const fx = x / cell - column;
      const above = lerp(lattice[at]!, lattice[at + 1]!, fx);
      const value = lerp(above, lerp(lattice[at + columns]!, lattice[at + columns + 1]!, fx), fy);
      for (const c of channels) out[(y * width + x) * 3 + c]! += value;
    }
  }
}

/** The backdrop, moved; joined at its edges. */
function panned(backdrop: Float32Array, width: number, height: number, panX: number, panY: number): Float32Array {
  if (panX === 0 && panY === 0) return backdrop.slice();
  const out = new Float32Array(backdrop.length);
  const wrap = (value: number, by: number): number => ((value % by) + by) % by;
  for (let y = 0; y < height; y++) {
    const v = wrap(y - panY, height);
    const [row, fy] = [Math.floor(v), v - Math.floor(v)];
    const [above, below] = [row * width, ((row + 1) % height) * width];
    for (let x = 0; x < width; x++) {
      const u = wrap(x - panX, width);
      const [column, fx] = [Math.floor(u), u - Math.floor(u)];
      const right = (column + 1) % width;
      for (let c = 0; c < 3; c++) {
        const top = lerp(backdrop[(above + column) * 3 + c]!, backdrop[(above + right) * 3 + c]!, fx);
        const bottom = lerp(backdrop[(below + column) * 3 + c]!, backdrop[(below + right) * 3 + c]!, fx);
        out[(y * width + x) * 3 + c] = lerp(top, bottom, fy);
      }
    }
  }
  return out;
}

function drawTarget(
  picture: Float32Array,
  {
    width,
    height,
    target,
    size,
    box,
  }: {
    readonly width: number;
    readonly height: number;
    readonly target: Float32Array;
    readonly size: number;
    readonly box: Box;
  },
): void {
  const covered = (pixel: number, from: number, length: number): number =>
    Math.max(0, Math.min(pixel + 1, from + length) - Math.max(pixel, from));
  const place = (pixel: number, from: number, length: number): readonly [number, number, number] => {
    const at = Math.min(Math.max(((pixel + 0.5 - from) / length) * size - 0.5, 0), size - 1);
    const low = Math.floor(at);
    return [low, Math.min(low + 1, size - 1), at - low];
  };
  for (let y = Math.max(0, Math.floor(box.y)); y < Math.min(height, box.y + box.height); y++) {
    const [low, high, fy] = place(y, box.y, box.height);
    for (let x = Math.max(0, Math.floor(box.x)); x < Math.min(width, box.x + box.width); x++) {
      const [left, right, fx] = place(x, box.x, box.width);
      const share = covered(x, box.x, box.width) * covered(y, box.y, box.height);
      for (let c = 0; c < 3; c++) {
        const top = lerp(target[(low * size + left) * 3 + c]!, target[(low * size + right) * 3 + c]!, fx);
        const bottom = lerp(target[(high * size + left) * 3 + c]!, target[(high * size + right) * 3 + c]!, fx);
        const at = (y * width + x) * 3 + c;
        picture[at] = lerp(picture[at]!, lerp(top, bottom, fy), share);
      }
    }
  }
}

function lerp(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

const noiseLength = 65_536;

/** Sums of four uniform numbers: normal enough, and without a logarithm. */
function drawNoise(deviation: number, random: Random): Float32Array {
  return Float32Array.from({ length: noiseLength }, () => {
    const sum = random.float() + random.float() + random.float() + random.float();
    return deviation * 1.7320508 * (sum - 2);
  });
}

/** Rounded to bytes, with grain: runs of the noise from places of their own. */
function withNoise(picture: Float32Array, noise: Float32Array, random: Random): Uint8Array {
  const out = new Uint8ClampedArray(picture.length); // rounds and clamps
  const run = 1024;
  for (let from = 0; from < out.length; from += run) {
    const shift = random.int(noiseLength - run) - from;
    const end = Math.min(from + run, out.length);
    for (let i = from; i < end; i++) out[i] = picture[i]! + noise[i + shift]!;
  }
  return new Uint8Array(out.buffer);
}
