import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import {
  compareFrames,
  isFade,
  meanSquaredDifference,
  thumbnailSize,
} from '../../../src/mining/temporal-order/checks.js';
import { temporalOrderConfig } from '../../../src/mining/temporal-order/config.js';

const config = temporalOrderConfig.parse({});
const bytes = 3 * thumbnailSize * thumbnailSize;

/** A thumbnail that differs from flat grey by `by` in its first `share` of values. */
function thumbnail(by: number, share = 1, grey = 100): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (i < share * bytes ? grey + by : grey));
}

function noise(seed: number): Uint8Array {
  const random = createRandom(seed);
  return Uint8Array.from({ length: bytes }, () => random.int(256));
}

describe('compareFrames', () => {
  it('lets five different pictures pass, and states how c differs from a and e', () => {
    const five = [1, 2, 3, 4, 5].map(noise);
    const slow = (x: Uint8Array, y: Uint8Array) =>
      [...x].map((value, i) => (value - y[i]!) ** 2).reduce((p, q) => p + q) / bytes;
    const { msdCa, msdCe, refused } = compareFrames(five, config);
    expect(refused).toBeNull();
    expect(msdCa).toBeCloseTo(slow(five[2]!, five[0]!), 8);
    expect(msdCe).toBeCloseTo(slow(five[2]!, five[4]!), 8);
  });

  it('refuses a wrong middle that looks like the right one, and takes it just above the threshold', () => {
    // b and d are far from all; c differs from a by 10 on everything: a mean squared difference of exactly 100.
    const at = (by: number) => [thumbnail(0), noise(1), thumbnail(by), noise(2), noise(3)];
    expect(compareFrames(at(10), config)).toMatchObject({ msdCa: 100, refused: 'looks-same' });
    expect(compareFrames(at(11), config)).toMatchObject({ msdCa: 121, refused: null });
    expect(compareFrames([noise(3), noise(1), thumbnail(10), noise(2), thumbnail(0)], config).refused).toBe(
      'looks-same',
    );
  });

  it('refuses any two of the five that are the same picture', () => {
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < i; j++) {
        const five = [1, 2, 3, 4, 5].map(noise);
        five[i] = five[j]!;
        expect(compareFrames(five, config).refused).toBe('duplicate-frame');
      }
    }
    expect(compareFrames([thumbnail(0), thumbnail(1), noise(1), noise(2), noise(3)], config).refused).toBe(
      'duplicate-frame',
    );
  });

  it('refuses a fade, up or down, but not a change that turns round', () => {
    const fade = [0, 20, 45, 65, 90].map((by) => thumbnail(by));
    expect(compareFrames(fade, config).refused).toBe('fade');
    expect(compareFrames([...fade].reverse(), config).refused).toBe('fade');
    const turned = [0, 20, 45, 20, 90].map((by, i) => thumbnail(by + i, 1, 100));
    expect(compareFrames(turned, config).refused).not.toBe('fade');
  });

  it('compares what is there where a or e is left out', () => {
    const four = [null, noise(1), noise(2), noise(3), noise(4)];
    expect(compareFrames(four, config)).toMatchObject({ msdCa: -1, refused: null });
    expect(compareFrames([noise(4), noise(1), noise(2), noise(3), null], config)).toMatchObject({
      msdCe: -1,
      refused: null,
    });
  });
});

describe('isFade', () => {
  it('needs strictly monotone steps and more than the total', () => {
    expect(isFade([0, 6, 12, 18, 24], 20)).toBe(true);
    expect(isFade([0, 5, 10, 15, 20], 20)).toBe(false);
    expect(isFade([0, 6, 6, 18, 24], 20)).toBe(false);
    expect(isFade([], 20)).toBe(false);
  });
});

describe('meanSquaredDifference', () => {
  it('is symmetric, 0 on itself, and right on a tiny case', () => {
    expect(meanSquaredDifference(Uint8Array.of(0, 10, 255), Uint8Array.of(3, 6, 255))).toBeCloseTo(25 / 3, 12);
    const [a, b] = [noise(1), noise(2)];
    expect(meanSquaredDifference(a, b)).toBe(meanSquaredDifference(b, a));
    expect(meanSquaredDifference(a, a)).toBe(0);
  });
});
