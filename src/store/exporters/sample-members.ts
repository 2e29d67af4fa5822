import {
  checkFields,
  decodeNpy,
  encodeNpy,
  fieldShape,
  isNdArray,
  StoreError,
  type BatchArray,
  type Dtype,
  type EncodedImage,
  type FieldSpec,
  type Sample,
  type SampleSpec,
  type TimeBase,
} from '../../core/index.js';
import { unnest } from '../nested-lists.js';
import type { SampleLabels } from './export-shards.js';

/** One file of a sample: `frames.npy` or `images.0.jpg` of it. */
export interface SampleMember {
  /** What follows the sample's key and a dot. */
  readonly extension: string;
  readonly data: Uint8Array;
}

interface RecordText {
  readonly key: string;
  readonly source: string;
  readonly shot: number;
  readonly pts: readonly number[];
  readonly timeBase: TimeBase;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly labels: SampleLabels;
}

const extensions = { jpeg: 'jpg', png: 'png', webp: 'webp' } as const;
const recordExtension = 'json';

/**
 * A sample as files: `json` with provenance, labels, plain values and texts; `<field>.npy` for arrays of numbers; `<field>.jpg` for a picture
 * and `<field>.<i>.jpg` for pictures in a list, row by row. In the JSON these fields hold the extensions of their files. Numbers that
 * JSON lacks are texts: `"NaN"`, `"Infinity"`, `"-Infinity"`.
 *
 * @throws TypeError naming the first field that does not fit the spec.
 */
export function encodeMembers(spec: SampleSpec, sample: Sample, labels: SampleLabels): readonly SampleMember[] {
  const members: SampleMember[] = [];
  const values: Readonly<Record<string, unknown>> = sample.fields;
  const texts: string[] = [];
  for (const [name, field] of Object.entries(spec)) {
    const value = values[name];
    if (value === undefined && field.optional) continue;
    texts.push(`${JSON.stringify(name)}:${encodeField(name, field, value, members)}`);
  }
  const { source, shot, pts, timeBase } = sample.provenance;
  const head = JSON.stringify({ key: sample.key, source, shot, pts, timeBase }).slice(0, -1);
  const text = `${head},"fields":{${texts.join(',')}},"labels":${encodeLabels(labels)}}\n`;
  members.push({ extension: recordExtension, data: Buffer.from(text) });
  return members.sort((a, b) => (a.extension < b.extension ? -1 : 1));
}

/**
 * The sample of its files, equal to the one that `encodeMembers` was given.
 *
 * @param members file by extension.
 * @throws StoreError `corrupt` naming what is missing or does not fit the spec.
 */
export function decodeMembers(
  spec: SampleSpec,
  members: ReadonlyMap<string, Uint8Array>,
): { readonly sample: Sample; readonly labels: SampleLabels } {
  try {
    const text = textOf(members, recordExtension);
    const record = JSON.parse(text) as RecordText;
    const whole = readWholeNumbers(spec, text);
    const { key, source, shot, pts, timeBase, labels } = record;
    const isPlaced = Array.isArray(pts) && pts.every(Number.isSafeInteger) && Number.isInteger(shot);
    if (typeof key !== 'string' || !key.startsWith(`${source}/${shot}/`) || !isPlaced || !Array.isArray(timeBase))
      throw new TypeError('key, source, shot, pts or timeBase is missing');
    for (const name of Object.keys(record.fields)) if (!(name in spec)) throw new TypeError(`field ${name} is unknown`);
    const fields: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(spec)) {
      const value = whole[name] ?? record.fields[name];
      if (value !== undefined) fields[name] = decodeField(field, value, members);
    }
    checkFields(spec, fields);
    return { sample: { key, fields, provenance: { source, shot, pts, timeBase } }, labels };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError('corrupt', `Not a sample: ${why}`, { cause });
  }
}

function encodeField(name: string, field: FieldSpec, value: unknown, members: SampleMember[]): string {
  const { dtype } = field;
  const shape = fieldShape(name, field, value);
  if (dtype === 'image') {
    const pictures = shape.length === 0 ? [value as EncodedImage] : (dataOf(value) as readonly EncodedImage[]);
    const names = pictures.map(({ image, data }, i) => {
      const extension = `${name}${shape.length === 0 ? '' : `.${i}`}.${extensions[image]}`;
      members.push({ extension, data });
      return extension;
    });
    return JSON.stringify(nest(name, names, shape));
  }
  if (dtype === 'string')
    return JSON.stringify(shape.length === 0 ? value : nest(name, dataOf(value) as readonly string[], shape));
  if (shape.length === 0) return encodeNumber(dtype, value as number | bigint | boolean);
  const extension = `${name}.npy`;
  members.push({ extension, data: encodeNpy({ dtype, shape, data: dataOf(value) as BatchArray['data'] }) });
  return JSON.stringify(extension);
}

function decodeField(field: FieldSpec, value: unknown, members: ReadonlyMap<string, Uint8Array>): unknown {
  const { dtype, shape: wanted } = field;
  if (wanted.length === 0) {
    if (dtype === 'image') return pictureOf(members, String(value));
    return dtype === 'string' ? value : decodeNumber(dtype, value);
  }
  const { data, shape } = decodeList(dtype, wanted.length, value, members);
  return wanted.filter((size) => size === null).length > 1 ? { data, shape } : data;
}

function decodeList(
  dtype: Dtype,
  dimensions: number,
  value: unknown,
  members: ReadonlyMap<string, Uint8Array>,
): { readonly data: unknown; readonly shape: readonly number[] } {
  if (dtype === 'string') return unnest(value, dimensions);
  if (dtype === 'image') {
    const { data, shape } = unnest(value, dimensions);
    return { data: data.map((extension) => pictureOf(members, String(extension))), shape };
  }
  const array = decodeNpy(bytesOf(members, String(value)));
  if (array.dtype !== dtype) throw new TypeError(`${String(value)} holds ${array.dtype}, not ${dtype}`);
  return array;
}

function encodeNumber(dtype: Dtype, value: number | bigint | boolean): string {
  if (typeof value !== 'number') return String(value);
  if (!Number.isFinite(value)) return JSON.stringify(String(value));
  const isFloat = dtype === 'float16' || dtype === 'float32' || dtype === 'float64';
  if (Object.is(value, -0)) return '-0.0';
  // Python then reads a float as one, whatever its value.
  return isFloat && Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
}

function decodeNumber(dtype: Dtype, value: unknown): unknown {
  if (dtype === 'int64' && (typeof value === 'number' || typeof value === 'string')) return BigInt(value);
  if (dtype === 'float16' || dtype === 'float32' || dtype === 'float64') return Number(value);
  return value;
}

/** Values of fields of 64-bit whole numbers, as texts: JSON.parse rounds those beyond 2^53. */
function readWholeNumbers(spec: SampleSpec, text: string): Readonly<Record<string, unknown>> {
  let quoted = text;
  for (const [name, { dtype, shape }] of Object.entries(spec)) {
    if (dtype !== 'int64' || shape.length > 0) continue;
    // After a comma or a brace an unescaped quotation mark begins a name; fields come before labels.
    const quotedName = JSON.stringify(name).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    quoted = quoted.replace(new RegExp(`([,{]${quotedName}:)(-?\\d+)`), '$1"$2"');
  }
  return quoted === text ? {} : (JSON.parse(quoted) as RecordText).fields;
}

function encodeLabels(labels: SampleLabels): string {
  if (!labels) return 'null';
  const texts = Object.entries(labels).map(
    ([name, value]) =>
      `${JSON.stringify(name)}:${typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(Number.isFinite(value) ? value : String(value))}`,
  );
  return `{${texts.join(',')}}`;
}

/** A list as lists in lists, row by row. */
function nest(name: string, items: readonly string[], shape: readonly number[]): unknown {
  if (shape.length === 0) return items[0];
  if (shape.length === 1) return items;
  if (items.length === 0)
    throw new TypeError(`Field ${name}: an empty list of ${shape.length} dimensions cannot keep its shape.`);
  const [rows, ...rest] = shape as [number, ...number[]];
  const size = items.length / rows;
  return Array.from({ length: rows }, (_, i) => nest(name, items.slice(i * size, (i + 1) * size), rest));
}

function dataOf(value: unknown): unknown {
  return isNdArray(value) ? value.data : value;
}

function bytesOf(members: ReadonlyMap<string, Uint8Array>, extension: string): Uint8Array {
  const bytes = members.get(extension);
  if (!bytes) throw new TypeError(`${extension} is missing`);
  return bytes;
}

function textOf(members: ReadonlyMap<string, Uint8Array>, extension: string): string {
  return Buffer.from(bytesOf(members, extension)).toString();
}

function pictureOf(members: ReadonlyMap<string, Uint8Array>, extension: string): EncodedImage {
  const ending = extension.slice(extension.lastIndexOf('.') + 1);
  const image = (Object.keys(extensions) as EncodedImage['image'][]).find((name) => extensions[name] === ending);
  if (!image) throw new TypeError(`${extension} is no picture`);
  return { image, data: bytesOf(members, extension) };
}
