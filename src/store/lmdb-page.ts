import { StoreError } from '../core/index.js';
import { pageHeaderBytes } from './lmdb-meta.js';

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
  const flags = bytes.readUInt16LE(10);
  const isBranch = flags === branch;
  if (!isBranch && flags !== leaf) throw damage(page, 'is of an unknown kind');
  const lower = bytes.readUInt16LE(12);
  const upper = bytes.readUInt16LE(14);
  if (lower < pageHeaderBytes || lower % 2 !== 0 || lower > upper || upper > bytes.length) {
    throw damage(page, 'has a damaged header');
  }
  const nodes: PageNode[] = [];
  for (let at = pageHeaderBytes; at < lower; at += 2) {
    const start = bytes.readUInt16LE(at);
    if (start < upper || start + 8 > bytes.length) throw damage(page, 'points outside itself');
    const nodeFlags = bytes.readUInt16LE(start + 4);
    const low = bytes.readUInt32LE(start);
    const dataAt = start + 8 + bytes.readUInt16LE(start + 6);
    const dataBytes = isBranch ? 0 : (nodeFlags & bigData) !== 0 ? 8 : low;
    if (dataAt + dataBytes > bytes.length) throw damage(page, 'holds an entry that is longer than itself');
    nodes.push({ key: bytes.subarray(start + 8, dataAt), flags: nodeFlags, low, dataAt });
  }
  return { bytes, isBranch, nodes };
}

/** The page to which a branch's node points. */
export function childOf({ low, flags }: PageNode): number {
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
