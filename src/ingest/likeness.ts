/** Sides of a picture, in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Added to variances so that grain in a still picture makes no likeness, in levels of 255. */
const grain = 1;
/** Parts of the picture along each side that are compared by themselves. */
const grid = 4;
/** Standard deviation below which a part is too flat to tell anything, in levels of 255. */
const tellingContrast = 4;

/**
 * True if a shift of up to `reach`, a share of the width, makes two luma pictures more alike than `similarity`.
 */
export function resembles(
  a: Uint8Array,
  b: Uint8Array,
  size: PictureSize,
  { similarity, reach }: { readonly similarity: number; readonly reach: number },
): boolean {
  const radius = Math.max(1, Math.round(reach * size.width));
  for (let ring = 0; ring <= radius; ring++) {
    for (let dy = -ring; dy <= ring; dy++) {
      const step = Math.abs(dy) === ring ? 1 : 2 * ring;
      for (let dx = -ring; dx <= ring; dx += step) if (likeness(a, b, size, dx, dy) > similarity) return true;
    }
  }
  return false;
}

/**
 * Correlation of the whole pictures, or of their parts where that is greater: that most parts correlate means that only
 * some of the picture changed. 0 if a picture is flat.
 */
function likeness(a: Uint8Array, b: Uint8Array, { width, height }: PictureSize, dx: number, dy: number): number {
  const whole = [0, 0, 0, 0, 0, 0] as [number, number, number, number, number, number];
  const parts: number[] = [];
  for (let row = 0; row < grid; row++) {
    for (let column = 0; column < grid; column++) {
      const left = Math.max(Math.floor((column * width) / grid), -dx);
      const right = Math.min(Math.floor(((column + 1) * width) / grid), width - dx);
      const top = Math.max(Math.floor((row * height) / grid), -dy);
      const bottom = Math.min(Math.floor(((row + 1) * height) / grid), height - dy);
      let [sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0];
      for (let y = top; y < bottom; y++) {
        for (let p = y * width + left, q = (y + dy) * width + left + dx; p < y * width + right; p++, q++) {
          const u = a[p]!;
          const v = b[q]!;
          sumA += u;
          sumB += v;
          sumAA += u * u;
          sumBB += v * v;
          sumAB += u * v;
        }
      }
      const sums = [(right - left) * (bottom - top), sumA, sumB, sumAA, sumBB, sumAB] as const;
      sums.forEach((sum, i) => (whole[i]! += sum));
      const { correlation, contrast } = correlate(sums);
      if (contrast > tellingContrast) parts.push(correlation);
    }
  }
  const most = parts.length < grid ? -1 : parts.sort((x, y) => x - y)[Math.floor(0.3 * parts.length)]!;
  return Math.max(correlate(whole).correlation, most);
}

/** Correlation from [count, sum a, sum b, sum aa, sum bb, sum ab], and the greater of the two standard deviations. */
function correlate([count, a, b, aa, bb, ab]: readonly [number, number, number, number, number, number]): {
  readonly correlation: number;
  readonly contrast: number;
} {
  const varianceA = Math.max(0, aa / count - (a / count) * (a / count));
  const varianceB = Math.max(0, bb / count - (b / count) * (b / count));
  const covariance = ab / count - (a / count) * (b / count);
  return {
    correlation: covariance / Math.sqrt((varianceA + grain) * (varianceB + grain)),
    contrast: Math.sqrt(Math.max(varianceA, varianceB)),
  };
}
