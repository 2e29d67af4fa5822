import { describe, expect, test } from 'vitest';
import { createFft, createRandom } from '../../src/core/index.js';
import { createCorrelationFilter, isFilterSide } from '../../src/vision/tracker-correlation.js';
import { chooseFactor, findPeak } from '../../src/vision/tracker-peak.js';

const settings = { sigma: 0.6, lambda: 1e-4, peakSigma: 1.5 };
type Plane = readonly [real: Float64Array, imaginary: Float64Array];

/** Features of some blobs: float32 [2, rows, columns, 16], the last channel zero. */
function randomFeatures(columns: number, rows: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: 32 * columns * rows }, (_, i) =>
    i >= 16 * columns * rows && i % 16 === 15 ? 0 : 0.4 * random.float() * random.float(),
  );
}

/** Moved round the corner by whole cells. */
function shifted(features: Float32Array, columns: number, rows: number, dx: number, dy: number): Float32Array {
  const cells = columns * rows;
  return features.map((_, i) => {
    const cell = Math.floor((i % (16 * cells)) / 16);
    const x = ((cell % columns) - dx + columns) % columns;
    const y = (Math.floor(cell / columns) - dy + rows) % rows;
    return features[Math.floor(i / (16 * cells)) * 16 * cells + (y * columns + x) * 16 + (i % 16)]!;
  });
}

function transform([real, imaginary]: Plane, columns: number, rows: number, inverse = false): Plane {
  const out: Plane = [real.slice(), imaginary.slice()];
  const run = (size: number, at: (i: number) => number): void => {
    const fft = createFft(size);
    const line = out.map((part) => Float64Array.from({ length: size }, (_, i) => part[at(i)]!));
    if (inverse) fft.inverse(line[0]!, line[1]!);
    else fft.forward(line[0]!, line[1]!);
    out.forEach((part, p) => line[p]!.forEach((value, i) => (part[at(i)] = value)));
  };
  for (let y = 0; y < rows; y++) run(columns, (i) => y * columns + i);
  for (let x = 0; x < columns; x++) run(rows, (i) => i * columns + x);
  return out;
}

/** Kernel values at all shifts, channel by channel, in float64: the sums of the definition. */
function slowKernel(a: Float32Array, b: Float32Array, columns: number, rows: number): Float64Array {
  const cells = columns * rows;
  const out = new Float64Array(cells);
  let energy = 0;
  for (let i = 0; i < a.length; i++) energy += a[i]! * a[i]! + b[i]! * b[i]!;
  for (let dy = 0; dy < rows; dy++) {
    for (let dx = 0; dx < columns; dx++) {
      const moved = shifted(b, columns, rows, dx, dy);
      let correlation = 0;
      for (let i = 0; i < a.length; i++) correlation += a[i]! * moved[i]!;
      out[dy * columns + dx] = Math.exp(-Math.max(0, energy - 2 * correlation) / (cells * 31 * settings.sigma ** 2));
    }
  }
  return out;
}

/** Learns from `x`, then answers for `z`: the equations, in float64. */
function slowResponse(x: Float32Array, z: Float32Array, columns: number, rows: number): Float64Array {
  const cells = columns * rows;
  const target = Float64Array.from({ length: cells }, (_, i) => {
    const [dx, dy] = [Math.min(i % columns, columns - (i % columns)), Math.floor(i / columns)];
    return Math.exp(-(dx * dx + Math.min(dy, rows - dy) ** 2) / (2 * settings.peakSigma ** 2));
  });
  const spectrum = (plane: Float64Array): Plane => transform([plane, new Float64Array(cells)], columns, rows);
  const [wanted, own, other] = [target, slowKernel(x, x, columns, rows), slowKernel(z, x, columns, rows)].map(spectrum);
  const product: Plane = [new Float64Array(cells), new Float64Array(cells)];
  for (let i = 0; i < cells; i++) {
    // (wanted / (own + lambda)) * other, all complex.
    const [c, d] = [own![0][i]! + settings.lambda, own![1][i]!];
    const [a, b] = [wanted![0][i]!, wanted![1][i]!];
    const [re, im] = [(a * c + b * d) / (c * c + d * d), (b * c - a * d) / (c * c + d * d)];
    product[0][i] = re * other![0][i]! - im * other![1][i]!;
    product[1][i] = re * other![1][i]! + im * other![0][i]!;
  }
  return transform(product, columns, rows, true)[0];
}

describe('createCorrelationFilter', () => {
  test.each([
    [8, 8],
    [12, 8],
    [8, 20],
    [16, 12],
  ])('answers as the equations do, on %i×%i cells', (columns, rows) => {
    const x = randomFeatures(columns, rows, 1);
    const z = shifted(x, columns, rows, 2, rows - 1).map((value, i) => value + 0.02 * Math.sin(i));
    const filter = createCorrelationFilter({ columns, rows, ...settings });
    filter.learn(x, 1);
    const response = filter.respond(z);
    const slow = slowResponse(x, z, columns, rows);
    let worst = 0;
    response.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - slow[i]!))));
    expect(worst).toBeLessThan(2e-3);
    expect(Math.max(...slow)).toBeGreaterThan(0.3);
  });

  test.each([
    [24, 24],
    [32, 32],
    [40, 12],
    [60, 36],
  ])('finds a target that was moved by whole cells, on %i×%i cells', (columns, rows) => {
    const x = randomFeatures(columns, rows, 2);
    const filter = createCorrelationFilter({ columns, rows, ...settings });
    filter.learn(x, 1);
    for (const [dx, dy] of [
      [0, 0],
      [3, 1],
      [-5, 4],
      [columns / 2 - 1, -rows / 2 + 1],
    ] as const) {
      const found = findPeak(filter.respond(shifted(x, columns, rows, dx, dy)), columns, rows);
      expect(Math.abs(found.x - dx)).toBeLessThan(0.1);
      expect(Math.abs(found.y - dy)).toBeLessThan(0.1);
      expect(found.peak).toBeGreaterThan(0.95);
      expect(found.peak).toBeLessThan(1.05);
    }
  });

  test('takes the first look whole, and a later one by its rate', () => {
    const [columns, rows] = [12, 12];
    const [a, b] = [randomFeatures(columns, rows, 3), randomFeatures(columns, rows, 4)];
    const answer = (rate: number, target: Float32Array): number => {
      const filter = createCorrelationFilter({ columns, rows, ...settings });
      filter.learn(a, 0);
      filter.learn(b, rate);
      return findPeak(filter.respond(target), columns, rows).peakToSidelobe;
    };
    expect(answer(0, a)).toBeGreaterThan(2 * answer(0, b));
    expect(answer(1, b)).toBeGreaterThan(2 * answer(1, a));
    const fresh = createCorrelationFilter({ columns, rows, ...settings });
    fresh.learn(b, 1);
    expect(answer(1, b)).toBeCloseTo(findPeak(fresh.respond(b), columns, rows).peakToSidelobe, 2);
  });

  test('refuses sides that it has no passes for, features of another size, and questions before the first look', () => {
    expect([8, 24, 32, 60, 28, 10, 44].map(isFilterSide)).toEqual([true, true, true, true, false, false, false]);
    expect(() => createCorrelationFilter({ columns: 28, rows: 8, ...settings })).toThrow(/5-smooth, got 28/);
    const filter = createCorrelationFilter({ columns: 8, rows: 8, ...settings });
    expect(() => filter.respond(new Float32Array(2048))).toThrow(/learned nothing/);
    expect(() => filter.learn(new Float32Array(7), 1)).toThrow(/2048 values, got 7/);
  });
});

describe('findPeak', () => {
  test('reads the top between cells, round the corner too', () => {
    const [columns, rows] = [8, 8];
    const response = new Float32Array(64);
    const top = (x: number, y: number): number => 1 - 0.1 * (x - 0.25) ** 2 - 0.2 * (y + 0.4) ** 2; // at (0.25, -0.4)
    for (let y = -2; y <= 2; y++) {
      for (let x = -2; x <= 2; x++) response[((y + 8) % 8) * 8 + ((x + 8) % 8)] = top(x, y);
    }
    const found = findPeak(response, columns, rows);
    expect(found.x).toBeCloseTo(0.25, 5);
    expect(found.y).toBeCloseTo(-0.4, 5);
    expect(found.peak).toBeCloseTo(top(0, 0), 6);
  });

  test('compares the peak with what lies outside five by five', () => {
    const response = Float32Array.from({ length: 100 }, (_, i) => (Math.floor(i / 10) % 2 === 0 ? 0.1 : 0.3));
    for (let y = 3; y <= 7; y++) for (let x = 3; x <= 7; x++) response[y * 10 + x] = 0.9;
    response[55] = 1;
    // Outside: five even rows of 10 less two of 5, five odd ones less three of 5.
    const [low, high] = [40, 35];
    const mean = (0.1 * low + 0.3 * high) / 75;
    const deviation = Math.sqrt((low * (0.1 - mean) ** 2 + high * (0.3 - mean) ** 2) / 75);
    expect(findPeak(response, 10, 10).peakToSidelobe).toBeCloseTo((1 - mean) / deviation, 3);
    expect(findPeak(new Float32Array(100), 10, 10)).toMatchObject({ peak: 0, x: 0, y: 0, peakToSidelobe: 0 });
  });
});

describe('the choice of size', () => {
  test('goes to the better neighbour where both are better than staying', () => {
    expect(chooseFactor([0.6, 0.4, 0.5], 1.05, 0.95)).toBe(1 / 1.05);
    expect(chooseFactor([0.5, 0.4, 0.6], 1.05, 0.95)).toBe(1.05);
  });

  test('stays where staying is best, or goes to the top of the parabola between the sizes', () => {
    expect(chooseFactor([0.4, 0.5, 0.4], 1.05, 0.95)).toBe(1);
    const between = chooseFactor([0.4, 0.5, 0.49], 1.05, 0.95);
    expect(between).toBeGreaterThan(1);
    expect(between).toBeLessThan(1.05);
  });
});
