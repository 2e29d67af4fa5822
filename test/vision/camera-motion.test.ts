import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { applyHomography, estimateCameraMotion, trackPoints } from '../../src/vision/index.js';
import { renderScene, type CameraScene } from './camera-scene.js';

const random = createRandom(1);
const truth = Float64Array.of(1.01, 0.02, 5, -0.015, 0.99, -3, 2e-5, -1e-5, 1);

function spread(count: number, seed: number): Float32Array {
  const draw = createRandom(seed);
  return Float32Array.from({ length: 2 * count }, (_, i) => draw.float() * (i % 2 === 0 ? 600 : 448));
}

describe('applyHomography', () => {
  it('is right on a case done by hand', () => {
    // (2 x + 1) / (0.5 x + 1) and (y - 1) / (0.5 x + 1) at (2, 3): 5 / 2 and 2 / 2.
    const h = Float64Array.of(2, 0, 1, 0, 1, -1, 0.5, 0, 1);
    expect([...applyHomography(h, Float32Array.of(2, 3))]).toEqual([2.5, 1]);
  });
});

describe('estimateCameraMotion', () => {
  it('gives back the homography that moved the points, also when a part of them moves otherwise', () => {
    for (const share of [0, 0.2, 0.5]) {
      const from = spread(400, 3);
      const to = Float32Array.from(applyHomography(truth, from));
      const strays = Math.round(share * 400);
      for (let i = 0; i < strays; i++) {
        to[2 * i]! += 6 + 3 * random.float();
        to[2 * i + 1]! -= 4;
      }
      const motion = estimateCameraMotion(from, to, { random })!;
      expect(motion.inlierFraction).toBeCloseTo(1 - share, 2);
      expect(motion.homography[8]).toBe(1);
      const back = applyHomography(motion.homography, from);
      const exact = applyHomography(truth, from);
      for (let i = 0; i < back.length; i++) expect(Math.abs(back[i]! - exact[i]!)).toBeLessThan(1e-3);
      expect([...motion.inliers].slice(0, strays).every((value) => value === 0)).toBe(true);
    }
  });

  it('is exactly the identity where nothing moves, and the same for the same seed', () => {
    const from = spread(100, 5);
    const still = estimateCameraMotion(from, from, { random: createRandom(2) })!;
    [1, 0, 0, 0, 1, 0, 0, 0, 1].forEach((value, i) => expect(still.homography[i]!).toBeCloseTo(value, 9));
    const to = Float32Array.from(from, (value, i) => value + (i % 7 === 0 ? 9 : 1));
    const run = (): Float64Array =>
      estimateCameraMotion(from, to, { random: createRandom(4), leastInliers: 0 })!.homography;
    expect(run()).toEqual(run());
  });

  it('says nothing where there are few points, few that agree, or all in one line', () => {
    const from = spread(29, 7);
    expect(estimateCameraMotion(from, from, { random })).toBeNull();
    expect(estimateCameraMotion(from, from, { random, leastPoints: 29 })).not.toBeNull();
    const chaos = estimateCameraMotion(spread(300, 8), spread(300, 9), { random });
    expect(chaos).toBeNull();
    const line = Float32Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? i : 2 * i + 2));
    expect(estimateCameraMotion(line, line, { random })).toBeNull();
  });

  it('refuses a picture that would be mirrored or blown up', () => {
    const from = spread(200, 11);
    const mirrored = Float32Array.from(from, (value, i) => (i % 2 === 0 ? 600 - value : value));
    expect(estimateCameraMotion(from, mirrored, { random })).toBeNull();
    const larger = Float32Array.from(from, (value) => 2.5 * value);
    expect(estimateCameraMotion(from, larger, { random })).toBeNull();
  });
});

/** The rows of the table: what moves, and the share of points that should be found to. */
const scene: CameraScene = {
  width: 600,
  height: 448,
  side: 160,
  at: [210, 150],
  speed: [3, 0],
  pan: [0, 0],
  turnDegrees: 0,
  noise: 2,
  seed: 1,
};
const rows = [
  { name: 'still, 3 px', scene, raw: 0.29, compensated: 0.29 },
  { name: 'pan 4 px, 3 px', scene: { ...scene, pan: [4, 0] }, raw: 1, compensated: 0.3 },
  {
    name: 'pan and turn, 3 px',
    scene: { ...scene, pan: [4, 0], turnDegrees: 0.57, side: 172 },
    raw: 1,
    compensated: 0.37,
  },
  { name: 'pan 4 px, nothing', scene: { ...scene, pan: [4, 0], side: 0 }, raw: 1, compensated: 0.007 },
  { name: 'still, 0.3 px', scene: { ...scene, speed: [0.3, 0] }, raw: 0.001, compensated: 0 },
] as const satisfies readonly { scene: CameraScene; [key: string]: unknown }[];

describe('camera compensation', () => {
  it.each(rows)(
    '$name: $raw of the points move, $compensated of them by themselves',
    ({ scene: row, raw, compensated }) => {
      const { from, to } = trackPoints(renderScene(row, 0), renderScene(row, 1), row.width, row.height);
      const { homography } = estimateCameraMotion(from, to, { random: createRandom(1) })!;
      const expected = applyHomography(homography, from);
      const count = from.length / 2;
      let [moved, moving, missed, wrong] = [0, 0, 0, 0];
      for (let i = 0; i < count; i++) {
        const [x, y] = [from[2 * i]!, from[2 * i + 1]!];
        const moves = Math.hypot(to[2 * i]! - expected[2 * i]!, to[2 * i + 1]! - expected[2 * i + 1]!) > 0.5;
        if (Math.hypot(to[2 * i]! - x, to[2 * i + 1]! - y) > 0.5) moved++;
        if (moves) moving++;
        const inside = x >= row.at[0] && y >= row.at[1] && x < row.at[0] + row.side && y < row.at[1] + row.side;
        if (inside && !moves) missed++;
        if (!inside && moves) wrong++;
      }
      expect(Math.abs(moving / count - compensated)).toBeLessThan(0.05);
      if (raw > 0.9)
        expect(moved / count).toBeGreaterThan(0.9); // else the compensation would pass for nothing
      else expect(Math.abs(moved / count - raw)).toBeLessThan(0.05);
      expect(wrong / count).toBeLessThan(0.04);
      if (row.speed[0] >= 3) expect(missed).toBe(0);
    },
  );
});
