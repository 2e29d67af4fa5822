/**
 * Scales an interleaved picture: along each axis the mean over the covered area where it shrinks, linear between pixel
 * centres where it grows. Sums and products only, so the bytes are the same everywhere.
 *
 * @param data uint8 [height, width, channels].
 * @returns uint8 [toHeight, toWidth, channels], rounded half up.
 */
export function resizeRgb(
  data: Uint8Array,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
  channels = 3,
): Uint8Array {
  if (data.length !== width * height * channels) {
    throw new RangeError(`data must hold ${width * height * channels} bytes, got ${data.length}.`);
  }
  for (const [name, size] of Object.entries({ width, height, toWidth, toHeight, channels })) {
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`${name} must be a positive integer, got ${size}.`);
  }
  if (width === toWidth && height === toHeight) return data.slice();
  const columns = taps(width, toWidth);
  const rows = taps(height, toHeight);
  const narrowed = new Float64Array(height * toWidth * channels);
  for (let y = 0; y < height; y++)
    narrowRow(data, y * width * channels, narrowed, y * toWidth * channels, columns, channels);
  const out = new Uint8Array(toHeight * toWidth * channels);
  const line = new Float64Array(toWidth * channels);
  for (let y = 0; y < toHeight; y++) {
    line.fill(0.5);
    for (let k = rows.starts[y]!; k < rows.starts[y + 1]!; k++) {
      const weight = rows.weights[k]!;
      const from = rows.sources[k]! * line.length;
      for (let i = 0; i < line.length; i++) line[i]! += weight * narrowed[from + i]!;
    }
    out.set(line, y * line.length); // truncates: 0.5 was added; weights sum to 1, so at most 255.5
  }
  return out;
}

interface Taps {
  /** Int32 [to + 1]: where each output's entries begin in the two lists. */
  readonly starts: Int32Array;
  readonly sources: Int32Array;
  readonly weights: Float64Array;
}

function narrowRow(data: Uint8Array, at: number, out: Float64Array, outAt: number, taps: Taps, channels: number): void {
  const { starts, sources, weights } = taps;
  for (let x = 0; x < starts.length - 1; x++) {
    for (let k = starts[x]!; k < starts[x + 1]!; k++) {
      const weight = weights[k]!;
      const from = at + sources[k]! * channels;
      for (let c = 0; c < channels; c++) out[outAt + x * channels + c]! += weight * data[from + c]!;
    }
  }
}

function taps(from: number, to: number): Taps {
  const starts = new Int32Array(to + 1);
  const sources: number[] = [];
  const weights: number[] = [];
  const scale = from / to;
  for (let i = 0; i < to; i++) {
    if (to <= from) {
      for (let s = Math.floor((i * from) / to); s * to < (i + 1) * from; s++) {
        const covered = Math.min((s + 1) * to, (i + 1) * from) - Math.max(s * to, i * from); // whole numbers: no drift
        if (covered > 0) {
          sources.push(s);
          weights.push(covered / from);
        }
      }
    } else {
      const centre = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), from - 1);
      const left = Math.floor(centre);
      const share = centre - left;
      sources.push(left, Math.min(left + 1, from - 1));
      weights.push(1 - share, share);
    }
    starts[i + 1] = sources.length;
  }
  return { starts, sources: Int32Array.from(sources), weights: Float64Array.from(weights) };
}
