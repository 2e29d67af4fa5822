import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { BackendError } from '../core/index.js';

/** One file of a ZIP archive (a Python wheel is one). */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  readonly packedSize: number;
  readonly crc: number;
  /** 0: stored; 8: deflated. */
  readonly method: number;
  /** Where its local header begins. */
  readonly offset: number;
}

/**
 * The files of an archive, from its central directory.
 *
 * @throws BackendError if it is not a ZIP archive of at most 4 GiB, all there.
 */
export async function readZipEntries(file: string): Promise<ZipEntry[]> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(Math.min(size, 65_557)); // the end record and the longest comment
    await handle.read(tail, 0, tail.length, size - tail.length);
    const at = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
    if (at < 0) throw new BackendError(`${file} is not a whole ZIP archive.`, { context: { file } });
    const directory = Buffer.alloc(tail.readUInt32LE(at + 12));
    const start = tail.readUInt32LE(at + 16);
    if (start === 0xffffffff) throw new BackendError(`${file} is larger than 4 GiB.`, { context: { file } });
    await handle.read(directory, 0, directory.length, start);
    return parseDirectory(directory, tail.readUInt16LE(at + 10));
  } finally {
    await handle.close();
  }
}

/**
 * Unpacks one file and checks its length and CRC.
 *
 * @throws BackendError if the archive is damaged.
 */
export async function unpackEntry(file: string, entry: ZipEntry, target: string, signal?: AbortSignal): Promise<void> {
  mkdirSync(dirname(target), { recursive: true });
  const start = await dataStart(file, entry);
  const check = new Checksum();
  const raw = createReadStream(file, { start, end: start + Math.max(entry.packedSize, 1) - 1, highWaterMark: 1 << 20 });
  const options = signal ? { signal } : {};
  if (entry.size === 0) raw.destroy();
  if (entry.size === 0) await pipeline([Buffer.alloc(0)], createWriteStream(target), options);
  else if (entry.method === 0) await pipeline(raw, check, createWriteStream(target), options);
  else await pipeline(raw, createInflateRaw({ chunkSize: 1 << 20 }), check, createWriteStream(target), options);
  if (check.bytes !== entry.size || check.crc !== entry.crc) {
    throw new BackendError(`${entry.name} in ${file} is damaged; remove the file and run setup again.`, {
      context: { file, entry: entry.name },
    });
  }
}

class Checksum extends Transform {
  crc = 0;
  bytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.crc = crc32(chunk, this.crc);
    this.bytes += chunk.length;
    done(null, chunk);
  }
}

/** The local header repeats the name, and its extra field may have another length than the directory's. */
async function dataStart(file: string, { offset }: ZipEntry): Promise<number> {
  const handle = await open(file, 'r');
  try {
    const header = Buffer.alloc(30);
    await handle.read(header, 0, 30, offset);
    return offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  } finally {
    await handle.close();
  }
}

function parseDirectory(directory: Buffer, count: number): ZipEntry[] {
  const entries: ZipEntry[] = [];
  for (let at = 0, i = 0; i < count && at + 46 <= directory.length; i++) {
    const nameLength = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      packedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}
