import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { distractorsOf, rank, type Query } from '../../src/eval/track-retrieval/score.js';
import { orientedGradients, shrink, trivialFeatures } from '../../src/eval/videos/trivial-features.js';

const queries: Query[] = [
  { key: 'a/0/0', source: 'a', label: 1, groupLabel: 10 },
  { key: 'a/0/1', source: 'a', label: 1, groupLabel: 10 },
  { key: 'b/0/0', source: 'b', label: 2, groupLabel: 10 },
  { key: 'c/0/0', source: 'c', label: 3, groupLabel: 11 },
];
const vectors = (...angles: number[]) =>
  angles.map((degrees) =>
    Float32Array.of(3 * Math.cos((degrees * Math.PI) / 180), 3 * Math.sin((degrees * Math.PI) / 180)),
  );

describe('the distractors of a track', () => {
  it('are of another video and another group, and of the pool', () => {
    expect(distractorsOf(queries, [0, 1, 2, 3])).toEqual([[3], [3], [3], [0, 1, 2]]);
    expect(distractorsOf(queries, [1, 2])).toEqual([[], [], [], [1, 2]]);
  });
});

describe('the rank of a right patch', () => {
  it('is what the hand counts', () => {
    const features = { first: vectors(0, 0, 0, 90), last: vectors(10, 50, 30, 60) };
    const answers = rank(features, [[3], [], [3], [0, 1, 2]]);
    expect(answers[0]).toMatchObject({ isFirst: 1, fartherShare: 1, nearest: 3 });
    expect(answers[0]!.similarity).toBeCloseTo(Math.cos(Math.PI / 18), 6);
    expect(answers[1]).toBeNull();
    expect(answers[3]).toMatchObject({ isFirst: 1, fartherShare: 1, nearest: 1 });
    const worse = rank({ first: vectors(0, 0, 0, 90), last: vectors(10, 70, 30, 60) }, [[3], [3], [3], [0, 1, 2]]);
    expect(worse[1]).toMatchObject({ isFirst: 0, fartherShare: 0 });
    expect(worse[3]).toMatchObject({ isFirst: 0, fartherShare: 2 / 3, nearest: 1 });
  });

  it('is not the first where all are alike: nothing is won by a network that has collapsed', () => {
    const same = { first: vectors(5, 5, 5, 5), last: vectors(5, 5, 5, 5) };
    for (const answer of rank(same, [[3], [3], [3], [0, 1, 2]]))
      expect(answer).toMatchObject({ isFirst: 0, fartherShare: 0.5 });
    const zero = { first: [new Float32Array(2)], last: [new Float32Array(2)] };
    expect(rank(zero, [[0]])[0]!.similarity).toBe(0);
  });

  it('does not depend on the length of the features', () => {
    const random = createRandom('rank');
    const draw = () => Float32Array.from({ length: 6 }, () => random.normal());
    const features = { first: [draw(), draw()], last: [draw(), draw()] };
    const longer = { first: features.first.map((it) => it.map((v) => 7 * v)), last: features.last };
    const [a, b] = [features, longer].map((each) => rank(each, [[1], [0]]));
    a!.forEach((answer, i) => expect(b![i]!.similarity).toBeCloseTo(answer!.similarity, 5));
  });
});

describe('the trivial features', () => {
  const patch = (pixel: (x: number, y: number) => readonly [number, number, number], size = 64) =>
    Uint8Array.from(
      { length: size * size * 3 },
      (_, i) => pixel(Math.floor(i / 3) % size, Math.floor(i / 3 / size))[i % 3]!,
    );

  it('shrink by means, keep a plain picture plain at any size, and repeat pixels of a smaller one', () => {
    const checks = patch((x, y) => ((x + y) % 2 === 0 ? [100, 0, 20] : [200, 50, 20]));
    const small = shrink(checks, 64, 64);
    for (let i = 0; i < small.length; i += 3) expect([...small.subarray(i, i + 3)]).toEqual([150, 25, 20]);
    for (const size of [31, 47])
      for (const value of shrink(
        patch(() => [9, 9, 9], size),
        size,
        size,
      ))
        expect(value).toBeCloseTo(9, 4);
    expect(shrink(Uint8Array.of(1, 2, 3), 1, 1).slice(-3)).toEqual(Float32Array.of(1, 2, 3));
  });

  it('count colours in quarters of each channel', () => {
    const histogram = trivialFeatures['colour-histogram']!(
      patch((x) => (x < 16 ? [255, 0, 64] : [0, 0, 0])),
      64,
      64,
    );
    expect(histogram[3 * 16 + 0 + 1]).toBeCloseTo(0.25, 5);
    expect(histogram[0]).toBeCloseTo(0.75, 5);
  });

  it('see the direction of an edge, and no edge in a plain picture', () => {
    const strongest = (degrees: number) => {
      const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
      const ramp = Float32Array.from(
        { length: 32 * 32 * 3 },
        (_, i) => 2 * ((Math.floor(i / 3) % 32) * c + Math.floor(i / 96) * s),
      );
      const cell = orientedGradients(ramp).subarray(5 * 9, 6 * 9); // one inside: borders have half a difference
      return cell.indexOf(Math.max(...cell));
    };
    for (const degrees of [10, 50, 90, 130, 170]) expect(strongest(degrees)).toBe(Math.floor(degrees / 20));
    expect(strongest(190)).toBe(strongest(10)); // without sign
    expect([...orientedGradients(new Float32Array(32 * 32 * 3).fill(80))].every((value) => value === 0)).toBe(true);
  });
});
