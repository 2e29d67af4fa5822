import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StoreError } from '../core/index.js';
import { damage } from './lmdb-page.js';
import { readMetaPages, salvageMetaPages, type LmdbMeta } from './lmdb-meta.js';

/** An LMDB file as numbered pages. */
export interface PageFile {
  readonly meta: LmdbMeta;
  /** Pages that may be read. */
  readonly pages: number;
  /** One page or several in a row, in a buffer of their size or a new one; throws a StoreError `corrupt` if the first bears another number. */
  read(page: number, count?: number, into?: Buffer): Buffer;
  close(): void;
}

/**
 * `closed`: a file has all its pages. `unfinished`: its writer may have been killed, and pages that nothing needs may be missing at its end.
 * `salvage`: it may be cut short anywhere, and one of its meta pages damaged.
 */
export type FileState = 'closed' | 'unfinished' | 'salvage';

/**
 * Opens an LMDB file of data format 1 for reading.
 *
 * @throws StoreError as `readMeta` says.
 */
export function openPageFile(path: string, state: FileState = 'closed'): PageFile {
  const file = openFile(path);
  let meta: LmdbMeta;
  try {
    meta = state === 'salvage' ? salvageMetaPages(path, file) : readMetaPages(path, file, state === 'unfinished');
  } catch (error) {
    closeSync(file);
    throw error;
  }
  const { pageBytes } = meta;
  let open = true;
  const there = Math.floor(fstatSync(file).size / pageBytes);
  const pages = state === 'salvage' ? there : Math.min(meta.pages, there);
  return {
    meta,
    pages,
    read(page, count = 1, into) {
      if (!Number.isSafeInteger(page) || page < 2 || count < 1 || page + count > pages) {
        throw damage(page, 'is outside the file');
      }
      const bytes = into ?? Buffer.allocUnsafeSlow(count * pageBytes);
      if (readSync(file, bytes, 0, bytes.length, page * pageBytes) < bytes.length)
        throw damage(page, 'is not all there');
      if (bytes.readUInt32LE(0) + bytes.readUInt32LE(4) * 0x1_0000_0000 !== page)
        throw damage(page, 'bears another number');
      return bytes;
    },
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new StoreError('missing', `${path} does not exist or may not be read.`, { context: { path }, cause });
  }
}
