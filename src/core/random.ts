import { createHash } from 'node:crypto';

/** Seeded, forkable randomness: the same seed and labels give the same numbers on every machine. */
export interface Random {
  /** A stream of its own for these labels; does not move this one. */
  fork(...labels: readonly (string | number)[]): Random;
  /** Uniform in [0, 1), 53 bits. */
  float(): number;
  /** Uniform integer in [0, below). */
  int(below: number): number;
  /** Standard normal (Box–Muller). Not for bytes that must be equal on all Node versions. */
  normal(): number;
  /** A shuffled copy. */
  shuffle<T>(items: readonly T[]): T[];
  /** An unsigned 32-bit seed for an operation that takes one. */
  seed(): number;
  /** The generator's state: 4 unsigned 32-bit words and the label path; `randomFromState` goes on from it. */
  state(): RandomState;
}

/** What a checkpoint keeps of a `Random`. */
export interface RandomState {
  readonly path: string;
  readonly words: readonly [number, number, number, number];
}

/** A stream of random numbers from a seed. */
export function createRandom(seed: number | string): Random {
  return fromPath(`seed:${seed}`);
}

/** Goes on from a saved state. */
export function randomFromState(state: RandomState): Random {
  return new Xoshiro128(state.path, [...state.words]);
}

function fromPath(path: string): Random {
  const digest = createHash('sha256').update(path).digest();
  return new Xoshiro128(path, [0, 4, 8, 12].map((at) => digest.readUInt32LE(at)) as [number, number, number, number]);
}

/** xoshiro128** 1.1 (Blackman and Vigna, 2018), seeded by SHA-256 of the label path. */
class Xoshiro128 implements Random {
  readonly #path: string;
  readonly #words: [number, number, number, number];

  constructor(path: string, words: [number, number, number, number]) {
    this.#path = path;
    this.#words = words;
  }

  fork(...labels: readonly (string | number)[]): Random {
    return fromPath(JSON.stringify([this.#path, ...labels]));
  }

  seed(): number {
    const s = this.#words;
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotateLeft(s[3], 11);
    return result;
  }

  float(): number {
    const high = this.seed() >>> 5;
    return (high * 67108864 + (this.seed() >>> 6)) / 9007199254740992;
  }

  int(below: number): number {
    if (!Number.isInteger(below) || below < 1 || below > 4294967296) {
      throw new RangeError(`below must be an integer from 1 to 2^32, got ${below}.`);
    }
    const limit = 4294967296 - (4294967296 % below);
    for (;;) {
      const value = this.seed();
      if (value < limit) return value % below;
    }
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.float())) * Math.cos(2 * Math.PI * this.float());
  }

  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const kept = out[i] as T;
      out[i] = out[j] as T;
      out[j] = kept;
    }
    return out;
  }

  state(): RandomState {
    const [a, b, c, d] = this.#words.map((word) => word >>> 0) as [number, number, number, number];
    return { path: this.#path, words: [a, b, c, d] };
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
