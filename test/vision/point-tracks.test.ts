import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { loadOpencv, trackPoints, withMats, type Mat, type NativeObject } from '../../src/vision/index.js';
import { renderScene } from './camera-scene.js';
import { cornersOf, followSlowly } from './slow-points.js';

/** Smooth waves that can be sampled anywhere: exact motion, no resampling. */
function waves(width: number, height: number, dx: number, dy: number, seed = 1): Uint8Array {
  const random = createRandom(seed);
  const terms = Array.from({ length: 24 }, () => ({
    kx: (random.float() - 0.5) * 0.9,
    ky: (random.float() - 0.5) * 0.9,
    phase: random.float() * 7,
  }));
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [(i % width) - dx, Math.floor(i / width) - dy];
    let value = 128;
    for (const { kx, ky, phase } of terms) value += 14 * Math.sin(kx * x + ky * y + phase);
    return Math.max(0, Math.min(255, Math.round(value)));
  });
}

function displacements({ from, to }: { readonly from: Float32Array; readonly to: Float32Array }): [number, number][] {
  return Array.from({ length: from.length / 2 }, (_, i) => [
    to[2 * i]! - from[2 * i]!,
    to[2 * i + 1]! - from[2 * i + 1]!,
  ]);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

describe('trackPoints', () => {
  it.each([
    [97, 61, 5],
    [64, 48, 1],
    [131, 90, 11],
  ])('finds the corners of a %i×%i picture that a slow search finds, in the same order', (width, height, distance) => {
    const picture = waves(width, height, 0, 0, width);
    const found = trackPoints(picture, picture, width, height, { minDistance: distance, maxRoundTrip: 1e9 });
    const expected = cornersOf(picture, width, height, { quality: 0.01, minDistance: distance, most: 1000 });
    expect(found.corners).toBe(expected.length);
    // Points where nothing can be followed are dropped; all others are there, in order.
    const there = new Set(
      Array.from({ length: found.from.length / 2 }, (_, i) => found.from.slice(2 * i, 2 * i + 2).join()),
    );
    expect(expected.map((point) => point.join()).filter((point) => there.has(point))).toEqual([...there]);
    expect(there.size).toBeGreaterThan(0.9 * expected.length);
    expect(found.to).toEqual(found.from); // nothing moves
  });

  it.each([
    [1.3, -0.7],
    [0.25, 0.1],
    [-9.6, 4.2],
  ])('follows a motion of (%f, %f) to a few hundredths of a pixel', (dx, dy) => {
    const tracks = trackPoints(waves(240, 180, 0, 0), waves(240, 180, dx, dy), 240, 180);
    const errors = displacements(tracks).map(([x, y]) => Math.hypot(x - dx, y - dy));
    expect(errors.length).toBeGreaterThan(60);
    expect(median(errors)).toBeLessThan(0.05);
    expect(errors.filter((error) => error > 0.5).length).toBeLessThan(0.03 * errors.length);
  });

  it('follows a motion of more than its window, coarse to fine, over a picture with detail of all sizes', () => {
    const scene = {
      width: 400,
      height: 300,
      side: 0,
      at: [0, 0],
      speed: [0, 0],
      turnDegrees: 0,
      noise: 1,
      seed: 2,
    } as const;
    const pan = { ...scene, pan: [-23.5, 14] } as const; // the picture goes the other way
    const errors = (levels: number): number[] =>
      displacements(trackPoints(renderScene(pan, 0), renderScene(pan, 1), 400, 300, { levels })).map(([x, y]) =>
        Math.hypot(x - 23.5, y + 14),
      );
    expect(errors(4).length).toBeGreaterThan(200);
    expect(median(errors(4))).toBeLessThan(0.15);
    expect(errors(4).filter((error) => error > 1).length).toBeLessThan(0.03 * errors(4).length);
    expect(errors(1).length).toBeLessThan(0.5 * errors(4).length); // without a pyramid they do not come back
  });

  it('is what a slow rewrite in doubles gives', () => {
    const [a, b] = [waves(160, 120, 0, 0, 3), waves(160, 120, 2.4, -1.6, 3)];
    const tracks = trackPoints(a, b, 160, 120, { levels: 1, mostCorners: 60 });
    let compared = 0;
    for (let i = 0; i < tracks.from.length; i += 2) {
      const slow = followSlowly(a, b, 160, 120, [tracks.from[i]!, tracks.from[i + 1]!]);
      if (!slow) continue;
      expect(tracks.to[i]!).toBeCloseTo(slow[0], 1);
      expect(Math.hypot(tracks.to[i]! - slow[0], tracks.to[i + 1]! - slow[1])).toBeLessThan(0.03);
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
  });

  it('agrees with the Lucas–Kanade tracker of OpenCV', () => {
    const [a, b] = [waves(240, 180, 0, 0, 5), waves(240, 180, 3.3, 1.9, 5)];
    const tracks = trackPoints(a, b, 240, 180, { mostCorners: 200 });
    const theirs = opencvFollow(a, b, 240, 180, tracks.from);
    const gaps = Array.from({ length: tracks.to.length / 2 }, (_, i) =>
      Math.hypot(tracks.to[2 * i]! - theirs[2 * i]!, tracks.to[2 * i + 1]! - theirs[2 * i + 1]!),
    );
    expect(gaps.length).toBeGreaterThan(80);
    expect(median(gaps)).toBeLessThan(0.03);
  });

  it('drops points that do not come back: what is new, and what has left', () => {
    const [a, b] = [waves(200, 150, 0, 0), waves(200, 150, 0, 0)];
    const other = waves(200, 150, 0, 0, 77);
    for (let y = 40; y < 110; y++) b.set(other.subarray(y * 200 + 60, y * 200 + 140), y * 200 + 60);
    const { from } = trackPoints(a, b, 200, 150);
    const inside = Array.from({ length: from.length / 2 }, (_, i) => [from[2 * i]!, from[2 * i + 1]!] as const).filter(
      ([x, y]) => x >= 70 && x < 130 && y >= 50 && y < 100,
    );
    expect(inside.length).toBeLessThan(0.02 * from.length);
    const gone = trackPoints(waves(200, 150, 0, 0), waves(200, 150, 30, 0), 200, 150);
    for (let i = 0; i < gone.to.length; i += 2) expect(gone.to[i]!).toBeLessThanOrEqual(199);
  });

  it('looks for corners only where it is told to, and keeps them apart', () => {
    const picture = waves(200, 150, 0, 0);
    const { from } = trackPoints(picture, picture, 200, 150, {
      area: { x: 50, y: 30, width: 60, height: 70 },
      minDistance: 9,
    });
    expect(from.length / 2).toBeGreaterThan(10);
    for (let i = 0; i < from.length; i += 2) {
      expect(from[i]! >= 50 && from[i]! < 110 && from[i + 1]! >= 30 && from[i + 1]! < 100).toBe(true);
      for (let k = 0; k < i; k += 2) {
        expect(Math.hypot(from[i]! - from[k]!, from[i + 1]! - from[k + 1]!)).toBeGreaterThanOrEqual(9);
      }
    }
  });

  it('gives the same bytes whatever was asked before, and nothing of a flat picture', () => {
    const [a, b] = [waves(120, 90, 0, 0), waves(120, 90, 1, 1)];
    const first = trackPoints(a, b, 120, 90);
    trackPoints(waves(300, 200, 0, 0, 9), waves(300, 200, 5, 5, 9), 300, 200);
    const again = trackPoints(a, b, 120, 90);
    expect(Buffer.from(again.to.buffer).equals(Buffer.from(first.to.buffer))).toBe(true);
    expect(first.from.length).toBeGreaterThan(0);
    const flat = new Uint8Array(120 * 90).fill(90);
    expect(trackPoints(flat, flat, 120, 90)).toMatchObject({ corners: 0 });
    expect(trackPoints(new Uint8Array(9 * 7), new Uint8Array(9 * 7), 9, 7).from.length).toBe(0);
  });

  it('refuses pictures of another size than stated', () => {
    expect(() => trackPoints(new Uint8Array(10), new Uint8Array(12), 4, 3)).toThrow(/4×3 has 12 bytes of luma, got 10/);
    const huge = new Uint8Array(5000 * 2000);
    expect(() => trackPoints(huge, huge, 5000, 2000)).toThrow(/5000×2000 is too large/);
  });
});

/** What we call of OpenCV for this second opinion alone. */
interface OpencvPoints {
  readonly CV_32FC2: number;
  readonly Size: new (width: number, height: number) => object;
  readonly TermCriteria: new (type: number, count: number, epsilon: number) => object;
  calcOpticalFlowPyrLK(a: Mat, b: Mat, from: Mat, to: Mat, status: Mat, error: Mat, ...rest: unknown[]): void;
}

function opencvFollow(a: Uint8Array, b: Uint8Array, width: number, height: number, points: Float32Array): Float32Array {
  loadOpencv();
  return withMats((hold, opencv) => {
    const cv = opencv as typeof opencv & OpencvPoints;
    const mat = (...size: [number, number, number] | []): Mat => hold(new cv.Mat(...size) as Mat & NativeObject);
    const [first, second] = [mat(height, width, cv.CV_8UC1), mat(height, width, cv.CV_8UC1)];
    const [from, to, status, error] = [mat(points.length / 2, 1, cv.CV_32FC2), mat(), mat(), mat()];
    first.data.set(a);
    second.data.set(b);
    from.data32F.set(points);
    const stop = new cv.TermCriteria(3, 30, 0.01);
    cv.calcOpticalFlowPyrLK(first, second, from, to, status, error, new cv.Size(21, 21), 3, stop);
    return to.data32F.slice();
  });
}
