import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeDeepImage, encodeImage, formatFlo, parseFlo, parseKittiFlow } from '../../src/vision/index.js';
import { testData } from '../fixtures/test-data.js';
import { readRealPair } from './flow-truth.js';

const data = testData();

/** A PNG by hand: samples big-endian, no filter. `type` 0: grey, 2: RGB. */
function png(width: number, height: number, depth: 8 | 16, type: 0 | 2, samples: readonly number[]): Uint8Array {
  const bytes = depth === 8 ? [...samples] : samples.flatMap((sample) => [sample >> 8, sample & 255]);
  const row = bytes.length / height;
  const lines = Array.from({ length: height }, (_, y) => [0, ...bytes.slice(y * row, (y + 1) * row)]).flat();
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type, 0, 0, 0], 8);
  const chunks = [
    ['IHDR', header],
    ['IDAT', deflateSync(Uint8Array.from(lines))],
    ['IEND', Buffer.alloc(0)],
  ] as const;
  const written = chunks.map(([name, body]) => {
    const named = Buffer.concat([Buffer.from(name), body]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    check.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, check]);
  });
  return Buffer.concat([Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10), ...written]);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function flo(width: number, height: number, values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(12 + 4 * values.length);
  bytes.write('PIEH');
  bytes.writeInt32LE(width, 4);
  bytes.writeInt32LE(height, 8);
  values.forEach((value, i) => bytes.writeFloatLE(value, 12 + 4 * i));
  return bytes;
}

describe('parseFlo', () => {
  test('reads what was written by hand, and marks what is not known', () => {
    const { flow, valid, width, height } = parseFlo(flo(3, 2, [1.5, -2, 0, 0, 1.7e9, 3, 4, NaN, -7, 8.25, 9, -1e10]));
    expect([width, height]).toEqual([3, 2]);
    expect([...valid]).toEqual([1, 1, 0, 0, 1, 0]);
    expect([...flow]).toEqual([1.5, -2, 0, 0, 0, 0, 0, 0, -7, 8.25, 0, 0]);
  });

  test('reads bytes that do not start at a multiple of four', () => {
    const shifted = Buffer.concat([Uint8Array.of(9), flo(1, 1, [2, 3])]).subarray(1);
    expect([...parseFlo(shifted).flow]).toEqual([2, 3]);
  });

  test('refuses another tag, and a length that does not fit', () => {
    expect(() => parseFlo(Buffer.from('HEIP00000000'))).toThrow(/tag is missing/);
    expect(() => parseFlo(new Uint8Array(5))).toThrow(/tag is missing/);
    expect(() => parseFlo(flo(2, 2, [1, 2, 3, 4]))).toThrow(/2×2 has 44 bytes, got 28/);
    expect(() => parseFlo(flo(-1, 2, [1, 2]))).toThrow(/-1×2/);
  });

  test('gives back what formatFlo wrote', () => {
    const field = {
      flow: Float32Array.of(0.5, -1, 0, 0, 3, 4, -5.75, 6),
      valid: Uint8Array.of(1, 0, 1, 1),
      width: 2,
      height: 2,
    };
    const { valid, ...known } = field;
    expect(parseFlo(formatFlo(field))).toEqual(field);
    expect(parseFlo(formatFlo(known))).toEqual({ ...field, valid: Uint8Array.of(1, 1, 1, 1) });
    expect(Buffer.from(formatFlo(known)).equals(flo(2, 2, [...field.flow]))).toBe(true);
    expect(valid).toHaveLength(4);
    expect(() => formatFlo({ ...field, width: 3 })).toThrow(/3×2 has 12 values, got 8/);
  });
});

describe('parseKittiFlow', () => {
  test('reads what was written by hand', async () => {
    const bytes = png(2, 2, 16, 2, [32768, 32768, 1, 32769, 32767, 1, 0, 65535, 0, 65535, 0, 1]);
    const { flow, valid, width, height } = await parseKittiFlow(bytes);
    expect([width, height]).toEqual([2, 2]);
    expect([...valid]).toEqual([1, 1, 0, 1]);
    expect([...flow]).toEqual([0, 0, 1 / 64, -1 / 64, 0, 0, 32767 / 64, -512]);
  });

  test('refuses pictures of 8 bits or one channel', async () => {
    await expect(parseKittiFlow(png(1, 1, 8, 2, [1, 2, 3]))).rejects.toThrow(/got 3 of 8/);
    await expect(parseKittiFlow(png(1, 1, 16, 0, [7]))).rejects.toThrow(/got 1 of 16/);
    await expect(parseKittiFlow(Uint8Array.of(1, 2, 3))).rejects.toThrow();
  });

  test.skipIf(data === null)('finds as many known pixels in the shared pairs as their notes say', async () => {
    const kitti = await readRealPair(data!, 'KITTI 2015');
    const share = (valid: Uint8Array) => valid.reduce((sum, value) => sum + value, 0) / valid.length;
    expect([kitti.truth.width, kitti.truth.height]).toEqual([1242, 375]);
    expect(share(kitti.truth.valid)).toBeCloseTo(0.162, 3);
    const whale = await readRealPair(data!, 'RubberWhale');
    expect(share(whale.truth.valid)).toBeCloseTo(0.984, 3);
    expect(whale.truth.flow.reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeCloseTo(4.6, 1);
  });
});

describe('decodeDeepImage', () => {
  test('keeps all 16 bits of one channel or three', async () => {
    const grey = await decodeDeepImage(png(3, 1, 16, 0, [0, 257, 65535]));
    expect(grey).toMatchObject({ width: 3, height: 1, channels: 1, depth: 16 });
    expect([...grey.data]).toEqual([0, 257, 65535]);
  });

  test('gives 8 bits as they are', async () => {
    const picture = await decodeDeepImage(png(1, 2, 8, 2, [1, 2, 3, 250, 128, 0]));
    expect(picture).toMatchObject({ width: 1, height: 2, channels: 3, depth: 8 });
    expect([...picture.data]).toEqual([1, 2, 3, 250, 128, 0]);
    const { data: encoded } = await encodeImage(Uint8Array.of(5, 6, 7, 200), 2, 2, 1, { format: 'png' });
    expect([...(await decodeDeepImage(encoded)).data].slice(0, 1)).toEqual([5]);
  });
});
