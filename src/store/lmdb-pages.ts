import { closeSync, openSync, readSync } from 'node:fs';
import { StoreError } from '../core/index.js';
import {
  bigData,
  childOf,
  damage,
  longValue,
  parsePage,
  subDatabase,
  type PageNode,
  type TreePage,
} from './lmdb-page.js';
import { pageHeaderBytes, readMetaPages } from './lmdb-meta.js';

/** A key and its value. */
export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** One named database of a file that nobody writes. Its methods throw a StoreError `corrupt` where a page is damaged. */
export interface PageDatabase {
  readonly count: number;
  /** A copy of the value, or undefined. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** Keys in order from `start` (default: the first). */
  keys(start?: Uint8Array): Iterable<Uint8Array>;
}

/**
 * Reads an LMDB file page by page, without LMDB: nothing is mapped, locked or written, so it works from any thread and any file system, and
 * nothing in a damaged file can crash the process.
 */
export interface PageReader {
  /** One of the file's databases; throws a StoreError `corrupt` if it lacks it. */
  database(name: string): PageDatabase;
  /** Entries of a named database in key order. What a damaged page held is left out, and told to `onDamage`. */
  entries(database: string, onDamage: (message: string) => void): Iterable<Entry>;
  close(): void;
}

type OnDamage = (message: string) => void;

interface Found {
  readonly node: PageNode;
  readonly bytes: Buffer;
}

interface Tree {
  /** -1: empty. */
  readonly root: number;
  readonly count: number;
}

const cachedPages = 256;
const deepest = 32;
const empty = new Uint8Array(0);

/**
 * Opens an LMDB file of data format 1 that nobody writes.
 *
 * @throws StoreError as `readMeta` says.
 *
 * Source: the structures of LMDB 0.9 (liblmdb/mdb.c: MDB_page, MDB_node, MDB_db).
 */
export function openPages(path: string): PageReader {
  const file = openFile(path);
  let meta;
  try {
    meta = readMetaPages(path, file);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  const { pageBytes, pages, rootPage } = meta;
  const cache = new Map<number, TreePage>();

  function read(page: number, count = 1): Buffer {
    if (!Number.isSafeInteger(page) || page < 2 || count < 1 || page + count > pages) {
      throw damage(page, 'is outside the file');
    }
    const bytes = Buffer.allocUnsafeSlow(count * pageBytes);
    if (readSync(file, bytes, 0, bytes.length, page * pageBytes) < bytes.length) throw damage(page, 'is not all there');
    if (bytes.readBigUInt64LE(0) !== BigInt(page)) throw damage(page, 'bears another number');
    return bytes;
  }

  function treePage(page: number): TreePage {
    let parsed = cache.get(page);
    if (!parsed) {
      parsed = parsePage(read(page), page);
      if (cache.size >= cachedPages) cache.clear();
      cache.set(page, parsed);
    }
    return parsed;
  }

  function readValue({ node, bytes }: Found): Uint8Array {
    if ((node.flags & bigData) === 0) return Uint8Array.from(bytes.subarray(node.dataAt, node.dataAt + node.low));
    const page = Number(bytes.readBigUInt64LE(node.dataAt));
    return longValue(read(page, Math.ceil((pageHeaderBytes + node.low) / pageBytes)), page, node.low);
  }

  function find(root: number, key: Uint8Array): Found | undefined {
    let page = root;
    for (let depth = 0; depth < deepest; depth++) {
      const { isBranch, nodes, bytes } = treePage(page);
      const at = lastNotAbove(nodes, key, isBranch);
      const node = nodes[at];
      if (!isBranch) return node && Buffer.compare(node.key, key) === 0 ? { node, bytes } : undefined;
      if (!node) throw damage(page, 'is a branch without children');
      page = childOf(node);
    }
    throw damage(page, 'lies too deep');
  }

  function* keysFrom(page: number, start: Uint8Array, depth = 0): Generator<Uint8Array> {
    if (depth > deepest) throw damage(page, 'lies too deep');
    const { isBranch, nodes } = treePage(page);
    for (let at = Math.max(0, lastNotAbove(nodes, start, isBranch)); at < nodes.length; at++) {
      const node = nodes[at]!;
      if (isBranch) yield* keysFrom(childOf(node), start, depth + 1);
      else if (Buffer.compare(node.key, start) >= 0) yield Uint8Array.from(node.key);
    }
  }

  function* walk(page: number, onDamage: OnDamage, seen = new Set<number>()): Generator<Found> {
    let parsed: TreePage;
    try {
      if (seen.has(page)) throw damage(page, 'is pointed to twice'); // a damaged tree may bite its own tail
      seen.add(page);
      parsed = parsePage(read(page), page);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      onDamage(error.message);
      return;
    }
    for (const node of parsed.nodes) {
      if (parsed.isBranch) yield* walk(childOf(node), onDamage, seen);
      else yield { node, bytes: parsed.bytes };
    }
  }

  function openTree(name: string): Tree | null {
    const found = rootPage < 0 ? undefined : find(rootPage, Buffer.from(name));
    return found ? parseTree(found) : null;
  }

  function findTree(name: string, onDamage: OnDamage): Tree | null {
    for (const found of rootPage < 0 ? [] : walk(rootPage, onDamage)) {
      const tree = found.node.key.toString() === name ? parseTree(found) : null;
      if (tree) return tree;
    }
    onDamage(`database ${name} is not there`);
    return null;
  }

  return {
    database(name) {
      const tree = attempt(path, () => openTree(name));
      if (!tree) throw new StoreError('corrupt', `${path} has no database ${name}.`, { context: { path, name } });
      return {
        count: tree.count,
        get: (key) =>
          attempt(path, () => {
            const found = tree.root < 0 ? undefined : find(tree.root, key);
            return found && readValue(found);
          }),
        *keys(start = empty) {
          const keys = tree.root < 0 ? [][Symbol.iterator]() : keysFrom(tree.root, start);
          for (;;) {
            const step = attempt(path, () => keys.next());
            if (step.done) return;
            yield step.value;
          }
        },
      };
    },
    *entries(database, onDamage) {
      const tree = findTree(database, onDamage);
      if (!tree || tree.root < 0) return;
      for (const found of walk(tree.root, onDamage)) {
        try {
          yield { key: Uint8Array.from(found.node.key), value: readValue(found) };
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          onDamage(`the value of ${found.node.key.toString()} cannot be read: ${error.message}`);
        }
      }
    },
    close: () => closeSync(file),
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new StoreError('missing', `${path} does not exist or may not be read.`, { context: { path }, cause });
  }
}

/** A named database's record: flags and sizes, then entries u64 at 32 and root page u64 at 40; null for anything else. */
function parseTree({ node, bytes }: Found): Tree | null {
  if ((node.flags & subDatabase) === 0 || node.low !== 48) return null;
  const root = bytes.readBigUInt64LE(node.dataAt + 40);
  const count = Number(bytes.readBigUInt64LE(node.dataAt + 32));
  return { root: root > BigInt(Number.MAX_SAFE_INTEGER) ? -1 : Number(root), count };
}

/** Index of the last node whose key is not above `key`; -1 if there is none. A branch's first key counts as below all. */
function lastNotAbove(nodes: readonly PageNode[], key: Uint8Array, isBranch: boolean): number {
  let low = isBranch ? 0 : -1;
  let high = nodes.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (Buffer.compare(nodes[middle]!.key, key) <= 0) low = middle;
    else high = middle - 1;
  }
  return low;
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new StoreError('corrupt', `${path} is damaged: ${error.message}. Run reelmine verify.`, {
      context: { path, ...error.context },
      cause: error,
    });
  }
}
