import { describe, expect, test } from 'vitest';
import { flowPair } from '../../src/synthetic/index.js';
import { denseFlow, fastFlow } from '../../src/vision/index.js';
import { testData } from '../fixtures/test-data.js';
import { twinFlow } from './fast-flow-twin.js';
import { constantFlow, endpointError, inner, readRealPair } from './flow-truth.js';

const settings = { finestLevel: 1, patchStep: 3, steps: 2, refinements: 2 };
const [width, height] = [320, 240];
const pairs = [0, 1, 2].map((seed) => flowPair({ width, height, seed }));
const data = testData();

function hold(flow: Float32Array): Buffer {
  return Buffer.from(flow.buffer, flow.byteOffset, flow.byteLength);
}

describe('the kernels of fastFlow', () => {
  test.each([
    [64, 48, settings],
    [67, 45, { ...settings, finestLevel: 0 }],
    [49, 70, { ...settings, patchStep: 4, steps: 5 }],
    [16, 17, { ...settings, finestLevel: 0 }],
    [25, 33, { ...settings, finestLevel: 3, patchStep: 1 }],
  ])('search as plain loops do, to the last bit (%i×%i)', (width, height, given) => {
    const { previous, next } = flowPair({ width, height, seed: width, layers: 2, maxShift: 5 });
    const options = { ...given, refinements: 0 };
    const flow = fastFlow(previous, next, width, height, options);
    expect(Buffer.compare(hold(flow), hold(twinFlow(previous, next, width, height, options)))).toBe(0);
    expect(flow.some((value) => Math.abs(value) > 1)).toBe(true);
  });

  // Over one level what is left is rounding; over several it may turn a close choice of the next search.
  test.each([
    [23, 61, { ...settings, refinements: 3 }, 2e-5],
    [70, 20, { ...settings, refinements: 1 }, 2e-5],
    [64, 48, settings, 0.01],
    [61, 53, { ...settings, finestLevel: 0, refinements: 4 }, 0.02],
  ])('refine as plain loops do (%i×%i)', (width, height, options, most) => {
    const { previous, next } = flowPair({ width, height, seed: width, layers: 1, maxShift: 3 });
    const flow = fastFlow(previous, next, width, height, options);
    const twin = twinFlow(previous, next, width, height, options);
    const unrefined = fastFlow(previous, next, width, height, { ...options, refinements: 0 });
    expect(endpointError(flow, twin)).toBeLessThan(most);
    expect(endpointError(unrefined, twin)).toBeGreaterThan(2 * most);
  });
});

describe('fastFlow', () => {
  test('comes within half a pixel on generated pairs, closer than Farneback on each', () => {
    const errors = pairs.map(({ previous, next, flow }) => ({
      fast: endpointError(fastFlow(previous, next, width, height), flow),
      farneback: endpointError(denseFlow(previous, next, width, height), flow),
      none: endpointError(new Float32Array(flow.length), flow),
    }));
    const mean = errors.reduce((sum, { fast }) => sum + fast / errors.length, 0);
    expect(mean).toBeLessThan(0.5);
    for (const { fast, farneback, none } of errors) {
      expect(fast).toBeLessThan(0.7 * farneback);
      expect(fast).toBeLessThan(0.2 * none);
    }
  });

  test('is closer still when the pictures are searched at their own size', () => {
    const { previous, next, flow } = pairs[1]!;
    const fine = endpointError(fastFlow(previous, next, width, height, { finestLevel: 0 }), flow);
    expect(fine).toBeLessThan(0.95 * endpointError(fastFlow(previous, next, width, height), flow));
  });

  test.each([
    [0, 0],
    [1, 0],
    [0, -2],
    [-7, 4],
    [12, 9],
  ])('finds a shift by (%i, %i) pixels to a twentieth', (dx, dy) => {
    const { previous } = flowPair({ width: 240, height: 180, seed: 5, layers: 3 });
    const cut = (x: number, y: number) =>
      Uint8Array.from({ length: 200 * 140 }, (_, i) => previous[(y + Math.floor(i / 200)) * 240 + x + (i % 200)]!);
    const flow = fastFlow(cut(20, 20), cut(20 - dx, 20 - dy), 200, 140);
    expect(endpointError(flow, constantFlow(200 * 140, dx, dy), inner(200, 140, 16))).toBeLessThan(0.05);
  });

  test('leads back where it came from, where nothing is hidden', () => {
    const { previous, next, visible } = pairs[2]!;
    const there = fastFlow(previous, next, width, height);
    const back = fastFlow(next, previous, width, height);
    const left = there.slice();
    for (let i = 0; i < visible.length; i++) {
      const x = Math.round((i % width) + there[2 * i]!);
      const y = Math.round(Math.floor(i / width) + there[2 * i + 1]!);
      if (x < 0 || y < 0 || x >= width || y >= height) visible[i] = 0;
      else for (const k of [0, 1]) left[2 * i + k]! += back[2 * (y * width + x) + k]!;
    }
    expect(endpointError(left, new Float32Array(left.length), visible)).toBeLessThan(0.35);
  });

  test('mirrors with its pictures, but for the order of the search', () => {
    const { previous, next } = pairs[0]!;
    const mirror = (picture: Uint8Array) =>
      picture.map((_, i) => picture[Math.floor(i / width) * width + (width - 1 - (i % width))]!);
    const flow = fastFlow(previous, next, width, height);
    const mirrored = fastFlow(mirror(previous), mirror(next), width, height);
    const back = flow.map((_, i) => {
      const [pixel, k] = [i >> 1, i % 2];
      const from = Math.floor(pixel / width) * width + (width - 1 - (pixel % width));
      return (k === 0 ? -1 : 1) * mirrored[2 * from + k]!;
    });
    expect(endpointError(flow, back)).toBeLessThan(0.2);
  });

  test('bears a second picture that is a little brighter and flatter', () => {
    const { previous, next, flow } = pairs[1]!;
    const dimmed = next.map((value) => Math.round(0.92 * value + 16));
    const error = endpointError(fastFlow(previous, dimmed, width, height), flow);
    expect(error).toBeLessThan(1.5 * endpointError(fastFlow(previous, next, width, height), flow));
  });

  test('sees no motion in equal pictures, nor in flat ones', () => {
    const { previous } = pairs[0]!;
    expect(fastFlow(previous, previous, width, height).every((value) => Math.abs(value) < 1e-6)).toBe(true);
    const flat = fastFlow(new Uint8Array(6400).fill(90), new Uint8Array(6400).fill(140), 80, 80);
    expect(flat.every((value) => value === 0)).toBe(true);
  });

  test('keeps nothing from one call to the next', () => {
    const { previous, next } = pairs[2]!;
    const small = flowPair({ width: 70, height: 51, seed: 3 });
    const first = fastFlow(small.previous, small.next, 70, 51);
    fastFlow(previous, next, width, height);
    expect(Buffer.compare(hold(fastFlow(small.previous, small.next, 70, 51)), hold(first))).toBe(0);
  });

  test('refuses pictures too small or of another size, and options out of range', () => {
    const picture = new Uint8Array(400);
    expect(() => fastFlow(picture, picture, 25, 16)).not.toThrow();
    expect(() => fastFlow(picture, picture, 40, 10)).toThrow(/height must be a whole number from 16, got 10/);
    expect(() => fastFlow(picture, picture, 20, 21)).toThrow(/20×21 has 420 bytes of luma, got 400/);
    expect(() => fastFlow(picture, picture, 20, 20, { patchStep: 9 })).toThrow(/patchStep .* from 1 to 8, got 9/);
    expect(() => fastFlow(picture, picture, 20, 20, { refinements: 0.5 })).toThrow(/refinements/);
  });

  test.skipIf(data === null).each([
    ['RubberWhale', 0.25],
    ['KITTI 2015', 20],
  ] as const)('comes near the measured flow of %s, and nearer than Farneback', async (name, most) => {
    const { previous, next, truth } = await readRealPair(data!, name);
    const error = (flow: Float32Array) => endpointError(flow, truth.flow, truth.valid);
    const fast = error(fastFlow(previous, next, truth.width, truth.height));
    expect(fast).toBeLessThan(most);
    expect(fast).toBeLessThan(0.7 * error(denseFlow(previous, next, truth.width, truth.height)));
    expect(fast).toBeLessThan(0.4 * error(new Float32Array(truth.flow.length)));
  });
});
