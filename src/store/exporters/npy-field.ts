import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { encodeNpy, npyHeader, syncFolder, writeFileWhole, type BatchArray, type FieldSpec } from '../../core/index.js';
import { hashFile } from '../digest.js';

/** How a field's rows lie in its files. */
export type NpyLayout =
  /** One array [samples, ...shape]. */
  | { readonly kind: 'rows'; readonly shape: readonly number[] }
  /** Arrays one after another along their first axis; row i is from offsets[i] to before offsets[i + 1]. */
  | { readonly kind: 'joined'; readonly shape: readonly number[] }
  /** Values of all arrays one after another; offsets count values, and `<field>.shapes.npy` has a row of sizes for each sample. */
  | { readonly kind: 'flat'; readonly dimensions: number };

/** What became of a field. */
export interface FinishedField {
  readonly about: NpyLayout & { readonly optional: boolean };
  readonly files: readonly { readonly file: string; readonly bytes: number; readonly sha256: string }[];
}

/** An array that grows by a row for each sample; memory holds sizes alone. */
export interface NpyField {
  /** Adds a sample's values, little-endian, and their shape; null where it has none. */
  append(row: { readonly data: Uint8Array; readonly shape: readonly number[] } | null): void;
  /** Completes the files and puts them under their names; null if no sample had values. */
  finish(): Promise<FinishedField | null>;
  /** Removes what was written; nothing after `finish`. */
  discard(): void;
}

/** Length of a field's header: room for any number of samples, since it is written last. */
export const npyHeaderRoom = 256;

/** What numbers a field's array is of: of a picture its pixels; one value in half precision is held as a number, so it becomes float64. */
export function storedDtype({ dtype, shape }: FieldSpec): BatchArray['dtype'] {
  if (dtype === 'string') throw new TypeError('Texts are not stored as arrays.');
  if (dtype === 'image') return 'uint8';
  return dtype === 'float16' && shape.length === 0 ? 'float64' : dtype;
}

const widths = { bool: 1, uint8: 1, uint16: 2, float16: 2, int32: 4, float32: 4, int64: 8, float64: 8 } as const;

/**
 * Begins `<path>.npy`. As long as all rows have one shape it is an array of them; else what differs decides on the layout.
 *
 * @param path without the ending.
 */
export function createNpyField(path: string, dtype: BatchArray['dtype']): NpyField {
  const beside = `${path}.npy.${process.pid}.tmp`;
  const handle = openSync(beside, 'w');
  const sizes = createSizes();
  let isOpen = true;
  let end = npyHeaderRoom;
  const write = (bytes: Uint8Array, at: number) => {
    for (let done = 0; done < bytes.length;) done += writeSync(handle, bytes, done, bytes.length - done, at + done);
  };
  const discard = () => {
    if (!isOpen) return;
    closeSync(handle);
    isOpen = false;
    rmSync(beside, { force: true });
  };
  return {
    append(row) {
      sizes.add(row ? row.shape : null);
      if (!row) return;
      write(row.data, end);
      end += row.data.length;
    },
    async finish() {
      const layout = sizes.layout();
      if (!layout) {
        discard();
        return null;
      }
      const values = (end - npyHeaderRoom) / widths[dtype];
      write(npyHeader({ dtype, shape: wholeShape(layout, sizes.rows, values) }, npyHeaderRoom), 0);
      fsyncSync(handle);
      closeSync(handle);
      isOpen = false;
      renameSync(beside, `${path}.npy`);
      syncFolder(dirname(path));
      const extra = sizes.tables(layout);
      for (const [name, array] of Object.entries(extra)) writeFileWhole(`${path}.${name}.npy`, encodeNpy(array));
      const names = [`${path}.npy`, ...Object.keys(extra).map((name) => `${path}.${name}.npy`)];
      const files = [];
      for (const file of names)
        files.push({ file: basename(file), bytes: statSync(file).size, sha256: await hashFile(file) });
      return { about: { ...layout, optional: sizes.lacks > 0 }, files };
    },
    discard,
  };
}

function wholeShape(layout: NpyLayout, rows: number, values: number): readonly number[] {
  if (layout.kind === 'rows') return [rows, ...layout.shape];
  if (layout.kind === 'flat') return [values];
  return [values / Math.max(1, product(layout.shape)), ...layout.shape];
}

interface Sizes {
  readonly rows: number;
  readonly lacks: number;
  add(shape: readonly number[] | null): void;
  /** Null if no row has values. */
  layout(): NpyLayout | null;
  /** What stands beside the values: `offsets`, `shapes`, and `present` where rows lack values. */
  tables(layout: NpyLayout): Readonly<Record<string, BatchArray>>;
}

/** Remembers the shape of every row: one for all as long as they agree. */
function createSizes(): Sizes {
  let first: readonly number[] | null = null;
  let rows = 0;
  let lacks = 0;
  let isEven = true;
  let isJoined = true;
  const shapes: (readonly number[] | null)[] = []; // kept from the first row that is different on
  return {
    get rows() {
      return rows;
    },
    get lacks() {
      return lacks;
    },
    add(shape) {
      if (shape === null) lacks++;
      else if (first === null) first = shape;
      else {
        if (shape.some((size, i) => size !== first![i])) isEven = false;
        if (shape.slice(1).some((size, i) => size !== first![i + 1])) isJoined = false;
      }
      if (isEven && lacks === 0) rows++;
      else {
        while (shapes.length < rows) shapes.push(first);
        shapes.push(shape);
        rows++;
      }
    },
    layout() {
      if (first === null) return null;
      if (isEven && lacks === 0) return { kind: 'rows', shape: first };
      if (isJoined && first.length > 0 && product(first.slice(1)) > 0) return { kind: 'joined', shape: first.slice(1) };
      return { kind: 'flat', dimensions: first.length };
    },
    tables(layout): Readonly<Record<string, BatchArray>> {
      if (layout.kind === 'rows') return {};
      const offsets = new BigInt64Array(rows + 1);
      shapes.forEach((shape, i) => {
        const length = shape === null ? 0 : layout.kind === 'joined' ? shape[0]! : product(shape);
        offsets[i + 1] = offsets[i]! + BigInt(length);
      });
      const tables: Record<string, BatchArray> = { offsets: { dtype: 'int64', shape: [rows + 1], data: offsets } };
      if (layout.kind === 'flat' && layout.dimensions > 0) {
        const none = Array.from({ length: layout.dimensions }, () => 0);
        const data = BigInt64Array.from(shapes.flatMap((shape) => (shape ?? none).map(BigInt)));
        tables['shapes'] = { dtype: 'int64', shape: [rows, layout.dimensions], data };
      }
      if (lacks > 0) {
        const data = Uint8Array.from(shapes, (shape) => (shape === null ? 0 : 1));
        tables['present'] = { dtype: 'bool', shape: [rows], data };
      }
      return tables;
    },
  };
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
