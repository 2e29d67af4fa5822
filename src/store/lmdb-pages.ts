import { closeSync, openSync, readSync } from 'node:fs';
import { StoreError } from '../core/index.js';
import { pageHeaderBytes, readMetaPages } from './lmdb-meta.js';

/** A key and its value. */
export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Reads an LMDB file page by page without mapping it: nothing in a damaged file can crash the process. */
export interface PageReader {
  /** Entries of a named database in key order. What a damaged page held is left out, and told to `onDamage`. */
  entries(database: string, onDamage: (message: string) => void): Iterable<Entry>;
  close(): void;
}

interface Node {
  readonly key: Buffer;
  readonly flags: number;
  readonly low: number;
  /** Where the node's data starts in its page. */
  readonly dataAt: number;
}

const branch = 0x01;
const leaf = 0x02;
const overflow = 0x04;
const bigData = 0x01;
const subDatabase = 0x02;

/**
 * Opens an LMDB file of data format 1.
 *
 * @throws StoreError as `readMeta` says.
 *
 * Source: the structures of LMDB 0.9 (liblmdb/mdb.c: MDB_page, MDB_node, MDB_db).
 */
export function openPages(path: string): PageReader {
  const file = openSync(path, 'r');
  let meta;
  try {
    meta = readMetaPages(path, file);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  const { pageBytes, pages, rootPage } = meta;

  function read(page: number, count = 1): Buffer {
    if (!Number.isSafeInteger(page) || page < 2 || count < 1 || page + count > pages)
      throw damage(page, 'is outside the file');
    const bytes = Buffer.allocUnsafeSlow(count * pageBytes);
    if (readSync(file, bytes, 0, bytes.length, page * pageBytes) < bytes.length) throw damage(page, 'is not all there');
    if (bytes.readBigUInt64LE(0) !== BigInt(page)) throw damage(page, 'bears another number');
    return bytes;
  }

  function* walk(
    page: number,
    onDamage: (message: string) => void,
    seen = new Set<number>(),
  ): Generator<{ readonly node: Node; readonly bytes: Buffer }> {
    let bytes: Buffer;
    let nodes: readonly Node[];
    try {
      if (seen.has(page)) throw damage(page, 'is pointed to twice'); // a damaged tree may bite its own tail
      seen.add(page);
      bytes = read(page);
      nodes = readNodes(bytes, page);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      onDamage(error.message);
      return;
    }
    const isBranch = (bytes.readUInt16LE(10) & branch) !== 0;
    for (const node of nodes) {
      if (isBranch) yield* walk(node.low + node.flags * 0x1_0000_0000, onDamage, seen);
      else yield { node, bytes };
    }
  }

  function readValue({ node, bytes }: { readonly node: Node; readonly bytes: Buffer }): Buffer {
    if ((node.flags & bigData) === 0) return bytes.subarray(node.dataAt, node.dataAt + node.low);
    const page = Number(bytes.readBigUInt64LE(node.dataAt));
    const first = read(page);
    if ((first.readUInt16LE(10) & overflow) === 0) throw damage(page, 'should hold a long value');
    const needed = Math.ceil((pageHeaderBytes + node.low) / pageBytes);
    if (first.readUInt32LE(12) < needed) throw damage(page, 'holds less than its value');
    return read(page, needed).subarray(pageHeaderBytes, pageHeaderBytes + node.low);
  }

  function findRoot(database: string, onDamage: (message: string) => void): number {
    if (rootPage >= 0) {
      for (const found of walk(rootPage, onDamage)) {
        if (found.node.key.toString() !== database || (found.node.flags & subDatabase) === 0 || found.node.low !== 48)
          continue;
        const root = found.bytes.readBigUInt64LE(found.node.dataAt + 40);
        return root > BigInt(Number.MAX_SAFE_INTEGER) ? -1 : Number(root);
      }
    }
    onDamage(`database ${database} is not there`);
    return -1;
  }

  return {
    *entries(database, onDamage) {
      const root = findRoot(database, onDamage);
      if (root < 0) return;
      for (const found of walk(root, onDamage)) {
        try {
          yield { key: found.node.key, value: readValue(found) };
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          onDamage(`the value of ${found.node.key.toString()} cannot be read: ${error.message}`);
        }
      }
    },
    close: () => closeSync(file),
  };
}

/** The nodes of a branch or leaf page, every offset checked. */
function readNodes(bytes: Buffer, page: number): readonly Node[] {
  const flags = bytes.readUInt16LE(10);
  const isBranch = flags === branch;
  if (!isBranch && flags !== leaf) throw damage(page, 'is of an unknown kind');
  const lower = bytes.readUInt16LE(12);
  const upper = bytes.readUInt16LE(14);
  if (lower < pageHeaderBytes || lower % 2 !== 0 || lower > upper || upper > bytes.length)
    throw damage(page, 'has a damaged header');
  const nodes: Node[] = [];
  for (let at = pageHeaderBytes; at < lower; at += 2) {
    const start = bytes.readUInt16LE(at);
    if (start < upper || start + 8 > bytes.length) throw damage(page, 'points outside itself');
    const nodeFlags = bytes.readUInt16LE(start + 4);
    const low = bytes.readUInt32LE(start);
    const dataAt = start + 8 + bytes.readUInt16LE(start + 6);
    const dataBytes = isBranch ? 0 : (nodeFlags & bigData) !== 0 ? 8 : low;
    if (dataAt + dataBytes > bytes.length) throw damage(page, 'holds an entry that is longer than itself');
    nodes.push({ key: Buffer.from(bytes.subarray(start + 8, dataAt)), flags: nodeFlags, low, dataAt });
  }
  return nodes;
}

function damage(page: number, what: string): StoreError {
  return new StoreError('corrupt', `page ${page} ${what}`, { context: { page } });
}
