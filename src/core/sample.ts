import type { TimeBase, TimeSpan } from './video.js';

/** An area in pixels, from the top left. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

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

/** Where a sample comes from. */
export interface Provenance {
  /** `VideoSource.id`. */
  readonly source: string;
  readonly shot: number;
  /** Presentation times of what the sample shows, in ticks of `timeBase`; at least its first and last. */
  readonly pts: readonly number[];
  readonly timeBase: TimeBase;
}

/** One training example. */
export interface Sample<S extends SampleSpec = SampleSpec> {
  /** `sourceId/shot/n`: the same input always gives the same key. */
  readonly key: string;
  readonly fields: string extends keyof S ? AnyFields : Fields<S>;
  readonly provenance: Provenance;
}

/** A place in a video at which a miner said no. */
export interface RejectionExample {
  readonly span: TimeSpan;
  readonly box?: Box;
}

/** Rejections of one unit, by code: how many, and up to 4 examples. */
export type Rejections = Readonly<
  Record<string, { readonly count: number; readonly examples: readonly RejectionExample[] }>
>;

/** A unit of mining work, and what it gave: the samples of one shot of one source for one signal. */
export interface MinedUnit {
  readonly source: string;
  readonly shot: number;
  readonly samples: readonly Sample[];
  readonly rejections: Rejections;
}

/** What identifies a dataset before its first sample: everything its digest may depend on. */
export interface DatasetHeader {
  readonly signal: string;
  readonly signalVersion: number;
  readonly spec: SampleSpec;
  readonly config: unknown;
  readonly configHash: string;
  readonly corpusDigest: string;
  readonly decoder: { readonly name: string; readonly version: string };
  readonly toolVersion: string;
  readonly seed: number;
  /** Which of the corpus' sources were asked for (`split`, `role`, `limit`, `part`); a resumed run must ask for the same. */
  readonly selection: Readonly<Record<string, unknown>>;
}

/** What a dataset-wide stage gives: a label map per sample key, and arrays learned from the whole. */
export interface DatasetStage {
  readonly labels: ReadonlyMap<string, Readonly<Record<string, number | string>>>;
  readonly artefacts: Readonly<
    Record<string, { readonly dtype: Dtype; readonly shape: readonly number[]; readonly data: DtypeArrays[Dtype] }>
  >;
}

/** What a closed dataset holds. */
export interface DatasetSummary {
  readonly digest: string;
  readonly samples: number;
  readonly sources: number;
  readonly units: number;
  readonly bytes: number;
  readonly rejections: Readonly<Record<string, number>>;
}

/** Where mining puts what it finds; the store implements it. Units are atomic: on the disk, or not there. */
export interface SampleSink {
  /** True if this unit is already on the disk from this or an earlier run. */
  hasUnit(source: string, shot: number): boolean;
  /** Resolves when the unit and its samples are on the disk (fdatasync). */
  writeUnit(unit: MinedUnit): Promise<void>;
  /** Every sample written so far, in key order; decoded one at a time. */
  samples(): AsyncIterable<Sample>;
  /** Gives ordinals, writes labels and artefacts, closes the shards and writes `dataset.json`. */
  finish(stage: DatasetStage | null): Promise<DatasetSummary>;
  /** Closes without finishing; a later run goes on from here. Safe after `finish`. */
  close(): Promise<void>;
}

/** One array of a batch. */
export interface BatchArray {
  readonly data: Uint8Array | Uint16Array | Int32Array | BigInt64Array | Float32Array | Float64Array;
  readonly dtype: Exclude<Dtype, 'string' | 'image'>;
  readonly shape: readonly number[];
}

/** Where a loader stands: enough to go on exactly. */
export interface Cursor {
  readonly epoch: number;
  /** Batches of this epoch already handed out. */
  readonly batch: number;
}

/** A batch of prepared samples, as typed arrays. */
export interface SampleBatch {
  readonly keys: readonly string[];
  /** Each sample's place in the dataset's key order. */
  readonly ordinals: readonly number[];
  readonly arrays: Readonly<Record<string, BatchArray>>;
  /** The loader's place after this batch. */
  readonly cursor: Cursor;
  /** Gives the buffers back to the loader; the arrays must not be read afterwards. */
  release(): void;
}

const arrayTypes: Readonly<Record<Exclude<Dtype, 'string' | 'image'>, abstract new (...args: never[]) => object>> = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  bool: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
};

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
  return data instanceof arrayTypes[dtype] ? (data as unknown as { length: number }).length : null;
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
