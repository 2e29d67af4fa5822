import type { Random } from '../core/index.js';
import { cosineOfTurns, sineOfTurns } from './sine.js';

/** Whose rules the digits move by. */
export const movingMnistVariants = ['svg', 'srvp', 'srivastava'] as const;

/** Whose rules the digits move by. */
export type MovingMnistVariant = (typeof movingMnistVariants)[number];

/** Where one digit is in a frame, and how it goes on. */
export interface DigitStep {
  /** Whole pixels of the digit's top left corner, as drawn. */
  readonly x: number;
  readonly y: number;
  /** Pixels per frame with which it leaves this place. */
  readonly dx: number;
  readonly dy: number;
  /** True if it has met a wall on the way to this place. */
  readonly hit: boolean;
}

/** What the motion is told. */
export interface MotionOptions {
  readonly frames: number;
  /** Largest coordinate that the digit's corner may have: the canvas less the digit. */
  readonly limit: number;
  /** A wall turns the digit round instead of sending it off anew. */
  readonly deterministic: boolean;
  readonly random: Random;
}

/** Fastest along each axis, in pixels per frame. */
const maxSpeed = 4;

/** The way of one digit by the rules of a variant. */
export function digitMotion(variant: MovingMnistVariant, options: MotionOptions): readonly DigitStep[] {
  if (variant === 'svg') return svgMotion(options);
  return variant === 'srvp' ? srvpMotion(options) : srivastavaMotion(options);
}

/**
 * Whole pixels and whole speeds of -4 to 4. A corner that has left 0 to limit-1 is put back on its edge before it is
 * drawn, so that the step into a wall is shortened and the coordinate `limit` is never used. A wall gives both parts
 * of the velocity anew: the one across it away from the wall, never 0; the other from -4 to 4. First the walls above
 * and below, then those at the sides, which may undo what the first have drawn.
 *
 * Source: Denton and Fergus, ICML 2018, section 5.1; the order and the edges are those of its published generator.
 */
function svgMotion({ frames, limit, deterministic, random }: MotionOptions): readonly DigitStep[] {
  const across = () => random.int(2 * maxSpeed + 1) - maxSpeed;
  const away = () => 1 + random.int(maxSpeed);
  let x = random.int(limit);
  let y = random.int(limit);
  let dx = across();
  let dy = across();
  const steps: DigitStep[] = [];
  for (let t = 0; t < frames; t++) {
    let hit = false;
    if (y < 0 || y >= limit) {
      const sign = y < 0 ? 1 : -1;
      y = y < 0 ? 0 : limit - 1;
      hit = true;
      if (deterministic) dy = -dy;
      else {
        dy = sign * away();
        dx = across();
      }
    }
    if (x < 0 || x >= limit) {
      const sign = x < 0 ? 1 : -1;
      x = x < 0 ? 0 : limit - 1;
      hit = true;
      if (deterministic) dx = -dx;
      else {
        dx = sign * away();
        dy = across();
      }
    }
    steps.push({ x, y, dx, dy, hit });
    x += dx;
    y += dy;
  }
  return steps;
}

const nearlyNothing = 1e-8;

/**
 * Places are exact and rounded only to be drawn. A digit that meets a wall within a step goes on from the very point
 * where it met it, for what is left of the step: both parts of the velocity are drawn anew from -4 to 4 (0 is allowed),
 * then the part across the wall is made to point away from it.
 *
 * Source: Franceschi et al., "Stochastic Latent Residual Video Prediction", ICML 2020, appendix D, and its generator.
 */
function srvpMotion({ frames, limit, deterministic, random }: MotionOptions): readonly DigitStep[] {
  const draw = () => random.int(2 * maxSpeed + 1) - maxSpeed;
  let x = random.int(limit + 1);
  let y = random.int(limit + 1);
  let dx = draw();
  let dy = draw();
  const steps: DigitStep[] = [];
  for (let t = 0; t < frames; t++) {
    let hit = false;
    for (let left = t === 0 ? 0 : 1; left > 0;) {
      const untilX = timeTo(x, dx, limit);
      const untilY = timeTo(y, dy, limit);
      const until = Math.min(untilX, untilY);
      if (until >= left - nearlyNothing) {
        x += dx * left;
        y += dy * left;
        break;
      }
      const wallX = untilX - until <= nearlyNothing ? Math.sign(dx) : 0;
      const wallY = untilY - until <= nearlyNothing ? Math.sign(dy) : 0;
      x = wallX === 0 ? x + dx * until : wallX < 0 ? 0 : limit;
      y = wallY === 0 ? y + dy * until : wallY < 0 ? 0 : limit;
      left -= until;
      hit = true;
      if (!deterministic) {
        dx = draw();
        dy = draw();
      }
      if (wallX !== 0) dx = -wallX * Math.abs(dx);
      if (wallY !== 0) dy = -wallY * Math.abs(dy);
    }
    steps.push({ x: roundToEven(x), y: roundToEven(y), dx, dy, hit });
  }
  return steps;
}

/** Steps until a coordinate that moves by `speed` a step leaves 0 to `limit`. */
function timeTo(at: number, speed: number, limit: number): number {
  if (speed === 0) return Infinity;
  return Math.max(0, ((speed < 0 ? 0 : limit) - at) / speed);
}

/** Nearest whole number; of two the even one. */
function roundToEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

/** Share of the way from wall to wall that a digit goes in one frame. */
const stepLength = 0.1;

/**
 * A start anywhere, a direction anywhere on the circle, always the same speed: a tenth of the way from wall to wall.
 * It steps first, is then put back on the edge that it has left, and turned round there. Nothing is random after the
 * start.
 *
 * Source: Srivastava, Mansimov and Salakhutdinov, ICML 2015, section 4.1, and its published generator.
 */
function srivastavaMotion({ frames, limit, random }: MotionOptions): readonly DigitStep[] {
  let x = random.float();
  let y = random.float();
  const turn = random.float();
  let dx = stepLength * cosineOfTurns(turn);
  let dy = stepLength * sineOfTurns(turn);
  const steps: DigitStep[] = [];
  for (let t = 0; t < frames; t++) {
    x += dx;
    y += dy;
    const hit = x <= 0 || x >= 1 || y <= 0 || y >= 1;
    if (x <= 0 || x >= 1) {
      x = x <= 0 ? 0 : 1;
      dx = -dx;
    }
    if (y <= 0 || y >= 1) {
      y = y <= 0 ? 0 : 1;
      dy = -dy;
    }
    steps.push({ x: Math.floor(limit * x), y: Math.floor(limit * y), dx: limit * dx, dy: limit * dy, hit });
  }
  return steps;
}
