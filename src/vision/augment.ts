import { loadKernel, type Box, type Kernel } from '../core/index.js';
import { KernelRoom } from './kernel-room.js';

/** A picture out of its compression. */
export interface Picture {
  /** uint8 [height, width, channels]. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 1: luma, 3: RGB. */
  readonly channels: number;
}

/**
 * What becomes of red, green and blue, which are 0–255: three rows of four numbers, each `r·red + g·green + b·blue + offset`.
 * Mean and scale of a network's input fit in.
 */
export type ColourMatrix = readonly number[];

/** Which part of a picture to take, and how. A record of plain numbers: stored, it gives the same pixels again. */
export interface PictureCut {
  /** In pixels; need not be whole numbers, but lies inside. */
  readonly box: Box;
  /** Swaps left and right. */
  readonly mirror?: boolean;
  readonly colour?: ColourMatrix | null;
}

interface AugmentKernel {
  scale(
    picture: number,
    rows: number,
    rowReach: number,
    row: number,
    rowBytes: number,
    columns: number,
    columnReach: number,
    width: number,
    height: number,
    colour: number,
    out: number,
    floats: boolean,
  ): void;
  copy(
    picture: number,
    rowStep: number,
    step: number,
    width: number,
    height: number,
    colour: number,
    out: number,
    floats: boolean,
  ): void;
}

/** For each output place `reach` input places and weights, which sum to 1; weight 0 from where there are no more. */
export interface AxisTaps {
  readonly reach: number;
  readonly places: Int32Array;
  readonly weights: Float32Array;
}

let kernel: Kernel<AugmentKernel> | null = null;

/**
 * A part of a picture at another size, mirrored and recoloured, in one pass of a WebAssembly kernel: bilinear, widened to the step between
 * pixels where it shrinks, so that fine texture does not flicker. All sums are of float32, columns of pixels first. `out` is uint8 or float32
 * [height, width, 3], and filled; bytes are rounded half up and clipped.
 *
 * @throws RangeError for a box outside the picture, or arrays of other sizes.
 */
export function cutPicture(
  picture: Picture,
  { box, mirror = false, colour = null }: PictureCut,
  { width, height, out }: { readonly width: number; readonly height: number; readonly out: Uint8Array | Float32Array },
): void {
  checkCut(picture, box, { width, height, out, colour });
  const { exports } = (kernel ??= loadKernel<AugmentKernel>('vision/kernels/augment'));
  const floats = out instanceof Float32Array;
  const source = picture.channels === 3 ? picture.data : toRgb(picture.data);
  const isPlain = isOwnSize(box, width, height);
  const across = isPlain ? null : axisTaps({ from: box.x, length: box.width, size: width, limit: picture.width });
  const down = isPlain ? null : axisTaps({ from: box.y, length: box.height, size: height, limit: picture.height });
  const [left, right] = across ? boundsOf(across.places) : [box.x, box.x + width];
  const rowValues = ((right - left) * 3 + 15) & ~15;
  // What no output row needs is not brought in.
  const [top, bottom] = down ? boundsOf(down.places) : [box.y, box.y + height];
  const rowStep = picture.width * 3;

  const room = new KernelRoom(kernel);
  const at = {
    picture: room.take((bottom - top) * rowStep),
    rows: room.take(height * (down?.reach ?? 0) * 8),
    columns: room.take(width * (across?.reach ?? 0) * 8),
    row: room.take(rowValues * 4),
    colour: room.take(64),
    out: room.take(out.byteLength),
  };
  const buffer = room.reserve();
  new Uint8Array(buffer).set(source.subarray(top * rowStep, bottom * rowStep), at.picture);
  if (colour) writeColour(new Float32Array(buffer, at.colour, 16), colour);
  const colourAt = colour ? at.colour : 0;
  if (across && down) {
    writeTaps(buffer, at.rows, down, (place) => (place - top) * rowStep + left * 3, false);
    writeTaps(buffer, at.columns, across, (place) => (place - left) * 12, mirror);
    const rows = [at.picture, at.rows, down.reach, at.row, rowValues] as const;
    exports.scale(...rows, at.columns, across.reach, width, height, colourAt, at.out, floats);
  } else {
    const first = at.picture + (mirror ? left + width - 1 : left) * 3;
    exports.copy(first, rowStep, mirror ? -3 : 3, width, height, colourAt, at.out, floats);
  }
  if (floats) out.set(new Float32Array(buffer, at.out, out.length));
  else out.set(new Uint8Array(buffer, at.out, out.length));
}

/** Input places and weights of a scaled axis; a place beyond the picture is its edge. */
export function axisTaps({
  from,
  length,
  size,
  limit,
}: {
  readonly from: number;
  readonly length: number;
  readonly size: number;
  readonly limit: number;
}): AxisTaps {
  const step = length / size;
  const wide = Math.max(1, step);
  const reach = Math.ceil(2 * wide);
  const places = new Int32Array(size * reach);
  const weights = new Float32Array(size * reach);
  for (let i = 0; i < size; i++) {
    const centre = from + (i + 0.5) * step - 0.5;
    const first = Math.floor(centre - wide) + 1; // nearer than `wide`: at its reach the weight is 0
    let total = 0;
    for (let at = first; at < centre + wide; at++) total += 1 - Math.abs(at - centre) / wide;
    for (let k = 0; k < reach; k++) {
      const distance = Math.abs(first + k - centre);
      places[i * reach + k] = Math.min(limit - 1, Math.max(0, first + k));
      weights[i * reach + k] = distance < wide ? (1 - distance / wide) / total : 0;
    }
  }
  return { reach, places, weights };
}

function isOwnSize(box: Box, width: number, height: number): boolean {
  return box.width === width && box.height === height && Number.isInteger(box.x) && Number.isInteger(box.y);
}

function boundsOf(places: Int32Array): readonly [first: number, end: number] {
  // Places rise, but for those of no weight at an edge.
  let first = places[0]!;
  let last = first;
  for (const place of places) {
    if (place < first) first = place;
    if (place > last) last = place;
  }
  return [first, last + 1];
}

function writeTaps(
  buffer: ArrayBuffer,
  at: number,
  { reach, places, weights }: AxisTaps,
  offsetOf: (place: number) => number,
  mirror: boolean,
): void {
  const count = places.length;
  const offsets = new Int32Array(buffer, at, count * 2);
  const shares = new Float32Array(buffer, at, count * 2);
  const size = count / reach;
  for (let i = 0, to = 0; i < size; i++) {
    const from = (mirror ? size - 1 - i : i) * reach;
    for (let k = 0; k < reach; k++, to += 2) {
      offsets[to] = offsetOf(places[from + k]!);
      shares[to + 1] = weights[from + k]!;
    }
  }
}

/** Rows for each output as columns for each input, four lanes each, the last of no use. */
function writeColour(to: Float32Array, colour: ColourMatrix): void {
  for (let input = 0; input < 4; input++) {
    for (let output = 0; output < 3; output++) to[input * 4 + output] = colour[output * 4 + input]!;
    to[input * 4 + 3] = 0;
  }
}

function toRgb(luma: Uint8Array): Uint8Array {
  const out = new Uint8Array(luma.length * 3);
  for (let i = 0; i < luma.length; i++) out.fill(luma[i]!, i * 3, i * 3 + 3);
  return out;
}

function checkCut(
  picture: Picture,
  box: Box,
  {
    width,
    height,
    out,
    colour,
  }: {
    readonly width: number;
    readonly height: number;
    readonly out: ArrayLike<number>;
    readonly colour: ColourMatrix | null;
  },
): void {
  const { data, channels } = picture;
  if (channels !== 1 && channels !== 3) throw new RangeError(`channels must be 1 or 3, got ${channels}.`);
  if (data.length !== picture.width * picture.height * channels) {
    throw new RangeError(
      `A picture of ${picture.width}×${picture.height}×${channels} has other than ${data.length} bytes.`,
    );
  }
  const slack = 1e-6 * Math.max(picture.width, picture.height); // of sums that meet the edge
  const isInside =
    box.x >= -slack &&
    box.y >= -slack &&
    box.x + box.width <= picture.width + slack &&
    box.y + box.height <= picture.height + slack;
  if (!isInside || !(box.width > 0) || !(box.height > 0)) {
    throw new RangeError(
      `The box ${box.x}, ${box.y}, ${box.width}, ${box.height} is not inside a picture of ${picture.width}×${picture.height}.`,
    );
  }
  if (out.length !== width * height * 3 || !Number.isInteger(width) || !Number.isInteger(height) || width < 1) {
    throw new RangeError(`${width}×${height} pixels need an array of their size, got ${out.length} values.`);
  }
  if (colour && colour.length !== 12) throw new RangeError(`A colour matrix has 12 numbers, got ${colour.length}.`);
}
