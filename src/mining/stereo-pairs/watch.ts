import { findComponents, matchBlocks } from '../../vision/index.js';
import { splitEyes, type Picture } from './layout.js';

/** How well the eyes of one instant fit each other, and each the other eye of the frame before and after. */
export interface SyncScore {
  readonly same: number;
  readonly other: number;
}

/** Where something stays on the screen while the film moves: uint8 [height, width] of 0 and 1, in the whole eye. */
export interface IgnoredAreas {
  readonly mask: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Median of the pixels' deviation over time above which the film moves as a whole, 0–255: before a fixed camera all edges stand. */
const moving = 6;
/** What lets the film shine through deviates less than this share of the median. */
const veiled = 0.75;
/** An edge stands on the screen if its step over two pixels is so high on average, and so many times its deviation over time. */
const leastEdge = 12;
const leastSteadiness = 3;
const areas = { least: 0.0005, most: 0.05 } as const;
const leastFrames = 8;
const grown = 2;

/** Looks at every frame of a shot, small: whether its eyes are in step, and what stands still on the screen. */
export class ShotWatch {
  readonly #arrangement: 'sbs' | 'tb';
  readonly #isLeftFirst: boolean;
  #eyes: readonly [Tally, Tally] | null = null;
  /** The latest three frames' eyes. */
  #latest: (readonly [Picture, Picture])[] = [];

  constructor(arrangement: 'sbs' | 'tb', isLeftFirst: boolean) {
    this.#arrangement = arrangement;
    this.#isLeftFirst = isLeftFirst;
  }

  /** The next frame: luma, the whole packed picture. */
  add(frame: Picture): void {
    const eyes = splitEyes(frame, this.#arrangement);
    const ordered = this.#isLeftFirst ? eyes : ([eyes[1], eyes[0]] as const);
    const { width, height } = ordered[0];
    this.#eyes ??= [new Tally(width, height), new Tally(width, height)];
    this.#eyes[0].add(ordered[0].data);
    this.#eyes[1].add(ordered[1].data);
    this.#latest = [...this.#latest.slice(-2), ordered];
  }

  /** The score of the frame before the latest one, which needs both its neighbours; of the latest if it `isLast`. Null where it is alone. */
  score(isLast: boolean): SyncScore | null {
    const at = this.#latest.length - (isLast ? 1 : 2);
    const now = this.#latest[at];
    const others = [this.#latest[at - 1], this.#latest[at + 1]].filter((eyes) => eyes !== undefined);
    if (!now || others.length === 0) return null;
    return {
      same: likeness(now[0], now[1]),
      other: Math.max(...others.map((eyes) => likeness(now[0], eyes[1]))),
    };
  }

  /** What stood still in both eyes, as the left one has it; null where nothing did. */
  ignored(): IgnoredAreas | null {
    if (!this.#eyes || this.#eyes[0].frames < leastFrames) return null;
    const [left, right] = this.#eyes.map((tally) => tally.still()) as [Uint8Array, Uint8Array];
    const { width, height } = this.#eyes[0];
    const { labels, sizes } = findComponents(left, width, height);
    const members = sizes.map((): number[] => []);
    labels.forEach((label, i) => label > 0 && members[label - 1]!.push(i));
    const out = new Uint8Array(width * height);
    for (const part of members) {
      const share = part.length / (width * height);
      if (share < areas.least || share > areas.most || !isInOtherEye(part, right, width)) continue;
      for (const at of part) grow(out, at, width, height);
    }
    return out.includes(1) ? { mask: out, width, height } : null;
  }
}

/** Mean and deviation over time of every pixel, and of its steps to the right and down. */
class Tally {
  readonly width: number;
  readonly height: number;
  frames = 0;
  /** Of the luma, its step across and its step down. */
  readonly #sums: readonly [Float64Array, Float64Array, Float64Array];
  readonly #squares: readonly [Float64Array, Float64Array, Float64Array];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    const make = () => new Float64Array(width * height);
    this.#sums = [make(), make(), make()];
    this.#squares = [make(), make(), make()];
  }

  add(luma: Uint8Array): void {
    this.frames++;
    const { width } = this;
    for (let i = width; i < luma.length - width; i++) {
      this.#note(0, i, luma[i]!);
      this.#note(1, i, luma[i + 1]! - luma[i - 1]!);
      this.#note(2, i, luma[i + width]! - luma[i - width]!);
    }
  }

  #note(of: 0 | 1 | 2, i: number, value: number): void {
    this.#sums[of][i]! += value;
    this.#squares[of][i]! += value * value;
  }

  /** What stands on the screen and what it encloses, where the film moves: uint8 [height, width] of 0 and 1. */
  still(): Uint8Array {
    const { width, height, frames } = this;
    const mean = (of: 0 | 1 | 2, i: number): number => this.#sums[of][i]! / frames;
    const deviation = (of: 0 | 1 | 2, i: number): number =>
      Math.sqrt(Math.max(0, this.#squares[of][i]! / frames - mean(of, i) * mean(of, i)));
    const mask = new Uint8Array(width * height);
    const deviations = Float64Array.from(mask, (_, i) => deviation(0, i));
    const usual = deviations.toSorted()[deviations.length >> 1]!;
    if (usual <= moving) return mask;
    for (let y = 1; y < height - 1; y++) {
      for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
        const isEdge = ([1, 2] as const).some((of) => {
          const step = Math.abs(mean(of, i));
          return step >= leastEdge && step >= leastSteadiness * deviation(of, i);
        });
        mask[i] = Number(isEdge && deviations[i]! < veiled * usual);
      }
    }
    fillHoles(mask, width, height);
    return mask;
  }
}

/** Adds what is enclosed and small enough to be a part of a logo. */
function fillHoles(mask: Uint8Array, width: number, height: number): void {
  const { labels, sizes } = findComponents(
    mask.map((value) => 1 - value),
    width,
    height,
  );
  labels.forEach((label, i) => {
    if (label > 0 && sizes[label - 1]! <= areas.most * mask.length) mask[i] = 1;
  });
}

/** Mean correlation of the textured blocks of one picture with their best places in the same rows of another. */
function likeness(left: Picture, right: Picture): number {
  const dx = Math.round(0.05 * left.width);
  const blocks = matchBlocks(left.data, right.data, left.width, left.height, {
    dx: [-dx, dx],
    dy: [0, 0],
    leastDeviation: 6,
  });
  return blocks.length === 0 ? 0 : blocks.reduce((sum, { correlation }) => sum + correlation, 0) / blocks.length;
}

/** Whether more than half of a part stands still in the other eye, too, at one shift. */
function isInOtherEye(members: readonly number[], other: Uint8Array, width: number): boolean {
  const reach = Math.round(0.06 * width);
  for (let shift = -reach; shift <= reach; shift++) {
    let hits = 0;
    for (const at of members) {
      const x = (at % width) - shift;
      if (x >= 0 && x < width) hits += other[at - shift]!;
    }
    if (hits > 0.5 * members.length) return true;
  }
  return false;
}

function grow(out: Uint8Array, at: number, width: number, height: number): void {
  const [x, y] = [at % width, Math.floor(at / width)];
  for (let v = Math.max(0, y - grown); v <= Math.min(height - 1, y + grown); v++) {
    for (let u = Math.max(0, x - grown); u <= Math.min(width - 1, x + grown); u++) out[v * width + u] = 1;
  }
}
