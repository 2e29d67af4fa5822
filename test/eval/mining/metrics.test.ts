import { describe, expect, it } from 'vitest';
import type { Box } from '../../../src/core/index.js';
import { createRandom } from '../../../src/core/index.js';
import { boxIoU, scoreBoxes } from '../../../src/eval/mining/box-metrics.js';
import { cutRates, matchCuts, uniformCuts } from '../../../src/eval/mining/cut-metrics.js';
import { scoreFlow } from '../../../src/eval/mining/flow-metrics.js';

const box = (x: number, y: number, width = 10, height = 10): Box => ({ x, y, width, height });

describe('the overlap of boxes', () => {
  it('is right by hand, symmetric, 1 on itself and 0 apart', () => {
    expect(boxIoU(box(0, 0), box(5, 0))).toBeCloseTo(50 / 150, 12);
    expect(boxIoU(box(5, 0), box(0, 0))).toBe(boxIoU(box(0, 0), box(5, 0)));
    expect(boxIoU(box(3, 4), box(3, 4))).toBe(1);
    expect(boxIoU(box(0, 0), box(10, 0))).toBe(0);
    expect(boxIoU(box(0, 0, 0, 0), box(0, 0, 0, 0))).toBe(0);
  });
});

describe('the score of a track', () => {
  it('leaves out the first frame and those without the thing, and counts a lost box as a miss', () => {
    const truth = [box(0, 0), box(0, 0), null, box(0, 0), box(0, 0)];
    const found = [box(90, 90), box(0, 0), box(5, 5), null, box(20, 0)];
    const score = scoreBoxes(truth, found)!;
    expect(score.frames).toBe(3);
    expect(score.precision20).toBeCloseTo(2 / 3, 12);
    expect(score.meanIoU).toBeCloseTo(1 / 3, 12);
    // One frame of three is above every threshold but the last, 1.
    expect(score.success).toBeCloseTo((20 / 21) * (1 / 3), 12);
  });

  it('says nothing where no frame counts, and refuses another number of boxes', () => {
    expect(scoreBoxes([box(0, 0), null], [box(0, 0), null])).toBeNull();
    expect(() => scoreBoxes([box(0, 0)], [])).toThrow(/one box for each of 1 frames, got 0/);
  });
});

describe('the score of cuts', () => {
  it('uses each cut once, and pairs as many as a search of all pairings', () => {
    expect(matchCuts([10, 20], [9, 11, 22], 2)).toEqual({ hits: 2, truths: 2, found: 3 });
    const random = createRandom(4);
    const draw = () =>
      [...new Set(Array.from({ length: random.int(7) }, () => 1 + random.int(20)))].sort((a, b) => a - b);
    for (let i = 0; i < 200; i++) {
      const [truth, found, tolerance] = [draw(), draw(), random.int(4)];
      expect(matchCuts(truth, found, tolerance).hits).toBe(mostPairs(truth, found, tolerance));
    }
  });

  it('unites films by their counts', () => {
    const rates = cutRates([
      { hits: 1, truths: 2, found: 1 },
      { hits: 1, truths: 1, found: 4 },
    ]);
    expect(rates).toEqual({ precision: 2 / 5, recall: 2 / 3, f1: 4 / 8 });
    expect(cutRates([{ hits: 0, truths: 0, found: 0 }])).toEqual({ precision: 1, recall: 1, f1: 1 });
    expect(cutRates([{ hits: 0, truths: 3, found: 0 }])).toEqual({ precision: 0, recall: 0, f1: 0 });
  });

  it('spreads uniform cuts evenly', () => {
    expect(uniformCuts(3, 100)).toEqual([25, 50, 75]);
    expect(uniformCuts(0, 100)).toEqual([]);
  });
});

describe('the score of a flow', () => {
  const truth = Float32Array.of(3, 4, NaN, 0, 0, 0, 100, 0);

  it('is right by hand, over known pixels, and takes no answer for no motion', () => {
    const found = Float32Array.of(3, 5, 9, 9, NaN, NaN, 104, 0);
    // Off by 1, 0 and 4 pixels; 4 of 100 is under 5 %.
    expect(scoreFlow(truth, found)).toEqual({ endPointError: 5 / 3, badPixels: 0, pixels: 3 });
    expect(scoreFlow(truth, Float32Array.of(3, 8, 0, 0, 0, 0, 94, 0))).toMatchObject({ badPixels: 2 / 3 });
  });

  it('scores no motion by the length of the truth', () => {
    expect(scoreFlow(truth, null)).toEqual({ endPointError: 105 / 3, badPixels: 2 / 3, pixels: 3 });
    expect(scoreFlow(truth, new Float32Array(8))).toEqual(scoreFlow(truth, null));
    expect(scoreFlow(Float32Array.of(NaN, NaN), null)).toBeNull();
    expect(() => scoreFlow(truth, new Float32Array(2))).toThrow(/4 pixels, got 1/);
  });
});

function mostPairs(truth: readonly number[], found: readonly number[], tolerance: number): number {
  const [first, ...rest] = truth;
  if (first === undefined) return 0;
  const skipped = mostPairs(rest, found, tolerance);
  return found.reduce((most, each, i) => {
    if (Math.abs(each - first) > tolerance) return most;
    const left = found.filter((_, k) => k !== i);
    return Math.max(most, 1 + mostPairs(rest, left, tolerance));
  }, skipped);
}
