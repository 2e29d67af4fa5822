import { closeSync, createReadStream, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  checkFields,
  decodeNpy,
  npyHeader,
  StoreError,
  typedArrays,
  type FieldSpec,
  type Sample,
  type TimeBase,
} from '../../core/index.js';
import { exportFileName, type ExportFile } from './export-file.js';
import type { SampleLabels } from './export-shards.js';
import { npyHeaderRoom, storedDtype, type NpyLayout } from './npy-field.js';

interface Line {
  readonly key: string;
  readonly source: string;
  readonly shot: number;
  readonly pts: readonly number[];
  readonly timeBase: TimeBase;
  readonly texts: Readonly<Record<string, unknown>>;
  readonly labels: SampleLabels;
}

interface RowReader {
  /** The value of a row; undefined where it has none. */
  read(row: number): unknown;
  close(): void;
}

/**
 * The samples of a folder that `export --format npy` wrote, in order, one at a time.
 *
 * @throws StoreError `not-whole` if a field was left out, or holds pictures, which arrays cannot give back as they were; `corrupt` if a file
 * is not what `export.json` says.
 */
export async function* readNpyExport(
  dir: string,
  { dataset, more, leftOut }: ExportFile,
): AsyncGenerator<{ readonly sample: Sample; readonly labels: SampleLabels }> {
  const { spec } = dataset;
  const layouts = (more?.['fields'] ?? {}) as Readonly<Record<string, NpyLayout & { readonly optional: boolean }>>;
  const rows = await countLines(join(dir, 'samples.jsonl'));
  const readers = new Map<string, RowReader>();
  try {
    for (const [name, field] of Object.entries(spec)) {
      const layout = layouts[name];
      if (
        field.dtype === 'string'
          ? field.shape.filter((size) => size === null).length > 1
          : field.dtype === 'image' && layout
      )
        throw notWhole(dir, name, 'what is stored is not what arrays hold');
      if (layout && field.dtype !== 'string' && field.dtype !== 'image')
        readers.set(name, openRows(dir, name, field, { layout, rows }));
      else if (field.dtype !== 'string' && !(field.optional && leftOut[name] === 'no sample has it'))
        throw notWhole(dir, name, leftOut[name] ?? 'it is missing');
    }
    let row = 0;
    for await (const text of createInterface({ input: createReadStream(join(dir, 'samples.jsonl')) })) {
      const { key, source, shot, pts, timeBase, texts, labels } = JSON.parse(text) as Line;
      const fields: Record<string, unknown> = { ...texts };
      for (const [name, reader] of readers) {
        const value = reader.read(row);
        if (value !== undefined) fields[name] = value;
      }
      try {
        checkFields(spec, fields);
      } catch (cause) {
        throw corrupt(dir, cause instanceof Error ? cause.message : String(cause), cause);
      }
      yield { sample: { key, fields, provenance: { source, shot, pts, timeBase } }, labels };
      row++;
    }
  } finally {
    for (const reader of readers.values()) reader.close();
  }
}

function openRows(
  dir: string,
  name: string,
  field: FieldSpec,
  { layout, rows }: { readonly layout: NpyLayout & { readonly optional: boolean }; readonly rows: number },
): RowReader {
  const { dtype, shape: wanted } = field;
  const kind = storedDtype(field);
  const TypedArray = typedArrays[kind];
  const tableOf = (table: string) => decodeNpy(readFileSync(join(dir, `${name}.${table}.npy`)));
  const offsets = layout.kind === 'rows' ? null : (tableOf('offsets').data as BigInt64Array);
  const shapes = layout.kind === 'flat' && layout.dimensions > 0 ? (tableOf('shapes').data as BigInt64Array) : null;
  const present = layout.optional ? (tableOf('present').data as Uint8Array) : null;
  const inner = layout.kind === 'flat' ? 1 : product(layout.shape);
  const count = layout.kind === 'rows' ? rows : Number(offsets!.at(-1));
  const whole = layout.kind === 'flat' ? [count] : [count, ...layout.shape];
  const file = openSync(join(dir, `${name}.npy`), 'r');
  const read = (at: number, length: number): Buffer => {
    const out = Buffer.alloc(length);
    for (let done = 0; done < length;) {
      const got = readSync(file, out, done, length - done, at + done);
      if (got === 0) throw corrupt(dir, `${name}.npy is cut off`);
      done += got;
    }
    return out;
  };
  const header = npyHeader({ dtype: kind, shape: whole }, npyHeaderRoom);
  if (!read(0, header.length).equals(header)) {
    closeSync(file);
    throw corrupt(dir, `${name}.npy is not the array that was exported`);
  }
  const rowAt = (row: number): { readonly from: number; readonly shape: readonly number[] } => {
    if (layout.kind === 'rows') return { from: row * inner, shape: layout.shape };
    const from = Number(offsets![row]) * inner;
    if (layout.kind === 'joined')
      return { from, shape: [Number(offsets![row + 1]! - offsets![row]!), ...layout.shape] };
    const { dimensions } = layout;
    return { from, shape: Array.from(shapes?.subarray(row * dimensions, (row + 1) * dimensions) ?? [], Number) };
  };
  return {
    read(row) {
      if (present && present[row] === 0) return undefined;
      const { from, shape } = rowAt(row);
      const bytes = read(
        header.length + from * TypedArray.BYTES_PER_ELEMENT,
        product(shape) * TypedArray.BYTES_PER_ELEMENT,
      );
      const data = new TypedArray(new Uint8Array(bytes).buffer);
      if (wanted.length === 0) return dtype === 'bool' ? data[0] === 1 : data[0]!;
      return wanted.filter((size) => size === null).length > 1 ? { data, shape } : data;
    },
    close: () => closeSync(file),
  };
}

async function countLines(path: string): Promise<number> {
  let lines = 0;
  for await (const text of createInterface({ input: createReadStream(path) })) lines += text === '' ? 0 : 1;
  return lines;
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function notWhole(dir: string, field: string, why: string): StoreError {
  return new StoreError(
    'not-whole',
    `${dir} cannot be read back: field ${field}: ${why}. Export as webdataset for that.`,
    {
      context: { dir, field },
    },
  );
}

function corrupt(dir: string, why: string, cause?: unknown): StoreError {
  return new StoreError('corrupt', `${dir} does not hold what its ${exportFileName} says: ${why}.`, {
    context: { dir },
    cause,
  });
}
