import { createRandom, type Random } from '../core/index.js';
import { cosineOfTurns, sineOfTurns } from './sine.js';

/** How a generated pair looks and moves. */
export interface FlowPairOptions {
  readonly width?: number;
  readonly height?: number;
  readonly seed?: number;
  /** Things that move before the backdrop, each with a motion of its own. */
  readonly layers?: number;
  /** The most that a thing moves, pixels; the backdrop moves half as far. */
  readonly maxShift?: number;
  /** Standard deviation of the grain, which is another in each picture, grey levels. */
  readonly grain?: number;
}

/** Two pictures and where each pixel of the first is found in the second. */
export interface FlowPair {
  /** Uint8 [height, width], luma; `next` likewise. */
  readonly previous: Uint8Array;
  readonly next: Uint8Array;
  /** Float32 [height, width, 2]: pixels to the right and down. */
  readonly flow: Float32Array;
  /** Uint8 [height, width]: 1 where the pixel is still in sight in the second picture. */
  readonly visible: Uint8Array;
  readonly width: number;
  readonly height: number;
}

interface Motion {
  /** Where a point of the first picture is in the second. */
  readonly forward: (x: number, y: number) => readonly [x: number, y: number];
  readonly backward: (x: number, y: number) => readonly [x: number, y: number];
}

interface Layer extends Motion {
  /** Brightness at a point of the first picture, 0–255. */
  readonly brightness: (x: number, y: number) => number;
  /** How much of the layer is at a point of the first picture, 0–1: it falls to 0 over one pixel. */
  readonly cover: (x: number, y: number) => number;
}

/**
 * A textured backdrop that turns, grows and bends a little, and blobs that move before it, drawn from formulas at every
 * pixel of both pictures: the flow is exact (to 1e-3 of a pixel), and nothing is resampled. The same bytes from the same options on every machine.
 */
export function flowPair({
  width = 320,
  height = 240,
  seed = 0,
  layers = 4,
  maxShift = 8,
  grain = 1.5,
}: FlowPairOptions = {}): FlowPair {
  const random = createRandom(seed).fork('flow-pair');
  const size = { width, height };
  const scene: Layer[] = [
    {
      ...bendingMotion(size, maxShift / 2, random.fork('backdrop motion')),
      brightness: texture(random.fork('backdrop')),
      cover: () => 1,
    },
    ...Array.from({ length: layers }, (_, n) => blob(size, maxShift, random.fork('layer', n))),
  ];
  const previous = new Uint8Array(width * height);
  const next = new Uint8Array(width * height);
  const flow = new Float32Array(2 * width * height);
  const visible = new Uint8Array(width * height);
  const noise = random.fork('grain');
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      previous[i] = grey(
        paint(scene, (layer) => [layer, x, y]),
        grain,
        noise,
      );
      next[i] = grey(
        paint(scene, (layer) => [layer, ...layer.backward(x, y)]),
        grain,
        noise,
      );
      const owner = scene.findLast((layer) => layer.cover(x, y) >= 0.5)!;
      const [toX, toY] = owner.forward(x, y);
      flow[2 * i] = toX - x;
      flow[2 * i + 1] = toY - y;
      const inside = toX >= 0 && toY >= 0 && toX <= width - 1 && toY <= height - 1;
      visible[i] = Number(
        inside && scene.findLast((layer) => layer.cover(...layer.backward(toX, toY)) >= 0.5) === owner,
      );
    }
  }
  return { previous, next, flow, visible, width, height };
}

/** Layers over one another, the last on top. */
function paint(scene: readonly Layer[], place: (layer: Layer) => readonly [Layer, number, number]): number {
  let value = 0;
  for (const each of scene) {
    const [layer, x, y] = place(each);
    const cover = layer.cover(x, y);
    if (cover > 0) value += cover * (layer.brightness(x, y) - value);
  }
  return value;
}

/** Rounded, with grain: a sum of four uniform numbers is normal enough, and has no logarithm. */
function grey(value: number, grain: number, random: Random): number {
  let sum = -2;
  for (let k = 0; k < 4; k++) sum += random.float();
  return Math.min(255, Math.max(0, Math.round(value + grain * sum * 1.7320508)));
}

/** A blob of 1/8 to 1/4 of the picture's height in radius, with a wavy outline. */
function blob({ width, height }: { width: number; height: number }, maxShift: number, random: Random): Layer {
  const radius = height * (0.125 + 0.125 * random.float());
  const [centerX, centerY] = [width * (0.1 + 0.8 * random.float()), height * (0.1 + 0.8 * random.float())];
  const [waves, phase, stretch] = [2 + random.int(3), random.float(), 0.7 + 0.6 * random.float()];
  const direction = random.float();
  const shift = maxShift * (0.25 + 0.75 * random.float());
  const motion = affineMotion({
    centerX,
    centerY,
    shiftX: shift * cosineOfTurns(direction),
    shiftY: shift * sineOfTurns(direction),
    turns: 0.02 * (random.float() - 0.5),
    growth: 1 + 0.06 * (random.float() - 0.5),
  });
  return {
    ...motion,
    brightness: texture(random),
    cover: (x, y) => {
      const [dx, dy] = [(x - centerX) * stretch, y - centerY];
      const distance = Math.sqrt(dx * dx + dy * dy);
      if (distance > 1.3 * radius + 1) return 0;
      // The outline's wave from the angle's sine and cosine, by the double-angle formulas: no arc functions.
      let [c, s] = distance > 0 ? [dx / distance, dy / distance] : [1, 0];
      if (waves !== 3) [c, s] = [c * c - s * s, 2 * c * s];
      else [c, s] = [c * (4 * c * c - 3), s * (3 - 4 * s * s)];
      if (waves === 4) [c, s] = [c * c - s * s, 2 * c * s];
      const edge = radius * (1 + 0.25 * (c * cosineOfTurns(phase) + s * sineOfTurns(phase)));
      return Math.min(1, Math.max(0, edge - distance + 0.5));
    },
  };
}

function affineMotion(o: {
  readonly centerX: number;
  readonly centerY: number;
  readonly shiftX: number;
  readonly shiftY: number;
  readonly turns: number;
  readonly growth: number;
}): Motion {
  const [c, s] = [o.growth * cosineOfTurns(o.turns), o.growth * sineOfTurns(o.turns)];
  const scale = c * c + s * s;
  return {
    forward: (x, y) => {
      const [dx, dy] = [x - o.centerX, y - o.centerY];
      return [o.centerX + o.shiftX + c * dx - s * dy, o.centerY + o.shiftY + s * dx + c * dy];
    },
    backward: (x, y) => {
      const [dx, dy] = [x - o.centerX - o.shiftX, y - o.centerY - o.shiftY];
      return [o.centerX + (c * dx + s * dy) / scale, o.centerY + (c * dy - s * dx) / scale];
    },
  };
}

/** An affine motion, and a wave of two pixels at most upon it. */
function bendingMotion({ width, height }: { width: number; height: number }, maxShift: number, random: Random): Motion {
  const affine = affineMotion({
    centerX: width / 2,
    centerY: height / 2,
    shiftX: maxShift * (2 * random.float() - 1),
    shiftY: maxShift * (2 * random.float() - 1),
    turns: 0.006 * (random.float() - 0.5),
    growth: 1 + 0.04 * (random.float() - 0.5),
  });
  const [phaseX, phaseY] = [random.float(), random.float()];
  const [amplitude, cycles] = [2 * random.float(), 1 / (90 + 80 * random.float())];
  const bend = (x: number, y: number): readonly [number, number] => [
    x + amplitude * sineOfTurns(phaseX + y * cycles),
    y + amplitude * sineOfTurns(phaseY + x * cycles),
  ];
  return {
    forward: (x, y) => affine.forward(...bend(x, y)),
    backward: (x, y) => {
      const [toX, toY] = affine.backward(x, y);
      let at: readonly [number, number] = [toX, toY];
      // Steps shrink by 2π · 2 / 90 = 0.14 at the least.
      for (let k = 0; k < 5; k++) {
        const [bentX, bentY] = bend(...at);
        at = [at[0] + toX - bentX, at[1] + toY - bentY];
      }
      return at;
    },
  };
}

/** Smooth noise of five sizes, from 60 pixels to 4: about as rough as photographs are. */
function texture(random: Random): (x: number, y: number) => number {
  const base = 80 + 96 * random.float();
  const sizes = ([60, 28, 13, 7, 4] as const).map((cell, n) => ({
    cell,
    weight: [70, 45, 30, 22, 14][n]!,
    turned: random.float() * 0.25,
    lattice: Float64Array.from({ length: 64 * 64 }, () => random.float() - 0.5),
  }));
  const waves = sizes.map(({ cell, weight, turned, lattice }) => {
    const [c, s] = [cosineOfTurns(turned) / cell, sineOfTurns(turned) / cell];
    return (x: number, y: number) => weight * latticeNoise(lattice, x * c + y * s + 1000, y * c - x * s + 1000);
  });
  return (x, y) => waves.reduce((sum, wave) => sum + wave(x, y), base);
}

/** Between 64 × 64 values that repeat, by the quintic that has no kink in its slope. */
function latticeNoise(lattice: Float64Array, u: number, v: number): number {
  const [column, row] = [Math.floor(u), Math.floor(v)];
  const [fx, fy] = [fade(u - column), fade(v - row)];
  const [left, right] = [column & 63, (column + 1) & 63];
  const [above, below] = [(row & 63) << 6, ((row + 1) & 63) << 6];
  const a = lattice[above + left]! + (lattice[above + right]! - lattice[above + left]!) * fx;
  const b = lattice[below + left]! + (lattice[below + right]! - lattice[below + left]!) * fx;
  return a + (b - a) * fy;
}

function fade(t: number): number {
  return t * t * t * (t * (t * 6 - 15) + 10);
}
