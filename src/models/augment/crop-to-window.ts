import type { Box } from '../../core/index.js';
import { cutPicture, type ColourMatrix, type Picture } from '../../vision/augment.js';

/** Level of what lies outside the picture. */
const outside = 128;

/**
 * A square window at another size, as RGB; unlike `cropToSquare` it may reach beyond the picture, where it is grey. An output pixel shows the
 * picture only where it lies wholly inside.
 * `out` is uint8 [size, size, 3], and filled.
 */
export function cropToWindow(
  picture: Picture,
  {
    window,
    size,
    mirror = false,
    colour = null,
    out,
  }: {
    readonly window: Box;
    readonly size: number;
    readonly mirror?: boolean;
    readonly colour?: ColourMatrix | null;
    readonly out: Uint8Array;
  },
): void {
  const step = window.width / size; // picture pixels for one of the output
  const across = insideOf(window.x, picture.width, step, size);
  const down = insideOf(window.y, picture.height, step, size);
  if (across.count < size || down.count < size) out.fill(outside);
  if (across.count < 1 || down.count < 1) return;
  const box = {
    x: Math.max(0, window.x + across.first * step),
    y: Math.max(0, window.y + down.first * step),
    width: across.count * step,
    height: down.count * step,
  };
  // Rounding may put an edge a hair outside.
  const inside = {
    ...box,
    width: Math.min(box.width, picture.width - box.x),
    height: Math.min(box.height, picture.height - box.y),
  };
  const part = new Uint8Array(3 * across.count * down.count);
  cutPicture(picture, { box: inside, mirror, colour }, { width: across.count, height: down.count, out: part });
  const left = mirror ? size - across.first - across.count : across.first;
  for (let y = 0; y < down.count; y++)
    out.set(part.subarray(3 * y * across.count, 3 * (y + 1) * across.count), 3 * ((down.first + y) * size + left));
}

/** Output pixels along an axis that lie wholly inside the picture. */
function insideOf(from: number, limit: number, step: number, size: number) {
  const first = Math.max(0, Math.ceil(-from / step - 1e-9));
  const end = Math.min(size, Math.floor((limit - from) / step + 1e-9));
  return { first, count: Math.max(0, end - first) };
}
