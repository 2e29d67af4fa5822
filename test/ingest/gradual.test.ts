import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createRandom, packageRoot } from '../../src/core/index.js';
import { createShotDetector, importStamp, shotConfig, shotsBetween, type FoundShots } from '../../src/ingest/index.js';
import { importCuts } from '../../src/ingest/shots-import.js';
import { createTransitionFilm } from '../../src/synthetic/index.js';
import { resizeRgb } from '../../src/vision/index.js';

const built = existsSync(join(packageRoot(), 'dist', 'ingest', 'kernels', 'pictures.wasm'));
const [width, height] = [64, 48];

function detect(pictures: readonly Uint8Array[], config: object = {}): FoundShots {
  const detector = createShotDetector(shotConfig.parse(config));
  pictures.forEach((data, pts) => detector.push({ data, width, height, pts }));
  return detector.finish();
}

function scene(seed: number): Uint8Array {
  const random = createRandom(seed);
  return resizeRgb(
    Uint8Array.from({ length: 12 * 9 * 3 }, () => random.int(256)),
    12,
    9,
    width,
    height,
  );
}

/** Frames of one scene, then so many that mix it with the next, and so on. */
function film(scenes: readonly Uint8Array[], still: number, mixed: number): Uint8Array[] {
  return scenes.flatMap((picture, n) => {
    const next = scenes[n + 1];
    const own = new Array<Uint8Array>(still).fill(picture);
    if (!next) return own;
    const mixture = (share: number) => picture.map((value, i) => Math.round(value + (next[i]! - value) * share));
    return [...own, ...Array.from({ length: mixed }, (_, i) => mixture((i + 1) / (mixed + 1)))];
  });
}

const dark = new Uint8Array(width * height * 3);

describe.skipIf(!built)('gradual transitions (need npm run build)', () => {
  it.each([8, 20, 40])('find a dissolve of %i frames where it is, and leave its frames out of the shots', (mixed) => {
    const found = detect(film([scene(1), scene(2)], 50, mixed));
    expect(found).toMatchObject({ cuts: [], gradual: [{ kind: 'dissolve' }] });
    const { startPts, endPts } = found.gradual[0]!;
    expect(Math.abs(startPts - 50)).toBeLessThanOrEqual(2);
    expect(Math.abs(endPts - 50 - mixed)).toBeLessThanOrEqual(2);
    expect(shotsBetween(found, { startPts: 0, endPts: 100 + mixed })).toEqual([
      { index: 0, startPts: 0, endPts: startPts, crop: null },
      { index: 1, startPts: endPts, endPts: 100 + mixed, crop: null },
    ]);
  });

  it('make one transition of a fade out and in, and none of one at the beginning or the end', () => {
    const { cuts, gradual } = detect(film([scene(3), dark, scene(4)], 40, 15));
    expect(cuts).toEqual([]);
    expect(gradual).toMatchObject([{ kind: 'fade' }]);
    expect(Math.abs((gradual[0]!.startPts + gradual[0]!.endPts) / 2 - 75)).toBeLessThanOrEqual(3);
    expect(detect(film([dark, scene(5), dark], 40, 15))).toEqual({ cuts: [], gradual: [] });
  });

  it('are none where a title appears, where the light changes, and where they are turned off', () => {
    const titled = scene(6).map((value, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return x > 20 && x < 44 && y > 16 && y < 28 ? 255 : value;
    });
    const bright = scene(6).map((value) => Math.min(255, Math.round(40 + value * 0.8)));
    for (const other of [titled, bright])
      expect(detect(film([scene(6), other, scene(6)], 40, 20))).toEqual({ cuts: [], gradual: [] });
    expect(detect(film([scene(1), scene(2)], 50, 20), { gradual: false }).gradual).toEqual([]);
  });

  it('and cuts are found in generated films with flashes and pans: F1 of at least 0.85', () => {
    let [right, wrong, missed] = [0, 0, 0];
    for (const seed of [501, 502, 503]) {
      const made = createTransitionFilm({ seed, takes: 8, width: 160, height: 120 });
      const pictures = Array.from({ length: made.frameCount }, (_, i) =>
        resizeRgb(made.frame(i), 160, 120, width, height),
      );
      const { cuts, gradual } = detect(pictures);
      const left = [...cuts, ...gradual.map(({ startPts, endPts }) => (startPts + endPts) / 2)];
      for (const { start, end } of made.boundaries) {
        const at = left.findIndex((middle) => middle >= start - 2 && middle <= end + 2);
        if (at < 0) missed++;
        else {
          right++;
          left.splice(at, 1);
        }
      }
      wrong += left.length;
    }
    expect((2 * right) / (2 * right + wrong + missed)).toBeGreaterThanOrEqual(0.85);
  });
});

it('a generated film has the boundaries that it names', () => {
  const made = createTransitionFilm({ seed: 7, takes: 6, width: 64, height: 48 });
  expect(made.boundaries).toHaveLength(5);
  const apart = (a: number, b: number) => {
    const [x, y] = [made.frame(a), made.frame(b)];
    return x.reduce((sum, value, i) => sum + Math.abs(value - y[i]!), 0) / x.length;
  };
  for (const { kind, start, end } of made.boundaries) {
    if (kind !== 'cut') expect(end - start).toBeGreaterThanOrEqual(8);
    else expect(end).toBe(start);
    expect(apart(start - 1, end)).toBeGreaterThan(15);
    if (kind === 'cut') expect(apart(start - 1, start)).toBeGreaterThan(15);
  }
  expect(made.frame(made.frameCount - 1)).toHaveLength(64 * 48 * 3);
});

describe('cut lists', () => {
  const dir = mkdtempSync(join(tmpdir(), 'reelmine-cuts-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const video = {
    pts: Array.from({ length: 200 }, (_, i) => 1000 + i * 3003),
    timeBase: [1, 90_000] as const,
    averageRate: 90_000 / 3003,
  };
  const framesOf = (list: string, text: string, place: string | null = 'beside') => {
    writeFileSync(join(dir, list), text);
    const found = importCuts(join(dir, 'clip.mp4'), { import: place }, video);
    rmSync(join(dir, list));
    return (
      found && {
        cuts: found.cuts.map((pts) => (pts - 1000) / 3003),
        gradual: found.gradual.map((it) => (it.startPts - 1000) / 3003),
      }
    );
  };

  it.each([
    ['seconds without a head line', 'clip.cuts.csv', `0\n${(40 * 3003) / 90_000}\n`, [40]],
    ['frames', 'clip.cuts.csv', 'frame,note\n0,a\n50,b\n120,c\n', [50, 120]],
    [
      'the list that PySceneDetect writes',
      'clip-Scenes.csv',
      'Timecode List:,00:00:02.000\nScene Number,Start Frame,Start Timecode,Start Time (seconds),End Frame\n1,1,00:00:00.000,0.000,60\n2,61,00:00:02.002,2.002,200\n',
      [60],
    ],
    [
      'an edit decision list whose record times begin at one hour',
      'clip.edl',
      'TITLE: x\nFCM: NON-DROP FRAME\n\n001  AX V C 00:00:00:00 00:00:01:10 01:00:00:00 01:00:01:10\n002  AX V C 00:00:01:10 00:00:03:00 01:00:01:10 01:00:03:00\n',
      [40],
    ],
  ])('are read: %s', (_, list, text, cuts) => {
    expect(framesOf(list, text)).toEqual({ cuts, gradual: [] });
  });

  it('give dissolves of an edit decision list as such', () => {
    const text =
      '001 AX V C 00:00:00:00 00:00:01:10 00:00:00:00 00:00:01:10\n002 AX V D 020 00:00:01:10 00:00:03:00 00:00:01:10 00:00:03:00\n';
    expect(framesOf('clip.cuts.edl', text)).toEqual({ cuts: [], gradual: [40] });
  });

  it('take no notice of sound in an edit decision list, and of a dissolve in two lines once', () => {
    const text = [
      '001 AX V C 00:00:00:00 00:00:01:10 00:00:00:00 00:00:01:10',
      '002 AX A C 00:00:00:00 00:00:00:20 00:00:00:20 00:00:01:10',
      '002 AX A2 C 00:00:00:00 00:00:00:20 00:00:00:25 00:00:01:10',
      '003 AX V C 00:00:01:10 00:00:01:10 00:00:01:10 00:00:01:10',
      '003 BX V D 020 00:00:01:10 00:00:03:00 00:00:01:10 00:00:03:00',
      '004 CX B C 00:00:00:00 00:00:02:00 00:00:03:00 00:00:05:00',
    ];
    expect(framesOf('clip.edl', text.join('\n'))).toEqual({ cuts: [90], gradual: [40] });
  });

  it('are looked for only where asked, in a folder under the plain name too, and change their stamp', () => {
    expect(framesOf('clip.cuts.csv', 'frame\n50\n', null)).toBeNull();
    expect(framesOf('clip.csv', 'frame\n50\n')).toBeNull();
    expect(framesOf('clip.csv', 'frame\n50\n', dir)).toEqual({ cuts: [50], gradual: [] });
    expect(importStamp(join(dir, 'clip.mp4'), { import: 'beside' })).toBeNull();
    writeFileSync(join(dir, 'clip.edl'), 'a');
    const before = importStamp(join(dir, 'clip.mp4'), { import: 'beside' });
    writeFileSync(join(dir, 'clip.edl'), 'b');
    expect(importStamp(join(dir, 'clip.mp4'), { import: 'beside' })).not.toBe(before);
    rmSync(join(dir, 'clip.edl'));
  });

  it('are refused with file and line where they cannot be read', () => {
    expect(() => framesOf('clip.cuts.csv', 'frame\n50\nx\n')).toThrow(/clip\.cuts\.csv, line 3/);
    rmSync(join(dir, 'clip.cuts.csv'), { force: true });
    expect(() => framesOf('clip.edl', '001 AX V C 00:00 00:01\n')).toThrow(/clip\.edl, line 1/);
  });
});
