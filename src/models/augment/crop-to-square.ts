import type { Box } from '../../core/index.js';

/** A picture out of its compression. */
export interface Picture {
  /** uint8 [height, width, channels]. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 1: luma, 3: RGB. */
  readonly channels: number;
}

/**
 * A part of a picture at another size, as RGB: bilinear, widened to the step between pixels where it shrinks, so fine texture does not flicker.
 * `box` is the part, in pixels; it need not be whole numbers but must lie inside. `mirror` swaps left and right.
 *
 * @returns uint8 [size, size, 3].
 */
export function cropToSquare(
  picture: Picture,
  { box, size, mirror = false }: { readonly box: Box; readonly size: number; readonly mirror?: boolean },
): Uint8Array {
  const { data, width, channels } = picture;
  const across = resizeTaps({ from: box.x, length: box.width, size, limit: width });
  const down = resizeTaps({ from: box.y, length: box.height, size, limit: picture.height });
  const columns = across.flatMap((taps) => taps.map(({ index }) => index));
  const [left, right] = [Math.min(...columns), Math.max(...columns) + 1]; // all that any output pixel needs
  const row = new Float32Array((right - left) * 3);
  const out = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    row.fill(0);
    for (const { index, weight } of down[y]!) {
      const start = (index * width + left) * channels;
      if (channels === 3) for (let i = 0; i < row.length; i++) row[i]! += weight * data[start + i]!;
      else for (let i = 0; i < row.length; i++) row[i]! += weight * data[start + Math.floor(i / 3) * channels]!;
    }
    for (let x = 0; x < size; x++) {
      const to = (y * size + (mirror ? size - 1 - x : x)) * 3;
      let [red, green, blue] = [0, 0, 0];
      for (const { index, weight } of across[x]!) {
        const at = (index - left) * 3;
        red += weight * row[at]!;
        green += weight * row[at + 1]!;
        blue += weight * row[at + 2]!;
      }
      out[to] = Math.round(red); // a mean of bytes is a byte
      out[to + 1] = Math.round(green);
      out[to + 2] = Math.round(blue);
    }
  }
  return out;
}

interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** For each of `size` output pixels, the input pixels that make it and their weights, which sum to 1. */
function resizeTaps({
  from,
  length,
  size,
  limit,
}: {
  readonly from: number;
  readonly length: number;
  readonly size: number;
  readonly limit: number;
}): readonly (readonly Tap[])[] {
  const step = length / size;
  const reach = Math.max(1, step);
  return Array.from({ length: size }, (_, i) => {
    const centre = from + (i + 0.5) * step - 0.5;
    const taps: Tap[] = [];
    let total = 0;
    for (let at = Math.ceil(centre - reach); at <= Math.floor(centre + reach); at++) {
      const weight = 1 - Math.abs(at - centre) / reach;
      if (weight <= 0) continue;
      total += weight;
      taps.push({ index: Math.min(limit - 1, Math.max(0, at)), weight });
    }
    return taps.map(({ index, weight }) => ({ index, weight: weight / total }));
  });
}
