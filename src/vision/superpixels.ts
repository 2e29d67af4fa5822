import { loadKernel, type Kernel } from '../core/index.js';
import { KernelRoom } from './kernel-room.js';
import { rgbToLab } from './lab.js';

/** A picture cut into regions of like colour. */
export interface Superpixels {
  /** int32 [height, width]: number of each pixel's region, from 0. */
  readonly labels: Int32Array;
  readonly count: number;
  /** float32 [count, 5]: mean L, a, b (0–255, see `rgbToLab`), x and y of every region; pixel centres are at whole numbers. */
  readonly centres: Float32Array;
  /** int32 [count]: pixels of every region; none is empty. */
  readonly sizes: Int32Array;
  /** float32 [3, height, width]: the picture in Lab. */
  readonly lab: Float32Array;
}

/** How a picture is cut. */
export interface SuperpixelOptions {
  /** Regions wanted; there will be about as many. */
  readonly regions?: number;
  /** Levels of colour that weigh as much as the side of a region. */
  readonly compactness?: number;
  readonly rounds?: number;
}

interface SuperpixelKernel {
  assign(
    planes: number,
    stride: number,
    height: number,
    centres: number,
    count: number,
    ...rest: readonly [reach: number, spatial: number, best: number, labels: number]
  ): void;
  accumulate(planes: number, stride: number, width: number, height: number, labels: number, sums: number): void;
}

let kernel: Kernel<SuperpixelKernel> | null = null;

/**
 * Cuts a picture into regions of like colour and size, by k-means over colour and place in which a centre sees only what is near.
 *
 * @param rgb uint8 [height, width, 3].
 *
 * Source: Achanta et al., "SLIC Superpixels Compared to State-of-the-Art Superpixel Methods", TPAMI 2012.
 * Differs: regions need not be connected, and seeds are not moved off edges; a fixed number of rounds.
 */
export function cutSuperpixels(
  rgb: Uint8Array,
  width: number,
  height: number,
  { regions = 400, compactness = 12, rounds = 5 }: SuperpixelOptions = {},
): Superpixels {
  if (rgb.length !== 3 * width * height)
    throw new RangeError(`rgb must hold ${3 * width * height} bytes, got ${rgb.length}.`);
  kernel ??= loadKernel<SuperpixelKernel>('vision/kernels/superpixels');
  const step = Math.max(1, Math.sqrt((width * height) / regions));
  const [columns, lines] = [Math.max(1, Math.round(width / step)), Math.max(1, Math.round(height / step))];
  const count = columns * lines;
  const reach = Math.ceil(Math.max(width / columns, height / lines));
  const stride = (width + 3) & ~3;
  const room = new KernelRoom(kernel);
  const [planesAt, bestAt, labelsAt] = [
    room.take(12 * stride * height),
    room.take(4 * stride * height),
    room.take(4 * stride * height),
  ];
  const [centresAt, sumsAt] = [room.take(20 * count), room.take(24 * count)];
  const buffer = room.reserve();
  const planes = new Float32Array(buffer, planesAt, 3 * stride * height);
  const best = new Float32Array(buffer, bestAt, stride * height);
  const padded = new Int32Array(buffer, labelsAt, stride * height).fill(0);
  const centres = new Float32Array(buffer, centresAt, 5 * count);
  const sums = new Float32Array(buffer, sumsAt, 6 * count);
  rgbToLab(rgb, width, height, planes, stride);
  seed(centres, planes, { columns, lines, width, height, stride });
  const spatial = (compactness / step) * (compactness / step);
  for (let round = 0; round < rounds; round++) {
    best.fill(Infinity);
    kernel.exports.assign(planesAt, stride, height, centresAt, count, reach, spatial, bestAt, labelsAt);
    sums.fill(0);
    kernel.exports.accumulate(planesAt, stride, width, height, labelsAt, sumsAt);
    for (let n = 0; n < count; n++) {
      const pixels = sums[6 * n + 5]!;
      if (pixels > 0) for (let k = 0; k < 5; k++) centres[5 * n + k] = sums[6 * n + k]! / pixels;
    }
  }
  const labels = new Int32Array(width * height);
  const lab = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    labels.set(padded.subarray(y * stride, y * stride + width), y * width);
    for (let c = 0; c < 3; c++) {
      const from = (c * height + y) * stride;
      lab.set(planes.subarray(from, from + width), (c * height + y) * width);
    }
  }
  return withoutEmpty({ labels, lab, centres, sums });
}

/** Regions on a grid, each with the colour at its centre. */
function seed(
  centres: Float32Array,
  planes: Float32Array,
  {
    columns,
    lines,
    width,
    height,
    stride,
  }: {
    readonly columns: number;
    readonly lines: number;
    readonly width: number;
    readonly height: number;
    readonly stride: number;
  },
): void {
  for (let n = 0; n < columns * lines; n++) {
    const x = ((n % columns) + 0.5) * (width / columns) - 0.5;
    const y = (Math.floor(n / columns) + 0.5) * (height / lines) - 0.5;
    const at = Math.round(y) * stride + Math.round(x);
    for (let c = 0; c < 3; c++) centres[5 * n + c] = planes[c * stride * height + at]!;
    centres[5 * n + 3] = x;
    centres[5 * n + 4] = y;
  }
}

/** Numbers only the regions that have pixels. */
function withoutEmpty({
  labels,
  lab,
  centres,
  sums,
}: {
  readonly labels: Int32Array;
  readonly lab: Float32Array;
  readonly centres: Float32Array;
  readonly sums: Float32Array;
}): Superpixels {
  const full = Array.from({ length: sums.length / 6 }, (_, n) => n).filter((n) => sums[6 * n + 5]! > 0);
  const numbers = new Int32Array(sums.length / 6);
  full.forEach((n, i) => (numbers[n] = i));
  for (let i = 0; i < labels.length; i++) labels[i] = numbers[labels[i]!]!;
  return {
    labels,
    count: full.length,
    centres: Float32Array.from({ length: 5 * full.length }, (_, i) => centres[5 * full[Math.floor(i / 5)]! + (i % 5)]!),
    sizes: Int32Array.from(full, (n) => sums[6 * n + 5]!),
    lab,
  };
}
