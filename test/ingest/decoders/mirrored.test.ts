import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decoders, encodeVideo, ingestConfig, probeFile } from '../../../src/ingest/index.js';
import { orientationOf } from '../../../src/ingest/decoders/geometry.js';

const display = { width: 96, height: 64 };
const turns = [0, 90, 180, 270] as const;
let dir = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-mirrored-'));
  for (const rotation of turns) {
    const turned = rotation % 180 !== 0;
    const [width, height] = turned ? [display.height, display.width] : [display.width, display.height];
    const path = join(dir, `${rotation}.mp4`);
    const frames = Array.from({ length: 6 }, (_, n) => coded(rotation, n));
    await encodeVideo(path, { frames, width, height, fps: 25, quality: 4, rotation });
    mirror(path);
  }
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Different in each corner: red grows to the right, green downwards. */
function shown(x: number, y: number, n: number): readonly [number, number, number] {
  return [40 + 2 * x, 40 + 3 * y, 100 + 5 * n];
}

/** The picture that, turned upside down and then clockwise, shows the film. */
function coded(rotation: number, n: number): Uint8Array {
  const { width, height } = display;
  const [w, h] = rotation % 180 === 0 ? [width, height] : [height, width];
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      // Where turning back puts it, and then upside down.
      const [u, v] =
        rotation === 0
          ? [x, y]
          : rotation === 90
            ? [y, h - 1 - x]
            : rotation === 180
              ? [w - 1 - x, h - 1 - y]
              : [w - 1 - y, x];
      out.set(shown(x, y, n), ((h - 1 - v) * w + u) * 3);
    }
  return out;
}

/** Turns the y axis of the track's display matrix round. */
function mirror(path: string): void {
  const file = readFileSync(path);
  const matrix = file.indexOf('tkhd') + 4 + 40;
  for (const at of [12, 16]) file.writeInt32BE(-file.readInt32BE(matrix + at), matrix + at);
  writeFileSync(path, file);
}

describe.each(['libav', 'ffmpeg'])('mirrored video, by %s', (name) => {
  it.each(turns)('is shown as its matrix says, also turned by %i°', async (rotation) => {
    const decoder = await decoders.load(name);
    const path = join(dir, `${rotation}.mp4`);
    const { video } = await probeFile(path, decoder, { config: ingestConfig.parse({}) });
    expect(video).toMatchObject({ rotation, flipped: true, ...display });
    const session = await decoder.open(path);
    let n = 0;
    for await (const { data, width, height } of session.frames({ span: null, view: null })) {
      expect([width, height]).toEqual([display.width, display.height]);
      let sum = 0;
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          shown(x, y, n).forEach((value, c) => (sum += Math.abs(value - data[(y * width + x) * 3 + c]!)));
      expect(sum / data.length).toBeLessThan(6);
      n++;
    }
    expect(n).toBe(6);
    await session.close();
  });
});

describe('the orientation of a matrix', () => {
  it('is that of turning by quarters, mirrored or not, at any scale, and none where it shears or turns askew', () => {
    expect(orientationOf([1, 0, 0, 1])).toEqual({ rotation: 0 });
    expect(orientationOf([0, 3, -3, 0])).toEqual({ rotation: 90 });
    expect(orientationOf([-1, 0, 0, 1])).toEqual({ rotation: 180, flipped: true }); // left and right exchanged
    expect(orientationOf([1, 0, 0, -1])).toEqual({ rotation: 0, flipped: true });
    expect(orientationOf([0, 2, 2, 0])).toEqual({ rotation: 90, flipped: true });
    expect(orientationOf([0.8, 0.6, 0.6, -0.8])).toEqual({ rotation: 0 });
    expect(orientationOf([0, 0, 0, 1])).toEqual({ rotation: 0 });
  });
});
