import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createRandom, sha256, type Random } from '../../src/core/index.js';
import {
  createMovingMnist,
  digitMotion,
  digitSide,
  glyphCounts,
  glyphDigits,
  idxDigits,
  movingMnistVariants,
  parseIdx,
  type DigitPools,
  type DigitStep,
  type MovingMnistOptions,
} from '../../src/synthetic/index.js';
import { testData } from '../fixtures/test-data.js';

const glyphs = glyphDigits(3);
const options = (more: Partial<MovingMnistOptions> = {}): MovingMnistOptions => ({
  variant: 'svg',
  seed: 3,
  role: 'train',
  index: 0,
  frames: 30,
  digits: 2,
  deterministic: false,
  ...more,
});

// Second opinions on the three motions: as plain as can be, one axis at a time, from the same draws.

function slowSvg(frames: number, random: Random, deterministic: boolean): number[][] {
  const [limit, out]: [number, number[][]] = [32, []];
  const state = { x: random.int(32), y: random.int(32), dx: random.int(9) - 4, dy: random.int(9) - 4 };
  for (let t = 0; t < frames; t++) {
    for (const [at, own, other] of [
      ['y', 'dy', 'dx'],
      ['x', 'dx', 'dy'],
    ] as const) {
      if (state[at] < 0) {
        state[at] = 0;
        if (deterministic) state[own] *= -1;
        else [state[own], state[other]] = [1 + random.int(4), random.int(9) - 4];
      } else if (state[at] >= limit) {
        state[at] = limit - 1;
        if (deterministic) state[own] *= -1;
        else [state[own], state[other]] = [-(1 + random.int(4)), random.int(9) - 4];
      }
    }
    out.push([state.x, state.y]);
    state.x += state.dx;
    state.y += state.dy;
  }
  return out;
}

/** Steps through the wall first, then finds where the line crossed it and spends what is left of the step from there. */
function slowSrvp(frames: number, random: Random, limit: number): number[][] {
  let [x, y] = [random.int(limit + 1), random.int(limit + 1)];
  let [dx, dy] = [random.int(9) - 4, random.int(9) - 4];
  const out: number[][] = [];
  const outside = (value: number): number => (value < -1e-8 ? -1 : value > limit + 1e-8 ? 1 : 0);
  for (let t = 0; t < frames; t++) {
    while (outside(x) !== 0 || outside(y) !== 0) {
      // Share of the step that lies behind each wall.
      const behindX = outside(x) === 0 ? 0 : (x - (outside(x) < 0 ? 0 : limit)) / dx;
      const behindY = outside(y) === 0 ? 0 : (y - (outside(y) < 0 ? 0 : limit)) / dy;
      const behind = Math.max(behindX, behindY); // the wall that was met first
      const [hitX, hitY] = [
        Math.abs(behindX - behind) < 1e-8 ? outside(x) : 0,
        Math.abs(behindY - behind) < 1e-8 ? outside(y) : 0,
      ];
      const [cx, cy] = [x - dx * behind, y - dy * behind];
      [dx, dy] = [random.int(9) - 4, random.int(9) - 4];
      if (hitX !== 0) dx = -hitX * Math.abs(dx);
      if (hitY !== 0) dy = -hitY * Math.abs(dy);
      [x, y] = [cx + dx * behind, cy + dy * behind];
    }
    out.push([x, y]);
    x += dx;
    y += dy;
  }
  return out;
}

function slowSrivastava(frames: number, random: Random, limit: number): number[][] {
  const at = [random.float(), random.float()];
  const turn = 2 * Math.PI * random.float();
  const speed = [0.1 * Math.cos(turn), 0.1 * Math.sin(turn)];
  return Array.from({ length: frames }, () =>
    at.map((_, axis) => {
      at[axis]! += speed[axis]!;
      if (at[axis]! <= 0 || at[axis]! >= 1) {
        at[axis] = Math.min(1, Math.max(0, at[axis]!));
        speed[axis]! *= -1;
      }
      return limit * at[axis]!;
    }),
  );
}

const motionOf = (variant: MovingMnistOptions['variant'], seed: number, frames: number, deterministic = false) =>
  digitMotion(variant, {
    frames,
    limit: variant === 'svg' ? 32 : 36,
    deterministic,
    random: createRandom(seed),
  });

describe('the motion of digits', () => {
  it.each([false, true])('follows the rules of svg as a plain rewrite does (deterministic: %s)', (deterministic) => {
    for (let seed = 0; seed < 60; seed++) {
      const steps = motionOf('svg', seed, 200, deterministic);
      expect(steps.map(({ x, y }) => [x, y])).toEqual(slowSvg(200, createRandom(seed), deterministic));
    }
  });

  it('follows the rules of srvp as a rewrite does that goes back from behind the wall', () => {
    let hits = 0;
    for (let seed = 0; seed < 60; seed++) {
      const steps = motionOf('srvp', seed, 200);
      const slow = slowSrvp(200, createRandom(seed), 36);
      steps.forEach(({ x, y, hit }, t) => {
        expect(Math.abs(x - slow[t]![0]!)).toBeLessThanOrEqual(0.5 + 1e-6);
        expect(Math.abs(y - slow[t]![1]!)).toBeLessThanOrEqual(0.5 + 1e-6);
        if (hit) hits++;
      });
    }
    expect(hits).toBeGreaterThan(500);
  });

  it('follows the rules of srivastava: a tenth of the way a frame, straight on and turned round at walls', () => {
    for (let seed = 0; seed < 60; seed++) {
      const steps = motionOf('srivastava', seed, 60);
      const slow = slowSrivastava(60, createRandom(seed), 36);
      steps.forEach(({ x, y, dx, dy }, t) => {
        for (const [got, exact] of [
          [x, slow[t]![0]!],
          [y, slow[t]![1]!],
        ] as const) {
          expect(got).toBeLessThanOrEqual(exact + 1e-6);
          expect(got).toBeGreaterThan(exact - 1 - 1e-6);
        }
        expect(Math.hypot(dx, dy)).toBeCloseTo(3.6, 6);
      });
    }
  });

  it.each(movingMnistVariants)('keeps the digits of %s on the canvas, with speeds that its rules allow', (variant) => {
    const most = { svg: 31, srvp: 36, srivastava: 36 }[variant];
    for (let seed = 100; seed < 160; seed++) {
      let before: DigitStep | null = null;
      for (const step of motionOf(variant, seed, 150)) {
        for (const value of [step.x, step.y]) expect(Number.isInteger(value) && value >= 0 && value <= most).toBe(true);
        if (variant !== 'srivastava')
          for (const value of [step.dx, step.dy]) expect(Number.isInteger(value) && Math.abs(value) <= 4).toBe(true);
        if (before && variant === 'svg') {
          // The velocity changes at a wall alone, and the step is whole unless one is met.
          if (step.hit) expect(step.x === 0 || step.x === 31 || step.y === 0 || step.y === 31).toBe(true);
          else {
            expect([step.dx, step.dy]).toEqual([before.dx, before.dy]);
            expect([step.x - before.x, step.y - before.y]).toEqual([before.dx, before.dy]);
          }
        }
        before = step;
      }
    }
  });

  it('sends svg off a side wall away from it, at each of 1 to 4 alike, and along it at each of -4 to 4', () => {
    const away = new Map<number, number>();
    const along = new Map<number, number>();
    let hits = 0;
    for (let seed = 0; seed < 400; seed++) {
      const steps = motionOf('svg', seed, 200);
      steps.forEach((step, t) => {
        const before = steps[t - 1];
        const left = before ? before.x + before.dx < 0 : false;
        const right = before ? before.x + before.dx >= 32 : false;
        if (!left && !right) return;
        hits++;
        const speed = left ? step.dx : -step.dx;
        away.set(speed, (away.get(speed) ?? 0) + 1);
        along.set(step.dy, (along.get(step.dy) ?? 0) + 1);
      });
    }
    expect([...away.keys()].sort()).toEqual([1, 2, 3, 4]);
    expect([...along.keys()].sort((a, b) => a - b)).toEqual([-4, -3, -2, -1, 0, 1, 2, 3, 4]);
    for (const count of away.values()) expect(Math.abs(count / hits - 1 / 4)).toBeLessThan(0.03);
    for (const count of along.values()) expect(Math.abs(count / hits - 1 / 9)).toBeLessThan(0.03);
  });
});

describe('createMovingMnist', () => {
  it.each(movingMnistVariants)('gives %s the same bytes for the same seed, in whatever order', (variant) => {
    const digestOf = (index: number, role: 'train' | 'test', order: readonly number[], seed = 3) => {
      const video = createMovingMnist(options({ variant, index, role, seed }), glyphs);
      const frames = new Map(order.map((at) => [at, sha256(video.frame(at))]));
      return [...frames].sort(([a], [b]) => a - b).join();
    };
    const forwards = Array.from({ length: 30 }, (_, i) => i);
    const first = digestOf(7, 'test', forwards);
    digestOf(8, 'train', forwards); // whoever else is asked in between
    expect(digestOf(7, 'test', forwards.toReversed())).toBe(first);
    expect(digestOf(7, 'train', forwards)).not.toBe(first);
    expect(digestOf(8, 'test', forwards)).not.toBe(first);
    expect(digestOf(7, 'test', forwards, 4)).not.toBe(first);
  });

  it('lays digits over one another: added and capped for svg and srvp, the brighter for srivastava', () => {
    const ink = new Uint8Array(digitSide * digitSide).fill(150);
    const pool = { count: 3, digit: () => ink };
    const pools: DigitPools = { train: pool, test: pool };
    const levels = (variant: MovingMnistOptions['variant']): number[] => {
      const seen = new Set<number>();
      for (let index = 0; index < 6; index++) {
        const video = createMovingMnist(options({ variant, index, digits: 3 }), pools);
        for (let at = 0; at < 30; at++) for (const value of video.frame(at)) seen.add(value);
      }
      return [...seen].sort((a, b) => a - b);
    };
    expect(levels('svg')).toEqual([0, 150, 255]);
    expect(levels('srvp')).toEqual([0, 150, 255]);
    expect(levels('srivastava')).toEqual([0, 150]);
  });

  it('draws the digit where its truth says, at 28 pixels or scaled to 32', () => {
    for (const variant of movingMnistVariants) {
      const video = createMovingMnist(options({ variant, digits: 1, index: 4 }), glyphs);
      const side = variant === 'svg' ? 32 : 28;
      const [{ digit, steps }] = video.truth as [(typeof video.truth)[number]];
      const glyph = glyphs.train.digit(digit);
      for (const at of [0, 13, video.frameCount - 1]) {
        const frame = video.frame(at);
        const { x, y } = steps[at]!;
        const sum = frame.reduce((a, b) => a + b, 0);
        let inside = 0;
        for (let row = 0; row < side; row++)
          for (let column = 0; column < side; column++) inside += frame[(y + row) * 64 + x + column]!;
        expect(inside).toBe(sum); // nothing is drawn elsewhere
        if (side === 28)
          for (let row = 0; row < 28; row++)
            expect([...frame.subarray((y + row) * 64 + x, (y + row) * 64 + x + 28)]).toEqual([
              ...glyph.subarray(row * 28, row * 28 + 28),
            ]);
      }
    }
  });

  it('uses every test digit of srvp once before one comes again', () => {
    const videos = glyphCounts.test / 2;
    const used = Array.from({ length: videos }, (_, index) =>
      createMovingMnist(options({ variant: 'srvp', role: 'test', index, frames: 1 }), glyphs).truth.map(
        ({ digit }) => digit,
      ),
    ).flat();
    expect(new Set(used).size).toBe(glyphCounts.test);
    expect(used).not.toEqual(used.toSorted((a, b) => a - b));
  });

  it('refuses numbers that are none', () => {
    expect(() => createMovingMnist(options({ frames: 0 }), glyphs)).toThrow(/frames/);
    expect(() => createMovingMnist(options({ index: -1 }), glyphs)).toThrow(/index/);
    expect(() => createMovingMnist(options(), glyphs).frame(30)).toThrow(/0 to 29, got 30/);
  });
});

describe('digits', () => {
  it('draws glyphs that differ from each other, none of them in both roles', () => {
    const shas = (role: 'train' | 'test', count: number) =>
      Array.from({ length: count }, (_, i) => sha256(glyphs[role].digit(i)));
    const train = new Set(shas('train', 3000));
    const test = shas('test', glyphCounts.test);
    expect(new Set(test).size).toBe(test.length);
    expect(test.some((sha) => train.has(sha))).toBe(false);
    for (let i = 0; i < 200; i++) {
      const glyph = glyphs.train.digit(i);
      expect(glyph.reduce((a, b) => a + b, 0)).toBeGreaterThan(255 * 15);
      for (let at = 0; at < digitSide; at++) {
        // Ink keeps off the rim: nothing is cut off.
        expect(glyph[at]! + glyph[27 * 28 + at]! + glyph[at * 28]! + glyph[at * 28 + 27]!).toBe(0);
      }
    }
  });

  it('reads IDX by hand, and refuses what is none', () => {
    const bytes = Uint8Array.from([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]);
    expect(parseIdx(bytes)).toEqual({ shape: [2, 3], data: Uint8Array.from([1, 2, 3, 4, 5, 6]) });
    expect(() => parseIdx(bytes.subarray(0, 17))).toThrow(/promises 6 values/);
    expect(() => parseIdx(Uint8Array.from([0, 0, 13, 1, 0, 0, 0, 0]))).toThrow(/type 13/);
    expect(() => parseIdx(Uint8Array.from([1, 0, 8, 1]))).toThrow(/two zeros/);
    expect(() => idxDigits([bytes])).toThrow(/28×28/);
  });

  const mnist = join(testData() ?? '', 'mnist', 't10k-images-idx3-ubyte.gz');
  it.skipIf(!existsSync(mnist))('divides the ten thousand digits of the test data into 8,000 and 2,000', () => {
    const bytes = gunzipSync(readFileSync(mnist));
    const { train, test } = idxDigits([bytes]);
    expect([train.count, test.count]).toEqual([8000, 2000]);
    const straight = (n: number) => [...bytes.subarray(16 + 784 * n, 16 + 784 * (n + 1))];
    expect([...train.digit(0)]).toEqual(straight(0));
    expect([...train.digit(7999)]).toEqual(straight(7999));
    expect([...test.digit(0)]).toEqual(straight(8000));
    expect([...test.digit(1999)]).toEqual(straight(9999));
    expect(() => train.digit(8000)).toThrow(/0 to 7999/);
    const two = idxDigits([bytes, bytes]);
    expect([two.train.count, two.test.count]).toEqual([10_000, 10_000]);
  });
});
