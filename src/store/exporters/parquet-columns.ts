import type { SchemaElement } from 'hyparquet';
import { fieldShape, isNdArray, type Dtype, type EncodedImage, type FieldSpec, type Sample } from '../../core/index.js';
import type { SampleLabels } from './export-shards.js';

/** One column of the table, and how to fill it. */
export interface TableColumn {
  readonly name: string;
  /** The column's own element, then those below it. */
  readonly elements: readonly SchemaElement[];
  /** The type as `datasets` names it in a card and in the footer. */
  readonly feature: Feature;
  /** Pictures and pixels: stored as they are, without statistics. */
  readonly isPicture: boolean;
  readonly valueOf: (sample: Sample, labels: SampleLabels) => unknown;
}

/** A type of Hugging Face's `datasets`. */
export type Feature =
  | { readonly kind: 'value'; readonly dtype: string }
  | { readonly kind: 'image' }
  | { readonly kind: 'list'; readonly of: Feature };

/** Which fields become columns. */
export interface TableOptions {
  readonly pictures: boolean;
  /** `small`: of a fixed size up to 256 values; `all`: every array; `none`. */
  readonly arrays: 'small' | 'all' | 'none';
}

const smallArray = 256;
const own = ['key', 'source', 'shot', 'pts', 'timeBase', 'labels'];
const required = { repetition_type: 'REQUIRED' } as const;

type ValueDtype = Exclude<Dtype, 'image'>;

const physical = {
  uint8: { type: 'INT32', converted_type: 'UINT_8' },
  uint16: { type: 'INT32', converted_type: 'UINT_16' },
  bool: { type: 'BOOLEAN' },
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  float16: { type: 'FLOAT' },
  float32: { type: 'FLOAT' },
  float64: { type: 'DOUBLE' },
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
} as const satisfies Record<ValueDtype, Partial<SchemaElement>>;

/** Columns of a dataset's table, and the fields that are left out with the reason. */
export function tableColumns(
  spec: Readonly<Record<string, FieldSpec>>,
  options: TableOptions,
): { readonly columns: readonly TableColumn[]; readonly leftOut: Readonly<Record<string, string>> } {
  const columns: TableColumn[] = [
    valueColumn('key', 'string', ({ key }) => key),
    valueColumn('source', 'string', ({ provenance }) => provenance.source),
    valueColumn('shot', 'int32', ({ provenance }) => provenance.shot),
    listColumn('pts', valueElement('int64'), ({ provenance }) => provenance.pts.map(BigInt)),
    listColumn('timeBase', valueElement('int64'), ({ provenance }) => provenance.timeBase.map(BigInt)),
  ];
  const leftOut: Record<string, string> = {};
  for (const [name, field] of Object.entries(spec)) {
    const why = reasonToLeave(field, options);
    if (why !== null) leftOut[name] = why;
    else columns.push(...fieldColumns(name, field));
  }
  const labels = { ...valueElement('string'), name: 'labels', repetition_type: 'OPTIONAL' } as const;
  columns.push({
    name: 'labels',
    elements: [labels],
    feature: featureOf('string'),
    isPicture: false,
    valueOf: (_, value) => (value ? JSON.stringify(value) : null),
  });
  return { columns, leftOut };
}

function reasonToLeave({ dtype, shape }: FieldSpec, { pictures, arrays }: TableOptions): string | null {
  if (dtype === 'image') return pictures ? null : 'pictures are not asked for (pictures=true)';
  if (shape.length === 0 || dtype === 'string') return null;
  if (arrays === 'all') return null;
  if (arrays === 'none') return 'arrays are not asked for';
  const size = shape.reduce<number>((product, length) => product * (length ?? Infinity), 1);
  return size <= smallArray ? null : 'a large array (arrays=all)';
}

function fieldColumns(name: string, field: FieldSpec): readonly TableColumn[] {
  const { dtype, shape, optional } = field;
  const column = own.includes(name) ? `field_${name}` : name;
  const element = dtype === 'image' ? pictureElement : valueElement(dtype);
  const toValue = (value: unknown) => (dtype === 'image' ? pictureOf(value as EncodedImage) : value);
  const optionally = optional ? { repetition_type: 'OPTIONAL' as const } : required;
  if (shape.length === 0) {
    const [head, ...below] = Array.isArray(element) ? element : [element];
    return [
      {
        name: column,
        elements: [{ ...head!, name: column, ...optionally }, ...below],
        feature: featureOf(dtype),
        isPicture: dtype === 'image',
        valueOf: ({ fields }) => mapPresent(fields[name], toValue),
      },
    ];
  }
  if (isBinary(field)) return bytesColumns(name, column, field);
  const list = listColumn(column, element, ({ fields }) =>
    mapPresent(fields[name], (value) =>
      Array.from((isNdArray(value) ? value.data : value) as ArrayLike<unknown>, (item) =>
        dtype === 'float16' ? halfToNumber(item as number) : dtype === 'bool' ? item === 1 : toValue(item),
      ),
    ),
  );
  const [head, ...below] = list.elements;
  const columns: TableColumn[] = [
    {
      ...list,
      elements: [{ ...head!, ...optionally }, ...below],
      feature: { kind: 'list', of: featureOf(dtype) },
      isPicture: dtype === 'image',
    },
  ];
  return [...columns, ...shapeColumns(name, column, field)];
}

/** Bytes of a size that is large or not fixed: pixels. A list of numbers would take a minute for what bytes take a second. */
function isBinary({ dtype, shape }: FieldSpec): boolean {
  return dtype === 'uint8' && shape.reduce<number>((product, length) => product * (length ?? Infinity), 1) > smallArray;
}

function bytesColumns(name: string, column: string, field: FieldSpec): readonly TableColumn[] {
  const bytes: TableColumn = {
    name: column,
    elements: [{ name: column, type: 'BYTE_ARRAY', repetition_type: field.optional ? 'OPTIONAL' : 'REQUIRED' }],
    feature: { kind: 'value', dtype: 'binary' },
    isPicture: true,
    valueOf: ({ fields }) => mapPresent(fields[name], (value) => (isNdArray(value) ? value.data : value)),
  };
  return [bytes, ...shapeColumns(name, column, field)];
}

/** The sizes of an array that its length does not tell. */
function shapeColumns(name: string, column: string, field: FieldSpec): readonly TableColumn[] {
  if (field.shape.filter((length) => length === null).length > 1) {
    const optionally = field.optional ? { repetition_type: 'OPTIONAL' as const } : required;
    const sizes = listColumn(`${column}_shape`, valueElement('int32'), ({ fields }) =>
      mapPresent(fields[name], (value) => fieldShape(name, field, value)),
    );
    const [top, ...rest] = sizes.elements;
    return [{ ...sizes, elements: [{ ...top!, ...optionally }, ...rest] }];
  }
  return [];
}

function valueColumn(name: string, dtype: ValueDtype, valueOf: TableColumn['valueOf']): TableColumn {
  return {
    name,
    elements: [{ ...valueElement(dtype), name }],
    feature: featureOf(dtype),
    isPicture: false,
    valueOf,
  };
}

/** A list in the three levels that the Parquet format asks for. */
function listColumn(
  name: string,
  element: SchemaElement | readonly SchemaElement[],
  valueOf: TableColumn['valueOf'],
): TableColumn {
  const items = Array.isArray(element) ? (element as readonly SchemaElement[]) : [element as SchemaElement];
  return {
    name,
    elements: [
      { name, converted_type: 'LIST', num_children: 1, ...required },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      ...items,
    ],
    feature: { kind: 'list', of: { kind: 'value', dtype: items[0]?.type === 'INT32' ? 'int32' : 'int64' } },
    isPicture: false,
    valueOf,
  };
}

function valueElement(dtype: ValueDtype): SchemaElement {
  return { name: 'element', ...physical[dtype], ...required };
}

/** A picture as `datasets` stores it: its bytes, and a path that stays empty. */
const pictureElement: SchemaElement[] = [
  { name: 'element', num_children: 2, ...required },
  { name: 'bytes', type: 'BYTE_ARRAY', ...required },
  { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
];

function featureOf(dtype: Dtype): Feature {
  if (dtype === 'image') return { kind: 'image' };
  return { kind: 'value', dtype: dtype === 'float16' ? 'float32' : dtype };
}

function pictureOf({ data }: EncodedImage): { readonly bytes: Uint8Array; readonly path: null } {
  return { bytes: data, path: null };
}

function mapPresent<T>(value: unknown, map: (value: unknown) => T): T | null {
  return value === undefined ? null : map(value);
}

/** The number of 16 bits in IEEE 754 half precision; exact. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 5.960464477539063e-8; // 2^-24
  const power = exponent >= 25 ? 1 << (exponent - 25) : 1 / (1 << (25 - exponent));
  return sign * (1024 + fraction) * power;
}
