import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRandom, packageRoot, readEnvironment } from '../../src/core/index.js';
import { decodeImage, denseFlow, meanMagnitude, medianFlow, resizeRgb, toLuma } from '../../src/vision/index.js';

const data = readEnvironment('REELMINE_TEST_DATA') ?? join(packageRoot(), '../shared/data');
const flowData = join(data, 'flow/middlebury_rubberwhale');

/** A smooth random scene, larger than what is shown of it. */
function scene(width: number, height: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  const [columns, rows] = [Math.ceil(width / 6), Math.ceil(height / 6)];
  return resizeRgb(
    Uint8Array.from({ length: columns * rows }, () => random.int(256)),
    columns,
    rows,
    width,
    height,
    1,
  );
}

function crop(
  picture: Uint8Array,
  from: number,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
): Uint8Array {
  return Uint8Array.from(
    { length: width * height },
    (_, i) => picture[(y + Math.floor(i / width)) * from + x + (i % width)]!,
  );
}

/** Mean distance to the true vectors, away from the border and where `known`. */
function endpointError(
  flow: Float32Array,
  width: number,
  height: number,
  truth: (x: number, y: number) => readonly [number, number] | null,
  border = 12,
): number {
  let sum = 0;
  let count = 0;
  for (let y = border; y < height - border; y++) {
    for (let x = border; x < width - border; x++) {
      const real = truth(x, y);
      if (!real) continue;
      const at = 2 * (y * width + x);
      sum += Math.hypot(flow[at]! - real[0], flow[at + 1]! - real[1]);
      count++;
    }
  }
  return sum / count;
}

describe('denseFlow', () => {
  const [width, height] = [160, 120];

  test.each([
    [0, 0],
    [1, 0],
    [0, -2],
    [3, 2],
    [-6, 4],
  ])('finds a shift by (%i, %i) pixels to a tenth', (dx, dy) => {
    const large = scene(200, 160, 5);
    const a = crop(large, 200, { x: 20, y: 20, width, height });
    const b = crop(large, 200, { x: 20 - dx, y: 20 - dy, width, height });
    const flow = denseFlow(a, b, width, height);
    expect(flow.length).toBe(width * height * 2);
    expect(endpointError(flow, width, height, () => [dx, dy])).toBeLessThan(0.1);
    expect(meanMagnitude(flow, { subtractMedian: true })).toBeLessThan(0.25);
  });

  test('finds a growing picture: the flow points away from the centre', () => {
    const a = scene(width, height, 6);
    const zoomed = resizeRgb(a, width, height, 168, 126, 1);
    const b = crop(zoomed, 168, { x: 4, y: 3, width, height });
    const centre = [(width - 1) / 2, (height - 1) / 2] as const;
    const truth = (x: number, y: number) => [(x - centre[0]) * 0.05, (y - centre[1]) * 0.05] as const;
    expect(endpointError(denseFlow(a, b, width, height), width, height, truth)).toBeLessThan(0.25);
  });

  test('gives the same bytes every time', () => {
    const [a, b] = [scene(width, height, 7), scene(width, height, 8)];
    const [first, second] = [denseFlow(a, b, width, height), denseFlow(a, b, width, height)];
    expect(Buffer.from(first.buffer).equals(Buffer.from(second.buffer))).toBe(true);
  });

  test('refuses pictures of another size', () => {
    expect(() => denseFlow(new Uint8Array(4), new Uint8Array(6), 2, 2)).toThrow(/2×2 has 4 bytes of luma, got 6/);
  });

  test.skipIf(!existsSync(flowData))('comes within half a pixel of measured flow (RubberWhale)', async () => {
    const truth = readFileSync(join(flowData, 'flow10.flo'));
    const [w, h] = [truth.readInt32LE(4), truth.readInt32LE(8)];
    const pictures = await Promise.all(
      ['frame10.png', 'frame11.png'].map(async (name) => decodeImage(readFileSync(join(flowData, name)))),
    );
    const [a, b] = pictures.map((picture) => (picture.channels === 3 ? toLuma(picture.data) : picture.data));
    const known = (x: number, y: number): readonly [number, number] | null => {
      const at = 12 + 8 * (y * w + x);
      const [u, v] = [truth.readFloatLE(at), truth.readFloatLE(at + 4)];
      return Math.abs(u) < 1e9 && Math.abs(v) < 1e9 ? [u, v] : null;
    };
    const flow = denseFlow(a!, b!, w, h);
    const error = endpointError(flow, w, h, known);
    const errorOfNone = endpointError(new Float32Array(flow.length), w, h, known);
    expect(error).toBeLessThan(0.5);
    expect(errorOfNone).toBeGreaterThan(2 * error);
  });
});

describe('meanMagnitude', () => {
  test('is the mean length, and without the median what is left of it', () => {
    const flow = Float32Array.of(3, 4, 3, 4, 3, 4, 3, 4, 0, 0);
    expect(meanMagnitude(flow)).toBeCloseTo(4, 6);
    expect(medianFlow(flow)).toEqual([3, 4]);
    expect(meanMagnitude(flow, { subtractMedian: true })).toBeCloseTo(1, 6);
  });

  test('takes the lower middle of an even count', () => {
    expect(medianFlow(Float32Array.of(1, -1, 2, -2, 3, -3, 4, -4))).toEqual([2, -3]);
  });

  test('refuses an empty flow', () => {
    expect(() => meanMagnitude(new Float32Array(0))).toThrow(RangeError);
  });
});
