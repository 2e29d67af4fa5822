/** How two eyes are put into one picture. */
export const stereoPackings = [
  'sbs-full',
  'sbs-half',
  'tb-full',
  'tb-half',
  'rows',
  'columns',
  'checkerboard',
  'anaglyph',
] as const;

/** One of `stereoPackings`. */
export type StereoPacking = (typeof stereoPackings)[number];

/** A packed picture: uint8 [height, width, 3]. */
export interface PackedPicture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Puts two eyes into one picture. Half packings squeeze each eye to half its size by the mean of two pixels; interleaved ones take
 * every second row, column or pixel of each; an anaglyph takes the first eye's red and the other's green and blue.
 *
 * @param first uint8 [height, width, 3]: what comes left, on top, or on row 0. `second` likewise; width and height even.
 */
export function packStereo(
  first: Uint8Array,
  second: Uint8Array,
  width: number,
  height: number,
  packing: StereoPacking,
): PackedPicture {
  switch (packing) {
    case 'sbs-full':
      return besides(first, second, width, height);
    case 'sbs-half':
      return besides(squeeze(first, width, 1), squeeze(second, width, 1), width / 2, height);
    case 'tb-full':
      return atop(first, second, width, height);
    case 'tb-half':
      return atop(squeeze(first, width, width), squeeze(second, width, width), width, height / 2);
    case 'rows':
      return choose(first, second, width, height, (_, y) => y % 2 === 0);
    case 'columns':
      return choose(first, second, width, height, (x) => x % 2 === 0);
    case 'checkerboard':
      return choose(first, second, width, height, (x, y) => (x + y) % 2 === 0);
    case 'anaglyph': {
      const data = second.slice();
      for (let i = 0; i < data.length; i += 3) data[i] = first[i]!;
      return { data, width, height };
    }
  }
}

function besides(first: Uint8Array, second: Uint8Array, width: number, height: number): PackedPicture {
  const data = new Uint8Array(6 * width * height);
  for (let y = 0; y < height; y++) {
    data.set(first.subarray(3 * y * width, 3 * (y + 1) * width), 6 * y * width);
    data.set(second.subarray(3 * y * width, 3 * (y + 1) * width), 6 * y * width + 3 * width);
  }
  return { data, width: 2 * width, height };
}

function atop(first: Uint8Array, second: Uint8Array, width: number, height: number): PackedPicture {
  const data = new Uint8Array(6 * width * height);
  data.set(first);
  data.set(second, first.length);
  return { data, width, height: 2 * height };
}

/** Every two neighbouring pixels, `apart` pixels apart (1: in a row; the width: in a column), become their mean. */
function squeeze(data: Uint8Array, width: number, apart: number): Uint8Array {
  const out = new Uint8Array(data.length / 2);
  const alongRow = apart === 1;
  const outWidth = alongRow ? width / 2 : width;
  for (let i = 0; i < out.length / 3; i++) {
    const [x, y] = [i % outWidth, Math.floor(i / outWidth)];
    const from = 3 * (alongRow ? y * width + 2 * x : 2 * y * width + x);
    for (let c = 0; c < 3; c++) out[3 * i + c] = (data[from + c]! + data[from + 3 * apart + c]! + 1) >> 1;
  }
  return out;
}

function choose(
  first: Uint8Array,
  second: Uint8Array,
  width: number,
  height: number,
  isFirst: (x: number, y: number) => boolean,
): PackedPicture {
  const data = new Uint8Array(first.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      data.set((isFirst(x, y) ? first : second).subarray(at, at + 3), at);
    }
  }
  return { data, width, height };
}
