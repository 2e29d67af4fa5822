import type { Kernel } from '../core/index.js';

/** What `kernels/points.as.ts` exports. */
export interface PointKernel {
  replicate(picture: number, width: number, height: number, stride: number, pad: number): void;
  halve(
    from: number,
    fromStride: number,
    to: number,
    width: number,
    height: number,
    stride: number,
    line: number,
  ): void;
  cornerness(
    picture: number,
    stride: number,
    response: number,
    responseStride: number,
    ...area: readonly [left: number, top: number, right: number, bottom: number, rows: number]
  ): number;
  peaks(
    response: number,
    stride: number,
    left: number,
    top: number,
    right: number,
    bottom: number,
    ...rest: readonly [least: number, places: number, values: number, most: number]
  ): number;
  follow(
    levels: number,
    levelCount: number,
    from: number,
    to: number,
    found: number,
    ...rest: readonly [count: number, iterations: number, epsilon: number, scratch: number]
  ): void;
}

const pad = 32; // pixels around each picture of a pyramid: half a window, and what vectors read beyond it
const leastSide = 24; // of the coarsest picture
const templateBytes = 3 * 18 * 64;

/** Most corners that one picture gives, before they are thinned out. */
export const mostPeaks = 65_536;

/** One picture of a pyramid. */
export interface Level {
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  /** Of the first pixel, from the start of the pyramid. */
  readonly offset: number;
}

/** Where everything lies in the kernel's memory, as offsets. */
export interface Layout {
  readonly levels: readonly Level[];
  readonly responseStride: number;
  readonly bytes: number;
  /** Offsets of what lies where. */
  readonly first: number;
  readonly second: number;
  readonly response: number;
  readonly rows: number;
  readonly places: number;
  readonly values: number;
  readonly from: number;
  readonly to: number;
  readonly back: number;
  readonly found: number;
  readonly foundBack: number;
  readonly table: number;
  readonly scratch: number;
}

/** Plans memory for two pyramids of pictures of one size, and for so many points. */
export function planMemory(width: number, height: number, levelCount: number, most: number): Layout {
  const levels: Level[] = [];
  let pyramidBytes = 0;
  for (let [w, h] = [width, height]; levels.length < levelCount;) {
    const stride = align(w + 2 * pad);
    levels.push({ width: w, height: h, stride, offset: pyramidBytes + pad * stride + pad });
    pyramidBytes += stride * (h + 2 * pad);
    [w, h] = [(w + 1) >> 1, (h + 1) >> 1];
    if (Math.min(w, h) < leastSide) break;
  }
  const responseStride = align(width + 16);
  let bytes = 0;
  const take = (size: number): number => {
    const at = bytes;
    bytes += align(size) + 64;
    return at;
  };
  return {
    levels,
    responseStride,
    first: take(pyramidBytes),
    second: take(pyramidBytes),
    response: take(responseStride * (height + 2) * 4),
    rows: take(9 * (responseStride + 16) * 4),
    places: take(mostPeaks * 4),
    values: take(mostPeaks * 4),
    from: take(most * 8),
    to: take(most * 8),
    back: take(most * 8),
    found: take(most),
    foundBack: take(most),
    table: take(16 * levelCount),
    scratch: take(templateBytes),
    bytes,
  };
}

/** Copies a picture in, with replicated edges, and halves it down; addresses of the first pixels. */
export function loadPyramid(
  { exports, memory }: Kernel<PointKernel>,
  base: number,
  line: number,
  { levels }: Layout,
  picture: Uint8Array,
): readonly number[] {
  const bytes = new Uint8Array(memory.buffer);
  const addresses = levels.map(({ offset }) => base + offset);
  levels.forEach(({ width, height, stride }, i) => {
    const at = addresses[i]!;
    if (i === 0) {
      for (let y = 0; y < height; y++) bytes.set(picture.subarray(y * width, (y + 1) * width), at + y * stride);
    } else {
      exports.halve(addresses[i - 1]!, levels[i - 1]!.stride, at, width, height, stride, line);
    }
    exports.replicate(at, width, height, stride, pad);
  });
  return addresses;
}

function align(bytes: number): number {
  return (bytes + 15) & ~15;
}
