import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StoreError } from '../core/index.js';

/** What the newer of a file's two meta pages says. */
export interface LmdbMeta {
  /** LMDB data format: 1 is the one that every released LMDB reads. */
  readonly format: number;
  readonly pageBytes: number;
  /** Root page of the database that names the others. */
  readonly rootPage: number;
  /** Root page of the list of free pages. */
  readonly freeRootPage: number;
  readonly pages: number;
  readonly transaction: number;
}

/** The one data format that we read and write. */
export const dataFormat = 1;
/** Bytes of a page's own header. */
export const pageHeaderBytes = 16;
/** Root of an empty tree. */
export const noPage = 0xffff_ffff_ffff_ffffn;
const magic = 0xbeefc0de;

/**
 * Reads an LMDB file's meta pages without LMDB, which would crash the process on another format or a file cut short.
 *
 * @throws StoreError `missing`, `not-lmdb`, `other-format` or `truncated`, naming the file.
 */
export function readMeta(path: string): LmdbMeta {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw new StoreError('missing', `${path} does not exist or may not be read.`, { context: { path }, cause });
  }
  try {
    return readMetaPages(path, file);
  } finally {
    closeSync(file);
  }
}

/**
 * As `readMeta`, on an open file.
 *
 * @param mayBeShort takes a file that ends before its last page: LMDB does not write pages that a transaction took and gave back.
 */
export function readMetaPages(path: string, file: number, mayBeShort = false): LmdbMeta {
  const context = { path };
  const first = parseMeta(path, file, 0);
  if (!first) throw new StoreError('not-lmdb', `${path} is not an LMDB file.`, { context });
  if (first.format !== dataFormat) {
    throw new StoreError(
      'other-format',
      `${path} has LMDB data format ${first.format}; only format ${dataFormat} is read. Copy it with the tool that wrote it.`,
      { context: { path, format: first.format } },
    );
  }
  const second = parseMeta(path, file, first.pageBytes);
  const meta = second && second.format === dataFormat && second.transaction > first.transaction ? second : first;
  const bytes = fstatSync(file).size;
  const needed = meta.pages * meta.pageBytes;
  if (bytes < needed && !mayBeShort) {
    throw new StoreError('truncated', `${path} is cut short: ${bytes} of ${needed} bytes are there.`, {
      context: { path, bytes, needed },
    });
  }
  return meta;
}

/**
 * The meta page of a damaged file: the newest that can be read, wherever the file ends.
 *
 * @throws StoreError `not-lmdb` if neither can be.
 */
export function salvageMetaPages(path: string, file: number): LmdbMeta {
  const places = [0, 4096, 8192, 16384, 32768, 65536];
  const found = places.flatMap((at) => {
    try {
      const meta = parseMeta(path, file, at);
      return meta && meta.format === dataFormat && (at === 0 || meta.pageBytes === at) ? [meta] : [];
    } catch (error) {
      if (error instanceof StoreError) return [];
      throw error;
    }
  });
  const [newest] = found.sort((a, b) => b.transaction - a.transaction);
  if (newest) return newest;
  throw new StoreError('not-lmdb', `${path} has no meta page that can be read.`, { context: { path } });
}

/** One meta page: page header, then magic u32, format u32, address u64, map size u64, two trees of 48 bytes, last page u64, transaction u64. */
function parseMeta(path: string, file: number, at: number): LmdbMeta | null {
  const page = Buffer.alloc(160);
  if (readSync(file, page, 0, page.length, at) < page.length) return null;
  const body = page.subarray(pageHeaderBytes);
  if (body.readUInt32LE(0) !== magic) return null;
  const pageBytes = body.readUInt32LE(24);
  const format = body.readUInt32LE(4);
  if (format === dataFormat && (pageBytes < 512 || pageBytes > 65536 || (pageBytes & (pageBytes - 1)) !== 0)) {
    throw new StoreError('corrupt', `${path} has a damaged meta page.`, { context: { path } });
  }
  const rootAt = (at: number) => {
    const root = body.readBigUInt64LE(at);
    return root === noPage ? -1 : Number(root);
  };
  return {
    format,
    pageBytes,
    rootPage: rootAt(24 + 48 + 40),
    freeRootPage: rootAt(24 + 40),
    pages: Number(body.readBigUInt64LE(120)) + 1,
    transaction: Number(body.readBigUInt64LE(128)),
  };
}
