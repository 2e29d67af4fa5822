import type { Random } from '../core/index.js';

/**
 * A procedural backdrop: two muted colours mixed by noise of three sizes. No value leaves 40–215, so that what is drawn
 * on it stands out and grain does not clip.
 *
 * @returns uint8 [height, width, 3].
 */
export function drawTexture(width: number, height: number, random: Random): Uint8Array {
  const base = 90 + random.int(76);
  const colours = [-1, 1].map((side) => {
    const level = base + side * (22 + random.int(14));
    return [0, 1, 2].map(() => level + random.int(25) - 12);
  });
  const amount = new Float64Array(width * height);
  for (const [cells, weight] of [
    [3 + random.int(3), 0.5],
    [8 + random.int(5), 0.3],
    [22 + random.int(10), 0.2],
  ] as const) {
    addNoise(amount, { width, height, cell: width / cells, weight, random });
  }
  const out = new Uint8Array(width * height * 3);
  for (let i = 0; i < out.length; i++) {
    const share = amount[Math.floor(i / 3)]!;
    const [from, to] = [colours[0]![i % 3]!, colours[1]![i % 3]!];
    out[i] = Math.min(215, Math.max(40, Math.round(from + (to - from) * share)));
  }
  return out;
}

/** Adds smoothly interpolated lattice noise, `weight` at most. */
function addNoise(
  out: Float64Array,
  {
    width,
    height,
    cell,
    weight,
    random,
  }: {
    readonly width: number;
    readonly height: number;
    readonly cell: number;
    readonly weight: number;
    readonly random: Random;
  },
): void {
  const columns = Math.ceil(width / cell) + 2;
  const lattice = Float64Array.from({ length: columns * (Math.ceil(height / cell) + 2) }, () => random.float());
  const [offsetX, offsetY] = [random.float(), random.float()];
  for (let y = 0; y < height; y++) {
    const v = y / cell + offsetY;
    const row = Math.floor(v);
    const fy = smooth(v - row);
    for (let x = 0; x < width; x++) {
      const u = x / cell + offsetX;
      const column = Math.floor(u);
      const fx = smooth(u - column);
      const at = row * columns + column;
      const above = lattice[at]! + (lattice[at + 1]! - lattice[at]!) * fx;
      const below = lattice[at + columns]! + (lattice[at + columns + 1]! - lattice[at + columns]!) * fx;
      out[y * width + x]! += weight * (above + (below - above) * fy);
    }
  }
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}
