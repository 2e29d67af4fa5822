import {
  closeSync,
  existsSync,
  ftruncateSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { npyHeader, npyHeaderBytes, syncFolder } from '../core/index.js';

/**
 * Rows of features on their way to a `.npy` file: written as they come, so memory does not grow with them, and under the final name only
 * once all are there.
 */
export interface FeatureFile {
  readonly rows: number;
  readonly features: number;
  /** Adds rows, float32 [rows, features]. */
  append(values: Float32Array): void;
  /** Takes back all rows from a place on. */
  truncate(rows: number): void;
  /** Rows from `from` to before `to`. */
  read(from: number, to: number): Float32Array;
  /** Completes the header and puts the file at `path`. */
  finish(path: string): void;
  /** Frees the file, and removes it unless it was finished. */
  close(): void;
}

/** Opens an empty feature file at a path that nobody else uses. */
export function createFeatureFile(scratchPath: string, features: number): FeatureFile {
  mkdirSync(dirname(scratchPath), { recursive: true });
  const file = openSync(scratchPath, 'w+');
  const rowBytes = features * 4;
  let rows = 0;
  let isOpen = true;
  const write = (bytes: Uint8Array, at: number) => {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, at + done);
  };
  write(npyHeader({ dtype: 'float32', shape: [0, features] }), 0);
  return {
    get rows() {
      return rows;
    },
    features,
    append(values) {
      if (values.length % features !== 0)
        throw new RangeError(`Rows have ${features} features, got ${values.length} values.`);
      write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), npyHeaderBytes + rows * rowBytes);
      rows += values.length / features;
    },
    truncate(kept) {
      ftruncateSync(file, npyHeaderBytes + kept * rowBytes);
      rows = kept;
    },
    read(from, to) {
      const out = new Float32Array((to - from) * features);
      const bytes = new Uint8Array(out.buffer);
      for (let done = 0; done < bytes.length;) {
        const got = readSync(file, bytes, done, bytes.length - done, npyHeaderBytes + from * rowBytes + done);
        if (got === 0) throw new RangeError(`There are ${rows} rows, got ${from} to ${to}.`);
        done += got;
      }
      return out;
    },
    finish(path) {
      write(npyHeader({ dtype: 'float32', shape: [rows, features] }), 0);
      fsyncSync(file);
      renameSync(scratchPath, path);
      syncFolder(dirname(path));
    },
    close() {
      if (isOpen) closeSync(file);
      isOpen = false;
      if (existsSync(scratchPath)) rmSync(scratchPath);
    },
  };
}
