import { StoreError } from './errors.js';
import { typedArrays } from './fields.js';
import type { BatchArray } from './sample.js';

const formatOf = {
  bool: '|b1',
  uint8: '|u1',
  uint16: '<u2',
  int32: '<i4',
  int64: '<i8',
  float16: '<f2',
  float32: '<f4',
  float64: '<f8',
} as const satisfies Record<BatchArray['dtype'], string>;

const magic = '\x93NUMPY';

/** Length of the header that `npyHeader` gives for arrays of up to 3 axes: a file can be begun before its length is known. */
export const npyHeaderBytes = 128;

/**
 * The beginning of a `.npy` file, format 1.0, C order; the values follow.
 *
 * @param atLeast bytes that it takes even where fewer would do, a multiple of 64: 256 are enough for 6 axes of any length.
 *
 * Source: NumPy, "numpy.lib.format".
 */
export function npyHeader(
  { dtype, shape }: Pick<BatchArray, 'dtype' | 'shape'>,
  atLeast: number = npyHeaderBytes,
): Uint8Array {
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${formatOf[dtype]}', 'fortran_order': False, 'shape': (${axes}), }`;
  const length = Math.max(atLeast, Math.ceil((10 + text.length + 1) / 64) * 64);
  const out = Buffer.alloc(length, 0x20);
  out.write(magic, 'latin1');
  out.set([1, 0], 6);
  out.writeUInt16LE(length - 10, 8);
  out.write(text, 10, 'latin1');
  out[length - 1] = 0x0a;
  return out;
}

/**
 * The bytes of a `.npy` file.
 *
 * @throws TypeError if the array's length is not what its shape says.
 */
export function encodeNpy({ data, dtype, shape }: BatchArray): Uint8Array {
  if (shape.reduce((a, b) => a * b, 1) !== data.length)
    throw new TypeError(`An array of shape [${shape.join(', ')}] cannot have ${data.length} values.`);
  return Buffer.concat([npyHeader({ dtype, shape }), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

/**
 * The array of a `.npy` file, formats 1 to 3, C order, little-endian; a copy.
 *
 * @throws StoreError `corrupt` if it is none, is cut off, or holds another kind of values.
 */
export function decodeNpy(bytes: Uint8Array): BatchArray {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 12 || view.toString('latin1', 0, 6) !== magic) throw corrupt('it does not begin as one');
  const start = view[6] === 1 ? 10 : 12;
  const end = start + (start === 10 ? view.readUInt16LE(8) : view.readUInt32LE(8));
  const text = view.toString('latin1', start, Math.min(end, view.length));
  const format = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const axes = /'shape'\s*:\s*\(([^)]*)\)/.exec(text)?.[1];
  if (end > view.length || format === undefined || axes === undefined) throw corrupt('its header cannot be read');
  if (/'fortran_order'\s*:\s*True/.test(text)) throw corrupt('its axes are in Fortran order');
  const dtype = (Object.keys(formatOf) as BatchArray['dtype'][]).find((name) => formatOf[name] === format);
  if (!dtype) throw corrupt(`its values are ${format}`);
  const shape = axes
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const TypedArray = typedArrays[dtype];
  const length = shape.reduce((a, b) => a * b, 1) * TypedArray.BYTES_PER_ELEMENT;
  if (end + length > view.length) throw corrupt('it is cut off');
  return { dtype, shape, data: new TypedArray(new Uint8Array(view.subarray(end, end + length)).buffer) };
}

function corrupt(why: string): StoreError {
  return new StoreError('corrupt', `Not a usable .npy file: ${why}.`);
}
