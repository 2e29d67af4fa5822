import type { Random } from '../../core/index.js';
import type { WatchedLayer } from '../../engine/index.js';
import type { Vectors } from './clusters.js';

/** How a convolution looks at its input. */
export type Geometry = Pick<WatchedLayer, 'stride' | 'pad'> & {
  /** Rows and columns of the kernel. */
  readonly kernel: readonly [number, number];
  /** [height, width, channels] of the input. */
  readonly input: readonly [number, number, number];
};

/**
 * Draws windows of a convolution's input, each where the kernel is put once; what reaches over the border is 0.
 *
 * @param data float32 [pictures, height, width, channels].
 * @returns float32 [pictures × perPicture, kernel rows × kernel columns × channels], in the order of a filter's weights.
 */
export function drawPatches(
  data: Float32Array,
  { kernel: [rows, columns], input: [height, width, channels], stride, pad }: Geometry,
  { perPicture, random }: { readonly perPicture: number; readonly random: Random },
): Vectors {
  const pictures = data.length / (height * width * channels);
  const size = rows * columns * channels;
  const vertical = placesOf(height, rows, { stride, pad });
  const horizontal = placesOf(width, columns, { stride, pad });
  const out = new Float32Array(pictures * perPicture * size);
  let at = 0;
  for (let picture = 0; picture < pictures; picture++) {
    for (let n = 0; n < perPicture; n++) {
      const top = random.int(vertical.count) * stride - vertical.before;
      const left = random.int(horizontal.count) * stride - horizontal.before;
      for (let y = top; y < top + rows; y++) {
        for (let x = left; x < left + columns; x++, at += channels) {
          if (y < 0 || y >= height || x < 0 || x >= width) continue;
          const from = ((picture * height + y) * width + x) * channels;
          out.set(data.subarray(from, from + channels), at);
        }
      }
    }
  }
  return { data: out, rows: pictures * perPicture, columns: size };
}

/** The channels of one group of windows. */
export function takeChannels(
  { data, rows, columns }: Vectors,
  {
    channels,
    from,
    count,
  }: {
    /** Channels of the windows. */
    readonly channels: number;
    readonly from: number;
    readonly count: number;
  },
): Vectors {
  if (count === channels) return { data, rows, columns };
  const out = new Float32Array((data.length / channels) * count);
  for (let i = 0; i < data.length / channels; i++)
    out.set(data.subarray(i * channels + from, i * channels + from + count), i * count);
  return { data: out, rows, columns: (columns / channels) * count };
}

/** Where a kernel is put along one axis: how often, and how many zeros lie before the input. */
function placesOf(
  length: number,
  kernel: number,
  { stride, pad }: Pick<WatchedLayer, 'stride' | 'pad'>,
): { readonly count: number; readonly before: number } {
  if (pad === 'same') {
    const count = Math.ceil(length / stride);
    return { count, before: Math.max(0, (count - 1) * stride + kernel - length) >> 1 };
  }
  const before = pad === 'valid' ? 0 : pad;
  return { count: Math.floor((length + 2 * before - kernel) / stride) + 1, before };
}
