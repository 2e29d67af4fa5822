import { StoreError } from '../core/index.js';
import { bigData, childOf, damage, parsePage, parseTree, subDatabase, type PageNode } from './lmdb-page.js';
import { pageHeaderBytes, readMeta } from './lmdb-meta.js';
import { openPageFile, type PageFile } from './page-file.js';

const wordBytes = 8;

/**
 * Refuses a file whose damage could crash LMDB: it trusts page numbers and lengths. Reads every page of keys, none of long values.
 *
 * @returns how long the file must be for LMDB: a killed writer may leave it shorter, without anything that is needed.
 * @throws StoreError `corrupt` naming the page, or as `readMeta` says.
 */
export function assertSoundPages(path: string): number {
  const file = openPageFile(path, 'unfinished');
  try {
    const seen = new Set<number>();
    checkTree(file, file.meta.freeRootPage, seen, (node, bytes, page) => checkFreePages(file, node, bytes, page));
    checkTree(file, file.meta.rootPage, seen, (node, bytes, page) => {
      const tree = parseTree({ node, bytes });
      if (!tree) throw damage(page, 'holds an entry that is no database');
      checkTree(file, tree.root, seen, (entry, _, leaf) => {
        if ((entry.flags & subDatabase) !== 0) throw damage(leaf, 'holds a database within a database');
      });
    });
    return file.meta.pages * file.meta.pageBytes;
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'corrupt') throw error;
    readMeta(path); // says that the file is cut short, where that is it
    throw new StoreError('corrupt', `${path} is damaged: ${error.message}. Run reelmine verify --repair.`, {
      context: { path, ...error.context },
      cause: error,
    });
  } finally {
    file.close();
  }
}

type CheckNode = (node: PageNode, bytes: Buffer, page: number) => void;

function checkTree(file: PageFile, root: number, seen: Set<number>, checkNode: CheckNode): void {
  const below: number[] = root < 0 ? [] : [root];
  for (let page = below.pop(); page !== undefined; page = below.pop()) {
    if (seen.has(page)) throw damage(page, 'is pointed to twice');
    seen.add(page);
    const { isBranch, nodes, bytes } = parsePage(file.read(page), page);
    if (isBranch && nodes.length < 2) throw damage(page, 'is a branch without children');
    nodes.forEach((node, i) => {
      // A branch's first key is not looked at.
      if (i > (isBranch ? 1 : 0) && Buffer.compare(nodes[i - 1]!.key, node.key) >= 0)
        throw damage(page, 'has keys out of order');
      if (isBranch) below.push(childOf(node));
      else {
        if ((node.flags & bigData) !== 0) checkLongValue(file, node, bytes, page);
        checkNode(node, bytes, page);
      }
    });
  }
}

function checkLongValue(file: PageFile, { low, dataAt }: PageNode, bytes: Buffer, page: number): void {
  const first = Number(bytes.readBigUInt64LE(dataAt));
  const count = Math.ceil((pageHeaderBytes + low) / file.meta.pageBytes);
  if (!Number.isSafeInteger(first) || first < 2 || first + count > file.pages)
    throw damage(page, 'points to a long value outside the file');
}

/** An entry of the free list: how many page numbers follow, then those, falling. */
function checkFreePages(file: PageFile, { flags, low, dataAt }: PageNode, bytes: Buffer, page: number): void {
  const long = (flags & bigData) !== 0;
  const first = long ? Number(bytes.readBigUInt64LE(dataAt)) : page;
  const pages = long ? file.readLong(first, pageHeaderBytes + low) : bytes;
  const at = long ? pageHeaderBytes : dataAt;
  const count = low < wordBytes ? -1 : Number(pages.readBigUInt64LE(at));
  if (count < 0 || (count + 1) * wordBytes > low) throw damage(page, 'has a damaged list of free pages');
  let last = Number.MAX_SAFE_INTEGER;
  for (let i = 1; i <= count; i++) {
    const free = Number(pages.readBigUInt64LE(at + i * wordBytes));
    if (free < 2 || free >= file.meta.pages || free >= last) throw damage(page, 'has a damaged list of free pages');
    last = free;
  }
}
