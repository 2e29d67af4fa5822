import { toLuma } from './color.js';
import { axisTaps, type PatchFeatures } from './tracker-features.js';

/**
 * Grey values as a tracker's only feature: the patch is sampled (bilinearly) to one element for each pixel of the template, luma / 255 - 0.5.
 *
 * @param window float32 [rows, columns], multiplied into every element.
 *
 * Source: Henriques et al., "High-Speed Tracking with Kernelized Correlation Filters", PAMI 2015, section 8 (raw pixels).
 */
export function createGreyFeatures({
  columns,
  rows,
  window,
}: {
  readonly columns: number;
  readonly rows: number;
  readonly window: Float32Array;
}): PatchFeatures {
  const out = new Float32Array(2 * 16 * rows * columns);
  return {
    columns,
    rows,
    extract({ data, width, height, channels }, { x, y, scale }) {
      const luma = channels === 1 ? data : toLuma(data);
      const across = axisTaps(x, scale, columns, width);
      const down = axisTaps(y, scale, rows, height);
      for (let row = 0, i = 0; row < rows; row++) {
        const [low, high, share] = [down.low[row]! * width, down.high[row]! * width, down.share[row]!];
        for (let column = 0; column < columns; column++, i++) {
          const [left, right, part] = [across.low[column]!, across.high[column]!, across.share[column]!];
          const above = luma[low + left]! + part * (luma[low + right]! - luma[low + left]!);
          const below = luma[high + left]! + part * (luma[high + right]! - luma[high + left]!);
          out[16 * i] = ((above + share * (below - above)) / 255 - 0.5) * window[i]!;
        }
      }
      return out;
    },
  };
}
