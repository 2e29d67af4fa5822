import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { flowPair } from '../../src/synthetic/index.js';
import { denseFlow, meanMagnitude, medianFlow, resizeRgb, type FlowOptions } from '../../src/vision/index.js';
import { testData } from '../fixtures/test-data.js';
import { constantFlow, endpointError, inner, readRealPair } from './flow-truth.js';
import { opencvFlow } from './opencv-flow.js';

const data = testData();

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
    expect(endpointError(flow, constantFlow(width * height, dx, dy), inner(width, height, 12))).toBeLessThan(0.1);
    expect(meanMagnitude(flow, { subtractMedian: true })).toBeLessThan(0.25);
  });

  test('finds a growing picture: the flow points away from the centre', () => {
    const a = scene(width, height, 6);
    const zoomed = resizeRgb(a, width, height, 168, 126, 1);
    const b = crop(zoomed, 168, { x: 4, y: 3, width, height });
    const centre = [(width - 1) / 2, (height - 1) / 2] as const;
    const truth = constantFlow(width * height, 0, 0).map((_, i) => {
      const [x, y] = [(i >> 1) % width, Math.floor((i >> 1) / width)];
      return 0.05 * (i % 2 === 0 ? x - centre[0] : y - centre[1]);
    });
    const flow = denseFlow(a, b, width, height);
    expect(endpointError(flow, truth, inner(width, height, 12))).toBeLessThan(0.25);
  });

  test('gives the same bytes every time', () => {
    const [a, b] = [scene(width, height, 7), scene(width, height, 8)];
    const [first, second] = [denseFlow(a, b, width, height), denseFlow(a, b, width, height)];
    expect(Buffer.from(first.buffer).equals(Buffer.from(second.buffer))).toBe(true);
  });

  test('refuses pictures of another size', () => {
    expect(() => denseFlow(new Uint8Array(4), new Uint8Array(6), 2, 2)).toThrow(/2×2 has 4 bytes of luma, got 6/);
  });

  test('refuses options out of range', () => {
    const picture = new Uint8Array(400);
    expect(() => denseFlow(picture, picture, 20, 20, { windowSize: 128 })).toThrow(/windowSize .* 1 to 127, got 128/);
    expect(() => denseFlow(picture, picture, 20, 20, { pyramidScale: 1 })).toThrow(/pyramidScale .* got 1/);
    expect(() => denseFlow(picture, picture, 20, 20, { polynomialSigma: NaN })).toThrow(/polynomialSigma/);
  });

  test.each<[number, number, FlowOptions]>([
    [320, 240, {}],
    [160, 120, {}],
    [157, 101, {}],
    [66, 131, { windowSize: 9, iterations: 1 }],
    [131, 66, { windowSize: 12, polynomialSize: 7, polynomialSigma: 1.5, iterations: 5 }],
    [119, 83, { pyramidScale: 0.7, levels: 5, windowSize: 21 }],
    [33, 40, { levels: 0, windowSize: 33, polynomialSize: 3, polynomialSigma: 0.8 }],
    [11, 10, {}],
  ])("gives OpenCV's flow (%i×%i, %o)", (width, height, options) => {
    const { previous, next } = flowPair({ width, height, seed: width });
    const ours = denseFlow(previous, next, width, height, options);
    const theirs = opencvFlow(previous, next, width, height, options);
    expect(endpointError(ours, theirs)).toBeLessThan(1e-5);
    expect(ours.every((value, i) => Math.abs(value - theirs[i]!) < 1e-3)).toBe(true);
    expect(meanMagnitude(theirs)).toBeGreaterThan(0.1);
  });

  test('keeps nothing from one call to the next, of whatever size', () => {
    const sizes = [40, 56, 72, 88, 104, 120].map((width) => ({ width, height: 40 + (width % 7) }));
    const flows = sizes.map(({ width, height }) => {
      const { previous, next } = flowPair({ width, height, seed: 1, layers: 1 });
      return () => denseFlow(previous, next, width, height);
    });
    const first = flows.map((flow) => flow());
    for (const [n, flow] of [...flows.entries()].reverse()) {
      expect(Buffer.from(flow().buffer).equals(Buffer.from(first[n]!.buffer))).toBe(true);
    }
  });

  test.skipIf(data === null)('comes within half a pixel of measured flow (RubberWhale)', async () => {
    const { previous, next, truth } = await readRealPair(data!, 'RubberWhale');
    const flow = denseFlow(previous, next, truth.width, truth.height);
    const error = endpointError(flow, truth.flow, truth.valid);
    expect(error).toBeLessThan(0.4);
    expect(endpointError(new Float32Array(flow.length), truth.flow, truth.valid)).toBeGreaterThan(2 * error);
    expect(endpointError(flow, opencvFlow(previous, next, truth.width, truth.height))).toBeLessThan(1e-5);
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
