import type { Box, Frame } from '../../core/index.js';
import { resizeRgb, toLuma } from '../../vision/index.js';

const thumbnailSide = 32;
const blackLevel = 16; // luma up to which a row or column counts as black border

/**
 * The square of a frame that a box holds, scaled to `size`: sampled between pixels where the box stands between them, and
 * with the frame's edge repeated beyond it.
 *
 * @param frame RGB.
 * @returns uint8 [size, size, 3].
 */
export function cutPatch(frame: Frame, box: Box, size: number): Uint8Array {
  const width = Math.max(1, Math.round(box.width));
  const height = Math.max(1, Math.round(box.height));
  const cut = new Uint8Array(width * height * 3);
  const columns = Array.from({ length: width }, (_, i) => axisTap(box.x, box.width / width, i, frame.width));
  for (let y = 0; y < height; y++) {
    const [top, bottom, fy] = axisTap(box.y, box.height / height, y, frame.height);
    const [above, below] = [top * frame.width * 3, bottom * frame.width * 3];
    for (let x = 0; x < width; x++) {
      const [left, right, fx] = columns[x]!;
      for (let c = 0; c < 3; c++) {
        const upper = frame.data[above + 3 * left + c]! * (1 - fx) + frame.data[above + 3 * right + c]! * fx;
        const lower = frame.data[below + 3 * left + c]! * (1 - fx) + frame.data[below + 3 * right + c]! * fx;
        cut[3 * (y * width + x) + c] = Math.floor(upper * (1 - fy) + lower * fy + 0.5);
      }
    }
  }
  return resizeRgb(cut, width, height, size, size);
}

/** The two pixels around the centre of pixel `i` of a cut, and the weight of the second. */
function axisTap(from: number, pitch: number, i: number, limit: number): readonly [number, number, number] {
  const at = Math.min(limit - 1, Math.max(0, from + (i + 0.5) * pitch - 0.5));
  const low = Math.floor(at);
  return [low, Math.min(limit - 1, low + 1), at - low];
}

/**
 * Normalized correlation of two patches as 32×32 luma, -1–1; 0 where one is flat.
 *
 * @param a uint8 [size, size, 3]; `b` likewise.
 */
export function similarityOf(a: Uint8Array, b: Uint8Array, size: number): number {
  const [x, y] = [a, b].map((patch) => toLuma(resizeRgb(patch, size, size, thumbnailSide, thumbnailSide))) as [
    Uint8Array,
    Uint8Array,
  ];
  const count = x.length;
  let [sx, sy, sxx, syy, sxy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    sx += x[i]!;
    sy += y[i]!;
    sxx += x[i]! * x[i]!;
    syy += y[i]! * y[i]!;
    sxy += x[i]! * y[i]!;
  }
  const spread = (count * sxx - sx * sx) * (count * syy - sy * sy);
  return spread > 0 ? (count * sxy - sx * sy) / Math.sqrt(spread) : 0;
}

/**
 * Whether a patch shows nothing: hardly varies, or is mostly black border.
 *
 * @param patch uint8 [size, size, 3].
 */
export function isBlank(
  patch: Uint8Array,
  size: number,
  { blankDeviation, blackBorder }: { readonly blankDeviation: number; readonly blackBorder: number },
): boolean {
  const luma = toLuma(patch);
  let [sum, squares] = [0, 0];
  for (const value of luma) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / luma.length;
  if (squares / luma.length - mean * mean < blankDeviation * blankDeviation) return true;
  return borderShare(luma, size) > blackBorder;
}

/** Share of a square picture that is rows and columns, from its edges on, in which every pixel is black. */
function borderShare(luma: Uint8Array, size: number): number {
  const isBlack = (first: number, step: number): boolean => {
    for (let i = 0; i < size; i++) if (luma[first + i * step]! > blackLevel) return false;
    return true;
  };
  const run = (line: (i: number) => boolean): number => {
    let i = 0;
    while (i < size && line(i)) i++;
    return i;
  };
  const top = run((i) => isBlack(i * size, 1));
  const bottom = run((i) => isBlack((size - 1 - i) * size, 1));
  const left = run((i) => isBlack(i, size));
  const right = run((i) => isBlack(size - 1 - i, size));
  const inner = Math.max(0, size - top - bottom) * Math.max(0, size - left - right);
  return 1 - inner / (size * size);
}
