import { StoreError } from '../core/index.js';
import { noPage, pageHeaderBytes } from './lmdb-meta.js';

/** One entry of a branch or leaf page. */
export interface PageNode {
  readonly key: Buffer;
  readonly flags: number;
  /** In a leaf, the value's length; in a branch, the low half of the child's page number. */
  readonly low: number;
  /** Where the node's data starts in its page. */
  readonly dataAt: number;
}

/** A parsed branch or leaf page. */
export interface TreePage {
  readonly bytes: Buffer;
  readonly isBranch: boolean;
  readonly nodes: readonly PageNode[];
}

const branch = 0x01;
const leaf = 0x02;
const overflow = 0x04;

/** Flag of a node whose value lies on pages of its own. */
export const bigData = 0x01;
/** Flag of a node that names another database. */
export const subDatabase = 0x02;

/**
 * The nodes of a branch or leaf page, every offset checked.
 *
 * @throws StoreError `corrupt` naming the page.
 */
export function parsePage(bytes: Buffer, page: number): TreePage {
  const { isBranch, nodes: count } = pageHeader(bytes, page);
  const nodes: PageNode[] = [];
  for (let at = 0; at < count; at++) {
    const start = nodeStart(bytes, page, at);
    const nodeFlags = bytes.readUInt16LE(start + 4);
    const low = bytes.readUInt32LE(start);
    const dataAt = start + 8 + bytes.readUInt16LE(start + 6);
    const dataBytes = isBranch ? 0 : (nodeFlags & bigData) !== 0 ? 8 : low;
    if (dataAt + dataBytes > bytes.length) throw damage(page, 'holds an entry that is longer than itself');
    nodes.push({ key: bytes.subarray(start + 8, dataAt), flags: nodeFlags, low, dataAt });
  }
  return { bytes, isBranch, nodes };
}

/** A node found by its key; the same as in `TreePage`, without its key. */
export type FoundNode = Omit<PageNode, 'key'>;

/** What a branch or leaf page's header says; throws a StoreError `corrupt` naming the page. */
export function pageHeader(bytes: Buffer, page: number): { readonly isBranch: boolean; readonly nodes: number } {
  const flags = bytes.readUInt16LE(10);
  if (flags !== branch && flags !== leaf) throw damage(page, 'is of an unknown kind');
  const lower = bytes.readUInt16LE(12);
  const upper = bytes.readUInt16LE(14);
  if (lower < pageHeaderBytes || lower % 2 !== 0 || lower > upper || upper > bytes.length) {
    throw damage(page, 'has a damaged header');
  }
  return { isBranch: flags === branch, nodes: (lower - pageHeaderBytes) / 2 };
}

/**
 * Finds by bisection, without taking the page apart, the child of a branch that holds `key`, or the entry of a leaf that is `key`.
 *
 * @throws StoreError `corrupt` naming the page.
 */
export function searchPage(
  bytes: Buffer,
  page: number,
  key: Uint8Array,
): { isBranch: boolean; node: FoundNode | null } {
  const { isBranch, nodes } = pageHeader(bytes, page);
  let low = 0; // a branch's first key counts as below all
  let high = nodes - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (compareKey(bytes, page, middle, key) <= 0) low = middle;
    else high = middle - 1;
  }
  if (nodes === 0 || (!isBranch && compareKey(bytes, page, low, key) !== 0)) return { isBranch, node: null };
  const start = nodeStart(bytes, page, low);
  const flags = bytes.readUInt16LE(start + 4);
  const size = bytes.readUInt32LE(start);
  const dataAt = start + 8 + bytes.readUInt16LE(start + 6);
  const dataBytes = isBranch ? 0 : (flags & bigData) !== 0 ? 8 : size;
  if (dataAt + dataBytes > bytes.length) throw damage(page, 'holds an entry that is longer than itself');
  return { isBranch, node: { flags, low: size, dataAt } };
}

function nodeStart(bytes: Buffer, page: number, at: number): number {
  const pointer = pageHeaderBytes + 2 * at;
  const start = bytes[pointer]! | (bytes[pointer + 1]! << 8);
  if (start < (bytes[14]! | (bytes[15]! << 8)) || start + 8 > bytes.length) throw damage(page, 'points outside itself');
  return start;
}

/** Below 0 if the key of node `at` is below `key`. By hand: keys are short, and this is what every reading spends its time on. */
function compareKey(bytes: Buffer, page: number, at: number, key: Uint8Array): number {
  const start = nodeStart(bytes, page, at) + 8;
  const length = bytes[start - 2]! | (bytes[start - 1]! << 8);
  if (start + length > bytes.length) throw damage(page, 'holds an entry that is longer than itself');
  const shared = Math.min(length, key.length);
  for (let i = 0; i < shared; i++) {
    const difference = bytes[start + i]! - key[i]!;
    if (difference !== 0) return difference;
  }
  return length - key.length;
}

/** The tree of a named database. */
export interface Tree {
  /** -1: empty. */
  readonly root: number;
  readonly count: number;
}

/** A named database's record: flags and sizes, then entries u64 at 32 and root page u64 at 40; null for anything else. */
export function parseTree({ node, bytes }: { readonly node: FoundNode; readonly bytes: Buffer }): Tree | null {
  if ((node.flags & subDatabase) === 0 || node.low !== 48) return null;
  const root = bytes.readBigUInt64LE(node.dataAt + 40);
  const count = Number(bytes.readBigUInt64LE(node.dataAt + 32));
  return { root: root === noPage ? -1 : Number(root), count };
}

/** The page to which a branch's node points. */
export function childOf({ low, flags }: FoundNode): number {
  return low + flags * 0x1_0000_0000;
}

/** The long value of `length` bytes on pages that were read together; throws a StoreError `corrupt` if they hold less. */
export function longValue(bytes: Buffer, page: number, length: number): Buffer {
  if ((bytes.readUInt16LE(10) & overflow) === 0) throw damage(page, 'should hold a long value');
  if (pageHeaderBytes + length > bytes.length) throw damage(page, 'holds less than its value');
  return bytes.subarray(pageHeaderBytes, pageHeaderBytes + length);
}

/** An error that names a page. */
export function damage(page: number, what: string): StoreError {
  return new StoreError('corrupt', `page ${page} ${what}`, { context: { page } });
}
