import type { Box } from '../../core/index.js';
import { resizeRgb, toLuma } from '../../vision/index.js';

/** How the two eyes lie in a frame, before it is known whether they are squeezed. */
export type Arrangement = 'sbs' | 'tb' | 'rows' | 'columns' | 'checkerboard' | 'anaglyph';

/** The arrangement, and whether each eye was squeezed to half its size; `pair`: two files, side by side and whole. */
export type Layout =
  'sbs-half' | 'sbs-full' | 'tb-half' | 'tb-full' | 'rows' | 'columns' | 'checkerboard' | 'anaglyph' | 'pair';

/** A picture: uint8 [height, width, channels], luma or RGB. */
export interface Picture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** The arrangement of a layout. */
export function arrangementOf(layout: Layout): Arrangement {
  if (layout === 'pair') return 'sbs';
  return layout.replace(/-(half|full)$/, '') as Arrangement;
}

/**
 * How much wider and higher than its share of the frame an eye is shown: what squeezing and interleaving took away.
 */
export function stretchOf(layout: Layout): readonly [x: number, y: number] {
  if (layout === 'sbs-half' || layout === 'columns' || layout === 'checkerboard') return [2, 1];
  return layout === 'tb-half' || layout === 'rows' ? [1, 2] : [1, 1];
}

/**
 * Takes a frame apart into the eye that comes first and the other one, pixel for pixel: nothing is scaled, so that nothing
 * crosses the seam. An odd column or row is left over. The eyes of an anaglyph are luma: red, and the mean of green and blue (with `magenta`
 * green, and the mean of red and blue).
 */
export function splitEyes(
  picture: Picture,
  arrangement: Arrangement,
  { magenta = false }: { readonly magenta?: boolean } = {},
): readonly [first: Picture, second: Picture] {
  const { width, height, channels } = picture;
  const [halfWidth, halfHeight] = [width >> 1, height >> 1];
  const take = (w: number, h: number, place: (x: number, y: number) => number): Picture => {
    const data = new Uint8Array(w * h * channels);
    for (let y = 0, to = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const from = place(x, y) * channels;
        for (let c = 0; c < channels; c++) data[to++] = picture.data[from + c]!;
      }
    }
    return { data, width: w, height: h, channels };
  };
  switch (arrangement) {
    case 'sbs':
      return [
        cut(picture, { x: 0, y: 0, width: halfWidth, height }),
        cut(picture, { x: width - halfWidth, y: 0, width: halfWidth, height }),
      ];
    case 'tb':
      return [
        cut(picture, { x: 0, y: 0, width, height: halfHeight }),
        cut(picture, { x: 0, y: height - halfHeight, width, height: halfHeight }),
      ];
    case 'rows':
      return [
        take(width, halfHeight, (x, y) => 2 * y * width + x),
        take(width, halfHeight, (x, y) => (2 * y + 1) * width + x),
      ];
    case 'columns':
      return [
        take(halfWidth, height, (x, y) => y * width + 2 * x),
        take(halfWidth, height, (x, y) => y * width + 2 * x + 1),
      ];
    case 'checkerboard':
      return [
        take(halfWidth, height, (x, y) => y * width + 2 * x + (y & 1)),
        take(halfWidth, height, (x, y) => y * width + 2 * x + 1 - (y & 1)),
      ];
    case 'anaglyph':
      return magenta
        ? [mixChannels(picture, [0, 1, 0]), mixChannels(picture, [1, 0, 1])]
        : [mixChannels(picture, [1, 0, 0]), mixChannels(picture, [0, 1, 1])];
  }
}

/** A part of a picture, copied. */
export function cut(picture: Picture, { x, y, width, height }: Box): Picture {
  const { channels } = picture;
  const data = new Uint8Array(width * height * channels);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * picture.width + x) * channels;
    data.set(picture.data.subarray(from, from + width * channels), row * width * channels);
  }
  return { data, width, height, channels };
}

/** Scaled to a size. */
export function scaleTo({ data, width, height, channels }: Picture, toWidth: number, toHeight: number): Picture {
  return {
    data: resizeRgb(data, width, height, toWidth, toHeight, channels),
    width: toWidth,
    height: toHeight,
    channels,
  };
}

/** Brightness alone. */
export function lumaOf(picture: Picture): Picture {
  return picture.channels === 1 ? picture : { ...picture, data: toLuma(picture.data), channels: 1 };
}

/** Weighted mean of the channels: 1 counts, 0 does not. */
export function mixChannels(picture: Picture, weights: readonly [number, number, number]): Picture {
  if (picture.channels === 1) return picture;
  const total = weights[0] + weights[1] + weights[2];
  const data = new Uint8Array(picture.width * picture.height);
  for (let i = 0, at = 0; i < data.length; i++, at += 3) {
    const sum =
      weights[0] * picture.data[at]! + weights[1] * picture.data[at + 1]! + weights[2] * picture.data[at + 2]!;
    data[i] = (2 * sum + total) / (2 * total); // rounded half up
  }
  return { ...picture, data, channels: 1 };
}

/** Height of an eye that is scaled to a width, square pixels. */
export function heightAt(width: number, eye: Pick<Picture, 'width' | 'height'>, layout: Layout): number {
  const [x, y] = stretchOf(layout);
  return Math.max(16, Math.round((width * eye.height * y) / (eye.width * x)));
}
