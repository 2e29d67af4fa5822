/** Codes of a Huffman table. */
export interface HuffmanTable {
  /** How many codes have each length, 1 to 16 bits. */
  readonly counts: Uint8Array;
  readonly symbols: Uint8Array;
}

/** What a baseline JPEG says of itself. */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** Places of its parts in the two lists. */
  readonly components: readonly { readonly dc: number; readonly ac: number; readonly quantiser: number }[];
  readonly tables: readonly HuffmanTable[];
  /** 64 numbers each, in the order of the file. */
  readonly quantisers: readonly Uint8Array[];
  /** Where the coded pixels begin. */
  readonly scanAt: number;
}

const markers = { start: 0xd8, baseline: 0xc0, huffman: 0xc4, quantisers: 0xdb, restart: 0xdd, scan: 0xda } as const;
// Comments, JFIF's density and Exif change no pixel; a colour profile (2) or Adobe's transform (14) would.
const harmless = new Set([0xe0, 0xe1, 0xfe]);
const mostPixels = 1 << 18; // from 512×512 on libraries are as fast, and a kernel keeps its memory

interface FrameHeader {
  readonly width: number;
  readonly height: number;
  readonly components: readonly { readonly id: number; readonly quantiser: number }[];
}

/**
 * Reads the header of a baseline JPEG of 8 bits whose one scan holds a luma plane alone, or luma and two colour differences of the same size.
 *
 * @returns null for every other file, a damaged one included.
 *
 * Source: ITU-T T.81, annex B.
 */
export function parseJpeg(bytes: Uint8Array): JpegFrame | null {
  if (bytes[0] !== 0xff || bytes[1] !== markers.start) return null;
  const tables = new Map<number, HuffmanTable>();
  const quantisers = new Map<number, Uint8Array>();
  let header: FrameHeader | null = null;
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1]!;
    const length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    const end = at + 2 + length;
    if (bytes[at] !== 0xff || length < 2 || end > bytes.length) return null;
    const segment = bytes.subarray(at + 4, end);
    if (marker === markers.huffman) {
      if (!readTables(segment, tables)) return null;
    } else if (marker === markers.quantisers) {
      if (!readQuantisers(segment, quantisers)) return null;
    } else if (marker === markers.baseline) {
      if (header) return null;
      header = readFrame(segment);
      if (!header) return null;
    } else if (marker === markers.scan) {
      return header && readScan(segment, header, { tables, quantisers, scanAt: end });
    } else if (marker === markers.restart) {
      if (segment[0] !== 0 || segment[1] !== 0) return null;
    } else if (!harmless.has(marker)) return null;
    at = end;
  }
  return null;
}

function readTables(segment: Uint8Array, tables: Map<number, HuffmanTable>): boolean {
  for (let at = 0; at < segment.length;) {
    const id = segment[at]!;
    const counts = segment.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const symbols = segment.subarray(at + 17, at + 17 + total);
    if (counts.length < 16 || symbols.length < total || total > 256 || (id & 0xee) !== 0) return false;
    tables.set(id, { counts, symbols });
    at += 17 + total;
  }
  return true;
}

function readQuantisers(segment: Uint8Array, quantisers: Map<number, Uint8Array>): boolean {
  for (let at = 0; at < segment.length; at += 65) {
    const values = segment.subarray(at + 1, at + 65);
    if (segment[at]! > 3 || values.length < 64) return false; // more: 16 bits
    quantisers.set(segment[at]!, values);
  }
  return true;
}

function readFrame(segment: Uint8Array): FrameHeader | null {
  const [bits, h1, h0, w1, w0, count] = segment;
  if (bits !== 8 || (count !== 1 && count !== 3) || segment.length !== 6 + 3 * count) return null;
  const [height, width] = [h1! * 256 + h0!, w1! * 256 + w0!];
  if (width === 0 || height === 0 || width * height > mostPixels) return null;
  const parts = Array.from({ length: count }, (_, i) => segment.subarray(6 + 3 * i, 9 + 3 * i));
  // Of one component alone the sampling has no meaning. Three with other numbers than 1 to 3 may be RGB.
  const isKnown = parts.every((part, i) => count === 1 || (part[1] === 0x11 && part[0] === i + 1));
  if (!isKnown) return null;
  return { width, height, components: parts.map(([id, , quantiser]) => ({ id: id!, quantiser: quantiser! })) };
}

function readScan(
  segment: Uint8Array,
  { width, height, components }: FrameHeader,
  {
    tables,
    quantisers,
    scanAt,
  }: {
    readonly tables: ReadonlyMap<number, HuffmanTable>;
    readonly quantisers: ReadonlyMap<number, Uint8Array>;
    readonly scanAt: number;
  },
): JpegFrame | null {
  const count = components.length;
  if (segment[0] !== count || segment.length !== 4 + 2 * count) return null;
  if (segment[1 + 2 * count] !== 0 || segment[2 + 2 * count] !== 63 || segment[3 + 2 * count] !== 0) return null;
  const tableIds = [...tables.keys()];
  const quantiserIds = [...quantisers.keys()];
  const parts = components.map(({ id, quantiser }, i) => ({
    isInOrder: segment[1 + 2 * i] === id,
    dc: tableIds.indexOf(segment[2 + 2 * i]! >> 4),
    ac: tableIds.indexOf(0x10 | (segment[2 + 2 * i]! & 15)),
    quantiser: quantiserIds.indexOf(quantiser),
  }));
  if (parts.some(({ isInOrder, dc, ac, quantiser }) => !isInOrder || dc < 0 || ac < 0 || quantiser < 0)) return null;
  return {
    width,
    height,
    components: parts,
    tables: [...tables.values()],
    quantisers: [...quantisers.values()],
    scanAt,
  };
}
