import { createRandom, type Random } from '../core/index.js';
import { resample } from '../vision/index.js';
import { digitSide, type DigitPool, type DigitPools } from './digits.js';
import { digitMotion, type DigitStep, type MovingMnistVariant } from './moving-mnist-motion.js';

/** What makes one video of Moving MNIST, with the digits: the same always gives the same pixels. */
export interface MovingMnistOptions {
  readonly variant: MovingMnistVariant;
  readonly seed: number;
  readonly role: 'train' | 'test';
  /** Number of the video in its role, from 0. */
  readonly index: number;
  readonly frames: number;
  /** Digits in a video. */
  readonly digits: number;
  /** Walls turn digits round instead of sending them off anew; `srivastava` never does otherwise. */
  readonly deterministic: boolean;
}

/** One video of Moving MNIST. Frames may be asked for in any order. */
export interface MovingMnistVideo {
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  /** uint8 [height, width], luma. */
  frame(index: number): Uint8Array;
  /** The digits that it shows: their numbers in the pool of its role, and their way. */
  readonly truth: readonly { readonly digit: number; readonly steps: readonly DigitStep[] }[];
}

/** Side of the canvas, in pixels. */
export const movingMnistSide = 64;

/** Raised when the same options and digits would give other pixels. */
export const movingMnistVersion = 1;

/** Frames of a video where nothing else is asked for: what is evaluated on. */
export const movingMnistFrames: Readonly<Record<MovingMnistVariant, number>> = { svg: 30, srvp: 30, srivastava: 20 };

/** Side of a drawn digit: `svg` scales digits up, bilinear. */
const drawnSide: Readonly<Record<MovingMnistVariant, number>> = { svg: 32, srvp: digitSide, srivastava: digitSide };

/**
 * Makes one video. Each is drawn from the seed, its role and its number alone, so that a test set is the same whoever
 * asks for it, in whatever order.
 *
 * Overlapping digits are added and capped (`svg`, `srvp`), or the brighter counts (`srivastava`).
 *
 * @throws RangeError for numbers that are none.
 */
export function createMovingMnist(options: MovingMnistOptions, pools: DigitPools): MovingMnistVideo {
  const { variant, seed, role, index, frames, digits, deterministic } = options;
  for (const [name, value, least] of [
    ['seed', seed, 0],
    ['index', index, 0],
    ['frames', frames, 1],
    ['digits', digits, 1],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least)
      throw new RangeError(`${name} must be a whole number of at least ${least}, got ${value}.`);
  }
  const random = createRandom(seed).fork('moving-mnist', variant, role);
  const pool = pools[role];
  const side = drawnSide[variant];
  const chosen = Array.from({ length: digits }, (_, n) => {
    const own = random.fork(index, n);
    const digit = chooseDigit({ variant, role, pool, random, own, place: index * digits + n });
    const limit = movingMnistSide - side;
    return { digit, steps: digitMotion(variant, { frames, limit, deterministic, random: own.fork('way') }) };
  });
  const pictures = chosen.map(({ digit }) => drawnDigit(pool.digit(digit), side));
  return {
    width: movingMnistSide,
    height: movingMnistSide,
    frameCount: frames,
    frame(at) {
      if (!Number.isInteger(at) || at < 0 || at >= frames)
        throw new RangeError(`A frame is from 0 to ${frames - 1}, got ${at}.`);
      const canvas = new Uint8Array(movingMnistSide * movingMnistSide);
      chosen.forEach(({ steps }, n) => overlay(canvas, pictures[n]!, side, steps[at]!, variant));
      return canvas;
    },
    truth: chosen,
  };
}

/**
 * The test videos of `srvp` and all of `srivastava` use up a shuffled list of all digits before one comes again; the
 * others draw freely.
 */
function chooseDigit({
  variant,
  role,
  pool,
  random,
  own,
  place,
}: {
  readonly variant: MovingMnistVariant;
  readonly role: 'train' | 'test';
  readonly pool: DigitPool;
  readonly random: Random;
  readonly own: Random;
  /** How many digits the videos before this one, and this one so far, have taken. */
  readonly place: number;
}): number {
  const drawsFreely = variant === 'svg' || (variant === 'srvp' && role === 'train');
  if (drawsFreely) return own.fork('digit').int(pool.count);
  return shuffled(pool.count, Math.floor(place / pool.count), random)[place % pool.count]!;
}

let latest: { readonly key: string; readonly order: readonly number[] } | null = null;

/** The list of all digits for the `round`-th time round; the one asked for last is kept. */
function shuffled(count: number, round: number, random: Random): readonly number[] {
  const own = random.fork('digits', round);
  const key = JSON.stringify([count, own.state().path]);
  if (latest?.key !== key) {
    latest = { key, order: own.shuffle(Array.from({ length: count }, (_, i) => i)) };
  }
  return latest.order;
}

function drawnDigit(data: Uint8Array, side: number): Uint8Array {
  const size = { width: digitSide, height: digitSide, channels: 1, toWidth: side, toHeight: side };
  return resample({ data, ...size, filter: 'bilinear' });
}

function overlay(
  canvas: Uint8Array,
  digit: Uint8Array,
  side: number,
  { x, y }: DigitStep,
  variant: MovingMnistVariant,
): void {
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const at = (y + row) * movingMnistSide + x + column;
      const [below, above] = [canvas[at]!, digit[row * side + column]!];
      canvas[at] = variant === 'srivastava' ? Math.max(below, above) : Math.min(255, below + above);
    }
  }
}
