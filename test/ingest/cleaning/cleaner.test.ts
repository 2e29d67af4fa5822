import { describe, expect, it } from 'vitest';
import { createRandom, type Frame, type Shot } from '../../../src/core/index.js';
import { borderView, coveredShare, createCleaner, maskCells, type CleaningResult } from '../../../src/ingest/index.js';
import { resizeRgb, toLuma } from '../../../src/vision/index.js';

const size = { width: 320, height: 240 };
const timeBase = [1, 25] as const;
type Painter = (i: number) => Uint8Array;

/** What a cleaner says of frames painted at full size, decoded as a probe would. */
function clean(frames: number, paint: Painter, cuts: readonly number[] = []): CleaningResult {
  const cleaner = createCleaner({ ...size, timeBase });
  expect(borderView(size)).toMatchObject({ ...size, channels: 1, fps: 2 });
  for (let pts = 0; pts < frames; pts++) {
    const data = paint(pts);
    const small: Frame = { data: resizeRgb(data, size.width, size.height, 64, 48), width: 64, height: 48, pts };
    cleaner.pushSmall(small);
    if (pts % 12 === 0) cleaner.pushBorder({ data: toLuma(data), ...size, pts });
  }
  const bounds = [0, ...cuts, frames];
  const shots = bounds.slice(1).map((endPts, index): Shot => ({ index, startPts: bounds[index]!, endPts, crop: null }));
  return cleaner.finish(shots);
}

/** A textured ground, larger than the picture. */
const ground = (() => {
  const random = createRandom(3);
  return resizeRgb(
    Uint8Array.from({ length: 40 * 20 * 3 }, () => 60 + random.int(160)),
    40,
    20,
    1280,
    480,
  );
})();

/** What a camera sees at (x, y); `tint` makes scenes differ. */
function look(x: number, y = 0, tint = 0): Uint8Array {
  const out = new Uint8Array(size.width * size.height * 3);
  for (let row = 0; row < size.height; row++) {
    const at = ((row + y) * 1280 + Math.round(x)) * 3;
    out.set(ground.subarray(at, at + size.width * 3), row * size.width * 3);
  }
  return tint === 0 ? out : out.map((value) => Math.max(0, Math.min(255, value + tint)));
}

function fill(data: Uint8Array, box: readonly [number, number, number, number], colour: readonly number[]): Uint8Array {
  for (let y = box[1]; y < box[1] + box[3]; y++)
    for (let x = box[0]; x < box[0] + box[2]; x++) data.set(colour, (y * size.width + x) * 3);
  return data;
}

const black = [16, 16, 16];

describe('letterboxes', () => {
  it('are found to the pixel in each shot by itself, and full pictures are left whole', () => {
    const { shots } = clean(
      150,
      (i) => {
        const picture = look(i * 2);
        if (i < 50) return fill(fill(picture, [0, 0, 320, 31], black), [0, 208, 320, 32], black);
        return i < 100 ? picture : fill(fill(picture, [0, 0, 40, 240], black), [281, 0, 39, 240], black);
      },
      [50, 100],
    );
    expect(shots.map(({ crop }) => crop)).toEqual([
      { x: 0, y: 31, width: 320, height: 177 },
      null,
      { x: 40, y: 0, width: 241, height: 240 },
    ]);
  });

  it('are not seen in a dark scene that grows light by and by towards its middle', () => {
    const { shots } = clean(50, () => {
      const out = new Uint8Array(size.width * size.height * 3);
      for (let y = 0; y < size.height; y++)
        out.fill(Math.max(8, 90 - Math.abs(y - 170)), y * size.width * 3, (y + 1) * size.width * 3);
      return out;
    });
    expect(shots[0]!.crop).toBeNull();
  });
});

describe('scores', () => {
  it('tell black from content, and stills from motion, shot by shot', () => {
    const result = clean(
      150,
      (i) => (i < 50 ? new Uint8Array(size.width * size.height * 3).fill(16) : look(i < 100 ? 300 : i * 3)),
      [50, 100],
    );
    expect(result.shots.map(({ scores }) => scores!.black)).toEqual([1, 0, 0]);
    expect(result.scores.black).toBeCloseTo(1 / 3, 4);
    expect(result.scores.slideshow).toBeCloseTo(2 / 3, 4);
    expect(result.shots[1]!.scores).toMatchObject({ motion: 0, change: 0 });
    expect(result.shots[2]!.scores!.motion).toBeGreaterThan(2);
    expect(result.shots[2]!.scores!.change).toBeGreaterThan(20);
    expect(result.still).toBeGreaterThan(0.6);
  });

  it('give a head that nods before a wall much more than a camera that pans, and a wall alone nothing', () => {
    const head = clean(120, (i) =>
      fill(look(300), [130, 60 + Math.round(15 * Math.sin(i / 4)), 60, 90], [220, 180, 150]),
    );
    expect(head.scores.talkingHead).toBeGreaterThan(0.6);
    expect(clean(120, (i) => look(i * 3)).scores.talkingHead).toBeLessThan(0.05);
    expect(clean(120, () => look(300)).scores.talkingHead).toBe(0);
    const across = clean(120, (i) => fill(look(300), [(i * 4) % 260, 60, 60, 90], [220, 180, 150]));
    expect(across.scores.talkingHead).toBeLessThan(head.scores.talkingHead - 0.2);
  });
});

describe('overlays', () => {
  const cellOf = (x: number, y: number) => Math.floor((y * 24) / 240) * 32 + Math.floor((x * 32) / 320);

  it('are a logo that stays while the camera pans', () => {
    const { overlay, scores } = clean(200, (i) =>
      fill(fill(look(i * 4), [20, 20, 40, 30], [250, 250, 250]), [32, 28, 16, 14], [10, 10, 10]),
    );
    expect(maskCells(overlay!)[cellOf(30, 25)]).toBe(1);
    expect(scores.overlay).toBe(Math.round(coveredShare(overlay) * 1e4) / 1e4);
    expect(scores.overlay).toBeLessThan(0.05);
    const elsewhere = maskCells(overlay!).filter((bit, cell) => bit === 1 && (cell % 32 > 8 || cell > 24 * 8));
    expect(elsewhere).toHaveLength(0);
  });

  it('are subtitles that come and go', () => {
    const { overlay } = clean(250, (i) => {
      const picture = look(300 + i, 0, -50);
      if (i % 100 < 60) for (let k = 0; k < 30; k++) fill(picture, [85 + k * 5, 200, 2, 14], [255, 255, 255]);
      if (i % 100 < 60) for (let k = 0; k < 30; k++) fill(picture, [87 + k * 5, 200, 3, 14], [0, 0, 0]);
      return picture;
    });
    const cells = maskCells(overlay!);
    expect(cells[cellOf(160, 205)]).toBe(1);
    expect(cells[cellOf(160, 100)]).toBe(0);
  });

  it('are none in a plain pan, nor where nothing changes', () => {
    expect(clean(200, (i) => look(i * 4)).overlay).toBeNull();
    expect(clean(200, () => look(300)).overlay).toBeNull();
  });
});
