import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { bounce, pendulum, still, straight, withRest, type Coordinate } from '../../src/synthetic/index.js';
import { cosineOfTurns, sineOfTurns } from '../../src/synthetic/sine.js';

const between = (x: number, from: number, to: number) => Math.min(from, to) <= x && x <= Math.max(from, to);

/** Share of the three tuples of quintuples a < b < c < d < e that the rule "the middle lies between the ends" judges right. */
function ruleAccuracy(at: Coordinate, count: number): number {
  const random = createRandom(11);
  let right = 0;
  for (let n = 0; n < count; n++) {
    const [outer, before, after] = [30 + random.int(31), 15 + random.int(16), 15 + random.int(16)];
    const first = Math.ceil(outer / 3);
    const inner = first + random.int(Math.floor((2 * outer) / 3) - first + 1);
    const b = random.int(1_000_000);
    const [xa, xb, xc, xd, xe] = [b - before, b, b + inner, b + outer, b + outer + after].map(at) as [
      number,
      number,
      number,
      number,
      number,
    ];
    right += Number(between(xc, xb, xd)) + Number(!between(xa, xb, xd)) + Number(!between(xe, xb, xd));
  }
  return right / (3 * count);
}

/** The same, with no chance in it: every gap of the distances and 360 phases of a sine. */
function exactAccuracy(period: number): number {
  let sum = 0;
  let outers = 0;
  for (let outer = 30; outer <= 60; outer++, outers++) {
    let [middle, middles, ends] = [0, 0, 0];
    for (let phase = 0; phase < 360; phase++) {
      const x = (frame: number) => Math.sin((2 * Math.PI * frame) / period + (phase * Math.PI) / 180);
      for (let c = Math.ceil(outer / 3); c <= Math.floor((2 * outer) / 3); c++, middles++)
        middle += Number(between(x(c), x(0), x(outer)));
      for (let gap = 15; gap <= 30; gap++) {
        ends += Number(!between(x(-gap), x(0), x(outer))) + Number(!between(x(outer + gap), x(0), x(outer)));
      }
    }
    sum += (middle / middles + (2 * ends) / (360 * 16 * 2)) / 3;
  }
  return sum / outers;
}

describe('the rule that the middle lies between the ends', () => {
  test('is always right on straight motion', () => {
    expect(ruleAccuracy(straight(3, -0.4), 20_000)).toBe(1);
  });

  test.each([50, 120, 400])(
    'is right on a pendulum of %i frames as often as the sum over all cases says',
    (periodFrames) => {
      const measured = ruleAccuracy(pendulum({ center: 80, amplitude: 30, periodFrames, phase: 0.1 }), 20_000);
      expect(Math.abs(measured - exactAccuracy(periodFrames))).toBeLessThan(0.015);
    },
  );

  test('meets its limits: near chance where the period is near the span, better the slower it swings', () => {
    const [near, slower, slow] = [120, 240, 400].map(exactAccuracy) as [number, number, number];
    expect(near).toBeLessThan(0.65);
    expect(slower).toBeGreaterThan(near);
    expect(slow).toBeGreaterThan(Math.max(0.85, slower));
  });
});

describe('coordinates over time', () => {
  test('a bounce goes to and fro between its walls', () => {
    const at = bounce({ low: 2, high: 6, from: 5, speed: 1 });
    expect([0, 1, 2, 5, 6, 9].map(at)).toEqual([5, 6, 5, 2, 3, 6]);
    expect([0, 1, 3, 4].map(bounce({ low: 2, high: 6, from: 5, speed: -1 }))).toEqual([5, 4, 2, 3]);
    expect(() => bounce({ low: 2, high: 2, from: 2, speed: 1 })).toThrow(/high must be above low/);
  });

  test('a bounce from anywhere is anywhere at any later frame', () => {
    const random = createRandom(3);
    for (const frame of [0, 17, 99]) {
      const counts = new Array<number>(10).fill(0);
      for (let n = 0; n < 10_000; n++) {
        const speed = (random.int(2) === 0 ? 1 : -1) * 0.13;
        counts[Math.min(9, Math.floor(10 * bounce({ low: 0, high: 1, from: random.float(), speed })(frame)))]! += 1;
      }
      const chiSquare = counts.reduce((sum, count) => sum + ((count - 1000) * (count - 1000)) / 1000, 0);
      expect(chiSquare).toBeLessThan(27.9); // 9 degrees of freedom, p = 0.001
    }
  });

  test('a rest stops the motion and then goes on from there', () => {
    const at = withRest(straight(10, 2), { start: 3, frames: 4 });
    expect([0, 2, 3, 5, 7, 8, 10].map(at)).toEqual([10, 14, 16, 16, 16, 18, 22]);
    expect(still(7)(99)).toBe(7);
  });

  test('a pendulum comes back after its period', () => {
    const at = pendulum({ center: 5, amplitude: 2, periodFrames: 40, phase: 0.25 });
    expect(at(0)).toBeCloseTo(7, 8);
    expect(at(20)).toBeCloseTo(3, 8);
    expect(at(57)).toBeCloseTo(at(17), 8);
  });
});

test('the sine without Math.sin is the sine', () => {
  for (let turns = -3; turns <= 3; turns += 0.0137) {
    expect(Math.abs(sineOfTurns(turns) - Math.sin(2 * Math.PI * turns))).toBeLessThan(1e-9);
    expect(Math.abs(cosineOfTurns(turns) - Math.cos(2 * Math.PI * turns))).toBeLessThan(1e-9);
  }
});
