/** How neighbouring pixels are weighed: straight falls (`bilinear`, reach 1) or Keys' cubic with a = -0.5 (`bicubic`, reach 2). */
export type ResampleFilter = 'bilinear' | 'bicubic';

/** A picture to scale, and what to make of it. */
export interface ResampleOptions {
  /** uint8 [height, width, channels]. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly toWidth: number;
  readonly toHeight: number;
  readonly filter: ResampleFilter;
}

/**
 * Scales a picture as Pillow does, byte for byte: the filter widens by the factor by which the picture shrinks, and
 * its weights are whole multiples of 2^-22; first rows are scaled and rounded to bytes, then columns. An axis that
 * keeps its size keeps its bytes.
 *
 * @returns uint8 [toHeight, toWidth, channels], its own memory.
 * @throws RangeError if `data` has not width × height × channels bytes or a size is not a positive integer.
 */
export function resample(options: ResampleOptions): Uint8Array {
  const { data, width, height, channels, toWidth, toHeight, filter } = options;
  for (const [name, size] of Object.entries({ width, height, channels, toWidth, toHeight })) {
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`${name} must be a positive integer, got ${size}.`);
  }
  if (data.length !== width * height * channels) {
    throw new RangeError(`data must hold ${width * height * channels} bytes, got ${data.length}.`);
  }
  const wide = width === toWidth ? data.slice() : scaleRows(data, height, channels, tapsOf(width, toWidth, filter));
  return height === toHeight ? wide : scaleColumns(wide, toWidth * channels, tapsOf(height, toHeight, filter));
}

/** For each place of the output: the first place of the input that it takes from, and its weights. */
interface Taps {
  readonly size: number;
  readonly from: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** [size, reach]: weights in units of 2^-22. */
  readonly weights: Int32Array;
  readonly reach: number;
}

const precisionBits = 22;
const half = 1 << (precisionBits - 1);

function tapsOf(from: number, size: number, filter: ResampleFilter): Taps {
  const scale = from / size;
  const widening = Math.max(1, scale);
  const support = (filter === 'bilinear' ? 1 : 2) * widening;
  const reach = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(size);
  const count = new Int32Array(size);
  const weights = new Int32Array(size * reach);
  const weigh = filter === 'bilinear' ? triangle : cubic;
  for (let i = 0; i < size; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const row = Array.from({ length: end - start }, (_, k) => weigh((k + start - centre + 0.5) * (1 / widening)));
    const sum = row.reduce((a, b) => a + b, 0);
    first[i] = start;
    count[i] = row.length;
    row.forEach((weight, k) => {
      const share = (sum === 0 ? weight : weight * (1 / sum)) * (1 << precisionBits);
      weights[i * reach + k] = Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
    });
  }
  return { size, from, first, count, weights, reach };
}

function scaleRows(data: Uint8Array, rows: number, channels: number, taps: Taps): Uint8Array {
  const { size, from, first, count, weights, reach } = taps;
  const out = new Uint8Array(rows * size * channels);
  for (let y = 0; y < rows; y++) {
    const line = y * from * channels;
    for (let x = 0; x < size; x++) {
      const start = line + first[x]! * channels;
      const at = (y * size + x) * channels;
      for (let c = 0; c < channels; c++) {
        let sum = half;
        for (let k = 0; k < count[x]!; k++) sum += data[start + k * channels + c]! * weights[x * reach + k]!;
        out[at + c] = toByte(sum);
      }
    }
  }
  return out;
}

function scaleColumns(data: Uint8Array, rowLength: number, taps: Taps): Uint8Array {
  const { size, first, count, weights, reach } = taps;
  const out = new Uint8Array(size * rowLength);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < size; y++) {
    sums.fill(half);
    for (let k = 0; k < count[y]!; k++) {
      const weight = weights[y * reach + k]!;
      const line = (first[y]! + k) * rowLength;
      for (let i = 0; i < rowLength; i++) sums[i]! += data[line + i]! * weight;
    }
    for (let i = 0; i < rowLength; i++) out[y * rowLength + i] = toByte(sums[i]!);
  }
  return out;
}

function toByte(sum: number): number {
  const value = sum >> precisionBits;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function triangle(x: number): number {
  const distance = Math.abs(x);
  return distance < 1 ? 1 - distance : 0;
}

function cubic(x: number): number {
  const a = -0.5;
  const distance = Math.abs(x);
  if (distance < 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  if (distance < 2) return (((distance - 5) * distance + 8) * distance - 4) * a;
  return 0;
}
