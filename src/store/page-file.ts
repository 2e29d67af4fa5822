import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StoreError } from '../core/index.js';
import { damage } from './lmdb-page.js';
import { readMetaPages, salvageMetaPages, type LmdbMeta } from './lmdb-meta.js';

/** An LMDB file as numbered pages. */
export interface PageFile {
  readonly meta: LmdbMeta;
  /** Pages that may be read. */
  readonly pages: number;
  /** One page, in a buffer of its size or a new one; throws a StoreError `corrupt` if it bears another number. */
  read(page: number, into?: Buffer): Buffer;
  /**
   * The first bytes of a page and of those that follow it, likewise.
   *
   * @param room gives a buffer of at least so many bytes.
   */
  readLong(page: number, bytes: number, room?: Room): Buffer;
  close(): void;
}

/** Gives memory of at least so many bytes, which hold anything. */
export type Room = (bytes: number) => Buffer;

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
  const readLong: PageFile['readLong'] = (page, length, room = newRoom) => {
    if (!Number.isSafeInteger(page) || page < 2 || length < 1 || page * pageBytes + length > pages * pageBytes)
      throw damage(page, 'is outside the file');
    const given = room(length);
    if (readSync(file, given, 0, length, page * pageBytes) < length) throw damage(page, 'is not all there');
    if (given.readUInt32LE(0) + given.readUInt32LE(4) * 0x1_0000_0000 !== page)
      throw damage(page, 'bears another number');
    return given.length === length ? given : given.subarray(0, length);
  };
  return {
    meta,
    pages,
    read: (page, into) => readLong(page, pageBytes, into && (() => into)),
    readLong,
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}

function newRoom(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes);
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new StoreError('missing', `${path} does not exist or may not be read.`, { context: { path }, cause });
  }
}
