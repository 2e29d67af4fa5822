import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runJob } from '../../../src/core/index.js';
import { flatDisparity, scoreDisparity } from '../../../src/eval/mining/disparity-metrics.js';
import { seenByBoth } from '../../../src/eval/mining/disparity-truth.js';
import { evaluateMining } from '../../../src/index.js';
import { testData } from '../../fixtures/test-data.js';

const data = testData();

describe('scoreDisparity', () => {
  const truth = Float32Array.of(1, 2, 3, 4, NaN, 5);
  const visible = Uint8Array.of(1, 1, 1, 0, 1, 1);

  it('counts by hand: what is said, what is right, and what both eyes see', () => {
    // said: 1 (exact), 3.5 (off 1.5), 4 (hidden, off 0.5), 9 where nothing is known
    const found = Float32Array.of(1, 3.5, NaN, 4.5, 9, NaN);
    expect(scoreDisparity(truth, visible, found)).toEqual({
      withinPixel: 2 / 3,
      coverage: 2 / 4,
      endPointError: 2 / 3,
      badPixels: 1 - 1 / 4,
    });
  });

  it('gives full marks to the truth, and the rival the marks of its median', () => {
    expect(scoreDisparity(truth, visible, truth)).toEqual({
      withinPixel: 1,
      coverage: 1,
      endPointError: 0,
      badPixels: 0,
    });
    expect([...flatDisparity(truth)]).toEqual([3, 3, 3, 3, 3, 3]);
    expect(scoreDisparity(Float32Array.of(NaN), null, Float32Array.of(1))).toBeNull();
    expect(() => scoreDisparity(truth, visible, new Float32Array(2))).toThrow(/6 pixels, got 2/);
  });

  it('takes a place for hidden where the right eye sees something nearer there', () => {
    // Row of 6: the thing at 4 and 5 is 2 nearer than the wall and covers what the right eye would see at 2 and 3.
    const left = Float32Array.of(0, 0, 0, 0, 2, 2);
    const right = Float32Array.of(0, 0, 2, 2, NaN, NaN);
    expect([...seenByBoth(left, right, 6)]).toEqual([1, 1, 0, 0, 1, 1]);
  });
});

describe.skipIf(data === null)('the matcher on Middlebury', () => {
  it(
    'is within a pixel at four of five places of which it is sure, and sure of three of five',
    { timeout: 120_000 },
    async () => {
      const truth = `middlebury:${join(data!, 'stereo', 'middlebury')}`;
      const { metrics, rivals } = await runJob(evaluateMining({ signal: 'stereo-pairs', truth }));
      const of = (list: typeof metrics, name: string) => list.find((metric) => metric.name === name)!.value;
      expect(of(metrics, 'withinPixel')).toBeGreaterThan(0.9);
      expect(of(metrics, 'coverage')).toBeGreaterThan(0.9);
      expect(of(metrics, 'badPixels')).toBeLessThan(of(rivals[0]!.metrics, 'badPixels') / 3);
    },
  );
});
