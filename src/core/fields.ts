/** Number formats of a field. `float16` is held as Uint16Array bits, `bool` as bytes of 0 and 1. */
export type Dtype =
  'uint8' | 'uint16' | 'bool' | 'int32' | 'int64' | 'float16' | 'float32' | 'float64' | 'string' | 'image';

/** What one field of a sample holds. */
export interface FieldSpec {
  readonly dtype: Dtype;
  /** Dimensions; null: differs from sample to sample; []: one plain value. */
  readonly shape: readonly (number | null)[];
  readonly optional?: true;
}

/** The contract of a signal: field name to what it holds. */
export type SampleSpec = Readonly<Record<string, FieldSpec>>;

/** A compressed picture, as stored. */
export interface EncodedImage {
  readonly image: 'jpeg' | 'webp' | 'png';
  readonly data: Uint8Array;
}

/** The typed array (or list) in which values of each dtype are held. */
export interface DtypeArrays {
  uint8: Uint8Array;
  uint16: Uint16Array;
  bool: Uint8Array;
  int32: Int32Array;
  int64: BigInt64Array;
  float16: Uint16Array;
  float32: Float32Array;
  float64: Float64Array;
  string: readonly string[];
  image: readonly EncodedImage[];
}

/** One plain value of each dtype, for fields of shape []. */
export interface DtypeScalars {
  uint8: number;
  uint16: number;
  bool: boolean;
  int32: number;
  int64: bigint;
  float16: number;
  float32: number;
  float64: number;
  string: string;
  image: EncodedImage;
}

/** An array whose shape its length does not tell: a field with two or more `null` dimensions. */
export interface NdArray<A = DtypeArrays[Dtype]> {
  readonly data: A;
  readonly shape: readonly number[];
}

type Nulls<S extends readonly unknown[]> = S extends readonly [infer H, ...infer T]
  ? H extends null
    ? [null, ...Nulls<T>]
    : Nulls<T>
  : [];

/** The value that a field holds: a plain value for [], a typed array, or an `NdArray` where two or more dimensions are free. */
export type FieldValue<F extends FieldSpec> = F['shape'] extends readonly []
  ? DtypeScalars[F['dtype']]
  : Nulls<F['shape']>['length'] extends 0 | 1
    ? DtypeArrays[F['dtype']]
    : NdArray<DtypeArrays[F['dtype']]>;

/** The values of a sample, by field; optional fields may be missing. */
export type Fields<S extends SampleSpec> = {
  readonly [K in keyof S as S[K] extends { optional: true } ? never : K]: FieldValue<S[K]>;
} & {
  readonly [K in keyof S as S[K] extends { optional: true } ? K : never]?: FieldValue<S[K]>;
};

/** Fields of a signal known only at run time. */
export type AnyFields = Readonly<Record<string, unknown>>;

/** The typed array that holds each dtype. */
export const typedArrays = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  bool: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/**
 * The full shape of a field's value, `null` dimensions filled in.
 *
 * @throws TypeError naming the field if the value is not of the spec's dtype or shape.
 */
export function fieldShape(name: string, spec: FieldSpec, value: unknown): readonly number[] {
  if (spec.shape.length === 0) {
    if (!isScalar(spec.dtype, value))
      throw new TypeError(`Field ${name} must be one ${spec.dtype}, got ${describe(value)}.`);
    return [];
  }
  const free = spec.shape.filter((size) => size === null).length;
  const explicit = isNdArray(value) ? value : null;
  if (free >= 2 && !explicit) throw new TypeError(`Field ${name} has ${free} free dimensions: give { data, shape }.`);
  const data = explicit ? explicit.data : value;
  const length = arrayLength(spec.dtype, data);
  if (length === null) throw new TypeError(`Field ${name} must hold ${spec.dtype}, got ${describe(data)}.`);
  const shape = explicit ? explicit.shape : inferShape(spec.shape, length);
  const fits =
    shape.length === spec.shape.length &&
    shape.every((size) => Number.isInteger(size) && size >= 0) &&
    spec.shape.every((size, i) => size === null || size === shape[i]) &&
    shape.reduce((a, b) => a * b, 1) === length;
  if (!fits)
    throw new TypeError(
      `Field ${name} must have shape [${spec.shape.map((size) => size ?? '?').join(', ')}], got ${length} values.`,
    );
  return shape;
}

/**
 * Checks that `fields` are exactly what `spec` declares.
 *
 * @throws TypeError naming the first field that is missing, unknown, or of another dtype or shape.
 */
export function checkFields(spec: SampleSpec, fields: AnyFields): void {
  for (const name of Object.keys(fields))
    if (!(name in spec)) throw new TypeError(`Field ${name} is not in the sample's spec.`);
  for (const [name, field] of Object.entries(spec)) {
    const value = fields[name];
    if (value === undefined) {
      if (!field.optional) throw new TypeError(`Field ${name} is missing.`);
    } else fieldShape(name, field, value);
  }
}

/** True for an encoded picture. */
export function isEncodedImage(value: unknown): value is EncodedImage {
  return (
    typeof value === 'object' &&
    value !== null &&
    'image' in value &&
    'data' in value &&
    value.data instanceof Uint8Array
  );
}

/** True for an array that carries its shape. */
export function isNdArray(value: unknown): value is NdArray {
  return (
    typeof value === 'object' && value !== null && 'shape' in value && 'data' in value && Array.isArray(value.shape)
  );
}

function arrayLength(dtype: Dtype, data: unknown): number | null {
  if (dtype === 'string')
    return Array.isArray(data) && data.every((item) => typeof item === 'string') ? data.length : null;
  if (dtype === 'image') return Array.isArray(data) && data.every(isEncodedImage) ? data.length : null;
  return data instanceof typedArrays[dtype] ? (data as unknown as { length: number }).length : null;
}

function inferShape(shape: readonly (number | null)[], length: number): readonly number[] {
  const known = shape.reduce<number>((product, size) => product * (size ?? 1), 1);
  return shape.map((size) => size ?? (known === 0 ? 0 : length / known));
}

function isScalar(dtype: Dtype, value: unknown): boolean {
  if (dtype === 'bool') return typeof value === 'boolean';
  if (dtype === 'string') return typeof value === 'string';
  if (dtype === 'image') return isEncodedImage(value);
  if (dtype === 'int64') return typeof value === 'bigint';
  if (typeof value !== 'number') return false;
  if (dtype === 'uint8') return Number.isInteger(value) && value >= 0 && value <= 255;
  if (dtype === 'uint16') return Number.isInteger(value) && value >= 0 && value <= 65535;
  if (dtype === 'int32') return Number.isInteger(value) && value === (value | 0);
  return true;
}

function describe(value: unknown): string {
  if (value === null || typeof value !== 'object') return `${typeof value} ${String(value)}`;
  return value.constructor.name;
}
