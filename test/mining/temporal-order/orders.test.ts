import { describe, expect, it } from 'vitest';
import {
  classOfOrder,
  fourFrameOrders,
  fourFramesOf,
  showInOrder,
  type FourPlaces,
} from '../../../src/mining/temporal-order/sample.js';

describe('the orders of four frames', () => {
  it('are twelve: every order of four is one of them, or the reverse of one, and no two are the same', () => {
    expect(fourFrameOrders).toHaveLength(12);
    expect(fourFrameOrders[0]).toEqual([0, 1, 2, 3]);
    const both = fourFrameOrders.flatMap((order) => [order.join(''), [...order].reverse().join('')]);
    expect(new Set(both).size).toBe(24);
    for (const word of both) expect(Array.from(word).sort().join('')).toBe('0123');
  });

  it('come back as their class, forward and backward', () => {
    const four: FourPlaces = [1, 2, 3, 4];
    for (let label = 0; label < 12; label++) {
      for (const backward of [false, true]) {
        const shown = showInOrder(four, label, backward);
        expect([...shown].sort()).toEqual([...four]);
        expect(classOfOrder(shown)).toBe(label);
        expect(classOfOrder(shown.map((place) => 10 * place) as unknown as FourPlaces)).toBe(label);
      }
    }
    expect(showInOrder(four, 0, true)).toEqual([4, 3, 2, 1]);
    expect(() => showInOrder(four, 12, false)).toThrow(/from 0 to 11, got 12/);
  });

  it('take the side that the record has', () => {
    expect(fourFramesOf(3, 'a')).toEqual([0, 1, 2, 3]);
    expect(fourFramesOf(3, 'e')).toEqual([1, 2, 3, 4]);
    for (const side of ['a', 'e'] as const) {
      expect(fourFramesOf(1, side)).toEqual([0, 1, 2, 3]);
      expect(fourFramesOf(2, side)).toEqual([1, 2, 3, 4]);
    }
  });
});
