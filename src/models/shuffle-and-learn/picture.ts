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
  const rows = new Float32Array(width * 3);
  const out = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    rows.fill(0);
    for (const { index, weight } of down[y]!) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < 3; c++)
          rows[x * 3 + c]! += weight * data[(index * width + x) * channels + (channels === 3 ? c : 0)]!;
      }
    }
    for (let x = 0; x < size; x++) {
      const to = (y * size + (mirror ? size - 1 - x : x)) * 3;
      for (let c = 0; c < 3; c++) {
        let value = 0;
        for (const { index, weight } of across[x]!) value += weight * rows[index * 3 + c]!;
        out[to + c] = Math.min(255, Math.max(0, Math.round(value)));
      }
    }
  }
  return out;
}

/** Copies one colour channel of a picture to all three, in place: OPN's channel splitting. */
export function keepChannel(rgb: Uint8Array, channel: number): void {
  for (let i = 0; i < rgb.length; i += 3) rgb.fill(rgb[i + channel]!, i, i + 3);
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
