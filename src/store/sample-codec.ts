import {
  fieldShape,
  isNdArray,
  StoreError,
  type Dtype,
  type EncodedImage,
  type FieldSpec,
  type NdArray,
  type Sample,
  type SampleSpec,
  type TimeBase,
} from '../core/index.js';
import {
  decodeMsgpack,
  encodeMsgpack,
  Float32Scalar,
  Float64Scalar,
  type DecodedMsgpack,
  type MsgpackValue,
} from './msgpack.js';
import { unnest } from './nested-lists.js';

type NumberDtype = Exclude<Dtype, 'string' | 'image'>;
type NumberArray = Uint8Array | Uint16Array | Int32Array | BigInt64Array | Float32Array | Float64Array;

/** NumPy's name of each dtype, and the array that holds it. */
const formats = {
  uint8: ['|u1', Uint8Array],
  uint16: ['<u2', Uint16Array],
  bool: ['|b1', Uint8Array],
  int32: ['<i4', Int32Array],
  int64: ['<i8', BigInt64Array],
  float16: ['<f2', Uint16Array],
  float32: ['<f4', Float32Array],
  float64: ['<f8', Float64Array],
} as const satisfies Record<NumberDtype, readonly [string, unknown]>;

const reserved = ['source', 'shot', 'pts', 'timeBase'] as const;
const pictureFormats = ['jpeg', 'webp', 'png'];
const bin = (text: string) => Buffer.from(text);
// msgpack-numpy looks for these keys, and for `kind`, as byte strings.
const arrayKeys = { nd: bin('nd'), type: bin('type'), kind: bin('kind'), shape: bin('shape'), data: bin('data') };

/**
 * Checks that a spec's field names leave room for what every record holds.
 *
 * @throws TypeError naming the field.
 */
export function checkSpec(spec: SampleSpec): void {
  for (const name of reserved)
    if (name in spec) throw new TypeError(`A field may not be called ${name}: every record has that.`);
}

/**
 * A sample as the MessagePack map that shards hold: `source`, `shot`, `pts`, `timeBase`, then the fields by name. Arrays follow the
 * msgpack-numpy convention; equal samples give equal bytes.
 *
 * @throws TypeError naming the first field that does not fit the spec.
 */
export function encodeSample(spec: SampleSpec, { fields, provenance }: Sample): Uint8Array {
  const { source, shot, pts, timeBase } = provenance;
  const record = new Map<string, MsgpackValue>([
    ['source', source],
    ['shot', shot],
    ['pts', pts],
    ['timeBase', timeBase],
  ]);
  const values: Readonly<Record<string, unknown>> = fields;
  for (const name of Object.keys(values))
    if (!(name in spec)) throw new TypeError(`Field ${name} is not in the sample's spec.`);
  for (const name of Object.keys(spec).sort()) {
    const field = spec[name] as FieldSpec;
    const value = values[name];
    if (value !== undefined) record.set(name, encodeField(name, field, value));
    else if (!field.optional) throw new TypeError(`Field ${name} is missing.`);
  }
  return encodeMsgpack(record);
}

/**
 * The sample of a record's bytes. Arrays of single bytes and pictures are views of `bytes`; the rest are copies.
 *
 * @throws StoreError `corrupt` naming the key, and the field where one does not fit the spec.
 */
export function decodeSample(spec: SampleSpec, key: string, bytes: Uint8Array): Sample {
  try {
    const record = asMap(decodeMsgpack(bytes));
    const fields: Record<string, unknown> = {};
    for (const name of record.keys())
      if (!(name in spec) && !reserved.includes(name as 'shot')) throw new TypeError(`field ${name} is unknown`);
    for (const [name, field] of entriesOf(spec)) {
      const value = record.get(name);
      if (value !== undefined) {
        fields[name] = decodeField(field, value);
        fieldShape(name, field, fields[name]);
      } else if (!field.optional) throw new TypeError(`field ${name} is missing`);
    }
    return { key, fields, provenance: decodeProvenance(record) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError('corrupt', `Record ${key} is damaged: ${why}`, { context: { key }, cause });
  }
}

const knownEntries = new WeakMap<SampleSpec, readonly (readonly [string, FieldSpec])[]>();

/** The fields of a spec, listed once. */
function entriesOf(spec: SampleSpec): readonly (readonly [string, FieldSpec])[] {
  const known = knownEntries.get(spec);
  if (known) return known;
  const entries = Object.entries(spec);
  knownEntries.set(spec, entries);
  return entries;
}

function decodeProvenance(record: ReadonlyMap<string, DecodedMsgpack>): Sample['provenance'] {
  const source = record.get('source');
  const shot = record.get('shot');
  const pts = record.get('pts');
  const timeBase = record.get('timeBase');
  if (
    typeof source !== 'string' ||
    typeof shot !== 'number' ||
    !isNumbers(pts) ||
    !isNumbers(timeBase) ||
    timeBase.length !== 2
  ) {
    throw new TypeError('source, shot, pts or timeBase is missing');
  }
  return { source, shot, pts, timeBase: timeBase as unknown as TimeBase };
}

function encodeField(name: string, field: FieldSpec, value: unknown): MsgpackValue {
  const { dtype } = field;
  const shape = fieldShape(name, field, value);
  if (shape.length === 0) return encodeScalar(name, dtype, value);
  const data = isNdArray(value) ? value.data : value;
  if (dtype === 'string' || dtype === 'image') {
    const items = (data as readonly (string | EncodedImage)[]).map((item) =>
      typeof item === 'string' ? item : encodeImage(item),
    );
    return nest(name, items, shape);
  }
  const array = data as NumberArray;
  return new Map<Uint8Array, MsgpackValue>([
    [arrayKeys.nd, true],
    [arrayKeys.type, formats[dtype][0]],
    [arrayKeys.kind, new Uint8Array(0)],
    [arrayKeys.shape, shape],
    [arrayKeys.data, new Uint8Array(array.buffer, array.byteOffset, array.byteLength)],
  ]);
}

function encodeScalar(name: string, dtype: Dtype, value: unknown): MsgpackValue {
  if (dtype === 'image') return encodeImage(value as EncodedImage);
  if (dtype === 'float16' || dtype === 'float64') return new Float64Scalar(value as number);
  if (dtype === 'float32') {
    const single = Math.fround(value as number);
    if (Number.isFinite(value) && !Number.isFinite(single))
      throw new TypeError(`Field ${name}: ${String(value)} does not fit float32.`);
    return new Float32Scalar(single);
  }
  return value as MsgpackValue;
}

function encodeImage({ image, data }: EncodedImage): MsgpackValue {
  return new Map<string, MsgpackValue>([
    ['image', image],
    ['data', data],
  ]);
}

/** Lists of texts or pictures as arrays in arrays, row by row. */
function nest(name: string, items: readonly MsgpackValue[], shape: readonly number[]): MsgpackValue {
  if (shape.length === 1) return items;
  if (items.length === 0)
    throw new TypeError(`Field ${name}: an empty list of ${shape.length} dimensions cannot keep its shape.`);
  const [rows, ...rest] = shape as [number, ...number[]];
  const size = items.length / rows;
  return Array.from({ length: rows }, (_, i) => nest(name, items.slice(i * size, (i + 1) * size), rest));
}

function decodeField(field: FieldSpec, value: DecodedMsgpack): unknown {
  const { dtype, shape: wanted } = field;
  if (wanted.length === 0) return decodeScalar(dtype, value);
  const { data, shape } =
    dtype === 'string' || dtype === 'image' ? decodeList(dtype, wanted.length, value) : decodeArray(dtype, value);
  const fits = shape.length === wanted.length && wanted.every((size, i) => size === null || size === shape[i]);
  if (!fits) throw new TypeError(`shape [${shape.join(', ')}] is not the spec's`);
  return wanted.filter((size) => size === null).length > 1 ? { data, shape } : data;
}

function decodeScalar(dtype: Dtype, value: DecodedMsgpack): unknown {
  if (dtype === 'image') return decodeImage(value);
  if (dtype === 'int64' && (typeof value === 'number' || typeof value === 'bigint')) return BigInt(value);
  return value;
}

function decodeArray(dtype: NumberDtype, value: DecodedMsgpack): NdArray {
  const map = asMap(value);
  const [type, TypedArray] = formats[dtype];
  const shape = map.get('shape');
  const data = map.get('data');
  if (map.get('type') !== type) throw new TypeError(`numbers of another type where the spec says ${type}`);
  if (
    map.get('nd') !== true ||
    !isNumbers(shape) ||
    !(data instanceof Uint8Array) ||
    (map.get('kind') as Uint8Array | undefined)?.length !== 0
  ) {
    throw new TypeError('not an array of plain numbers');
  }
  const length = shape.reduce((a, b) => a * b, 1);
  if (data.length !== length * TypedArray.BYTES_PER_ELEMENT)
    throw new TypeError(`${data.length} bytes for shape [${shape.join(', ')}]`);
  // The record gives no alignment, so wider numbers are copied.
  return { data: TypedArray === Uint8Array ? asPlainBytes(data) : new TypedArray(new Uint8Array(data).buffer), shape };
}

function decodeList(dtype: 'string' | 'image', dimensions: number, value: DecodedMsgpack): NdArray {
  const { data, shape } = unnest(value, dimensions);
  const items = data as readonly DecodedMsgpack[];
  return { data: dtype === 'image' ? items.map(decodeImage) : (items as readonly string[]), shape };
}

function decodeImage(value: DecodedMsgpack): EncodedImage {
  const map = asMap(value);
  const image = map.get('image');
  const data = map.get('data');
  if (typeof image !== 'string' || !pictureFormats.includes(image) || !(data instanceof Uint8Array))
    throw new TypeError('not a picture');
  return { image: image as EncodedImage['image'], data: asPlainBytes(data) };
}

/** A Buffer's `slice` is a view and its JSON is odd; samples hold plain arrays. */
function asPlainBytes(data: Uint8Array): Uint8Array {
  return Buffer.isBuffer(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data;
}

function asMap(value: DecodedMsgpack): ReadonlyMap<string, DecodedMsgpack> {
  if (!(value instanceof Map)) throw new TypeError('not a map');
  return value as ReadonlyMap<string, DecodedMsgpack>;
}

function isNumbers(value: DecodedMsgpack | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}
