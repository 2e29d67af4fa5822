import { describe, expect, it } from 'vitest';
import { createRandom, type Box } from '../../../src/core/index.js';
import { insideShare, sceneArea } from '../../../src/mining/patch-triplets/area.js';
import { findBestBox } from '../../../src/mining/patch-triplets/best-box.js';
import { planShot } from '../../../src/mining/patch-triplets/budget.js';
import { patchTripletsConfig } from '../../../src/mining/patch-triplets/config.js';
import { createFrameWatch } from '../../../src/mining/patch-triplets/frame-watch.js';
import { judgeMotion, type PointMotion } from '../../../src/mining/patch-triplets/moving-points.js';
import { cutPatch, isBlank, similarityOf } from '../../../src/mining/patch-triplets/patch.js';
import { measureTexture, textureOf, texturesOver } from '../../../src/mining/patch-triplets/texture.js';
import { movingReel, sourceOf } from '../fakes.js';

const config = patchTripletsConfig.parse({});

describe('findBestBox', () => {
  /** Every place, by definition: most points, then nearest to their mean, then uppermost, then leftmost. */
  function slowly(points: Float32Array, side: number, area: Box): { box: Box; points: number } {
    let best = { count: 0, distance: Infinity, x: Math.ceil(area.x), y: Math.ceil(area.y) };
    for (let y = Math.ceil(area.y); y + side <= area.y + area.height; y++) {
      for (let x = Math.ceil(area.x); x + side <= area.x + area.width; x++) {
        const inside: [number, number][] = [];
        for (let i = 0; i < points.length; i += 2) {
          const [px, py] = [points[i]!, points[i + 1]!];
          if (px >= x && py >= y && px < x + side && py < y + side) inside.push([px, py]);
        }
        if (inside.length === 0) continue;
        const mean = (k: 0 | 1): number =>
          inside.reduce((sum, point) => sum + Math.round(16 * (point[k] - Math.ceil(k === 0 ? area.x : area.y))), 0) /
          inside.length;
        const dx = mean(0) - 16 * (x - Math.ceil(area.x) + side / 2);
        const dy = mean(1) - 16 * (y - Math.ceil(area.y) + side / 2);
        const distance = dx * dx + dy * dy;
        if (inside.length > best.count || (inside.length === best.count && distance < best.distance)) {
          best = { count: inside.length, distance, x, y };
        }
      }
    }
    return { box: { x: best.x, y: best.y, width: side, height: side }, points: best.count };
  }

  it('is what trying every place gives, on random points', () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = createRandom(seed);
      const area = {
        x: random.float() * 4,
        y: random.float() * 4,
        width: 40 + random.int(9),
        height: 30 + random.int(9),
      };
      const cluster = random.float() < 0.5 ? 8 : 44;
      const points = Float32Array.from({ length: 2 * (1 + random.int(30)) }, () => 4 + cluster * random.float());
      const side = 5 + random.int(20);
      const found = findBestBox(points, side, area)!;
      expect(found, `seed ${seed}`).toEqual(slowly(points, side, area));
      expect(insideShare(found.box, area)).toBe(1);
    }
  });

  it('stands around a single point, and of equals uppermost and leftmost', () => {
    expect(findBestBox(Float32Array.of(20.5, 15.5), 9, { x: 0, y: 0, width: 40, height: 30 })!.box).toMatchObject({
      x: 16,
      y: 11,
    });
    // The point in the middle between two places each way.
    expect(findBestBox(Float32Array.of(20, 15), 9, { x: 0, y: 0, width: 40, height: 30 })!.box).toMatchObject({
      x: 15,
      y: 10,
    });
    expect(findBestBox(Float32Array.of(1, 1), 9, { x: 0, y: 0, width: 8, height: 30 })).toBeNull();
  });
});

describe('judgeMotion', () => {
  const motion: PointMotion = {
    points: 100,
    moving: new Float32Array(80),
    movingFraction: 0.4,
    borderFraction: 0,
    inlierFraction: 0.6,
    medianResidual: 2,
    homography: new Float64Array(9),
  };

  it('names the first gate that refuses', () => {
    expect(judgeMotion(motion, config)).toBeNull();
    expect(judgeMotion(null, config)).toBe('no-camera-model');
    expect(judgeMotion({ ...motion, movingFraction: 0.24 }, config)).toBe('few-moving');
    expect(judgeMotion({ ...motion, movingFraction: 0.25 }, config)).toBeNull();
    expect(judgeMotion({ ...motion, movingFraction: 0.75 }, config)).toBeNull();
    expect(judgeMotion({ ...motion, movingFraction: 0.76 }, config)).toBe('many-moving');
    expect(judgeMotion({ ...motion, borderFraction: 0.61 }, config)).toBe('background-moves');
    expect(judgeMotion({ ...motion, movingFraction: 0.8, borderFraction: 0.61 }, config)).toBe('background-moves');
  });
});

describe('createFrameWatch', () => {
  const flat = (value: number): Uint8Array => new Uint8Array(64 * 48).fill(value);

  it('tells cuts from large but usual jumps, and repeats from new frames', () => {
    const watch = createFrameWatch(config);
    expect([10, 12, 12, 14, 60, 62].map((value) => watch(flat(value), 64))).toEqual([
      'next',
      'next',
      'same',
      'next',
      'cut',
      'next',
    ]);
    const restless = createFrameWatch(config);
    [0, 20, 0, 20, 0, 20].forEach((value) => restless(flat(value), 64));
    expect(restless(flat(60), 64)).toBe('next'); // twice the usual 20, though above cutDifference
    expect(restless(flat(200), 64)).toBe('cut');
  });
});

describe('texture', () => {
  it('is the mean energy of the cells of a box, by hand', () => {
    // A ramp of 3 levels a pixel to the right: every difference over two pixels is 6; 4×4 of the 8×8 pixels are looked at.
    const [width, height] = [64, 32];
    const ramp = Uint8Array.from({ length: width * height }, (_, i) => 3 * (i % width));
    const map = measureTexture(ramp, width, height);
    expect(textureOf(map, { x: 8, y: 8, width: 16, height: 16 })).toBe(16 * 36);
    const flat = measureTexture(new Uint8Array(width * height), width, height);
    expect(texturesOver(flat, 16, { x: 0, y: 0, width, height })).toEqual(Array.from({ length: 7 * 3 }, () => 0));
  });
});

describe('patches', () => {
  const [width, height] = [20, 14];
  const frame = {
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + (i % 11) * 13) % 256),
    width,
    height,
    pts: 0,
  };
  const pixel = (x: number, y: number, c: number): number => frame.data[3 * (y * width + x) + c]!;

  it('are the very pixels where the box stands on them', () => {
    const patch = cutPatch(frame, { x: 5, y: 4, width: 6, height: 6 }, 6);
    for (let i = 0; i < patch.length; i++) {
      const at = Math.floor(i / 3);
      expect(patch[i]).toBe(pixel(5 + (at % 6), 4 + Math.floor(at / 6), i % 3));
    }
  });

  it('are mixed half and half where it stands between them, and repeat the edge beyond it', () => {
    const patch = cutPatch(frame, { x: 5.5, y: 4, width: 2, height: 2 }, 2);
    expect(patch[0]).toBe(Math.floor((pixel(5, 4, 0) + pixel(6, 4, 0)) / 2 + 0.5));
    const outside = cutPatch(frame, { x: -4, y: -4, width: 4, height: 4 }, 4);
    for (let i = 0; i < outside.length; i++) expect(outside[i]).toBe(pixel(0, 0, i % 3));
  });

  it('correlate 1 with themselves and with a brighter copy, -1 with the negative, 0 with a flat one', () => {
    const random = createRandom(4);
    const a = Uint8Array.from({ length: 64 * 64 * 3 }, () => 60 + random.int(100));
    expect(similarityOf(a, a, 64)).toBeCloseTo(1, 12);
    expect(
      similarityOf(
        a,
        a.map((value) => value + 50),
        64,
      ),
    ).toBeCloseTo(1, 3);
    expect(
      similarityOf(
        a,
        a.map((value) => 255 - value),
        64,
      ),
    ).toBeCloseTo(-1, 2);
    expect(similarityOf(a, new Uint8Array(a.length), 64)).toBe(0);
    const b = Uint8Array.from({ length: a.length }, () => 60 + random.int(100));
    expect(Math.abs(similarityOf(a, b, 64))).toBeLessThan(0.15);
    expect(similarityOf(a, b, 64)).toBe(similarityOf(b, a, 64));
  });

  it('are blank where nothing varies, or where black borders fill most', () => {
    const limits = { blankDeviation: 8, blackBorder: 0.6 };
    const filled = (value: (x: number, y: number) => number): Uint8Array =>
      Uint8Array.from({ length: 30 * 30 * 3 }, (_, i) => value(Math.floor(i / 3) % 30, Math.floor(i / 90)));
    expect(
      isBlank(
        filled(() => 120),
        30,
        limits,
      ),
    ).toBe(true);
    expect(
      isBlank(
        filled((x) => 120 + (x % 2 === 0 ? 7 : -7)),
        30,
        limits,
      ),
    ).toBe(true);
    expect(
      isBlank(
        filled((x) => 120 + (x % 2 === 0 ? 9 : -9)),
        30,
        limits,
      ),
    ).toBe(false);
    const bordered = (rows: number): Uint8Array => filled((x, y) => (y < rows ? 3 : 40 + 6 * x));
    expect(isBlank(bordered(18), 30, limits)).toBe(false); // exactly 60 %
    expect(isBlank(bordered(19), 30, limits)).toBe(true);
  });
});

describe('sceneArea', () => {
  it('is the picture inside the letterbox, and scales lengths by its short side', () => {
    const source = sourceOf(movingReel('film', { width: 640, height: 480 }));
    const shot = source.shots[0]!;
    const frame = { data: new Uint8Array(0), width: 320, height: 240, pts: 0 };
    expect(sceneArea(source, shot, frame)).toEqual({
      box: { x: 0, y: 0, width: 320, height: 240 },
      unit: 240 / 448,
      toDisplay: [2, 2],
    });
    const crop = { x: 0, y: 60, width: 640, height: 360 };
    expect(sceneArea(source, { ...shot, crop }, frame)).toMatchObject({
      box: { x: 0, y: 30, width: 320, height: 180 },
      unit: 180 / 448,
    });
  });
});

describe('planShot', () => {
  const plan = (frames: number, cuts: readonly number[], settings: object = {}, seed = 1) => {
    const source = sourceOf(movingReel('film', { frames, cuts }));
    const settled = patchTripletsConfig.parse(settings);
    return source.shots.map((shot) => ({ shot, plan: planShot(source, shot, settled, createRandom(seed)) }));
  };

  it('leaves out shots in which no track fits', () => {
    expect(plan(30, [])[0]!.plan).toBeNull();
    expect(plan(31, [])[0]!.plan).toMatchObject({ pairs: 40, windows: [{ startPts: 0, endPts: 24 }] });
  });

  it('shares a video’s budget by length, exactly', () => {
    const shares = plan(400, [100, 120], { pairsPerVideo: 19 }).map((entry) => entry.plan?.pairs ?? null);
    expect(shares).toEqual([5, null, 14]);
  });

  it('opens windows that do not overlap, lie in the shot and leave room for a track', () => {
    for (let seed = 0; seed < 20; seed++) {
      for (const { shot, plan: made } of plan(900, [333], { pairsPerVideo: 2, tracksPerPair: 3 }, seed)) {
        const { windows, pairs } = made!;
        expect(windows.length).toBeLessThanOrEqual(3 * pairs);
        windows.forEach(({ startPts, endPts }, i) => {
          expect(startPts >= (windows[i - 1]?.endPts ?? shot.startPts)).toBe(true);
          expect(endPts > startPts && endPts + 720 <= shot.endPts).toBe(true);
        });
      }
    }
    const chosen = (seed: number): string =>
      JSON.stringify(plan(3000, [], { pairsPerVideo: 3 }, seed)[0]!.plan!.windows);
    expect(chosen(1)).toBe(chosen(1));
    expect(chosen(1)).not.toBe(chosen(2));
  });
});
