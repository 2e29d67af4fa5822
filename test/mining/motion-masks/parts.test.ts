import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { chainCamera, warp } from '../../../src/mining/motion-masks/camera.js';
import { motionMasksConfig } from '../../../src/mining/motion-masks/config.js';
import { linkRegions, vote, type Voter } from '../../../src/mining/motion-masks/consensus.js';
import { cutForeground, makeTriMap, overlap, scaleMap } from '../../../src/mining/motion-masks/mask.js';
import { OverlayWatch } from '../../../src/mining/motion-masks/overlays.js';
import { pairGaps, planFrames, shotBudget } from '../../../src/mining/motion-masks/plan.js';
import { descriptorLength } from '../../../src/mining/motion-masks/regions.js';
import { findSaliency, quantiles, residualSpeed } from '../../../src/mining/motion-masks/saliency.js';

const config = motionMasksConfig.parse({});

describe('the plan', () => {
  it('compares frames about 40 and 120 ms apart', () => {
    expect(pairGaps(24)).toEqual([-3, -1, 1, 3]);
    expect(pairGaps(30)).toEqual([-3, -1, 1, 3]);
    expect(pairGaps(15)).toEqual([-2, -1, 1, 2]);
    expect(pairGaps(8)).toEqual([-1, 1]);
  });

  it('takes every second frame of a short shot, and stretches of 25 of a long one', () => {
    const short = planFrames(60, 1, config);
    expect([0, 1, 2, 3, 59].map(short)).toEqual([null, 0, null, 0, 0]);
    const long = planFrames(3000, 0, config);
    const taken = Array.from({ length: 3000 }, (_, n) => long(n));
    const counts = [0, 1, 2, 3].map((k) => taken.filter((stretch) => stretch === k).length);
    expect(counts).toEqual([25, 25, 25, 25]);
    expect(taken.filter((stretch) => stretch !== null).length).toBe(100);
    expect(taken.lastIndexOf(3)).toBeGreaterThan(2940);
  });

  it('shares what a video may give among its shots by their length', () => {
    const shots = [100, 300, 50, 550].map((length, index) => ({ index, startPts: 0, endPts: length, crop: null }));
    const limits = { masksPerShot: 1000, masksPerVideo: 97 };
    const budgets = shots.map((shot) => shotBudget({ shots }, shot, limits));
    expect(budgets.reduce((a, b) => a + b, 0)).toBe(97);
    expect(budgets.map((budget, i) => Math.abs(budget - [9.7, 29.1, 4.85, 53.35][i]!) < 1)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(shotBudget({ shots }, shots[3]!, { ...limits, masksPerShot: 10 })).toBe(10);
  });
});

describe('the camera', () => {
  it('is chained over steps, and turned round', () => {
    const step = (x: number, y: number) => ({
      homography: Float64Array.of(1, 0, x, 0, 1, y, 0, 0, 1),
      inliers: 1 - x / 10,
    });
    const there = chainCamera([step(2, 1), step(3, -4)], false);
    expect([...there.homography!]).toEqual([1, 0, 5, 0, 1, -3, 0, 0, 1]);
    expect(there.inliers).toBeCloseTo(0.7, 12);
    const back = chainCamera([step(2, 1), step(3, -4)], true).homography!;
    expect([...back].map((value) => value + 0)).toEqual([1, 0, -5, 0, 1, 3, 0, 0, 1]);
    expect(chainCamera([step(2, 1), { homography: null, inliers: NaN }], false)).toEqual({
      homography: null,
      inliers: NaN,
    });
  });

  it('brings a frame to another by half a pixel, and says what is out of view', () => {
    const luma = Uint8Array.of(0, 100, 200, 0, 100, 200);
    const { luma: out, valid } = warp({ luma, width: 3, height: 2 }, Float64Array.of(1, 0, 0.5, 0, 1, 0, 0, 0, 1));
    expect([...out]).toEqual([50, 150, 200, 50, 150, 200]);
    expect([...valid]).toEqual([1, 1, 0, 1, 1, 0]);
  });
});

describe('saliency', () => {
  it('takes the smaller of both sides, the other side where one is out of view', () => {
    const motion = (values: readonly number[], valid: readonly number[]) => ({
      homography: new Float64Array(9),
      inliers: 1,
      residual: Float32Array.from(values.flatMap((value) => [0, value])),
      valid: Uint8Array.from(valid),
    });
    const speed = residualSpeed(
      [
        { gap: -3, motion: motion([9, 6, 3, 3], [1, 1, 0, 0]) },
        { gap: -1, motion: motion([1, 4, 0, 0], [1, 1, 0, 0]) },
        { gap: 1, motion: motion([8, 2, 5, 7], [1, 1, 1, 0]) },
      ],
      4,
    );
    expect([...speed]).toEqual([2, 2, 5, 0]);
  });

  it('knows quantiles as sorting gives them', () => {
    const random = createRandom(2);
    const values = Float32Array.from({ length: 999 }, () => (random.int(5) === 0 ? 0 : 40 * random.float()));
    const sorted = values.slice().sort();
    for (const share of [0, 0.1, 0.5, 0.9, 0.97, 1]) {
      expect(quantiles(values)(share)).toBe(sorted[Math.min(998, Math.floor(share * 999))]);
    }
  });

  it('is 0 at the median and in the border, 1 from the 97th percentile on', () => {
    const [width, height] = [20, 16];
    const speed = Float32Array.from({ length: width * height }, (_, i) => (i % width > 8 && i % width < 12 ? 3 : 1));
    const { saliency, residual } = findSaliency(speed, width, height, 0.125);
    expect(residual).toEqual([1, 3, 3]);
    expect(saliency[8 * width + 10]).toBe(1);
    expect(saliency[8 * width + 5]).toBe(0);
    expect(saliency[1 * width + 10]).toBe(0);
  });
});

function randomVoters(frames: number, regions: number): Voter[] {
  const random = createRandom(5);
  return Array.from({ length: frames }, () => ({
    descriptors: Float32Array.from({ length: regions * descriptorLength }, (_, i) =>
      i % descriptorLength < 29 ? 0.3 * random.float() : 0,
    ),
    saliency: Float32Array.from({ length: regions }, () => random.float()),
  }));
}

describe('the vote', () => {
  const settings = { ...config, neighbours: 6, reach: 2 };
  const voters = randomVoters(6, 9);
  const graph = linkRegions(voters, settings);

  it('has rows that sum to 1, each region among its own voters, and equals a slow rewrite', () => {
    const flat = voters.flatMap(({ descriptors }, frame) =>
      Array.from({ length: 9 }, (_, n) => ({ frame, row: descriptors.subarray(n * 32, n * 32 + 32) })),
    );
    flat.forEach((own, row) => {
      const slow = flat
        .map((other, at) => ({
          at,
          frame: other.frame,
          d: other.row.reduce((sum, v, k) => sum + (v - own.row[k]!) ** 2, 0),
        }))
        .filter((other) => Math.abs(other.frame - own.frame) <= 2)
        .sort((a, b) => a.d - b.d)
        .slice(0, 6);
      const weights = slow.map(({ d }) => Math.exp(-d / 0.1));
      const sum = weights.reduce((a, b) => a + b, 0);
      expect([...graph.from.subarray(row * 6, row * 6 + 6)]).toEqual(slow.map(({ at }) => at));
      graph.weights.subarray(row * 6, row * 6 + 6).forEach((w, k) => expect(w).toBeCloseTo(weights[k]! / sum, 5));
      expect(graph.from[row * 6]).toBe(row);
    });
  });

  it('stays within 0 and 1, and is the same when time runs backwards', () => {
    const votes = vote(voters, graph, settings);
    for (const value of votes.flatMap((own) => [...own])) expect(value >= 0 && value <= 1).toBe(true);
    expect(votes.map((own) => Math.max(...own))).toEqual([1, 1, 1, 1, 1, 1]);
    const reversed = [...voters].reverse();
    const back = [...vote(reversed, linkRegions(reversed, settings), settings)].reverse();
    votes.forEach((own, i) => own.forEach((value, n) => expect(back[i]![n]).toBeCloseTo(value, 4)));
  });

  it('keeps the votes of regions that are wholly alike', () => {
    const alike = voters.map(({ saliency }) => ({ saliency, descriptors: new Float32Array(9 * descriptorLength) }));
    const { weights } = linkRegions(alike, settings);
    for (const weight of weights) expect(weight).toBeCloseTo(1 / 6, 6);
  });
});

describe('a mask', () => {
  const [width, height] = [40, 30];
  const votes = Float32Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    if (x >= 10 && x < 30 && y >= 5 && y < 25) return 0.9;
    return x >= 34 && x < 37 && y >= 2 && y < 4 ? 0.8 : x < 3 ? 0.4 : 0;
  });

  it('drops small parts and knows its area, rim and box', () => {
    const { mask, area, borderShare, components, box } = cutForeground(votes, { width, height }, config);
    expect(area).toBeCloseTo(400 / 1200, 12);
    expect({ borderShare, components, box }).toEqual({
      borderShare: 0,
      components: 1,
      box: { x: 10, y: 5, width: 20, height: 20 },
    });
    const whole = cutForeground(votes, { width, height }, { ...config, leastPart: 0 });
    expect(whole.components).toBe(2);
    expect(overlap(mask, whole.mask)).toBeCloseTo(400 / 406, 12);
  });

  it('is unknown in a band on both sides of the outline and between the two levels of votes', () => {
    const { mask } = cutForeground(votes, { width, height }, config);
    const map = makeTriMap(votes, mask, { width, height }, config);
    const row = [...map.subarray(15 * width, 16 * width)];
    const expected = [
      128,
      128,
      128,
      ...Array(5).fill(0),
      128,
      128,
      128,
      128,
      ...Array(16).fill(255),
      128,
      128,
      128,
      128,
      ...Array(8).fill(0),
    ];
    expect(row).toEqual(expected);
    expect(map[3 * width + 35]).toBe(128); // a part that was dropped
  });

  it('grows linearly between pixel centres', () => {
    expect([...scaleMap(Float32Array.of(0, 1), { width: 2, height: 1 }, { width: 4, height: 1 })]).toEqual([
      0, 0.25, 0.75, 1,
    ]);
  });
});

describe('an overlay', () => {
  const [width, height] = [32, 24];
  const draw = (shift: number) =>
    Uint8Array.from({ length: width * height }, (_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      if (x >= 20 && x < 26 && y >= 4 && y < 8) return 250;
      return 60 + ((7 * (x + shift) + 13 * y) % 50);
    });

  it('is found where edges stand still under a moving camera, and not under a still one', () => {
    for (const speed of [2, 0]) {
      const watch = new OverlayWatch(width, height);
      for (let i = 0; i < 12; i++) watch.add(draw(speed * i), speed);
      const found = watch.find();
      if (speed === 0) expect(found).toBeNull();
      else {
        expect(found![5 * width + 20]).toBe(1);
        expect(found![18 * width + 5]).toBe(0);
      }
    }
  });
});
