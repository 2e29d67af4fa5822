import type { FileView, PacketIndex } from './packet-index.js';

const ids = {
  ebml: 0x1a45dfa3,
  segment: 0x18538067,
  info: 0x1549a966,
  timecodeScale: 0x2ad7b1,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  defaultDuration: 0x23e383,
  cluster: 0x1f43b675,
  clusterTime: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  blockDuration: 0x9b,
  reference: 0xfb,
} as const;

const pictures = 1;

interface Element {
  readonly id: number;
  readonly at: number;
  readonly end: number;
}

interface Track {
  readonly number: number;
  /** Nanoseconds; 0 if it is not said. */
  readonly defaultDuration: number;
}

/**
 * Times and key frames of a Matroska or WebM file from the heads of its blocks. The pictures' bytes are passed over.
 *
 * @returns null if it is no such file, or of unknown lengths (a live stream).
 * @throws RangeError if its elements do not fit together.
 *
 * Source: RFC 9559, sections 5.1 and 10.
 */
export function indexMatroska(file: FileView): PacketIndex | null {
  if (file.size < 4 || file.read(0, 4).readUInt32BE(0) !== ids.ebml) return null;
  const segment = [...elements(file, 0, file.size)].find(({ id }) => id === ids.segment);
  if (!segment) return null;
  let scale = 1_000_000;
  let track: Track | null = null;
  const times: number[] = [];
  const keys: number[] = [];
  let [first, end] = [Infinity, -Infinity];
  for (const part of elements(file, segment.at, segment.end)) {
    if (part.id === ids.info) {
      for (const item of elements(file, part.at, part.end))
        if (item.id === ids.timecodeScale) scale = readNumber(file, item);
    } else if (part.id === ids.tracks) track = findTrack(file, part);
    else if (part.id === ids.cluster) {
      if (!track) return null;
      for (const { time, isKey, ticks } of blocksOf(file, part, track)) {
        times.push(time);
        keys.push(isKey ? 1 : 0);
        if (time < first) first = time;
        const length = ticks ?? track.defaultDuration / scale;
        if (time + length > end) end = time + length;
      }
    }
  }
  if (!track) return null;
  const durationSeconds = times.length > 0 ? ((end - first) * scale) / 1e9 : 0;
  const divisor = greatestDivisor(scale, 1e9);
  const timeBase = [scale / divisor, 1e9 / divisor] as const;
  return { from: 'structure', timeBase, pts: Float64Array.from(times), keys: Uint8Array.from(keys), durationSeconds };
}

function findTrack(file: FileView, tracks: Element): Track | null {
  for (const entry of elements(file, tracks.at, tracks.end)) {
    if (entry.id !== ids.trackEntry) continue;
    let [number, type, defaultDuration] = [0, 0, 0];
    for (const item of elements(file, entry.at, entry.end)) {
      if (item.id === ids.trackNumber) number = readNumber(file, item);
      else if (item.id === ids.trackType) type = readNumber(file, item);
      else if (item.id === ids.defaultDuration) defaultDuration = readNumber(file, item);
    }
    if (type === pictures) return { number, defaultDuration };
  }
  return null;
}

function* blocksOf(
  file: FileView,
  cluster: Element,
  { number }: Track,
): Generator<{ readonly time: number; readonly isKey: boolean; readonly ticks: number | null }> {
  let start = 0;
  for (const item of elements(file, cluster.at, cluster.end)) {
    if (item.id === ids.clusterTime) start = readNumber(file, item);
    else if (item.id === ids.simpleBlock) {
      const block = readBlock(file, item);
      if (block.track === number) yield { time: start + block.time, isKey: (block.flags & 0x80) !== 0, ticks: null };
    } else if (item.id === ids.blockGroup) {
      const parts = [...elements(file, item.at, item.end)];
      const own = parts.find(({ id }) => id === ids.block);
      if (!own) continue;
      const block = readBlock(file, own);
      const duration = parts.find(({ id }) => id === ids.blockDuration);
      if (block.track !== number) continue;
      const isKey = !parts.some(({ id }) => id === ids.reference);
      yield { time: start + block.time, isKey, ticks: duration ? readNumber(file, duration) : null };
    }
  }
}

function readBlock(file: FileView, { at }: Element): { track: number; time: number; flags: number } {
  const head = file.read(at, 12);
  const length = Math.clz32(head[0]!) - 23;
  let track = head[0]! & (0xff >> length);
  for (let i = 1; i < length; i++) track = track * 256 + head[i]!;
  return { track, time: head.readInt16BE(length), flags: head[length + 2]! };
}

/** Children between two places. An unknown length, as live streams have, is refused. */
function* elements(file: FileView, from: number, to: number): Generator<Element> {
  for (let at = from; at < to;) {
    const head = file.read(at, 12);
    const idLength = Math.clz32(head[0] ?? 0) - 23;
    if (idLength > 4 || head.length < idLength + 1) return;
    const id = head.readUIntBE(0, idLength);
    const sizeLength = Math.clz32(head[idLength]!) - 23;
    if (sizeLength > 8) return;
    let size = head[idLength]! & (0xff >> sizeLength);
    let isUnknown = size === 0xff >> sizeLength;
    for (let i = 1; i < sizeLength; i++) {
      const byte = head[idLength + i] ?? 0;
      isUnknown &&= byte === 0xff;
      size = size * 256 + byte;
    }
    if (isUnknown) throw new RangeError('An element must say its length, got none.');
    const start = at + idLength + sizeLength;
    yield { id, at: start, end: Math.min(start + size, to) };
    at = start + size;
  }
}

/** An unsigned integer of up to 6 bytes. */
function readNumber(file: FileView, { at, end }: Element): number {
  const length = end - at;
  return length === 0 ? 0 : file.read(at, length).readUIntBE(0, length);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
