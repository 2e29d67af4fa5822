import type { Random } from '../core/index.js';

/** A square picture that goes on on all sides without a seam: float32 [worldSide, worldSide, 3], 0–255. */
export type World = Float32Array;

/** Pixels along a world's side; a power of two. */
export const worldSide = 512;

const mask = worldSide - 1;
/** Cells along a side, from the coarsest noise to the finest, and its weight: amplitude falls with frequency. */
const octaves = [4, 8, 16, 32, 64, 128, 256] as const;

/**
 * Noise whose amplitude falls as its frequency rises, as in pictures of the world, between two colours: `muted` ones of middle
 * brightness, or `colourful` ones far apart.
 */
export function drawWorld(random: Random, palette: 'muted' | 'colourful'): World {
  const [low, high] = coloursOf(palette, random);
  const amount = new Float32Array(worldSide * worldSide);
  let total = 0;
  octaves.forEach((cells, n) => {
    const weight = 1 / (1 + 0.6 * n);
    total += weight;
    addOctave(amount, cells, weight, random.fork('octave', cells));
  });
  const out = new Float32Array(3 * amount.length);
  for (let i = 0; i < amount.length; i++) {
    // Sums of noise crowd around one half: spread them.
    const share = Math.min(1, Math.max(0, 0.5 + (amount[i]! / total - 0.5) * 2.2));
    for (let c = 0; c < 3; c++) out[3 * i + c] = low[c]! + (high[c]! - low[c]!) * share;
  }
  return out;
}

/**
 * Paints pixels with what a world shows at the place of each, linear between its pixels.
 *
 * @param out float64 [height, width, 3].
 * @param inside which pixels are painted; null: all.
 * @param place where on the world a pixel is.
 */
export function paintFrom(
  world: World,
  out: Float64Array,
  width: number,
  height: number,
  inside: ((x: number, y: number) => boolean) | null,
  place: (x: number, y: number) => readonly [number, number],
): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (inside && !inside(x, y)) continue;
      const [u, v] = place(x, y);
      const [left, top] = [Math.floor(u), Math.floor(v)];
      const [fx, fy] = [u - left, v - top];
      const [row, below] = [(top & mask) * worldSide, ((top + 1) & mask) * worldSide];
      const [column, right] = [left & mask, (left + 1) & mask];
      for (let c = 0; c < 3; c++) {
        const upper = world[3 * (row + column) + c]! * (1 - fx) + world[3 * (row + right) + c]! * fx;
        const lower = world[3 * (below + column) + c]! * (1 - fx) + world[3 * (below + right) + c]! * fx;
        out[3 * (y * width + x) + c] = upper * (1 - fy) + lower * fy;
      }
    }
  }
}

function coloursOf(palette: 'muted' | 'colourful', random: Random): readonly [readonly number[], readonly number[]] {
  if (palette === 'muted') {
    const base = 70 + random.int(60);
    const tint = () => random.int(25) - 12;
    return [
      [base - 45 + tint(), base - 45 + tint(), base - 45 + tint()],
      [base + 65 + tint(), base + 65 + tint(), base + 65 + tint()],
    ];
  }
  // One channel bright and one dark throughout: no grey among them.
  const order = random.shuffle([0, 1, 2]);
  const low = [0, 0, 0];
  const high = [0, 0, 0];
  low[order[0]!] = 150;
  high[order[0]!] = 245;
  low[order[1]!] = 20 + random.int(60);
  high[order[1]!] = 90 + random.int(120);
  low[order[2]!] = 5;
  high[order[2]!] = 60;
  return [low, high];
}

function addOctave(out: Float32Array, cells: number, weight: number, random: Random): void {
  const lattice = Float32Array.from({ length: cells * cells }, () => (random.seed() >>> 8) / 16_777_216);
  const size = worldSide / cells;
  for (let y = 0; y < worldSide; y++) {
    const v = y / size;
    const top = Math.floor(v);
    const fy = smooth(v - top);
    const [row, below] = [top * cells, ((top + 1) % cells) * cells];
    for (let x = 0; x < worldSide; x++) {
      const u = x / size;
      const left = Math.floor(u);
      const fx = smooth(u - left);
      const right = (left + 1) % cells;
      const upper = lattice[row + left]! * (1 - fx) + lattice[row + right]! * fx;
      const lower = lattice[below + left]! * (1 - fx) + lattice[below + right]! * fx;
      out[y * worldSide + x]! += weight * (upper * (1 - fy) + lower * fy);
    }
  }
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}
