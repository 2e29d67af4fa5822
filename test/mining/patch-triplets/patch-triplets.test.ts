import { describe, expect, it } from 'vitest';
import { createRandom, type Box, type Fields } from '../../../src/core/index.js';
import { patchTripletsConfig } from '../../../src/mining/patch-triplets/config.js';
import { cutPatch } from '../../../src/mining/patch-triplets/patch.js';
import type { patchTripletsSample } from '../../../src/mining/patch-triplets/sample.js';
import { decodeImage } from '../../../src/vision/index.js';
import { digestOf, type Reel } from '../fakes.js';
import { filmSize, mineFilm, targetFilm, type Film } from './films.js';

type Triplet = Fields<typeof patchTripletsSample>;

function boxesOf({ boxes }: Triplet): readonly [Box, Box] {
  const at = (i: number): Box => ({ x: boxes[i]!, y: boxes[i + 1]!, width: boxes[i + 2]!, height: boxes[i + 3]! });
  return [at(0), at(4)];
}

const centre = ({ x, y, width, height }: Box): [number, number] => [x + width / 2, y + height / 2];

async function codesOf(reel: Reel, settings: object = {}): Promise<Readonly<Record<string, number>>> {
  const units = await mineFilm(reel, settings);
  expect(units.flatMap(({ samples }) => samples)).toEqual([]);
  return Object.fromEntries(
    units.flatMap(({ rejections }) => Object.entries(rejections).map(([k, v]) => [k, v.count])),
  );
}

describe('patch-triplets', () => {
  it('gives two views of what moves by itself, also when the camera pans', async () => {
    for (const pan of [0, 1.5]) {
      const film = targetFilm('film', { panX: (i) => pan * i });
      const [unit] = await mineFilm(film);
      expect(unit!.samples.length).toBe(1);
      const fields = unit!.samples[0]!.fields as unknown as Triplet;
      const [first, last] = fields.frames;
      boxesOf(fields).forEach((box, i) => {
        const truth = film.box(i === 0 ? first! : last!);
        // The box is larger than the square: it holds it whole, and keeps its place on it.
        expect(box.x <= truth.x + 3 && box.x + box.width >= truth.x + truth.width - 3).toBe(true);
        expect(box.y <= truth.y + 3 && box.y + box.height >= truth.y + truth.height - 3).toBe(true);
      });
      const [a, b] = boxesOf(fields).map(centre) as [[number, number], [number, number]];
      expect(Math.hypot(b[0] - a[0] - 2 * 30, b[1] - a[1] - 30)).toBeLessThan(4);
      expect(last! - first!).toBe(30);
      expect(fields.trackBoxes.length).toBe(4 * 31);
      expect(fields.trackPsr.length).toBe(30);
      expect(unit!.samples[0]!.provenance.pts).toEqual([first! * 24, last! * 24]);
      expect([...fields.trackPts].map(Number)).toEqual(Array.from({ length: 31 }, (_, i) => (first! + i) * 24));
      expect(fields.movingPoints / fields.points).toBeCloseTo(fields.movingFraction, 6);
      expect(fields.movingInBox).toBeGreaterThan(0.9 * fields.movingPoints);
      // 2 pixels right and 1 down, less the camera, in pixels of a picture twice the size.
      expect(fields.medianResidual).toBeCloseTo(2 * Math.hypot(2 - pan, 1), 0);
      expect(fields.homography[2]).toBeCloseTo(pan, 0);
      expect(fields.framesPerSecond).toBe(25);
      expect([...fields.frameSize]).toEqual([224, 300]);
    }
  });

  it('mines a picture that stands upright as one that lies: its short side is the measure', async () => {
    const upright = (size: number): Film => ({
      ...targetFilm('film', {
        width: size * 3,
        height: size * 4,
        size: size * 1.2,
        x: (i) => size * (1.2 + i / 50),
        y: (i) => size * (1.5 + i / 60),
      }),
      width: size * 3,
      height: size * 4,
    });
    // Mined as it is, so that the box stands for the 243 pixels that it would have in 480×640.
    const film = upright(80);
    const [unit] = await mineFilm(film, { frameWidth: 240, frameHeight: 320 });
    expect(unit!.samples.length).toBe(1);
    const fields = unit!.samples[0]!.fields as unknown as Triplet;
    expect([...fields.frameSize]).toEqual([320, 240]);
    const side = Math.round((227 * 240) / 448);
    boxesOf(fields).forEach((box, i) => {
      const truth = film.box(fields.frames[i]!);
      expect([box.width, box.height]).toEqual([side, side]);
      expect(box.x <= truth.x + 3 && box.x + box.width >= truth.x + truth.width - 3).toBe(true);
      expect(box.y <= truth.y + 3 && box.y + box.height >= truth.y + truth.height - 3).toBe(true);
      expect(box.y + box.height <= 320 && box.x + box.width <= 240).toBe(true);
    });
    expect(fields.flags & 1).toBe(0);
  });

  it('stores the patches of the boxes, as sharp as JPEG allows', async () => {
    const film = targetFilm('film');
    const fields = (await mineFilm(film))[0]!.samples[0]!.fields as unknown as Triplet;
    const [, box] = boxesOf(fields);
    const frame = { data: film.frame(fields.frames[1]!), ...filmSize, pts: 0 };
    const expected = cutPatch(frame, box, 227);
    const { data, width, height } = await decodeImage(fields.patches[1]!);
    expect([width, height]).toEqual([227, 227]);
    const error = data.reduce((sum, value, i) => sum + Math.abs(value - expected[i]!), 0) / data.length;
    expect(error).toBeLessThan(4);
  });

  it('gives the same bytes for the same seed', async () => {
    const film = targetFilm('film', { frames: 80, x: (i) => 100 + i, y: (i) => 80 + (i % 40) });
    const run = async (): Promise<string> => digestOf((await mineFilm(film)).flatMap(({ samples }) => samples));
    expect(await run()).toBe(await run());
  });

  it('labels by video and by group of the benchmark', async () => {
    const entry = { key: 'a/b', label: 0, className: 'a', group: 'g07', roles: [] };
    const labelled = (id: string, group: string | null): Promise<Triplet> =>
      mineFilm({
        ...targetFilm(id),
        ...(group === null ? {} : { source: { benchmarks: { ucf101: [{ ...entry, group }] } } }),
      }).then((units) => units[0]!.samples[0]!.fields as unknown as Triplet);
    const [a, b, c] = await Promise.all([labelled('a', 'g07'), labelled('b', 'g07'), labelled('c', null)]);
    expect(a.group).toBe('ucf101/g07');
    expect(c.group).toBe('c');
    expect(new Set([a.label, b.label, c.label]).size).toBe(3);
    expect(a.groupLabel).toBe(b.groupLabel);
    expect(a.groupLabel).not.toBe(c.groupLabel);
  });

  it('takes no more than the budget of a video, whichever comes first in time', async () => {
    const swing = (i: number): number => 110 + 60 * Math.abs(((i / 40) % 2) - 1);
    const film = targetFilm('film', { frames: 130, x: swing, y: (i) => 100 + 10 * Math.sin(i / 9) });
    const all = (await mineFilm(film))[0]!.samples;
    expect(all.length).toBeGreaterThanOrEqual(2);
    const [unit] = await mineFilm(film, { pairsPerVideo: 1 });
    expect(unit!.samples.length).toBe(1);
    expect(unit!.rejections['budget']!.count).toBe(all.length - 1);
  });
});

describe('what patch-triplets refuses', () => {
  it('few-moving: a camera that pans over a scene in which nothing moves', async () => {
    const film = targetFilm('film', { isVisible: () => false, panX: (i) => 2 * i });
    expect(Object.keys(await codesOf(film))).toEqual(['few-moving']);
  });

  it('no-camera-model: pictures that have nothing in common', async () => {
    const film = targetFilm('film');
    const noise = (i: number): Uint8Array => {
      const random = createRandom(i);
      return Uint8Array.from({ length: film.width * film.height * 3 }, () => random.int(64)); // under what counts as a cut
    };
    expect(Object.keys(await codesOf({ ...film, frame: noise }))).toEqual(['no-camera-model']);
  });

  it('background-moves: a thing so large that the camera is taken to follow it', async () => {
    const film = targetFilm('film', { size: 190, x: (i) => 140 + i, y: () => 112 });
    expect(Object.keys(await codesOf(film))).toEqual(['background-moves']);
  });

  it('no-compact-motion: what moves does not fit into the box', async () => {
    expect(Object.keys(await codesOf(targetFilm('film'), { boxSize: 60 }))).toEqual(['no-compact-motion']);
  });

  it('lost: a thing that vanishes', async () => {
    const codes = await codesOf(targetFilm('film', { isVisible: (i) => i < 15 }));
    expect(codes['lost']).toBe(1);
  });

  it('left-frame: a thing that goes out of the picture', async () => {
    const codes = await codesOf(targetFilm('film', { x: (i) => 195 + 2.6 * i }));
    expect(codes['left-frame']).toBe(1);
  });

  it('scale-jump: a thing that comes near, where changes of size are followed', async () => {
    const film = targetFilm('film', { x: () => 150, y: (i) => 100 + i / 2, scale: (i) => 1 + i / 50 });
    expect((await mineFilm(film))[0]!.samples.length).toBe(1);
    const codes = await codesOf(film, { scaleSearch: true, areaChange: 1.4 });
    expect(codes['scale-jump']).toBe(1);
  });

  it('static-pair: two patches that show the same', async () => {
    const codes = await codesOf(targetFilm('film', { size: 100 }), {
      boxSize: 120,
      leastShareInBox: 0.2,
      staticCorrelation: 0.8,
    });
    expect(codes['static-pair']).toBe(1);
  });

  it('blank: patches without contrast', async () => {
    expect((await codesOf(targetFilm('film'), { blankDeviation: 120 }))['blank']).toBe(1);
  });

  it('low-texture: a box with less detail than the others of its shot', async () => {
    const film = targetFilm('film');
    const plain = { ...film, frame: (i: number) => smoothed(film.frame(i), film.box(i)) };
    expect((await mineFilm(film))[0]!.samples.length).toBe(1);
    expect(await codesOf(plain, { fewMoving: 0.02, texturePercentile: 90 })).toEqual({ 'low-texture': 1 });
  });

  it('cut: a track into which another take is cut', async () => {
    const film = targetFilm('film');
    const cut = {
      ...film,
      frame: (i: number) => (i < 15 ? film.frame(i) : film.frame(i).map((value) => 255 - value / 2)),
    };
    expect((await codesOf(cut))['cut']).toBe(1);
  });

  it('too-short: a shot that no track fits into', async () => {
    expect(await codesOf(targetFilm('film', { frames: 20 }))).toEqual({ 'too-short': 1 });
  });

  it('a rate of frames that starts do not divide', () => {
    expect(() => patchTripletsConfig.parse({ framesPerSecond: 25, startsPerSecond: 4 })).toThrow(/whole multiple/);
  });
});

/** Halves the contrast in a box. */
function smoothed(rgb: Uint8Array, { x, y, width, height }: Box): Uint8Array {
  return rgb.map((value, i) => {
    const [px, py] = [Math.floor(i / 3) % filmSize.width, Math.floor(i / 3 / filmSize.width)];
    const inside = px >= x && py >= y && px < x + width && py < y + height;
    return inside ? 128 + (value - 128) * 0.8 : value;
  });
}
