import { StoreError } from '../core/index.js';
import {
  bigData,
  childOf,
  damage,
  longValue,
  parsePage,
  parseTree,
  searchPage,
  subDatabase,
  type FoundNode,
  type PageNode,
  type Tree,
  type TreePage,
} from './lmdb-page.js';
import { pageHeaderBytes } from './lmdb-meta.js';
import { openPageFile, type FileState, type Room } from './page-file.js';

/** A key and its value. */
export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Where a long value lies: from the start of a page on. */
export interface LongPlace {
  readonly page: number;
  readonly bytes: number;
}

/** One named database of a file that nobody writes. Its methods throw a StoreError `corrupt` where a page is damaged. */
export interface PageDatabase {
  readonly count: number;
  /** A copy of the value, a long one in memory that `room` gives; or undefined. */
  get(key: Uint8Array, room?: Room): Uint8Array | undefined;
  /** Where a long value lies; undefined if there is none, or a short one. */
  locate(key: Uint8Array): LongPlace | undefined;
  /** The value, where a short one lies in a page that is kept: it holds until the next reading but one. */
  view(key: Uint8Array): Uint8Array | undefined;
  /** Keys in order from `start` (default: the first); a walk from the first to the last checks their number too. */
  keys(start?: Uint8Array): Iterable<Uint8Array>;
  /** Entries, as `keys`. */
  entries(start?: Uint8Array): Iterable<Entry>;
}

/**
 * Reads an LMDB file page by page, without LMDB: nothing is mapped, locked or written, so it works from any thread and any file system, and
 * nothing in a damaged file can crash the process.
 */
export interface PageReader {
  /** One of the file's databases; throws a StoreError `corrupt` if it lacks it. */
  database(name: string): PageDatabase;
  /** The value at a place that `locate` gave, in memory that `room` gives. */
  longValue(place: LongPlace, room?: Room): Uint8Array;
  /** Entries of a named database in key order. What a damaged page held is left out, and told to `onDamage`. */
  entries(database: string, onDamage: (message: string) => void): Iterable<Entry>;
  /** Every entry of every page that looks like a leaf, reachable or not, old versions among them: only a checksum tells which are sound. */
  scan(): Iterable<{ readonly key: Uint8Array; readonly place: number; readonly value: () => Uint8Array | null }>;
  /** The value at a place that `scan` gave. */
  valueAt(place: number): Uint8Array;
  close(): void;
}

type OnDamage = (message: string) => void;

interface Found {
  readonly node: PageNode;
  readonly bytes: Buffer;
}

const cachedPages = 512;
const deepest = 32;
const empty = new Uint8Array(0);

/**
 * Opens an LMDB file of data format 1 that nobody writes.
 *
 * @throws StoreError as `readMeta` says.
 *
 * Source: the structures of LMDB 0.9 (liblmdb/mdb.c: MDB_page, MDB_node, MDB_db).
 */
export function openPages(path: string, state: FileState = 'closed'): PageReader {
  const file = openPageFile(path, state);
  const { pages } = file;
  const read = (page: number, into?: Buffer) => file.read(page, into);
  const { pageBytes, rootPage } = file.meta;
  // Two generations: what is used stays, and neither grows.
  let young = new Map<number, Buffer>();
  let old = new Map<number, Buffer>();
  const free: Buffer[] = [];

  function cachedPage(page: number): Buffer {
    const known = young.get(page);
    if (known) return known;
    const kept = old.get(page);
    const bytes = kept ?? read(page, free.pop());
    if (kept) old.delete(page);
    if (young.size >= cachedPages) {
      free.push(...old.values()); // what is found in a page is copied before the next one is looked at
      old = young;
      young = new Map();
    }
    young.set(page, bytes);
    return bytes;
  }

  function viewValue({ node, bytes }: { readonly node: FoundNode; readonly bytes: Buffer }, room?: Room): Uint8Array {
    if ((node.flags & bigData) === 0) return bytes.subarray(node.dataAt, node.dataAt + node.low);
    return readLongValue(placeOf({ node, bytes }), room);
  }

  function readLongValue({ page, bytes }: LongPlace, room?: Room): Uint8Array {
    return longValue(file.readLong(page, pageHeaderBytes + bytes, room), page, bytes);
  }

  function readValue(found: { readonly node: FoundNode; readonly bytes: Buffer }, room?: Room): Uint8Array {
    const value = viewValue(found, room);
    return (found.node.flags & bigData) === 0 ? new Uint8Array(value) : value;
  }

  function find(root: number, key: Uint8Array): { readonly node: FoundNode; readonly bytes: Buffer } | undefined {
    let page = root;
    for (let depth = 0; depth < deepest; depth++) {
      const bytes = cachedPage(page);
      const { isBranch, node } = searchPage(bytes, page, key);
      if (!isBranch) return node ? { node, bytes } : undefined;
      if (!node) throw damage(page, 'is a branch without children');
      page = childOf(node);
    }
    throw damage(page, 'lies too deep');
  }

  function* walkFrom(page: number, start: Uint8Array, depth = 0): Generator<Found> {
    if (depth > deepest) throw damage(page, 'lies too deep');
    const { isBranch, nodes, bytes } = parsePage(read(page), page);
    for (let at = Math.max(0, lastNotAbove(nodes, start, isBranch)); at < nodes.length; at++) {
      const node = nodes[at]!;
      if (isBranch) yield* walkFrom(childOf(node), start, depth + 1);
      else if (Buffer.compare(node.key, start) >= 0) yield { node, bytes };
    }
  }

  /** In order, each key once, and as many as the tree says. */
  function* foundFrom(tree: Tree, start: Uint8Array): Generator<Found> {
    let last: Buffer | null = null;
    let count = 0;
    for (const found of tree.root < 0 ? [] : walkFrom(tree.root, start)) {
      const { key } = found.node;
      if (last && last.compare(key) >= 0) throw new StoreError('corrupt', `key ${key.toString()} is out of order`);
      last = key;
      count++;
      yield found;
    }
    if (start.length === 0 && count !== tree.count)
      throw new StoreError('corrupt', `${count} of ${tree.count} entries are there`);
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

  function findTree(name: string, onDamage: OnDamage): Tree | null {
    for (const found of rootPage < 0 ? [] : walk(rootPage, onDamage)) {
      const tree = found.node.key.toString() === name ? parseTree(found) : null;
      if (tree) return tree;
    }
    onDamage(`database ${name} is not there`);
    return null;
  }

  function* stepwise<T>(tree: Tree, start: Uint8Array, take: (found: Found) => T): Generator<T> {
    const steps = foundFrom(tree, start);
    for (;;) {
      const step = attempt(path, () => {
        const next = steps.next();
        return next.done === true ? null : { taken: take(next.value) };
      });
      if (!step) return;
      yield step.taken;
    }
  }

  return {
    database(name) {
      const found = attempt(path, () => (rootPage < 0 ? undefined : find(rootPage, Buffer.from(name))));
      const tree = found && parseTree(found);
      if (!tree) throw new StoreError('corrupt', `${path} has no database ${name}.`, { context: { path, name } });
      return {
        count: tree.count,
        get: (key, room) =>
          attempt(path, () => {
            const at = tree.root < 0 ? undefined : find(tree.root, key);
            return at && readValue(at, room);
          }),
        locate: (key) =>
          attempt(path, () => {
            const at = tree.root < 0 ? undefined : find(tree.root, key);
            return at && (at.node.flags & bigData) !== 0 ? placeOf(at) : undefined;
          }),
        view: (key) =>
          attempt(path, () => {
            const at = tree.root < 0 ? undefined : find(tree.root, key);
            return at && viewValue(at);
          }),
        keys: (start = empty) => stepwise(tree, start, ({ node }) => new Uint8Array(node.key)),
        entries: (start = empty) =>
          stepwise(tree, start, (each) => ({ key: new Uint8Array(each.node.key), value: readValue(each) })),
      };
    },
    longValue: (place, room) => attempt(path, () => readLongValue(place, room)),
    *entries(database, onDamage) {
      const tree = findTree(database, onDamage);
      if (!tree || tree.root < 0) return;
      for (const found of walk(tree.root, onDamage)) {
        try {
          yield { key: new Uint8Array(found.node.key), value: readValue(found) };
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          onDamage(`the value of ${found.node.key.toString()} cannot be read: ${error.message}`);
        }
      }
    },
    *scan() {
      for (let page = 2; page < pages; page++) {
        const parsed = tolerate(() => parsePage(read(page), page));
        if (!parsed || parsed.isBranch) continue;
        for (const [at, node] of parsed.nodes.entries()) {
          if ((node.flags & subDatabase) !== 0) continue;
          const found = { node, bytes: parsed.bytes };
          const place = page * pageBytes + at;
          yield { key: new Uint8Array(node.key), place, value: () => tolerate(() => readValue(found)) };
        }
      }
    },
    valueAt(place) {
      const page = Math.floor(place / pageBytes);
      const { nodes, bytes } = parsePage(read(page), page);
      return readValue({ node: nodes[place % pageBytes]!, bytes });
    },
    close: () => file.close(),
  };
}

function placeOf({ node, bytes }: { readonly node: FoundNode; readonly bytes: Buffer }): LongPlace {
  const page = bytes.readUInt32LE(node.dataAt) + bytes.readUInt32LE(node.dataAt + 4) * 0x1_0000_0000;
  return { page, bytes: node.low };
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

function tolerate<T>(action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    if (error instanceof StoreError) return null;
    throw error;
  }
}
