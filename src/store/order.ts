import type { Random } from '../core/index.js';

const rounds = 7;

/**
 * A shuffle of 0 … length − 1 that is computed place by place, so that ten million samples take no memory and any place can be asked for.
 *
 * A Feistel network of 7 rounds permutes the next power of four from `length` up; places that fall outside are sent round again.
 *
 * @param length from 1 to 2^32.
 * @returns the item at a place; a permutation.
 *
 * Source: Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002, section 4 (cycle walking); the round function is Murmur3's finaliser.
 */
export function createOrder(length: number, random: Random): (place: number) => number {
  let half = 2; // values of one half; half × half is at least `length`
  while (half * half < length) half *= 2;
  const mask = half - 1;
  const keys = Uint32Array.from({ length: rounds }, () => random.seed());
  return (place) => {
    let value = place;
    do {
      let left = Math.floor(value / half);
      let right = value & mask;
      for (let i = 0; i < rounds; i++) {
        const mixed = (left ^ mix(right ^ keys[i]!)) & mask;
        left = right;
        right = mixed;
      }
      value = left * half + right;
    } while (value >= length);
    return value;
  };
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Samples by class. */
export interface Classes {
  readonly count: number;
  /**
   * Which sample stands at each place of an epoch: of every `count` places each class has one, in an order of their own, and within its class
   * every sample comes before one comes again, across epochs too.
   */
  order(epoch: number, random: Random): (place: number) => number;
}

/**
 * Classes that each hold a run of a list.
 *
 * @param starts place in the list at which each class begins, rising from 0; none is empty.
 * @param samples length of the list.
 * @param at the sample at a place of the list.
 */
export function createClasses(starts: ArrayLike<number>, samples: number, at: (place: number) => number): Classes {
  const count = starts.length;
  const perEpoch = Math.ceil(samples / count); // draws of one class
  return {
    count,
    order: (epoch, random) => (place) => {
      const round = Math.floor(place / count);
      const chosen = createOrder(count, random.fork('classes', epoch, round))(place % count);
      const first = starts[chosen]!;
      const size = (starts[chosen + 1] ?? samples) - first;
      const draw = epoch * perEpoch + round;
      const within = createOrder(size, random.fork('class', chosen, Math.floor(draw / size)));
      return at(first + within(draw % size));
    },
  };
}
