import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Box, Frame, View } from '../../../src/core/index.js';
import { decoders, encodeVideo, ingestConfig, openVideo, probeFile } from '../../../src/ingest/index.js';
import { planView } from '../../../src/ingest/decoders/geometry.js';

const display = { width: 128, height: 96 };
const content: Box = { x: 24, y: 12, width: 80, height: 72 };
const turns = [0, 90, 180, 270] as const;
let dir = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-bars-'));
  for (const rotation of turns) {
    const turned = rotation % 180 !== 0;
    const [width, height] = turned ? [display.height, display.width] : [display.width, display.height];
    const frames = Array.from({ length: 25 }, (_, n) => turnBack(film(n), rotation));
    await encodeVideo(join(dir, `${rotation}.mp4`), { frames, width, height, fps: 25, quality: 8, rotation });
  }
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Brightness of a place in the content: red grows to the right, green downwards, blue flickers slowly. */
function colourAt(x: number, y: number, n: number): readonly [number, number, number] {
  return [90 + 150 * (x / content.width), 90 + 150 * (y / content.height), 120 + 3 * n];
}

function film(n: number): Uint8Array {
  const out = new Uint8Array(display.width * display.height * 3);
  for (let y = 0; y < content.height; y++)
    for (let x = 0; x < content.width; x++)
      out.set(
        colourAt(x, y, n).map((value) => Math.round(value)),
        ((content.y + y) * display.width + content.x + x) * 3,
      );
  return out;
}

/** What a player that turns the picture clockwise by `rotation` has to be given. */
function turnBack(picture: Uint8Array, rotation: number): Uint8Array {
  const { width, height } = display;
  const out = new Uint8Array(picture.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const to =
        rotation === 0
          ? y * width + x
          : rotation === 90
            ? (width - 1 - x) * height + y
            : rotation === 180
              ? (height - 1 - y) * width + width - 1 - x
              : x * height + height - 1 - y;
      out.set(picture.subarray((y * width + x) * 3, (y * width + x) * 3 + 3), to * 3);
    }
  return out;
}

/** How far a view is from the content alone, scaled to it: the largest difference of red or green, away from the scene's edge. */
function worst({ data, width, height }: Frame, shown: Box): number {
  let most = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = [((x + 0.5) * shown.width) / width + shown.x, ((y + 0.5) * shown.height) / height + shown.y] as const;
      const [red, green] = colourAt(at[0] - 0.5, at[1] - 0.5, 0);
      const i = (y * width + x) * 3;
      most = Math.max(most, Math.abs(data[i]! - red), Math.abs(data[i + 1]! - green));
    }
  return most;
}

const view = (width: number, height: number, fit: View['fit']): View => ({
  width,
  height,
  fit,
  fps: null,
  channels: 3,
  withoutBars: true,
});

describe.each(['libav', 'ffmpeg'])('views without bars, by %s', (name) => {
  it.each(turns)('show what the bars enclose and nothing of them, in a picture turned by %i°', async (rotation) => {
    const decoder = await decoders.load(name);
    const path = join(dir, `${rotation}.mp4`);
    const probed = await probeFile(path, decoder, { config: ingestConfig.parse({}) });
    expect(probed.shots[0]!.crop).toEqual(content);
    const source = { ...probed, paths: [path], licence: null, origin: null, metadata: {}, benchmarks: {} };
    const views = {
      whole: view(40, 36, 'stretch'),
      square: view(32, 32, 'cover'),
      wide: view(60, 20, 'contain'),
      asIs: { ...view(64, 48, 'stretch'), withoutBars: false },
    };
    for (const sequential of [false, true]) {
      const video = await openVideo(source, { corpusRoot: dir, decoder, views, sequential });
      const first = async (view: string): Promise<Frame> => {
        for await (const frame of video.frames(source.shots[0]!, view)) return frame;
        throw new Error('no frame');
      };
      try {
        const [whole, square, wide, asIs] = [
          await first('whole'),
          await first('square'),
          await first('wide'),
          await first('asIs'),
        ];
        expect([whole.width, whole.height]).toEqual([40, 36]);
        expect(worst(whole, { ...content, x: 0, y: 0 })).toBeLessThan(14);
        expect(worst(square, { x: 4, y: 0, width: 72, height: 72 })).toBeLessThan(14);
        expect([wide.width, wide.height]).toEqual([22, 20]); // 80 × 72 fits into 60 × 20
        expect(worst(wide, { ...content, x: 0, y: 0 })).toBeLessThan(14);
        expect(asIs.data.subarray(0, 3).every((value) => value < 20)).toBe(true);
      } finally {
        await video.close();
      }
    }
  });
});

describe('planning a view without bars', () => {
  it('keeps every pixel of the view at least one pixel away from each bar, for any crop, size and turn', () => {
    for (let n = 0; n < 2000; n++) {
      const draw = (least: number, most: number, salt: number) =>
        least + ((n * 7919 + salt * 104_729) % (most - least));
      const picture = { width: draw(60, 900, 1), height: draw(60, 700, 2) };
      const x = draw(0, Math.floor(picture.width / 3), 3);
      const y = draw(0, Math.floor(picture.height / 3), 4);
      const bars = { x, y, width: picture.width - x - draw(0, 19, 5), height: picture.height - y - draw(0, 19, 6) };
      const rotation = turns[n % 4]!;
      const fit = (['cover', 'contain', 'stretch'] as const)[n % 3]!;
      const plan = planView(picture, rotation, { ...view(draw(8, 300, 7), draw(8, 300, 8), fit) }, bars);
      const upright = rotation % 180 === 0;
      const [width, height] = upright ? [plan.width, plan.height] : [plan.height, plan.width];
      const spare = { left: plan.left, top: plan.top };
      const [right, below] = [plan.scaledWidth - plan.left - width, plan.scaledHeight - plan.top - height];
      // Clockwise: what is left in the coded picture comes to be at the top, right and bottom of the upright one.
      const at =
        rotation === 0
          ? [spare.left, spare.top, right, below]
          : rotation === 90
            ? [below, spare.left, spare.top, right]
            : rotation === 180
              ? [right, below, spare.left, spare.top]
              : [spare.top, right, below, spare.left];
      const [across, down] = upright
        ? [plan.scaledWidth / picture.width, plan.scaledHeight / picture.height]
        : [plan.scaledHeight / picture.width, plan.scaledWidth / picture.height];
      const clear = [
        at[0]! - bars.x * across,
        at[1]! - bars.y * down,
        at[2]! - (picture.width - bars.x - bars.width) * across,
        at[3]! - (picture.height - bars.y - bars.height) * down,
      ];
      const needed = [bars.x, bars.y, picture.width - bars.x - bars.width, picture.height - bars.y - bars.height];
      clear.forEach((room, side) => expect(room).toBeGreaterThanOrEqual(needed[side]! > 0 ? 1 - 1e-9 : -1e-9));
    }
  });

  it('passes over a crop that is next to nothing, and leaves views alone that do not ask for one', () => {
    const bars = { x: 100, y: 80, width: 20, height: 90 };
    const picture = { width: 320, height: 240 };
    expect(planView(picture, 0, view(64, 64, 'cover'), bars)).toEqual(planView(picture, 0, view(64, 64, 'cover')));
    const large = { x: 0, y: 40, width: 320, height: 160 };
    const plain = { ...view(64, 64, 'cover'), withoutBars: false };
    expect(planView(picture, 90, plain, large)).toEqual(planView(picture, 90, plain));
    expect(planView(picture, 90, view(64, 64, 'cover'), large)).not.toEqual(planView(picture, 90, plain));
  });
});
