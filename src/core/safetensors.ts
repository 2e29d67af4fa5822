import { StoreError } from './errors.js';
import { typedArrays } from './fields.js';
import type { BatchArray } from './sample.js';

/** A named array as a safetensors file holds it. */
export type SafeTensor = BatchArray;

const formatOf = {
  bool: 'BOOL',
  uint8: 'U8',
  uint16: 'U16',
  int32: 'I32',
  int64: 'I64',
  float16: 'F16',
  float32: 'F32',
  float64: 'F64',
} as const satisfies Record<BatchArray['dtype'], string>;

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/**
 * The bytes of a safetensors file: arrays in the order of their names, so that equal arrays give equal bytes.
 *
 * @param metadata texts kept in the header under `__metadata__`.
 * @throws TypeError naming an array whose length is not what its shape says.
 *
 * Source: the format description in the safetensors README: u64 header length, JSON header padded with spaces, then the data.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, SafeTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const names = Object.keys(tensors).sort();
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata;
  let end = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name] as SafeTensor;
    if (shape.reduce((a, b) => a * b, 1) !== data.length) {
      throw new TypeError(`Array ${name} has ${data.length} values, its shape is [${shape.join(', ')}].`);
    }
    header[name] = { dtype: formatOf[dtype], shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const out = Buffer.alloc(start + end, 0x20);
  out.writeBigUInt64LE(BigInt(start - 8), 0);
  out.set(text, 8);
  let at = start;
  for (const name of names) {
    const { data } = tensors[name] as SafeTensor;
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return out;
}

/**
 * The arrays and metadata of a safetensors file; the arrays are copies.
 *
 * @throws StoreError `corrupt` if the header or an array does not fit the file.
 */
export function decodeSafetensors(bytes: Uint8Array): {
  readonly tensors: Readonly<Record<string, SafeTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
} {
  const { header, start } = readHeader(bytes);
  const tensors: Record<string, SafeTensor> = {};
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = value as Readonly<Record<string, string>>;
    else tensors[name] = readTensor(name, value as Entry, bytes, start);
  }
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array): { readonly header: Record<string, unknown>; readonly start: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8) throw corrupt('its header is longer than the file');
  try {
    const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString()) as Record<string, unknown>;
    return { header, start: 8 + length };
  } catch (cause) {
    throw corrupt('its header is not JSON', cause);
  }
}

function readTensor(
  name: string,
  { dtype, shape, data_offsets: [from, to] }: Entry,
  bytes: Uint8Array,
  start: number,
): SafeTensor {
  const ours = (Object.keys(formatOf) as BatchArray['dtype'][]).find((each) => formatOf[each] === dtype);
  if (!ours) throw corrupt(`${name} has dtype ${dtype}, which is not one of ours`);
  const TypedArray = typedArrays[ours];
  const length = shape.reduce((a, b) => a * b, 1);
  if (from < 0 || to - from !== length * TypedArray.BYTES_PER_ELEMENT || start + to > bytes.length) {
    throw corrupt(`${name} does not fit the file`);
  }
  return { dtype: ours, shape, data: new TypedArray(new Uint8Array(bytes.subarray(start + from, start + to)).buffer) };
}

function corrupt(why: string, cause?: unknown): StoreError {
  return new StoreError('corrupt', `Not a usable safetensors file: ${why}.`, { cause });
}
