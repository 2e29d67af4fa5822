import { describe, expect, it } from 'vitest';
import { maskEstimator } from '../../../src/mining/motion-masks/estimate.js';
import { motionMasksConfig } from '../../../src/mining/motion-masks/config.js';
import { chainCamera, comparePair, findCamera } from '../../../src/mining/motion-masks/camera.js';
import miner from '../../../src/mining/motion-masks/index.js';
import { overlap } from '../../../src/mining/motion-masks/mask.js';
import { createRandom, type Sample } from '../../../src/core/index.js';
import { decodeImage, estimateCameraMotion, toLuma, trackPoints } from '../../../src/vision/index.js';
import type { motionMasksSample } from '../../../src/mining/motion-masks/sample.js';
import { makeMoverFilm, meanOf, mineFilm, scanFilm, usualFilm } from './films.js';

const config = motionMasksConfig.parse({});
const film = makeMoverFilm(usualFilm);
const scanned = scanFilm(film);
const meanJ = (frames: typeof scanned, of = film) =>
  meanOf(frames, ({ foreground, tag }) => overlap(foreground.mask, of.mask(tag)));

describe('the motion of a camera that pans, zooms and rolls', () => {
  it('is found to 0.3 pixels at the corners, in one step and in three', () => {
    const pictures = [4, 5, 6, 7].map((i) => ({ luma: toLuma(film.frame(i)), width: film.width, height: film.height }));
    const steps = [0, 1, 2].map((i) => findCamera(pictures[i]!, pictures[i + 1]!, config, createRandom(i)));
    for (const [camera, truth] of [
      [steps[0]!, film.homography(4, 5)],
      [chainCamera(steps, false), film.homography(4, 7)],
      [chainCamera(steps, true), film.homography(7, 4)],
    ] as const) {
      for (const [x, y] of [
        [0, 0],
        [255, 0],
        [0, 143],
        [255, 143],
      ] as const) {
        const at = (h: Float64Array) => {
          const w = h[6]! * x + h[7]! * y + h[8]!;
          return [(h[0]! * x + h[1]! * y + h[2]!) / w, (h[3]! * x + h[4]! * y + h[5]!) / w] as const;
        };
        const [found, right] = [at(camera.homography!), at(truth)];
        expect(Math.hypot(found[0] - right[0], found[1] - right[1])).toBeLessThan(camera === steps[0] ? 0.3 : 0.5);
      }
    }
  });

  it('explains nine corners in ten of what is not the disc, and hardly one of the disc', () => {
    for (const i of [2, 4, 8]) {
      const [first, second] = [film.frame(i), film.frame(i + 1)].map((frame) => toLuma(frame)) as [
        Uint8Array,
        Uint8Array,
      ];
      const { corners, cornerQuality, cornerDistance, roundTrip, cameraThreshold } = config;
      const { from, to } = trackPoints(first, second, film.width, film.height, {
        ...{ mostCorners: corners, quality: cornerQuality, minDistance: cornerDistance },
        ...{ maxRoundTrip: roundTrip, levels: 4 },
      });
      const options = { threshold: cameraThreshold, leastPoints: 12, leastInliers: 0.15, mostDraws: 2000 };
      const camera = estimateCameraMotion(from, to, { ...options, random: createRandom(i) })!;
      const mask = film.mask(i);
      const [on, off]: [number[], number[]] = [[], []];
      camera.inliers.forEach((value, k) => {
        const at = Math.round(from[2 * k + 1]!) * film.width + Math.round(from[2 * k]!);
        (mask[at] ? on : off).push(value);
      });
      expect(on.length).toBeGreaterThan(10);
      expect(meanOf(off, Number)).toBeGreaterThan(0.9);
      expect(meanOf(on, Number)).toBeLessThan(0.1);
    }
  });

  it('taken off leaves the background still and a thing its own speed', () => {
    const pictures = [8, 9].map((i) => ({ luma: toLuma(film.frame(i)), width: film.width, height: film.height }));
    const camera = findCamera(pictures[0]!, pictures[1]!, config, createRandom(1));
    const { residual, valid } = comparePair(pictures[0]!, pictures[1]!, camera);
    const mask = film.mask(8);
    const [inside, outside]: [number[], number[]] = [[], []];
    mask.forEach((value, i) => {
      if (valid[i]) (value ? inside : outside).push(Math.hypot(residual[2 * i]!, residual[2 * i + 1]!));
    });
    const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
    expect(median(outside)).toBeLessThan(0.15);
    expect(median(inside) / film.relativeSpeed(8)).toBeGreaterThan(0.85);
    expect(median(inside) / film.relativeSpeed(8)).toBeLessThan(1.15);
  });
});

describe('the mask of a mover', () => {
  it('covers a disc of a tenth of the picture', () => {
    expect(scanned.length).toBe(9);
    expect(meanJ(scanned)).toBeGreaterThan(0.75);
  });

  it('holds while the light rises and falls by a tenth', () => {
    const lit = makeMoverFilm({ ...usualFilm, brightness: (i) => (i % 2 === 0 ? 0.95 : 1.05) });
    expect(meanJ(scanFilm(lit), lit)).toBeGreaterThan(meanJ(scanned) - 0.1);
  });

  it('takes in two movers', () => {
    const two = makeMoverFilm({
      ...usualFilm,
      things: [
        { outline: 'disc', radius: 26, from: [75, 72], velocity: [-0.5, 0] },
        { outline: 4, radius: 28, from: [185, 72], velocity: [0, 0.6] },
      ],
    });
    const frames = scanFilm(two);
    expect(meanJ(frames, two)).toBeGreaterThan(0.65);
    for (const x of [70, 185]) {
      const hits = frames.filter(({ foreground: { mask } }) => mask[74 * 256 + x] === 1).length;
      expect(hits).toBeGreaterThan(0.7 * frames.length);
    }
  });

  it('is the same when time runs backwards', () => {
    const order = [...Array(17).keys()];
    const there = scanFilm(film, {}, order);
    const back = scanFilm(film, {}, order.reverse());
    there.forEach(({ foreground }, i) =>
      expect(overlap(foreground.mask, back[back.length - 1 - i]!.foreground.mask)).toBeGreaterThan(0.9),
    );
  });
});

describe('mining masks', () => {
  it('refuses every frame of a pure pan, for want of motion', async () => {
    const { samples, rejections } = await mineFilm(makeMoverFilm({ ...usualFilm, things: [] }));
    expect(samples).toEqual([]);
    expect(Object.keys(rejections)).toEqual(['no-motion']);
  });

  it('says that a shot is too short', async () => {
    const { samples, rejections } = await mineFilm(makeMoverFilm({ ...usualFilm, frames: 6 }));
    expect(samples).toEqual([]);
    expect(Object.keys(rejections)).toEqual(['too-short']);
  });

  it('gives records whose mask is the truth, at stored size, and draws them', async () => {
    const { samples } = await mineFilm(film, { storeVotes: true, secondsApart: 0.2 });
    expect(samples.length).toBeGreaterThanOrEqual(2);
    for (const sample of samples as unknown as readonly Sample<typeof motionMasksSample>[]) {
      const { fields } = sample;
      const { data, width, height, channels } = await decodeImage(fields.mask);
      expect([channels, width, height]).toEqual([1, film.width, film.height]);
      const known = data.filter((value) => value !== 128).length / data.length;
      expect(known).toBeGreaterThan(0.7);
      const truth = film.mask(fields.frame);
      const wrong = data.filter((value, i) => value !== 128 && value !== 255 * truth[i]!).length;
      expect(wrong / data.length).toBeLessThan(0.03);
      expect(fields.agreement).toBeGreaterThanOrEqual(0.6);
      expect(fields.gaps.length).toBe(fields.inliers.length);
      expect(fields.homography.length).toBe(9 * fields.gaps.length);
      expect(fields.scale).toBe(1);
      const drawn = await miner.draw!(sample, { config, video: null });
      const pictures = 'pictures' in drawn ? drawn.pictures : drawn;
      expect(pictures.length).toBe(2);
      const [plain, over] = pictures as readonly { readonly data: Uint8Array }[];
      const tinted = data.findIndex((value) => value === 255);
      expect(over!.data[3 * tinted]).toBe((plain!.data[3 * tinted]! + 255) >> 1);
    }
  });
});

describe('the estimate that is scored', () => {
  it('gives every second frame a mask of its own size, and marks what the miner would keep', async () => {
    async function* frames() {
      for (let i = 0; i < 14; i++)
        yield { data: film.frame(i), width: film.width, height: film.height, channels: 3 as const, seconds: i / 24 };
    }
    const found = await maskEstimator.run(frames(), config);
    expect(found.map((each) => each !== null)).toEqual(Array.from({ length: 14 }, (_, i) => i % 2 === 0));
    const given = found.flatMap((each, i) => (each ? [{ ...each, i }] : []));
    expect(meanOf(given, ({ mask, i }) => overlap(mask, film.mask(i)))).toBeGreaterThan(0.7);
    expect(given.some(({ isKept }) => isKept)).toBe(true);
    for (const { rivals, mask } of given) expect(rivals!['saliency']!.length).toBe(mask.length);
  });
});
