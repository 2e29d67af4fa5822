import { decodeDeepImage } from './image-codec.js';

/** A flow read from a file, and where it is known. */
export interface FlowField {
  /** Float32 [height, width, 2]: pixels to the right and down; 0 where it is not known. */
  readonly flow: Float32Array;
  /** Uint8 [height, width]: 1 where the flow is known. */
  readonly valid: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const floTag = 202021.25; // its bytes read "PIEH"
const unknownFlow = 1e9;

/**
 * A flow from the bytes of a `.flo` file, as Middlebury, MPI-Sintel and FlyingChairs give it: a tag, width and height,
 * and two float32 a pixel, little-endian. Components beyond 1e9 in size, or not a number, mark a pixel as not known.
 *
 * @throws Error if the tag is wrong, or the length is not what width and height say.
 *
 * Source: Baker et al., "A Database and Evaluation Methodology for Optical Flow", IJCV 2011, and the file's own reader.
 */
export function parseFlo(bytes: Uint8Array): FlowField {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getFloat32(0, true) !== floTag) throw new Error('Not a .flo file: its tag is missing.');
  const [width, height] = [view.getInt32(4, true), view.getInt32(8, true)];
  if (width < 1 || height < 1 || bytes.length !== 12 + 8 * width * height) {
    throw new Error(`A .flo file of ${width}×${height} has ${12 + 8 * width * height} bytes, got ${bytes.length}.`);
  }
  const flow = new Float32Array(2 * width * height);
  const valid = new Uint8Array(width * height);
  for (let i = 0; i < valid.length; i++) {
    const [u, v] = [view.getFloat32(12 + 8 * i, true), view.getFloat32(16 + 8 * i, true)];
    if (!(Math.abs(u) <= unknownFlow && Math.abs(v) <= unknownFlow)) continue;
    flow[2 * i] = u;
    flow[2 * i + 1] = v;
    valid[i] = 1;
  }
  return { flow, valid, width, height };
}

/**
 * The bytes of a `.flo` file; `parseFlo` gives back the same flow and the same known pixels.
 *
 * @param field `valid` may be left out: then all is known.
 */
export function formatFlo({
  flow,
  valid,
  width,
  height,
}: Omit<FlowField, 'valid'> & { readonly valid?: Uint8Array }): Uint8Array {
  if (flow.length !== 2 * width * height) {
    throw new RangeError(`A flow of ${width}×${height} has ${2 * width * height} values, got ${flow.length}.`);
  }
  const bytes = new Uint8Array(12 + 8 * width * height);
  const view = new DataView(bytes.buffer);
  view.setFloat32(0, floTag, true);
  view.setInt32(4, width, true);
  view.setInt32(8, height, true);
  for (let i = 0; i < flow.length; i++) {
    view.setFloat32(12 + 4 * i, valid?.[i >> 1] === 0 ? 1e10 : flow[i]!, true);
  }
  return bytes;
}

/**
 * A flow from a PNG of KITTI 2012 or 2015: three channels of 16 bits, `(u · 64 + 2^15, v · 64 + 2^15, known)`.
 *
 * @throws Error if the bytes are not a PNG of three 16-bit channels.
 *
 * Source: the development kit of KITTI's flow benchmark (Menze and Geiger, "Object Scene Flow for Autonomous Vehicles", 2015).
 */
export async function parseKittiFlow(png: Uint8Array): Promise<FlowField> {
  const { data, width, height, channels, depth } = await decodeDeepImage(png);
  if (channels !== 3 || depth !== 16) {
    throw new Error(`A KITTI flow has 3 channels of 16 bits, got ${channels} of ${depth}.`);
  }
  const flow = new Float32Array(2 * width * height);
  const valid = new Uint8Array(width * height);
  for (let i = 0; i < valid.length; i++) {
    if (data[3 * i + 2] === 0) continue;
    flow[2 * i] = (data[3 * i]! - 32768) / 64;
    flow[2 * i + 1] = (data[3 * i + 1]! - 32768) / 64;
    valid[i] = 1;
  }
  return { flow, valid, width, height };
}
