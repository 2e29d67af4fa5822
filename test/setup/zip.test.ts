import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BackendError } from '../../src/core/index.js';
import { cudaRequirements } from '../../src/setup/wheel.js';
import { readZipEntries, unpackEntry } from '../../src/setup/zip.js';

const files = [
  { name: 'stored.txt', data: Buffer.from('as it is'), method: 0 },
  { name: 'deep/er/deflated.bin', data: Buffer.alloc(200_000, 'abcdefg'), method: 8 },
  { name: 'empty', data: Buffer.alloc(0), method: 0 },
] as const;

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'reelmine-zip-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** The layout of APPNOTE.TXT: local headers with data, the directory, the end record; local extra fields differ from the directory's. */
function zip(comment: string): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, method } of files) {
    const packed = method === 8 ? deflateRawSync(data) : data;
    const extra = Buffer.alloc(12, 1);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.from(fields);
    local.writeUInt16LE(extra.length, 24);
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), local, Buffer.from(name), extra, packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, tail, Buffer.from(name));
    offset += 30 + name.length + extra.length + packed.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(Buffer.concat(directory).length, 8);
  end.writeUInt32LE(offset, 12);
  end.writeUInt16LE(comment.length, 16);
  return Buffer.concat([...parts, ...directory, Buffer.from('PK\x05\x06', 'latin1'), end, Buffer.from(comment)]);
}

describe('a ZIP archive', () => {
  it.each(['', 'with a comment'])('gives back what was put in (%j)', async (comment) => {
    const file = join(folder, 'whole.zip');
    writeFileSync(file, zip(comment));
    const entries = await readZipEntries(file);
    expect(entries.map(({ name, size }) => ({ name, size }))).toEqual(
      files.map(({ name, data }) => ({ name, size: data.length })),
    );
    for (const [i, entry] of entries.entries()) {
      const target = join(folder, 'out', entry.name);
      await unpackEntry(file, entry, target);
      expect(readFileSync(target).equals(files[i]!.data)).toBe(true);
    }
  });

  it('that was cut off, or is none, is refused', async () => {
    const file = join(folder, 'cut.zip');
    writeFileSync(file, zip('').subarray(0, -30));
    await expect(readZipEntries(file)).rejects.toThrow(BackendError);
  });

  it.each([0, 1])('with one wrong byte in file %i is refused', async (i) => {
    const file = join(folder, 'bad.zip');
    const bytes = zip('');
    const entry = (writeFileSync(file, bytes), (await readZipEntries(file))[i]!);
    bytes[entry.offset + 30 + entry.name.length + 12 + 5]! ^= 1;
    writeFileSync(file, bytes);
    await expect(unpackEntry(file, entry, join(folder, 'bad'))).rejects.toThrow();
  });
});

describe('the CUDA packages of a wheel', () => {
  it('are those of its extra and no others', () => {
    const metadata = [
      'Name: tensorflow',
      'Requires-Dist: numpy>=1.26.0',
      "Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == 'and-cuda'",
      'Requires-Dist: nvidia-cudnn-cu12 (>=9.3) ; extra == "and-cuda"',
      "Requires-Dist: tensorflow-rocm; extra == 'and-rocm'",
    ].join('\n');
    expect(cudaRequirements(metadata)).toEqual(['nvidia-cublas-cu12<13.0,>=12.5.3.2', 'nvidia-cudnn-cu12>=9.3']);
  });
});
