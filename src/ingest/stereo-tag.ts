import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { StereoTag } from '../core/index.js';
import { readFramePacking, type UnitDivision } from './stereo-sei.js';

/** What is read of a file at most: its head, and an MP4's index. */
const headBytes = 2 << 20;
const indexBytes = 64 << 20;

/**
 * What a file's own metadata say of stereo: Matroska's StereoMode, MP4's `st3d`, `sv3d` and second layers, or the frame-packing message
 * of H.264 and H.265. Read from the bytes, so that it is the same with every decoder. Null where they say nothing, or the file cannot be read
 * so.
 */
export function readStereoTag(path: string): StereoTag | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const size = fstatSync(file).size;
    const read: ReadPart = (at, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - at)));
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, at));
    };
    const head = read(0, headBytes);
    if (head.length < 16) return null;
    if (numberAt(head, 0, 4) === 0x1a45dfa3) return readMatroska(head);
    if (textAt(head, 4) === 'ftyp' || textAt(head, 4) === 'moov') return readMp4(read, size);
    const packing = readFramePacking(head, 'unknown', 'start-codes');
    return packing && { ...packing, from: 'sei' };
  } catch {
    return null; // damaged: decoding will say so
  } finally {
    closeSync(file);
  }
}

type ReadPart = (at: number, length: number) => Uint8Array;

const matroskaModes: Readonly<Record<number, Pick<StereoTag, 'arrangement' | 'order'>>> = {
  0: { arrangement: 'mono', order: null },
  1: { arrangement: 'sbs', order: 'left-first' },
  2: { arrangement: 'tb', order: 'right-first' },
  3: { arrangement: 'tb', order: 'left-first' },
  4: { arrangement: 'checkerboard', order: 'right-first' },
  5: { arrangement: 'checkerboard', order: 'left-first' },
  6: { arrangement: 'rows', order: 'right-first' },
  7: { arrangement: 'rows', order: 'left-first' },
  8: { arrangement: 'columns', order: 'right-first' },
  9: { arrangement: 'columns', order: 'left-first' },
  10: { arrangement: 'anaglyph', order: 'left-first' },
  11: { arrangement: 'sbs', order: 'right-first' },
  12: { arrangement: 'anaglyph-magenta', order: 'left-first' },
  13: { arrangement: 'alternating', order: 'left-first' },
  14: { arrangement: 'alternating', order: 'right-first' },
};
const matroskaProjections = [undefined, 'equirectangular', 'cubemap', 'mesh'] as const;

/** Source: RFC 9559 (Matroska), section 5.1.4.1.28; element numbers as listed there. */
function readMatroska(head: Uint8Array): StereoTag | null {
  let tag: StereoTag | null = null;
  let track = -1;
  let codec = '';
  let division: UnitDivision = 4;
  const walk = (from: number, to: number): StereoTag | null | undefined => {
    for (let at = from; at < to;) {
      const id = vint(head, at, false);
      const size = id && vint(head, at + id.length, true);
      if (!id || !size) return undefined;
      const start = at + id.length + size.length;
      const end = size.isUnknown ? to : Math.min(to, start + size.value);
      switch (id.value) {
        case 0x18538067: // Segment
        case 0x1654ae6b: // Tracks
        case 0x1f43b675: // Cluster
        case 0xa0: {
          const found = walk(start, end);
          if (found !== undefined) return found;
          break;
        }
        case 0xae: {
          const entry = readTrack(head, start, end);
          if (entry && track < 0) ({ track, codec, division, tag } = entry);
          break;
        }
        case 0xa1: // Block
        case 0xa3: {
          const number = vint(head, start, true);
          if (tag?.arrangement || !number || number.value !== track) {
            if (tag?.arrangement) return tag;
            break;
          }
          const kind = codec.includes('AVC') ? 'h264' : codec.includes('HEVC') ? 'h265' : null;
          const packing = kind && readFramePacking(head.subarray(start + number.length + 3, end), kind, division);
          return packing ? { ...tag, ...packing, from: 'sei' } : tag;
        }
      }
      at = size.isUnknown ? end : start + size.value;
    }
    return undefined;
  };
  return walk(0, head.length) ?? tag;
}

function readTrack(head: Uint8Array, from: number, to: number) {
  let isVideo = false as boolean; // set in `walk`
  let track = 0;
  let codec = '';
  let division: UnitDivision = 4;
  let mode: number | undefined;
  let projection: StereoTag['projection'];
  const walk = (start: number, end: number): void => {
    for (let at = start; at < end;) {
      const id = vint(head, at, false);
      const size = id && vint(head, at + id.length, true);
      if (!id || !size) return;
      const inside = at + id.length + size.length;
      const next = inside + size.value;
      if (id.value === 0x83) isVideo = head[inside] === 1;
      else if (id.value === 0xd7) track = numberAt(head, inside, size.value);
      else if (id.value === 0x86) codec = textAt(head, inside, size.value);
      else if (id.value === 0x63a2) division = divisionOf(head.subarray(inside, next), codec);
      else if (id.value === 0x53b8) mode = numberAt(head, inside, size.value);
      else if (id.value === 0x7671) projection = matroskaProjections[numberAt(head, inside, size.value)];
      else if (id.value === 0xe0 || id.value === 0x7670) walk(inside, next);
      at = next;
    }
  };
  walk(from, to);
  if (!isVideo) return null;
  const said = mode === undefined ? undefined : matroskaModes[mode];
  const tag: StereoTag | null =
    said || projection
      ? { arrangement: null, order: null, ...said, from: 'matroska', ...(projection ? { projection } : {}) }
      : null;
  return { track, codec, division, tag };
}

/** How many bytes a unit's length has, as the codec's configuration says. */
function divisionOf(configuration: Uint8Array, codec: string): UnitDivision {
  const byte = configuration[codec.includes('HEVC') || codec === 'hvcC' ? 21 : 4] ?? 3;
  return ((byte & 3) + 1) as UnitDivision;
}

/** A variable-length number of EBML; of sizes the length bits are taken off. */
function vint(
  bytes: Uint8Array,
  at: number,
  isSize: boolean,
): { value: number; length: number; isUnknown: boolean } | null {
  const first = bytes[at];
  if (first === undefined || first === 0) return null;
  const length = Math.clz32(first) - 23;
  if (at + length > bytes.length) return null;
  let value = isSize ? first & (0xff >> length) : first;
  let allOnes = value === 0xff >> length;
  for (let i = 1; i < length; i++) {
    value = value * 256 + bytes[at + i]!;
    allOnes &&= bytes[at + i] === 255;
  }
  return { value, length, isUnknown: isSize && allOnes };
}

const mp4Modes: Readonly<Record<number, Pick<StereoTag, 'arrangement' | 'order'>>> = {
  0: { arrangement: 'mono', order: null },
  1: { arrangement: 'tb', order: 'left-first' },
  2: { arrangement: 'sbs', order: 'left-first' },
  4: { arrangement: 'sbs', order: 'right-first' },
};
const sphericalUuid = 'ffcc8263f8554a938814587a02521fdd';
const sampleEntryBytes = 78; // of a picture's sample entry, before its boxes

/** Source: ISO/IEC 14496-12; google/spatial-media, docs/spherical-video-v2-rfc.md, for `st3d` and `sv3d`. */
function readMp4(read: ReadPart, size: number): StereoTag | null {
  for (let at = 0; at + 8 <= size;) {
    const header = read(at, 16);
    const short = numberAt(header, 0, 4);
    const length = short === 1 ? numberAt(header, 8, 8) : short === 0 ? size - at : short;
    if (textAt(header, 4) === 'moov' && length <= indexBytes) return readMovie(read(at, length), read);
    if (length < 8) return null;
    at += length;
  }
  return null;
}

interface Mp4Box {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

function* boxesIn(bytes: Uint8Array, from: number, to: number): Generator<Mp4Box> {
  for (let at = from; at + 8 <= to;) {
    const length = numberAt(bytes, at, 4);
    if (length < 8 || at + length > to) return;
    yield { type: textAt(bytes, at + 4), start: at + 8, end: at + length };
    at += length;
  }
}

function readMovie(moov: Uint8Array, read: ReadPart): StereoTag | null {
  for (const trak of [...boxesIn(moov, 8, moov.length)].filter(({ type }) => type === 'trak')) {
    const find = (box: Mp4Box, path: readonly string[]): Mp4Box | null => {
      const [type, ...rest] = path;
      if (type === undefined) return box;
      const next = [...boxesIn(moov, box.start, box.end)].find((each) => each.type === type);
      return next ? find(next, rest) : null;
    };
    const handler = find(trak, ['mdia', 'hdlr']);
    const table = find(trak, ['mdia', 'minf', 'stbl']);
    const described = table && find(table, ['stsd']);
    if (!handler || textAt(moov, handler.start + 8) !== 'vide' || !described) continue;
    const [entry] = boxesIn(moov, described.start + 8, described.end);
    if (!entry) continue;
    const boxes = [...boxesIn(moov, entry.start + sampleEntryBytes, entry.end)];
    const own = (type: string): Mp4Box | undefined => boxes.find((box) => box.type === type);
    const projection = own('sv3d') || isSpherical(moov, trak) ? ('spherical' as const) : undefined;
    const more = projection ? { projection } : {};
    if (own('mvcC') || own('lhvC') || own('vexu'))
      return { arrangement: 'multiview', order: null, from: 'mp4', ...more };
    const st3d = own('st3d');
    const said = st3d && mp4Modes[moov[st3d.start + 4] ?? -1];
    if (said) return { ...said, from: 'mp4', ...more };
    const [avc, hevc] = [own('avcC'), own('hvcC')];
    const configuration = avc ?? hevc;
    const packing =
      configuration &&
      readFramePacking(
        firstSample(moov, find(table, ['stco']), find(table, ['co64']), find(table, ['stsz']), read),
        avc ? 'h264' : 'h265',
        divisionOf(moov.subarray(configuration.start, configuration.end), configuration.type),
      );
    if (packing) return { ...packing, from: 'sei', ...more };
    return projection ? { arrangement: null, order: null, from: 'mp4', projection } : null;
  }
  return null;
}

function firstSample(
  moov: Uint8Array,
  short: Mp4Box | null,
  long: Mp4Box | null,
  sizes: Mp4Box | null,
  read: ReadPart,
): Uint8Array {
  const table = short ?? long;
  if (!table || !sizes) return new Uint8Array();
  const at = numberAt(moov, table.start + 8, short ? 4 : 8);
  const common = numberAt(moov, sizes.start + 4, 4);
  return read(at, Math.min(headBytes, common > 0 ? common : numberAt(moov, sizes.start + 12, 4)));
}

function isSpherical(moov: Uint8Array, trak: Mp4Box): boolean {
  return [...boxesIn(moov, trak.start, trak.end)].some(
    ({ type, start }) =>
      type === 'uuid' && Buffer.from(moov.subarray(start, start + 16)).toString('hex') === sphericalUuid,
  );
}

function numberAt(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

function textAt(bytes: Uint8Array, at: number, length = 4): string {
  return Buffer.from(bytes.subarray(at, at + length)).toString('latin1');
}
