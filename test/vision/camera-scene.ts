import { createRandom } from '../../src/core/index.js';

/** A textured square over a textured backdrop that a camera pans and turns over. Sizes and places in pixels. */
export interface CameraScene {
  readonly width: number;
  readonly height: number;
  /** Side of the square; 0: none. */
  readonly side: number;
  /** Upper left corner of the square in the first frame, and its own way per frame. */
  readonly at: readonly [x: number, y: number];
  readonly speed: readonly [x: number, y: number];
  /** Way of the camera per frame, and its turn in degrees. */
  readonly pan: readonly [x: number, y: number];
  readonly turnDegrees: number;
  /** Standard deviation of the noise, grey levels. */
  readonly noise: number;
  readonly seed: number;
}

/** Noise of several sizes, larger ones stronger, as float64 [side, side] around 128 that can be wrapped. */
function texture(side: number, contrast: number, seed: string): Float64Array {
  const random = createRandom(seed);
  const out = new Float64Array(side * side).fill(128);
  for (const cell of [64, 32, 16, 8, 4]) {
    const n = side / cell;
    const lattice = Float64Array.from({ length: n * n }, () => random.float() - 0.5);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const [u, v] = [x / cell, y / cell];
        const [i, j] = [Math.floor(u), Math.floor(v)];
        const [fu, fv] = [u - i, v - j];
        const value = (a: number, b: number): number => lattice[((j + b) % n) * n + ((i + a) % n)]!;
        const above = value(0, 0) * (1 - fu) + value(1, 0) * fu;
        const below = value(0, 1) * (1 - fu) + value(1, 1) * fu;
        out[y * side + x]! += contrast * Math.sqrt(cell) * (above * (1 - fv) + below * fv);
      }
    }
  }
  return out;
}

const textureSide = 1024;
const textures = new Map<string, Float64Array>();

function cachedTexture(contrast: number, seed: string): Float64Array {
  const key = `${contrast}/${seed}`;
  const known = textures.get(key) ?? texture(textureSide, contrast, seed);
  textures.set(key, known);
  return known;
}

function sample(from: Float64Array, x: number, y: number): number {
  const [i, j] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - i, y - j];
  const at = (a: number, b: number): number =>
    from[((j + b) & (textureSide - 1)) * textureSide + ((i + a) & (textureSide - 1))]!;
  return (at(0, 0) * (1 - fx) + at(1, 0) * fx) * (1 - fy) + (at(0, 1) * (1 - fx) + at(1, 1) * fx) * fy;
}

/** Luma of a frame, uint8 [height, width]; the square is placed in picture coordinates, so its own way is `speed` alone. */
export function renderScene(scene: CameraScene, frame: number): Uint8Array {
  const { width, height, side, at, speed, pan, turnDegrees, noise, seed } = scene;
  const backdrop = cachedTexture(10, `backdrop ${seed}`);
  const thing = cachedTexture(16, `thing ${seed}`);
  const random = createRandom(`noise ${seed} ${frame}`);
  const angle = (turnDegrees * frame * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const [left, top] = [at[0] + speed[0] * frame, at[1] + speed[1] * frame];
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [cx, cy] = [x - width / 2, y - height / 2];
      const u = cosine * cx - sine * cy + width / 2 + pan[0] * frame;
      const v = sine * cx + cosine * cy + height / 2 + pan[1] * frame;
      let value = sample(backdrop, u + 100, v + 100);
      const cover = covered(x - left, side) * covered(y - top, side);
      if (cover > 0) value = value * (1 - cover) + sample(thing, x - left, y - top) * cover;
      out[y * width + x] = Math.max(
        0,
        Math.min(255, Math.round(value + noise * gauss(random.float(), random.float()))),
      );
    }
  }
  return out;
}

/** Share of a pixel, centred at `at`, that lies between 0 and `side`. */
function covered(at: number, side: number): number {
  return Math.max(0, Math.min(1, at + 0.5, side - at + 0.5));
}

function gauss(a: number, b: number): number {
  return Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b);
}
