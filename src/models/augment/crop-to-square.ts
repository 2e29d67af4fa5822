import type { Box } from '../../core/index.js';
import { cutPicture, type ColourMatrix, type Picture } from '../../vision/augment.js';

export type { ColourMatrix, Picture } from '../../vision/augment.js';

/**
 * A part of a picture at another size, as RGB; `cutPicture` says how. `box` is the part, in pixels; it need not be whole numbers but must lie
 * inside. `mirror` swaps left and right; `out` are size × size × 3 bytes to write to, else new ones.
 *
 * @returns uint8 [size, size, 3].
 */
export function cropToSquare(
  picture: Picture,
  options: {
    readonly box: Box;
    readonly size: number;
    readonly mirror?: boolean;
    readonly colour?: ColourMatrix | null;
    readonly out?: Uint8Array;
  },
): Uint8Array {
  const { size, out = new Uint8Array(size * size * 3), ...cut } = options;
  cutPicture(picture, cut, { width: size, height: size, out });
  return out;
}
