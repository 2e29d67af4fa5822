import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeVideo, readStereoTag } from '../../src/ingest/index.js';
import { readFramePacking } from '../../src/ingest/stereo-sei.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-stereo-tag-'));
afterAll(() => rmSync(dir, { recursive: true }));

const u32 = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const ascii = (text: string) => [...Buffer.from(text, 'latin1')];
const box = (type: string, ...parts: number[][]): number[] => {
  const body = parts.flat();
  return [...u32(8 + body.length), ...ascii(type), ...body];
};
const element = (id: number[], ...parts: number[][]): number[] => {
  const body = parts.flat();
  return [
    ...id,
    0x10 | (body.length >>> 24),
    (body.length >>> 16) & 255,
    (body.length >>> 8) & 255,
    body.length & 255,
    ...body,
  ];
};
const write = (name: string, bytes: number[]): string => {
  const path = join(dir, name);
  writeFileSync(path, Uint8Array.from(bytes));
  return path;
};

function matroska(mode: number | null, projection?: number, blocks: number[][] = []): number[] {
  const video = element(
    [0xe0],
    mode === null ? [] : element([0x53, 0xb8], [mode]),
    projection === undefined ? [] : element([0x76, 0x70], element([0x76, 0x71], [projection])),
  );
  const codec = element([0x86], ascii('V_MPEG4/ISO/AVC'));
  const entry = element(
    [0xae],
    element([0xd7], [1]),
    element([0x83], [1]),
    codec,
    element([0x63, 0xa2], [1, 100, 0, 31, 255]),
    video,
  );
  const cluster = element(
    [0x1f, 0x43, 0xb6, 0x75],
    ...blocks.map((block) => element([0xa3], [0x81, 0, 0, 0x80], block)),
  );
  return [
    ...element([0x1a, 0x45, 0xdf, 0xa3], [0x42, 0x86, 0x81, 1, 0, 0, 0, 0, 0, 0]),
    ...element([0x18, 0x53, 0x80, 0x67], element([0x16, 0x54, 0xae, 0x6b], entry), cluster),
  ];
}

function mp4(...boxes: number[][]): number[] {
  const entry = box(
    'avc1',
    Array.from({ length: 78 }, () => 0),
    ...boxes,
  );
  const stbl = box('stbl', box('stsd', [0, 0, 0, 0], u32(1), entry));
  const hdlr = box(
    'hdlr',
    u32(0),
    u32(0),
    ascii('vide'),
    Array.from({ length: 12 }, () => 0),
  );
  return [
    ...box('ftyp', ascii('isom'), u32(0)),
    ...box('mdat', u32(7)),
    ...box('moov', box('trak', box('mdia', hdlr, box('minf', stbl)))),
  ];
}

/** A frame-packing message of H.264: id 0, type, quincunx 0, and which eye is first. */
function packing(type: number, first: number): number[] {
  const bits = `10${type.toString(2).padStart(7, '0')}0${first.toString(2).padStart(6, '0')}`.padEnd(32, '1');
  const payload = [0, 8, 16, 24].map((at) => Number.parseInt(bits.slice(at, at + 8), 2));
  return [6, 45, payload.length, ...payload, 0x80];
}

describe('readStereoTag', () => {
  it.each([
    [0, 'mono', null],
    [1, 'sbs', 'left-first'],
    [2, 'tb', 'right-first'],
    [3, 'tb', 'left-first'],
    [7, 'rows', 'left-first'],
    [9, 'columns', 'left-first'],
    [10, 'anaglyph', 'left-first'],
    [11, 'sbs', 'right-first'],
    [12, 'anaglyph-magenta', 'left-first'],
    [13, 'alternating', 'left-first'],
  ] as const)('reads mode %d of Matroska as %s', (mode, arrangement, order) => {
    expect(readStereoTag(write('a.mkv', matroska(mode)))).toEqual({ arrangement, order, from: 'matroska' });
  });

  it('reads a projection of Matroska, and nothing where there is nothing', () => {
    expect(readStereoTag(write('a.mkv', matroska(null, 1)))).toMatchObject({
      arrangement: null,
      projection: 'equirectangular',
    });
    expect(readStereoTag(write('a.mkv', matroska(null)))).toBeNull();
  });

  it.each([
    [0, 'mono', null],
    [1, 'tb', 'left-first'],
    [2, 'sbs', 'left-first'],
    [4, 'sbs', 'right-first'],
  ] as const)('reads st3d %d of MP4 as %s', (mode, arrangement, order) => {
    expect(readStereoTag(write('a.mp4', mp4(box('st3d', u32(0), [mode]))))).toEqual({
      arrangement,
      order,
      from: 'mp4',
    });
  });

  it('reads spherical pictures and second layers of MP4', () => {
    expect(readStereoTag(write('a.mp4', mp4(box('sv3d', u32(0)), box('st3d', u32(0), [2]))))).toMatchObject({
      arrangement: 'sbs',
      projection: 'spherical',
    });
    expect(readStereoTag(write('a.mp4', mp4(box('lhvC', u32(0)))))).toMatchObject({ arrangement: 'multiview' });
  });

  it.each([
    [0, 'checkerboard'],
    [1, 'columns'],
    [2, 'rows'],
    [3, 'sbs'],
    [4, 'tb'],
    [5, 'alternating'],
  ] as const)('reads frame packing %d as %s, with start codes and with lengths', (type, arrangement) => {
    const unit = packing(type, 2);
    const stream = Uint8Array.from([0, 0, 0, 1, 9, 16, 0, 0, 1, ...unit, 0, 0, 1, 5, 1, 2, 3]);
    expect(readFramePacking(stream, 'unknown', 'start-codes')).toEqual({ arrangement, order: 'right-first' });
    const block = [...u32(2), 9, 16, ...u32(unit.length), ...unit];
    expect(readFramePacking(Uint8Array.from(block), 'h264', 4)).toEqual({ arrangement, order: 'right-first' });
    expect(readStereoTag(write('a.mkv', matroska(null, undefined, [block])))).toEqual({
      arrangement,
      order: 'right-first',
      from: 'sei',
    });
    expect(readStereoTag(write('a.264', [...stream]))).toEqual({ arrangement, order: 'right-first', from: 'sei' });
  });

  it('says nothing of a file that an encoder made without a word of stereo, of one cut off anywhere, and of none', async () => {
    const path = join(dir, 'plain.mp4');
    const frame = Uint8Array.from({ length: 3 * 64 * 48 }, (_, i) => i % 256);
    await encodeVideo(path, { frames: [frame, frame, frame], width: 64, height: 48, fps: 10 });
    expect(readStereoTag(path)).toBeNull();
    const whole = [...readFileSync(path)];
    for (let length = 0; length < whole.length; length += 97)
      expect(readStereoTag(write('cut.mp4', whole.slice(0, length)))).toBeNull();
    const tagged = matroska(1);
    for (let length = 0; length < tagged.length; length++) readStereoTag(write('cut.mkv', tagged.slice(0, length)));
    expect(readStereoTag(join(dir, 'missing.mkv'))).toBeNull();
  });
});
