import { checksumBytes as bytesEach, ordinalKey } from './shard.js';

/** Checksums in one entry of database `checksums`: two entries fill a page. */
export const checksumsPerBlock = 480;
const keptBlocks = 512;

/** Cuts checksums, in the order of ordinals, into the entries of database `checksums`: block number, big-endian, to 480 checksums. */
export function createChecksumBlocks(put: (key: Uint8Array, value: Uint8Array) => void): {
  /** Checksums of the next samples. */
  add(checksums: Uint8Array): void;
  end(): void;
} {
  const block = Buffer.alloc(checksumsPerBlock * bytesEach);
  let filled = 0;
  let blocks = 0;
  const flush = () => {
    if (filled > 0) put(ordinalKey(blocks++), Buffer.from(block.subarray(0, filled)));
    filled = 0;
  };
  return {
    add(checksums) {
      for (let at = 0; at < checksums.length;) {
        const taken = checksums.subarray(at, at + block.length - filled);
        block.set(taken, filled);
        filled += taken.length;
        at += taken.length;
        if (filled === block.length) flush();
      }
    },
    end: flush,
  };
}

/** Looks up the checksum of an ordinal; undefined if there is none. Keeps at most some 2 MB. */
export function createChecksumReader(
  get: (key: Uint8Array) => Uint8Array | undefined,
): (ordinal: number) => number | undefined {
  let young = new Map<number, Buffer>();
  let old = new Map<number, Buffer>();
  return (ordinal) => {
    const number = Math.floor(ordinal / checksumsPerBlock);
    let block = young.get(number);
    if (!block) {
      block = old.get(number) ?? Buffer.from(get(ordinalKey(number)) ?? []);
      if (young.size >= keptBlocks) {
        old = young;
        young = new Map();
      }
      young.set(number, block);
    }
    const at = (ordinal % checksumsPerBlock) * bytesEach;
    return at + bytesEach <= block.length ? block.readUInt32LE(at) : undefined;
  };
}
