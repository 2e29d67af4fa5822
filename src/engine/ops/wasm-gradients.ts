import type { backend_util } from '@tensorflow/tfjs-core';
import { loadKernel, type Kernel } from '../../core/index.js';

type Call = (
  picture: number,
  dy: number,
  filter: number,
  outHeight: number,
  outWidth: number,
  kernelHeight: number,
  m: number,
  n: number,
  pixelStep: number,
  rowStep: number,
  lineStep: number,
) => void;

let kernel: Kernel<{ readonly filterGradient: Call; readonly inputGradient: Call }> | null = null;

/**
 * The gradient of a convolution's filter.
 *
 * @param x float32 [batch, height, width, channels].
 * @param dy float32 [batch, outHeight, outWidth, outChannels].
 * @returns float32 [filterHeight, filterWidth, channels, outChannels].
 */
export function filterGradient(x: Float32Array, dy: Float32Array, info: backend_util.Conv2DInfo): Float32Array {
  const { batchSize, outHeight, outWidth, outChannels, filterHeight, filterWidth, inChannels } = info;
  const run = filterWidth * inChannels;
  const [m, n] = [roundUp(run, 4), roundUp(outChannels, 8)];
  const { exports, picture, pictureFloats, slopes, filter, view } = openKernel(info, {
    outWidth,
    n,
    filterFloats: filterHeight * m * n,
  });
  for (let image = 0; image < batchSize; image++) {
    const memory = view();
    memory.fill(0, picture, picture + pictureFloats);
    eachLine(info, (inside, outside) =>
      memory.set(x.subarray(...span(image, info, inside)), picture + outside * inChannels),
    );
    for (let place = 0; place < outHeight * outWidth; place++) {
      const from = (image * outHeight * outWidth + place) * outChannels;
      memory.set(dy.subarray(from, from + outChannels), slopes + place * n);
    }
    exports.filterGradient(
      picture * 4,
      slopes * 4,
      filter * 4,
      outHeight,
      outWidth,
      filterHeight,
      m,
      n,
      ...steps(info),
    );
  }
  const memory = view();
  const out = new Float32Array(filterHeight * run * outChannels);
  for (let row = 0; row < filterHeight; row++) {
    for (let j = 0; j < run; j++) {
      const from = filter + (row * m + j) * n;
      out.set(memory.subarray(from, from + outChannels), (row * run + j) * outChannels);
    }
  }
  return out;
}

/**
 * The gradient of a convolution's input, at any stride.
 *
 * @param dy float32 [batch, outHeight, outWidth, outChannels].
 * @param weights float32 [filterHeight, filterWidth, channels, outChannels].
 * @returns float32 [batch, height, width, channels].
 */
export function inputGradient(dy: Float32Array, weights: Float32Array, info: backend_util.Conv2DInfo): Float32Array {
  const { batchSize, outHeight, outChannels: n, filterHeight, filterWidth, inChannels, inHeight, inWidth } = info;
  const run = filterWidth * inChannels;
  const [m, outWidth] = [roundUp(run, 8), roundUp(info.outWidth, 4)];
  const { exports, picture, pictureFloats, slopes, filter, view } = openKernel(info, {
    outWidth,
    n,
    filterFloats: filterHeight * m * n,
  });
  const turned = view();
  for (let row = 0; row < filterHeight; row++) {
    for (let j = 0; j < run; j++) {
      for (let o = 0; o < n; o++) turned[filter + (row * n + o) * m + j] = weights[(row * run + j) * n + o]!;
    }
  }
  const dx = new Float32Array(batchSize * inHeight * inWidth * inChannels);
  for (let image = 0; image < batchSize; image++) {
    const memory = view();
    memory.fill(0, picture, picture + pictureFloats);
    for (let row = 0; row < outHeight; row++) {
      const from = (image * outHeight + row) * info.outWidth * n;
      memory.set(dy.subarray(from, from + info.outWidth * n), slopes + row * outWidth * n);
    }
    exports.inputGradient(picture * 4, slopes * 4, filter * 4, outHeight, outWidth, filterHeight, m, n, ...steps(info));
    eachLine(info, (inside, outside) => {
      const [from, to] = span(image, info, inside);
      const at = picture + outside * inChannels;
      dx.set(memory.subarray(at, at + to - from), from);
    });
  }
  return dx;
}

interface Workspace {
  readonly exports: { readonly filterGradient: Call; readonly inputGradient: Call };
  /** Places in float32 units. */
  readonly picture: number;
  readonly pictureFloats: number;
  readonly slopes: number;
  readonly filter: number;
  readonly view: () => Float32Array;
}

/** Memory for one padded picture, one picture of slopes (zeroed) and one filter (zeroed). */
function openKernel(
  info: backend_util.Conv2DInfo,
  { outWidth, n, filterFloats }: { readonly outWidth: number; readonly n: number; readonly filterFloats: number },
): Workspace {
  kernel ??= loadKernel('engine/kernels/convolution-gradients');
  const { exports, memory, reserve } = kernel;
  // What tiles read or add beyond the last pixel: at most 3 pixels of steps and 8 floats.
  const slack = 4 * info.strideWidth * info.inChannels + (info.filterWidth + 1) * info.inChannels + 16;
  const pictureFloats = roundUp(paddedHeight(info) * paddedWidth(info) * info.inChannels + slack, 4);
  const slopeFloats = roundUp(info.outHeight * outWidth * n, 4);
  const picture = reserve((pictureFloats + slopeFloats + filterFloats) * 4) / 4;
  const slopes = picture + pictureFloats;
  const filter = slopes + slopeFloats;
  const view = () => new Float32Array(memory.buffer);
  view().fill(0, slopes, filter + filterFloats);
  return { exports, picture, pictureFloats, slopes, filter, view };
}

/** Bytes from place to place, from output row to row, and from picture line to line. */
function steps(info: backend_util.Conv2DInfo): [number, number, number] {
  const line = paddedWidth(info) * info.inChannels * 4;
  return [info.strideWidth * info.inChannels * 4, info.strideHeight * line, line];
}

/** Calls with the first pixel of each picture line that the filter meets: in the picture, and in the padded picture. */
function eachLine(info: backend_util.Conv2DInfo, visit: (inside: number, outside: number) => void): void {
  const { top, left } = info.padInfo;
  const lines = Math.min(info.inHeight, paddedHeight(info) - top);
  for (let line = 0; line < lines; line++) visit(line * info.inWidth, (line + top) * paddedWidth(info) + left);
}

function span(image: number, info: backend_util.Conv2DInfo, pixel: number): [number, number] {
  const from = (image * info.inHeight * info.inWidth + pixel) * info.inChannels;
  const pixels = Math.min(info.inWidth, paddedWidth(info) - info.padInfo.left);
  return [from, from + pixels * info.inChannels];
}

/** Lines that the filter meets, those of the padding included. */
function paddedHeight({ outHeight, strideHeight, filterHeight }: backend_util.Conv2DInfo): number {
  return (outHeight - 1) * strideHeight + filterHeight;
}

function paddedWidth({ outWidth, strideWidth, filterWidth }: backend_util.Conv2DInfo): number {
  return (outWidth - 1) * strideWidth + filterWidth;
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
