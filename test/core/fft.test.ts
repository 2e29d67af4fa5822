import { describe, expect, test } from 'vitest';
import { createFft, createRandom, createRealFft, encodeFftPlan, planFft, unitCircle } from '../../src/core/index.js';

function noise(size: number, seed = 1): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length: size }, () => 2 * random.float() - 1);
}

/** The sum that defines the transform. */
function slowTransform(real: Float64Array, imaginary: Float64Array): [Float64Array, Float64Array] {
  const n = real.length;
  const out: [Float64Array, Float64Array] = [new Float64Array(n), new Float64Array(n)];
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) {
      const angle = (-2 * Math.PI * ((i * k) % n)) / n;
      out[0][k]! += real[i]! * Math.cos(angle) - imaginary[i]! * Math.sin(angle);
      out[1][k]! += real[i]! * Math.sin(angle) + imaginary[i]! * Math.cos(angle);
    }
  }
  return out;
}

function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

describe('createFft', () => {
  test('transforms four numbers as by hand', () => {
    const [real, imaginary] = [Float64Array.of(1, 2, 3, 4), new Float64Array(4)];
    createFft(4).forward(real, imaginary);
    expect([...real]).toEqual([10, -2, -2, -2]);
    expect([...imaginary].map((value) => value + 0)).toEqual([0, 2, 0, -2]);
  });

  test.each([1, 2, 3, 5, 7, 8, 11, 12, 15, 16, 24, 30, 32, 36, 40, 49, 60, 128, 512])(
    'agrees with the definition at %i points',
    (size) => {
      const [real, imaginary] = [noise(size, 2), noise(size, 3)];
      const slow = slowTransform(real, imaginary);
      createFft(size).forward(real, imaginary);
      expect(farthest(real, slow[0])).toBeLessThan(1e-12 * size);
      expect(farthest(imaginary, slow[1])).toBeLessThan(1e-12 * size);
    },
  );

  test.each([24, 32, 400])('comes back, keeps the energy, and knows a shift at %i points', (size) => {
    const fft = createFft(size);
    const [a, b] = [noise(size, 4), noise(size, 5)];
    const [real, imaginary] = [a.slice(), b.slice()];
    const energy = (x: Float64Array, y: Float64Array): number =>
      x.reduce((sum, v, i) => sum + v * v + y[i]! * y[i]!, 0);
    fft.forward(real, imaginary);
    expect(energy(real, imaginary) / size).toBeCloseTo(energy(a, b), 9);
    const [shifted, shiftedIm] = [
      a.map((_, i) => a[(i + size - 1) % size]!),
      b.map((_, i) => b[(i + size - 1) % size]!),
    ];
    fft.forward(shifted, shiftedIm);
    const turned = real.map((re, k) => re * unitCircle(-k, size)[0] - imaginary[k]! * unitCircle(-k, size)[1]);
    expect(farthest(shifted, turned)).toBeLessThan(1e-11);
    fft.inverse(real, imaginary);
    expect(farthest(real, a)).toBeLessThan(1e-14 * size);
    expect(farthest(imaginary, b)).toBeLessThan(1e-14 * size);
  });

  test('gives ones for an impulse', () => {
    const [real, imaginary] = [new Float64Array(24), new Float64Array(24)];
    real[0] = 1;
    createFft(24).forward(real, imaginary);
    expect(farthest(real, new Float64Array(24).fill(1))).toBe(0);
    expect(farthest(imaginary, new Float64Array(24))).toBe(0);
  });

  test('refuses lengths that are none, and parts of another length', () => {
    expect(() => createFft(0)).toThrow(/positive integer, got 0/);
    expect(() => createFft(2.5)).toThrow(RangeError);
    expect(() => createFft(4).forward(new Float64Array(4), new Float64Array(5))).toThrow(/4 values, got 4 and 5/);
  });
});

describe('createRealFft', () => {
  test.each([2, 4, 6, 12, 30, 400, 512])('gives the lower half of the complex transform at %i points', (size) => {
    const samples = noise(size, 6);
    const [real, imaginary] = [new Float64Array(size / 2 + 1), new Float64Array(size / 2 + 1)];
    createRealFft(size).forward(samples, real, imaginary);
    const slow = slowTransform(samples, new Float64Array(size));
    expect(farthest(real, slow[0])).toBeLessThan(1e-12 * size);
    expect(farthest(imaginary, slow[1])).toBeLessThan(1e-12 * size);
  });

  test('refuses an odd length', () => {
    expect(() => createRealFft(5)).toThrow(/even and positive, got 5/);
  });
});

describe('planFft', () => {
  test('takes fours first, and its radices multiply to the length', () => {
    expect(planFft(32).radices).toEqual([4, 4, 2]);
    expect(planFft(60).radices).toEqual([4, 3, 5]);
    expect(planFft(1).radices).toEqual([]);
    for (let size = 1; size < 200; size++) expect(planFft(size).radices.reduce((a, b) => a * b, 1)).toBe(size);
  });
});

describe('unitCircle', () => {
  test('is exact at the axes', () => {
    const axes = [0, 1, 2, 3].map((quarter) => unitCircle(quarter, 4).map((value) => value + 0));
    expect(axes).toEqual([
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
    ]);
  });

  test('agrees with cosine and sine all round, either way', () => {
    for (let part = -360; part <= 360; part++) {
      const [cosine, sine] = unitCircle(part, 360);
      expect(Math.abs(cosine - Math.cos((part * Math.PI) / 180))).toBeLessThan(2e-15);
      expect(Math.abs(sine - Math.sin((part * Math.PI) / 180))).toBeLessThan(2e-15);
    }
  });
});

describe('a plan for kernels', () => {
  test.each([
    ['float32', 6, 12],
    ['float64', 6, 16],
    ['float64', 30, 16],
  ] as const)('of %s and size %d is the passes, and the twiddles from byte %d on', (type, size, head) => {
    const { radices, twiddles } = planFft(size);
    const plan = encodeFftPlan(size, type);
    expect([...new Int32Array(plan.buffer, 0, radices.length + 1)]).toEqual([radices.length, ...radices]);
    const numbers = type === 'float32' ? new Float32Array(plan.buffer, head) : new Float64Array(plan.buffer, head);
    expect([...numbers]).toEqual([...(type === 'float32' ? Float32Array.from(twiddles) : twiddles)]);
  });

  test('is refused where a kernel has no butterfly', () => {
    expect(() => encodeFftPlan(14, 'float32')).toThrow('size must have no prime factor above 5, got 14.');
  });
});
