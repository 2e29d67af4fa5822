import { describe, expect, it } from 'vitest';
import { createRandom, type Random, type VideoSource } from '../../../src/core/index.js';
import {
  createFingerprinter,
  duplicatesConfig,
  findDuplicates,
  matchFingerprints,
  mirrorFingerprint,
  readFingerprint,
  searchDuplicates,
} from '../../../src/ingest/index.js';
import { mirrorStructure, resizeRgb, structureHash } from '../../../src/vision/index.js';

const [width, height] = [64, 48];
const config = duplicatesConfig.parse({});
const whole = { x: 0, y: 0, width: 1, height: 1 };

/** A scene that is never the same twice: a few soft patches that wander. */
function painter(random: Random): (tick: number) => Uint8Array {
  const patches = Array.from({ length: 6 }, () => [0, 1, 2, 3, 4, 5].map(() => random.float()));
  return (tick) => {
    const out = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let value = 60;
        for (const [px, py, vx, vy, size, level] of patches as [number, number, number, number, number, number][]) {
          const cx = width * (0.5 + 0.45 * Math.sin(6.3 * px + tick * (0.02 + 0.06 * vx)));
          const cy = height * (0.5 + 0.45 * Math.sin(6.3 * py + tick * (0.02 + 0.06 * vy)));
          const far = ((x - cx) ** 2 + (y - cy) ** 2) / (60 + 240 * size);
          value += (level * 200) / (1 + far * far);
        }
        out[y * width + x] = Math.min(255, value);
      }
    }
    return out;
  };
}

type Change = (picture: Uint8Array, i: number) => Uint8Array;

function fingerprint(
  paint: (tick: number) => Uint8Array,
  [from, to]: readonly [number, number],
  change: Change = (it) => it,
  content = whole,
) {
  const maker = createFingerprinter(() => content);
  for (let tick = from; tick < to; tick++) maker.push(change(paint(tick), tick), width, height, tick - from);
  return maker.finish();
}

const mirror: Change = (picture) => picture.map((_, i) => picture[i - (i % width) + width - 1 - (i % width)]!);
const boxed: Change = (picture) => {
  const out = new Uint8Array(width * height).fill(16);
  out.set(resizeRgb(picture, width, height, width, 36, 1), 6 * width);
  return out;
};
const noise = createRandom(77);
const coarse: Change = (picture) =>
  resizeRgb(resizeRgb(picture, width, height, 24, 18, 1), 24, 18, width, height, 1).map((value) =>
    Math.max(0, Math.min(255, Math.round(value * 0.9) + noise.int(9) - 4)),
  );

describe('the hash of a picture', () => {
  it('of its mirror image follows from its own, and pictures that differ differ in about half of the bits', () => {
    const random = createRandom(4);
    let different = 0;
    for (let n = 0; n < 20; n++) {
      const [a, b] = [0, 1].map(() => Float64Array.from({ length: 1024 }, () => random.float()));
      const mirrored = a!.map((_, i) => a![i - (i % 32) + 31 - (i % 32)]!);
      expect(mirrorStructure(structureHash(a!))).toEqual(structureHash(mirrored));
      const [x, y] = [structureHash(a!), structureHash(b!)];
      for (let bit = 0; bit < 64; bit++) different += ((x[bit >> 5]! ^ y[bit >> 5]!) >>> (bit & 31)) & 1;
    }
    expect(different / 20).toBeGreaterThan(27);
    expect(different / 20).toBeLessThan(37);
  });

  it('has the signs that a plain DCT has', () => {
    const random = createRandom(6);
    const values = Float64Array.from({ length: 1024 }, () => random.float());
    const plain = (u: number, v: number) =>
      values.reduce((sum, value, i) => {
        const [x, y] = [i % 32, Math.floor(i / 32)];
        return sum + value * Math.cos((Math.PI * (2 * x + 1) * u) / 64) * Math.cos((Math.PI * (2 * y + 1) * v) / 64);
      }, 0);
    const [low] = structureHash(values);
    const lowest = [
      [1, 0],
      [0, 1],
      [2, 0],
      [1, 1],
      [0, 2],
    ] as const; // by sum, then the more across
    lowest.forEach(([u, v], bit) => expect((low >>> bit) & 1).toBe(plain(u, v) > 0 ? 1 : 0));
  });
});

describe('fingerprints', () => {
  const paint = painter(createRandom(1));
  const print = (text: string) => readFingerprint(text);
  const original = print(fingerprint(paint, [0, 80]));

  it('match a trimmed, a coarse, a letterboxed and a mirrored copy, and say how far they are shifted', () => {
    const trimmed = matchFingerprints(original, print(fingerprint(paint, [20, 60])), [20], config);
    expect(trimmed).toMatchObject({ overlapSeconds: 5 });
    expect(trimmed!.distance).toBeLessThan(1);
    expect(matchFingerprints(original, print(fingerprint(paint, [20, 60])), [-20], config)).toBeNull();
    expect(matchFingerprints(original, print(fingerprint(paint, [0, 80], coarse)), [0], config)!.distance).toBeLessThan(
      6,
    );
    const inside = { x: 0, y: 6 / 48, width: 1, height: 36 / 48 };
    expect(
      matchFingerprints(original, print(fingerprint(paint, [0, 80], boxed, inside)), [0], config)!.distance,
    ).toBeLessThan(6);
    const mirrored = print(fingerprint(paint, [0, 80], mirror));
    expect(matchFingerprints(original, mirrored, [0], config)).toBeNull();
    expect(matchFingerprints(original, mirrorFingerprint(mirrored), [0], config)!.distance).toBeLessThan(1);
  });

  it('do not match another time of the same scene, nor less than the overlap asked for', () => {
    expect(matchFingerprints(original, print(fingerprint(paint, [200, 280])), [0], config)).toBeNull();
    const half = print(fingerprint(paint, [60, 140]));
    expect(matchFingerprints(original, half, [60], config)).toBeNull();
    expect(matchFingerprints(original, half, [60], { ...config, minOverlap: 0.2 })).not.toBeNull();
  });

  it('stay small however long the video is, and still match what was trimmed off', () => {
    const busy = painter(createRandom(2));
    const cheap = (tick: number) => busy(tick * 7);
    const long = print(fingerprint(cheap, [0, 1500]));
    expect(long.ticks.length).toBeLessThanOrEqual(1024);
    const part = print(fingerprint(cheap, [500, 1300]));
    expect(matchFingerprints(long, part, [500], config)).toMatchObject({
      overlapSeconds: expect.closeTo(100, 0) as number,
    });
    expect(part.ticks.length).toBeGreaterThan(100);
  });
});

describe('the search', () => {
  const random = createRandom(9);
  const paints = Array.from({ length: 40 }, (_, n) => painter(random.fork(n)));
  const videos = paints.flatMap((paint, n) => [
    { fingerprint: fingerprint(paint, [0, 24]) },
    ...(n < 10 ? [{ fingerprint: fingerprint(paint, [4, 24], n % 2 ? mirror : coarse) }] : []),
  ]);

  it('finds the pairs that comparing everything finds, and compares few', () => {
    const { pairs, compared } = searchDuplicates(videos, config);
    expect(pairs.map(({ a, b }) => [a, b])).toEqual(Array.from({ length: 10 }, (_, n) => [2 * n, 2 * n + 1]));
    expect(pairs.map(({ mirrored }) => mirrored)).toEqual(Array.from({ length: 10 }, (_, n) => n % 2 === 1));
    expect(compared).toBeLessThan((videos.length * (videos.length - 1)) / 8);
  });

  it('between two lists finds the same, and nothing within one', () => {
    const [firsts, copies] = [
      videos.slice(0, 20).filter((_, i) => i % 2 === 0),
      videos.slice(0, 20).filter((_, i) => i % 2 === 1),
    ];
    expect(searchDuplicates(firsts, config, copies).pairs.map(({ a, b }) => [a, b])).toEqual(
      Array.from({ length: 10 }, (_, n) => [n, n]),
    );
    expect(searchDuplicates(firsts, config, videos.slice(20)).pairs).toEqual([]);
  });

  const source = (id: string, print: string, more: Partial<VideoSource> = {}) =>
    ({
      ...{ id, fingerprint: print, kind: 'file', bytes: 1000, paths: [`${id}.mp4`], benchmarks: {} },
      video: { durationSeconds: 3, width: 320, height: 240 },
      shots: [{ index: 0, startPts: 0, endPts: 1, crop: null }],
      ...more,
    }) as VideoSource;
  const [one, copy, other] = [videos[0]!, videos[1]!, videos[2]!].map((it) => it.fingerprint) as [
    string,
    string,
    string,
  ];

  it('keeps the longer copy, then the larger picture inside its letterbox, then the larger file', () => {
    const kept = (a: Partial<VideoSource>, b: Partial<VideoSource>) =>
      findDuplicates([source('a', one, a), source('b', copy, b), source('c', other)], config).sources.map(
        ({ id }) => id,
      );
    expect(kept({ video: { durationSeconds: 4, width: 10, height: 10 } as never }, { bytes: 9000 })).toEqual([
      'a',
      'c',
    ]);
    expect(kept({}, { video: { durationSeconds: 3, width: 640, height: 480 } as never })).toEqual(['b', 'c']);
    const crop = { x: 0, y: 0, width: 320, height: 180 };
    expect(kept({ shots: [{ index: 0, startPts: 0, endPts: 1, crop }], bytes: 9000 }, {})).toEqual(['b', 'c']);
    expect(kept({ bytes: 9000 }, {})).toEqual(['a', 'c']);
  });

  it('only reports copies in official benchmarks, of generated videos, and where it is told so', () => {
    const find = (b: Partial<VideoSource>, near: 'drop' | 'report' | 'off' = 'drop') =>
      findDuplicates([source('a', one), source('b', copy, b)], { ...config, near });
    expect(find({}).duplicates).toMatchObject([{ source: 'b', kept: 'a', kind: 'near', path: 'b.mp4', dropped: true }]);
    expect(find({}, 'report')).toMatchObject({ sources: [{ id: 'a' }, { id: 'b' }], duplicates: [{ dropped: false }] });
    expect(find({}, 'off').duplicates).toEqual([]);
    const listed = findDuplicates(
      [source('a', one, { benchmarks: { ucf101: [] } }), source('b', copy, { benchmarks: { ucf101: [] } })],
      config,
    );
    expect(listed).toMatchObject({
      sources: [{ id: 'a' }, { id: 'b' }],
      duplicates: [{ source: 'b', dropped: false }],
    });
    // The clip of the benchmark stays, whatever the quality of its copy.
    expect(find({ benchmarks: { ucf101: [] }, bytes: 1 }).sources.map(({ id }) => id)).toEqual(['b']);
    expect(
      findDuplicates([source('a', one, { kind: 'synthetic' }), source('b', copy, { kind: 'synthetic' })], config)
        .sources,
    ).toHaveLength(2);
  });
});
