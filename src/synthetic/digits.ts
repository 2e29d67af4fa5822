import { createRandom, type Random } from '../core/index.js';
import { parseIdx } from './idx.js';

/** Side of a digit's picture, in pixels. */
export const digitSide = 28;

/** Pictures of digits, of which any can be asked for. */
export interface DigitPool {
  readonly count: number;
  /** uint8 [28, 28], 0 (ground) to 255 (ink). */
  digit(index: number): Uint8Array;
}

/** Digits to train on and digits to test on; no digit is in both. */
export interface DigitPools {
  readonly train: DigitPool;
  readonly test: DigitPool;
}

/** Digits that are drawn from a seed: as many as the ten thousand of MNIST's test half, divided alike. */
export const glyphCounts = { train: 8000, test: 2000 } as const;

/** Share of a single IDX file that is trained on; the rest is for testing. */
const trainShare = 0.8;

/**
 * The digits of IDX files of pictures: of one file the first 8 of 10 train and the rest test; of two, the first trains
 * and the second tests, as MNIST is divided.
 *
 * @param files unpacked IDX files [n, 28, 28].
 * @throws RangeError if a file is of another shape, or too small to be divided.
 */
export function idxDigits(files: readonly Uint8Array[]): DigitPools {
  const arrays = files.map((bytes) => {
    const { shape, data } = parseIdx(bytes);
    if (shape.length !== 3 || shape[1] !== digitSide || shape[2] !== digitSide)
      throw new RangeError(`Digits are ${digitSide}×${digitSide} pictures; the IDX file is ${shape.join(' × ')}.`);
    return { count: shape[0]!, data };
  });
  const [first, second] = arrays;
  if (!first) throw new RangeError('No IDX file of digits is given.');
  const border = second ? first.count : Math.floor(first.count * trainShare);
  if (border < 1 || (second ? second.count : first.count - border) < 1)
    throw new RangeError('The IDX file holds too few digits to train and to test on.');
  return {
    train: slicePool(first.data, 0, border),
    test: second ? slicePool(second.data, 0, second.count) : slicePool(first.data, border, first.count),
  };
}

function slicePool(data: Uint8Array, from: number, to: number): DigitPool {
  const size = digitSide * digitSide;
  return {
    count: to - from,
    digit(index) {
      assertIndex(index, to - from);
      return data.slice((from + index) * size, (from + index + 1) * size);
    },
  };
}

/**
 * Digits drawn in the manner of a seven-segment display, each of a slant, width, height, place and stroke of its own.
 * They take the place of MNIST where there is none; what is measured on one tells nothing of the other.
 */
export function glyphDigits(seed: number): DigitPools {
  const pool = (role: 'train' | 'test'): DigitPool => {
    const count = glyphCounts[role];
    return {
      count,
      digit(index) {
        assertIndex(index, count);
        return drawGlyph(index % 10, createRandom(seed).fork('glyph', role, index));
      },
    };
  };
  return { train: pool('train'), test: pool('test') };
}

/** Ends of the seven segments, on a grid of 0–1 across and 0–2 down: top, the upper sides, middle, the lower sides, bottom. */
const segments = [
  [0, 0, 1, 0],
  [0, 0, 0, 1],
  [1, 0, 1, 1],
  [0, 1, 1, 1],
  [0, 1, 0, 2],
  [1, 1, 1, 2],
  [0, 2, 1, 2],
] as const;
/** Which segments each digit lights, by number. */
const lit = ['012456', '25', '02346', '02356', '1235', '01356', '013456', '025', '0123456', '012356'] as const;

/** uint8 [28, 28]: one digit with soft edges one pixel wide. */
export function drawGlyph(label: number, random: Random): Uint8Array {
  const between = (low: number, high: number): number => low + (high - low) * random.float();
  const width = between(7, 12);
  const height = between(15, 20);
  const slant = between(-0.1, 0.3); // pixels to the right per pixel up
  const stroke = between(1.1, 2.1); // half the line's width
  const left = (digitSide - 1 - width) / 2 + between(-1, 1);
  const top = (digitSide - 1 - height) / 2 + between(-1, 1);
  const place = (across: number, down: number): readonly [number, number] => [
    left + across * width + slant * (1 - down) * (height / 2),
    top + (down * height) / 2,
  ];
  const out = new Uint8Array(digitSide * digitSide);
  const lines = Array.from(lit[label]!, (n) => {
    const [x0, y0, x1, y1] = segments[Number(n)]!;
    return [...place(x0, y0), ...place(x1, y1)] as const;
  });
  for (let y = 0; y < digitSide; y++) {
    for (let x = 0; x < digitSide; x++) {
      let nearest = Infinity;
      for (const line of lines) nearest = Math.min(nearest, distanceTo(x, y, line));
      const cover = stroke + 0.5 - nearest;
      out[y * digitSide + x] = Math.round(255 * Math.min(1, Math.max(0, cover)));
    }
  }
  return out;
}

function distanceTo(x: number, y: number, [x0, y0, x1, y1]: readonly [number, number, number, number]): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const along = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)));
  const [ex, ey] = [x - x0 - along * dx, y - y0 - along * dy];
  return Math.sqrt(ex * ex + ey * ey);
}

function assertIndex(index: number, count: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new RangeError(`A digit is from 0 to ${count - 1}, got ${index}.`);
}
