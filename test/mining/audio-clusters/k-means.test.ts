import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../../src/core/index.js';
import { principalComponents } from '../../../src/mining/audio-clusters/components.js';
import { kMeans, PointSet } from '../../../src/mining/audio-clusters/k-means.js';

const options = { restarts: 4, rounds: 100, tolerance: 0 };

/** Points around planted centres, and which each is of. */
function planted(clusters: number, dimensions: number, each: number, random: Random, spread = 1) {
  const centres = Array.from({ length: clusters * dimensions }, () => 3 * random.normal());
  const truth = Array.from({ length: clusters * each }, (_, p) => p % clusters);
  const points = Float32Array.from(
    { length: truth.length * dimensions },
    (_, i) => centres[truth[Math.floor(i / dimensions)]! * dimensions + (i % dimensions)]! + spread * random.normal(),
  );
  return { points, truth };
}

/** Mutual information of two labellings over the root of the product of their entropies. */
function normalizedInformation(a: readonly number[], b: ArrayLike<number>): number {
  const count = (keys: readonly (number | string)[]): Map<number | string, number> => {
    const out = new Map<number | string, number>();
    for (const key of keys) out.set(key, (out.get(key) ?? 0) + 1 / keys.length);
    return out;
  };
  const [pa, pb, joint] = [count(a), count(Array.from(b)), count(a.map((x, i) => `${x} ${b[i]}`))];
  const entropy = (p: ReturnType<typeof count>): number => [...p.values()].reduce((h, v) => h - v * Math.log(v), 0);
  return (entropy(pa) + entropy(pb) - entropy(joint)) / Math.sqrt(entropy(pa) * entropy(pb));
}

/** Lloyd's rounds in plain float64, from centres that are given. */
function slowLloyd(
  points: Float32Array,
  dimensions: number,
  centres: number[][],
): { labels: number[]; inertia: number } {
  const rows = Array.from({ length: points.length / dimensions }, (_, p) => [
    ...points.subarray(p * dimensions, (p + 1) * dimensions),
  ]);
  const distance = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, v, d) => sum + (v - b[d]!) ** 2, 0);
  let labels: number[] = [];
  for (let round = 0; round < 200; round++) {
    const next = rows.map((row) => {
      const all = centres.map((centre) => distance(row, centre));
      return all.indexOf(Math.min(...all));
    });
    if (next.join() === labels.join()) break;
    labels = next;
    centres.forEach((centre, c) => {
      const own = rows.filter((_, p) => labels[p] === c);
      for (let d = 0; d < dimensions; d++) centre[d] = own.reduce((sum, row) => sum + row[d]!, 0) / own.length;
    });
  }
  return { labels, inertia: rows.reduce((sum, row, p) => sum + distance(row, centres[labels[p]!]!), 0) };
}

describe('k-means', () => {
  it('finds what a slow version finds from the planted centres, on 200 points in 3 clusters', async () => {
    const { points, truth } = planted(3, 4, 67, createRandom(1), 0.5);
    const found = await kMeans(new PointSet(points, 4, 3), { ...options, clusters: 3, random: createRandom(2) });
    const starts = [0, 1, 2].map((c) => [...points.subarray(4 * c, 4 * c + 4)]);
    const slow = slowLloyd(points, 4, starts);
    expect(normalizedInformation(slow.labels, found.labels)).toBeCloseTo(1, 9);
    expect(normalizedInformation(truth, found.labels)).toBeGreaterThan(0.9);
    expect(found.inertia / slow.inertia).toBeCloseTo(1, 5);
  });

  it('measures distances as they are, with odd numbers of points and more than one group of centres', () => {
    const random = createRandom(3);
    const points = Float32Array.from({ length: 131 * 6 }, () => random.normal());
    const centres = Float32Array.from({ length: 19 * 6 }, () => random.normal());
    let seen = 0;
    new PointSet(points, 6, 19).distances(centres, (first, count, squared) => {
      for (let p = 0; p < count; p++) {
        for (let c = 0; c < 19; c++) {
          let sum = 0;
          for (let d = 0; d < 6; d++) sum += (points[(first + p) * 6 + d]! - centres[c * 6 + d]!) ** 2;
          expect(squared[p * 19 + c]).toBeCloseTo(sum, 4);
        }
      }
      seen += count;
    });
    expect(seen).toBe(131);
    expect(() => new PointSet(new Float32Array(9), 3, 2)).toThrow(/even/);
  });

  it('never rises, gives the same for the same seed, and ends where each centre is the mean of its points', async () => {
    const { points } = planted(8, 10, 60, createRandom(4), 2);
    const run = () => kMeans(new PointSet(points, 10, 8), { ...options, clusters: 8, random: createRandom(5) });
    const [found, again] = [await run(), await run()];
    expect(again).toEqual(found);
    found.history.slice(1).forEach((inertia, i) => expect(inertia).toBeLessThanOrEqual(found.history[i]! * (1 + 1e-6)));
    for (let c = 0; c < 8; c++) {
      const own = [...found.labels.keys()].filter((p) => found.labels[p] === c);
      for (let d = 0; d < 10; d++) {
        const mean = own.reduce((sum, p) => sum + points[p * 10 + d]!, 0) / own.length;
        expect(found.centres[c * 10 + d]).toBeCloseTo(mean, 4);
      }
    }
  });

  it('finds planted clusters, most of the time from one beginning alone', async () => {
    const scores: number[] = [];
    for (const seed of [1, 2, 3]) {
      const { points, truth } = planted(30, 20, 40, createRandom(seed), 1);
      const set = new PointSet(points, 20, 30);
      const found = await kMeans(set, { ...options, restarts: 1, clusters: 30, random: createRandom(seed) });
      scores.push(normalizedInformation(truth, found.labels));
    }
    for (const score of scores) expect(score).toBeGreaterThan(0.9);
  });

  it('gives no more clusters than there are different points', async () => {
    const points = Float32Array.from(
      { length: 40 },
      (_, i) => [1, 2, 5, 9][Math.floor(i / 2) % 2 === 0 ? i % 2 : 2 + (i % 2)]!,
    );
    const found = await kMeans(new PointSet(points, 2, 7), { ...options, clusters: 7, random: createRandom(6) });
    expect(found.centres).toHaveLength(2 * 2);
    expect(found.inertia).toBeCloseTo(0, 9);
    const one = await kMeans(new PointSet(new Float32Array(20), 2, 7), {
      ...options,
      clusters: 7,
      random: createRandom(6),
    });
    expect([...one.labels]).toEqual(Array(10).fill(0));
  });
});

describe('principal components', () => {
  it('are the directions that points were stretched along, most stretched first', () => {
    const random = createRandom(7);
    const count = 4000;
    const axes = [
      [0.6, 0.8, 0, 0],
      [-0.8, 0.6, 0, 0],
      [0, 0, 1, 0],
    ];
    const stretch = [5, 2, 1];
    const rows = new Float32Array(count * 4);
    for (let p = 0; p < count; p++) {
      axes.forEach((axis, n) => {
        const along = stretch[n]! * random.normal();
        axis.forEach((value, d) => (rows[4 * p + d]! += value * along));
      });
    }
    const found = principalComponents(rows, 4, 4, random);
    expect(found).toHaveLength(3 * 4); // nothing varies along the fourth
    axes.forEach((axis, n) => {
      const along = axis.reduce((sum, value, d) => sum + value * found[4 * n + d]!, 0);
      expect(Math.abs(along)).toBeGreaterThan(0.99);
    });
    for (let n = 0; n < 3; n++) {
      const own = [...found.subarray(4 * n, 4 * n + 4)];
      expect(own.reduce((most, v) => (Math.abs(v) > Math.abs(most) ? v : most), 0)).toBeGreaterThan(0);
    }
  });
});
