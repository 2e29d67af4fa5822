/** Features that know nothing but the pixels, by the rival's name: each takes uint8 [height, width, 3] and gives a vector to compare by cosine. */
export const trivialFeatures: Readonly<
  Record<string, (picture: Uint8Array, width: number, height: number) => Float32Array>
> = {
  pixels: (picture, width, height) => centre(shrink(picture, width, height)),
  'colour-histogram': colourHistogram,
  'oriented-gradients': (picture, width, height) => orientedGradients(shrink(picture, width, height)),
};

const side = 32;

/** Means of equal areas: float32 [32, 32, 3]. Pixels on a border count to where their middle is; a smaller picture repeats its pixels. */
export function shrink(picture: Uint8Array, width: number, height: number): Float32Array {
  const out = new Float32Array(side * side * 3);
  const range = (i: number, size: number): [number, number] => {
    const from = Math.min(size - 1, Math.floor((i * size) / side));
    return [from, Math.max(from + 1, Math.floor(((i + 1) * size) / side))];
  };
  for (let y = 0; y < side; y++) {
    const [top, bottom] = range(y, height);
    for (let x = 0; x < side; x++) {
      const [left, right] = range(x, width);
      const share = 1 / ((bottom - top) * (right - left));
      for (let v = top; v < bottom; v++) {
        for (let u = left; u < right; u++) {
          for (let c = 0; c < 3; c++) out[(y * side + x) * 3 + c]! += picture[(v * width + u) * 3 + c]! * share;
        }
      }
    }
  }
  return out;
}

function centre(values: Float32Array): Float32Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

/** Shares of 4 × 4 × 4 colours. */
function colourHistogram(patch: Uint8Array): Float32Array {
  const out = new Float32Array(64);
  for (let i = 0; i < patch.length; i += 3)
    out[(patch[i]! >> 6) * 16 + (patch[i + 1]! >> 6) * 4 + (patch[i + 2]! >> 6)]! += 3 / patch.length;
  return out;
}

const [cell, bins] = [8, 9];

/**
 * Luma gradients of each 8 × 8 cell by direction, without sign: magnitudes in 9 bins, each cell at unit length.
 *
 * Source: Dalal and Triggs, "Histograms of Oriented Gradients", 2005; cells are normalized alone, and bins are hard.
 */
export function orientedGradients(rgb: Float32Array): Float32Array {
  const luma = Float32Array.from(
    { length: side * side },
    (_, i) => 0.299 * rgb[i * 3]! + 0.587 * rgb[i * 3 + 1]! + 0.114 * rgb[i * 3 + 2]!,
  );
  const at = (x: number, y: number) =>
    luma[Math.min(side - 1, Math.max(0, y)) * side + Math.min(side - 1, Math.max(0, x))]!;
  const cells = side / cell;
  const out = new Float32Array(cells * cells * bins);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [dx, dy] = [at(x + 1, y) - at(x - 1, y), at(x, y + 1) - at(x, y - 1)];
      const turn = (Math.atan2(dy, dx) / Math.PI + 1) % 1; // 0–1 over half a turn
      const bin = Math.min(bins - 1, Math.floor(turn * bins));
      out[(Math.floor(y / cell) * cells + Math.floor(x / cell)) * bins + bin]! += Math.sqrt(dx * dx + dy * dy);
    }
  }
  for (let from = 0; from < out.length; from += bins) {
    const own = out.subarray(from, from + bins);
    const length = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0)) + 1e-3;
    own.forEach((value, i) => (own[i] = value / length));
  }
  return out;
}
