/**
 * CIE Lab of sRGB pixels, scaled to bytes as OpenCV does: L × 255 / 100, a + 128, b + 128, not rounded. By sums, products and
 * quotients alone, so that what is made of it is the same everywhere.
 *
 * @param rgb uint8 [height, width, 3].
 * @param out float32 [3, height, stride]: planes of L, a and b; what lies between `width` and `stride` is not touched.
 *
 * Source: IEC 61966-2-1 for sRGB, CIE 15 for Lab, white point D65.
 */
export function rgbToLab(
  rgb: Uint8Array,
  width: number,
  height: number,
  out: Float32Array,
  stride: number = width,
): Float32Array {
  const plane = stride * height;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 3 * (y * width + x);
      const r = linear[rgb[from]!]!;
      const g = linear[rgb[from + 1]!]!;
      const b = linear[rgb[from + 2]!]!;
      const fx = curve((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.950456);
      const fy = curve(0.212671 * r + 0.71516 * g + 0.072169 * b);
      const fz = curve((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.088754);
      const at = y * stride + x;
      out[at] = (116 * fy - 16) * 2.55;
      out[plane + at] = 500 * (fx - fy) + 128;
      out[2 * plane + at] = 200 * (fy - fz) + 128;
    }
  }
  return out;
}

const curveSteps = 2048;

/** Light of each sRGB byte, 0–1. */
const linear = Float64Array.from({ length: 256 }, (_, byte) => {
  const value = byte / 255;
  if (value <= 0.04045) return value / 12.92;
  const base = (value + 0.055) / 1.055;
  return base * base * root(base * base, 5); // base to the power of 2.4
});

/** Cube root with CIE's straight part near black, at whole steps. */
const curveTable = Float64Array.from({ length: curveSteps + 2 }, (_, i) => {
  const t = i / curveSteps;
  return t > 0.008856 ? root(t, 3) : 7.787 * t + 16 / 116;
});

function curve(t: number): number {
  const place = Math.min(1, t) * curveSteps;
  const step = Math.floor(place);
  return curveTable[step]! + (curveTable[step + 1]! - curveTable[step]!) * (place - step);
}

/** The n-th root of a number from 0 to 1, by Newton's method. */
function root(value: number, n: 3 | 5): number {
  let x = 1;
  for (let k = 0; k < 60; k++) {
    const power = n === 3 ? x * x : x * x * x * x;
    x = ((n - 1) * x + value / power) / n;
  }
  return x;
}
