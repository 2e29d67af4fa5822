import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { motionGrid } from '../../../src/mining/temporal-order/motion.js';
import { mostMovingSquare } from '../../../src/mining/temporal-order/patch.js';

const { columns, rows } = motionGrid;

function grid(fill: (x: number, y: number) => number): Uint16Array {
  return Uint16Array.from({ length: columns * rows }, (_, i) => fill(i % columns, Math.floor(i / columns)));
}

/** Motion inside a box, pixel by pixel: each pixel has the value of its cell. */
function slowSum(
  cells: Uint16Array,
  box: { x: number; y: number; width: number; height: number },
  width: number,
  height: number,
): number {
  let sum = 0;
  for (let y = box.y; y < box.y + box.height; y++) {
    for (let x = box.x; x < box.x + box.width; x++) {
      sum += cells[Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width)]!;
    }
  }
  return sum;
}

describe('mostMovingSquare', () => {
  it('is the centre of an evenly moving picture, 7/16 of its width', () => {
    expect(mostMovingSquare([grid(() => 5)], 256, 256)).toEqual({ x: 72, y: 72, width: 112, height: 112 });
  });

  it('holds the corner in which alone something moves', () => {
    const box = mostMovingSquare([grid((x, y) => (x > 13 && y > 9 ? 100 : 0))], 256, 256);
    expect(box.x + box.width).toBe(256);
    expect(box.y + box.height).toBe(256);
    expect(mostMovingSquare([grid((x, y) => (x === 0 && y === 0 ? 9 : 0))], 256, 256)).toMatchObject({ x: 0, y: 0 });
  });

  it('adds up the frames of the window', () => {
    const left = grid((x) => (x < 4 ? 10 : 0));
    const right = grid((x) => (x > 11 ? 9 : 0));
    expect(mostMovingSquare([left, right, right], 256, 256).x).toBeGreaterThanOrEqual(128);
  });

  it('finds no less than a search through all the places tried, pixel by pixel', () => {
    const random = createRandom(3);
    for (let n = 0; n < 4; n++) {
      const cells = grid(() => random.int(1000));
      const [width, height] = [192, 144]; // 12 × 12 pixels a cell
      const found = mostMovingSquare([cells], width, height);
      expect(found.width).toBe(84);
      let most = 0;
      for (let y = 0; y + 84 <= height; y += 4) {
        for (let x = 0; x + 84 <= width; x += 4) {
          if (x % 8 !== 0 && x !== width - 84) continue;
          if (y % 8 !== 0 && y !== height - 84) continue;
          most = Math.max(most, slowSum(cells, { x, y, width: 84, height: 84 }, width, height));
        }
      }
      expect(slowSum(cells, found, width, height)).toBeCloseTo(most, 3);
    }
  });

  it('stays in pictures wider or flatter than the square', () => {
    const box = mostMovingSquare([grid((x) => x)], 320, 64);
    expect(box).toEqual({ x: 256, y: 0, width: 64, height: 64 });
  });
});
