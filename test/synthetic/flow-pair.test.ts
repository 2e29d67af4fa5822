import { describe, expect, test } from 'vitest';
import { flowPair } from '../../src/synthetic/index.js';

describe('flowPair', () => {
  test.each([0, 1, 2])('says where each pixel in sight went (seed %i)', (seed) => {
    const { previous, next, flow, visible, width, height } = flowPair({ width: 160, height: 120, seed, grain: 0 });
    let [seen, off, unmoved, hidden] = [0, 0, 0, 0];
    for (let i = 0; i < visible.length; i++) {
      if (visible[i] === 0) {
        hidden++;
        continue;
      }
      const [x, y] = [(i % width) + flow[2 * i]!, Math.floor(i / width) + flow[2 * i + 1]!];
      const [left, top] = [Math.min(width - 2, Math.floor(x)), Math.min(height - 2, Math.floor(y))];
      const row = (j: number) => {
        const at = (top + j) * width + left;
        return next[at]! + (next[at + 1]! - next[at]!) * (x - left);
      };
      const there = row(0) + (row(1) - row(0)) * (y - top);
      seen++;
      off += Math.abs(there - previous[i]!);
      unmoved += Math.abs(next[i]! - previous[i]!);
    }
    expect(off / seen).toBeLessThan(1); // rounding, and brightness between pixels
    expect(unmoved / seen).toBeGreaterThan(6 * (off / seen));
    expect(hidden).toBeGreaterThan(0);
    expect(hidden).toBeLessThan(0.2 * visible.length);
  });

  test('gives the same bytes from the same seed, and others from another', () => {
    const options = { width: 48, height: 40 };
    const [a, again, other] = [flowPair(options), flowPair(options), flowPair({ ...options, seed: 1 })];
    expect(again).toEqual(a);
    expect(other.previous).not.toEqual(a.previous);
  });

  test('hides nothing where only the backdrop moves, but what leaves the picture', () => {
    const { flow, visible, width, height } = flowPair({ width: 80, height: 60, seed: 4, layers: 0 });
    for (let i = 0; i < visible.length; i++) {
      const [x, y] = [(i % width) + flow[2 * i]!, Math.floor(i / width) + flow[2 * i + 1]!];
      const inside = x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1;
      if (Math.min(x, y, width - 1 - x, height - 1 - y) < -1e-3) expect(visible[i]).toBe(0);
      else if (inside) expect(visible[i]).toBe(1);
    }
  });

  test('adds grain of the strength asked for', () => {
    const options = { width: 160, height: 120, seed: 2, layers: 0 };
    const [clean, grainy] = [flowPair({ ...options, grain: 0 }), flowPair({ ...options, grain: 3 })];
    const squares = grainy.next.reduce((sum, value, i) => sum + (value - clean.next[i]!) ** 2, 0);
    expect(Math.sqrt(squares / clean.next.length)).toBeCloseTo(3, 0.5);
    expect(grainy.flow).toEqual(clean.flow);
  });
});
