import type { FileView, PacketIndex } from './packet-index.js';

/** Headers beyond this are not worth reading whole. */
const maxHeaderBytes = 1 << 28;

interface Box {
  readonly type: string;
  readonly data: Buffer;
}

/**
 * Times and key frames of an MP4 or MOV file from its sample tables. The pictures' bytes are not read.
 *
 * @returns null if it is no such file, is fragmented, or has edits that a list of times cannot show.
 * @throws RangeError if its tables do not fit together.
 *
 * Source: ISO/IEC 14496-12, sections 8.4 to 8.7.
 */
export function indexMp4(file: FileView): PacketIndex | null {
  const header = findHeader(file);
  if (!header) return null;
  const boxes = boxesOf(header);
  if (boxes.some(({ type }) => type === 'mvex')) return null;
  const movieScale = readScale(child(boxes, 'mvhd'));
  for (const { type, data } of boxes) {
    if (type !== 'trak') continue;
    const track = boxesOf(data);
    const media = boxesOf(child(track, 'mdia'));
    if (child(media, 'hdlr').toString('latin1', 8, 12) !== 'vide') continue;
    return readTrack({ track, media, movieScale });
  }
  return null;
}

/**
 * The upper left part, in rows, of the display matrix of one track of an MP4 or MOV file, the movie's own matrix included.
 *
 * @param track its number among all tracks.
 * @returns null if it is no such file or has no such track of pictures.
 * @throws RangeError if its boxes do not fit together.
 *
 * Source: ISO/IEC 14496-12, sections 8.2.2 and 8.3.2.
 */
export function readMp4Matrix(file: FileView, track: number): readonly [number, number, number, number] | null {
  const header = findHeader(file);
  if (!header) return null;
  const boxes = boxesOf(header);
  const found = boxes.filter(({ type }) => type === 'trak')[track];
  if (!found) return null;
  const own = boxesOf(found.data);
  if (child(boxesOf(child(own, 'mdia')), 'hdlr').toString('latin1', 8, 12) !== 'vide') return null;
  const part = (data: Buffer, short: number) => {
    const at = data[0] === 1 ? short + 12 : short;
    return [0, 4, 12, 16].map((offset) => data.readInt32BE(at + offset)) as [number, number, number, number];
  };
  const [a, b, c, d] = part(child(own, 'tkhd'), 40);
  const [p, q, r, s] = part(child(boxes, 'mvhd'), 36);
  return [a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s];
}

/** The `moov` box's content. */
function findHeader(file: FileView): Buffer | null {
  const first = file.read(0, 12).toString('latin1', 4, 8);
  if (!['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot'].includes(first)) return null;
  for (let at = 0; at + 8 <= file.size;) {
    const head = file.read(at, 16);
    const short = head.readUInt32BE(0);
    const length = short === 1 ? Number(head.readBigUInt64BE(8)) : short === 0 ? file.size - at : short;
    const start = short === 1 ? 16 : 8;
    if (length < start) return null;
    if (head.toString('latin1', 4, 8) === 'moov') {
      if (length > maxHeaderBytes || at + length > file.size) return null;
      return Buffer.from(file.read(at + start, length - start));
    }
    at += length;
  }
  return null;
}

function readTrack({
  track,
  media,
  movieScale,
}: {
  readonly track: readonly Box[];
  readonly media: readonly Box[];
  readonly movieScale: number;
}): PacketIndex | null {
  const scale = readScale(child(media, 'mdhd'));
  const table = boxesOf(child(boxesOf(child(media, 'minf')), 'stbl'));
  const sizes = child(table, 'stsz');
  const count = sizes.readUInt32BE(8);
  const shift = readShift(track, scale / movieScale);
  if (shift === null || scale === 0 || count > sizes.length * 2 ** 20) return null;
  if (sizes.readUInt32BE(4) === 0 && sizes.length < 12 + 4 * count) return null;
  const steps = runsOf(child(table, 'stts'), count);
  const offsets = optional(table, 'ctts') ? runsOf(child(table, 'ctts'), count) : null;
  const pts = new Float64Array(count);
  let decodeTime = 0;
  let [first, end] = [Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    const time = decodeTime + (offsets ? offsets[i]! | 0 : 0) + shift;
    pts[i] = time;
    const step = steps[i]!;
    decodeTime += step;
    if (time < first) first = time;
    if (time + step > end) end = time + step;
  }
  const keys = new Uint8Array(count);
  const sync = optional(table, 'stss');
  if (!sync) keys.fill(1);
  else for (let i = 0; i < sync.readUInt32BE(4); i++) keys[sync.readUInt32BE(8 + 4 * i) - 1] = 1;
  return { from: 'header', timeBase: [1, scale], pts, keys, durationSeconds: count > 0 ? (end - first) / scale : 0 };
}

/** The ticks by which the edit list moves all times; null if it does anything else. */
function readShift(track: readonly Box[], ticksPerMovieTick: number): number | null {
  const edits = optional(track, 'edts');
  if (!edits) return 0;
  const list = child(boxesOf(edits), 'elst');
  const isLong = list[0] === 1;
  const count = list.readUInt32BE(4);
  let delay = 0;
  for (let i = 0, at = 8; i < count; i++, at += isLong ? 20 : 12) {
    const duration = isLong ? Number(list.readBigUInt64BE(at)) : list.readUInt32BE(at);
    const start = isLong ? Number(list.readBigInt64BE(at + 8)) : list.readInt32BE(at + 4);
    if (start === -1 && i === 0) delay = Math.round(duration * ticksPerMovieTick);
    else if (i === count - 1) return delay - start;
    else return null;
  }
  return delay;
}

/** Ticks per second of an `mvhd` or `mdhd`. */
function readScale(data: Buffer): number {
  return data.readUInt32BE(data[0] === 1 ? 20 : 12);
}

/** A run-length table of `count` values, spread out. */
function runsOf(data: Buffer, count: number): Uint32Array {
  const out = new Uint32Array(count);
  let filled = 0;
  for (let i = 0, at = 8; i < data.readUInt32BE(4) && filled < count; i++, at += 8) {
    const length = Math.min(data.readUInt32BE(at), count - filled);
    out.fill(data.readUInt32BE(at + 4), filled, filled + length);
    filled += length;
  }
  if (filled < count) throw new RangeError(`A table of ${count} values must have them all, got ${filled}.`);
  return out;
}

function boxesOf(data: Buffer): readonly Box[] {
  const out: Box[] = [];
  for (let at = 0; at + 8 <= data.length;) {
    const length = data.readUInt32BE(at);
    if (length < 8 || at + length > data.length) break;
    out.push({ type: data.toString('latin1', at + 4, at + 8), data: data.subarray(at + 8, at + length) });
    at += length;
  }
  return out;
}

function optional(boxes: readonly Box[], type: string): Buffer | null {
  return boxes.find((box) => box.type === type)?.data ?? null;
}

function child(boxes: readonly Box[], type: string): Buffer {
  const found = optional(boxes, type);
  if (!found) throw new RangeError(`A box of type ${type} must be there, got none.`);
  return found;
}
