import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { TimeBase } from '../../core/index.js';
import { openContainer } from './libav-container.js';
import { assertReadable, mediaError } from './media-error.js';
import { indexMatroska } from './matroska-index.js';
import { indexMp4, readMp4Matrix } from './mp4-index.js';
import { orientationOf } from './geometry.js';
import { loadNodeAv } from './node-av.js';

/** What a file says of the packets of its first picture stream, in the order of its bytes. Nothing is decoded for it. */
export interface PacketIndex {
  /** Where it is from: the header's tables, the container's own structure without the pictures' bytes, or a pass over all packets. */
  readonly from: 'header' | 'structure' | 'packets';
  readonly timeBase: TimeBase;
  /** Presentation times, ticks; NaN where the container gives none. */
  readonly pts: Float64Array;
  /** 1 for a key frame. */
  readonly keys: Uint8Array;
  /** From the first presentation time to the end of the last packet, as far as the container says. */
  readonly durationSeconds: number;
}

/** A file read piece by piece; what is asked for twice in a row is read once. */
export interface FileView {
  readonly size: number;
  /** `length` bytes from `at`, valid until the next call; fewer at the end of the file. */
  read(at: number, length: number): Buffer;
}

/**
 * Times and key frames of all pictures: from the header of MP4 and MOV, from the structure of Matroska and WebM, else from a pass over the
 * packets. Fragmented, encrypted or irregular files take the last way, too.
 *
 * @throws MediaError `file-missing`, `cannot-open` or `no-video`.
 */
export async function indexPackets(path: string): Promise<PacketIndex> {
  assertReadable(path);
  const file = openSync(path, 'r');
  try {
    const view = createView(file);
    const found = attempt(() => indexMp4(view)) ?? attempt(() => indexMatroska(view));
    if (found && found.pts.length > 0) return found;
  } finally {
    closeSync(file);
  }
  return readPackets(path);
}

/**
 * Whether an MP4 or MOV file says that its pictures are mirrored.
 *
 * @param track the picture stream's number among all streams.
 */
export function isFlippedMp4(path: string, track: number): boolean {
  const file = openSync(path, 'r');
  try {
    const view = createView(file);
    const matrix = attempt(() => readMp4Matrix(view, track));
    return matrix !== null && orientationOf(matrix).flipped === true;
  } finally {
    closeSync(file);
  }
}

/** Tables that do not fit together are not believed. */
function attempt<T>(index: () => T | null): T | null {
  try {
    return index();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const windowBytes = 1 << 13;

function createView(file: number): FileView {
  const { size } = fstatSync(file);
  let held = Buffer.alloc(0);
  let heldAt = 0;
  return {
    size,
    read(at, length) {
      if (at < heldAt || at + length > heldAt + held.length) {
        const wanted = Math.max(0, Math.min(Math.max(length, windowBytes), size - at));
        held = Buffer.allocUnsafe(wanted);
        heldAt = at;
        held = held.subarray(0, readSync(file, held, 0, wanted, at));
      }
      return held.subarray(at - heldAt, at - heldAt + length);
    },
  };
}

async function readPackets(path: string): Promise<PacketIndex> {
  const av = await loadNodeAv();
  const container = openContainer(av, path);
  const packet = new av.lib.Packet();
  packet.alloc();
  try {
    const { video, audio, format } = container;
    if (!video) throw mediaError('no-video', path, 'it has no picture stream');
    if (audio) audio.discard = av.constants.AVDISCARD_ALL;
    const { num, den } = video.timeBase;
    const pts: number[] = [];
    const keys: number[] = [];
    let first = Infinity;
    let end = -Infinity;
    while (format.readFrameSync(packet) >= 0) {
      if (packet.streamIndex === video.index) {
        const time = packet.pts === av.constants.AV_NOPTS_VALUE ? NaN : Number(packet.pts);
        pts.push(time);
        keys.push(packet.isKeyframe ? 1 : 0);
        if (time < first) first = time;
        if (time + Number(packet.duration) > end) end = time + Number(packet.duration);
      }
      packet.unref();
    }
    const durationSeconds = end > first ? ((end - first) * num) / den : 0;
    return {
      from: 'packets',
      timeBase: [num, den],
      pts: Float64Array.from(pts),
      keys: Uint8Array.from(keys),
      durationSeconds,
    };
  } finally {
    packet.free();
    container.close();
  }
}
