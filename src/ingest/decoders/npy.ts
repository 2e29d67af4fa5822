import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { MediaError } from '../../core/index.js';
import { mediaError } from './media-error.js';
import { describeList, type PictureList } from './picture-list.js';

/** What the header of a NumPy array file says. */
export interface NpyHeader {
  /** NumPy's name of the number format, such as `|u1`. */
  readonly dtype: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where the values begin. */
  readonly offset: number;
}

/** Where the videos of an array lie: `[sequences, time, height, width, channels]`, or with the first two exchanged. */
export interface NpyLayout {
  readonly sequences: number;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly timeFirst: boolean;
}

/** One video of an array file, as a description names it. */
export interface NpyDescription {
  readonly schema: 1;
  readonly kind: 'npy';
  /** Absolute. */
  readonly file: string;
  /** Of the whole file, as it was ingested. */
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly rate: readonly [number, number];
  readonly layout: NpyLayout;
  readonly index: number;
}

/**
 * Reads the header of a `.npy` file (format 1 to 3).
 *
 * @throws MediaError `file-missing` or `cannot-open`.
 */
export function readNpyHeader(file: string): NpyHeader {
  const head = readAt(file, 0, Math.min(statOf(file).size, 65_536));
  const length = head[6] === 1 ? 2 : 4;
  if (head.length < 12 || head.subarray(0, 6).toString('latin1') !== '\x93NUMPY')
    throw mediaError('cannot-open', file, 'it is no NumPy array file');
  const size = length === 2 ? head.readUInt16LE(8) : head.readUInt32LE(8);
  const offset = 8 + length + size;
  const text = head.subarray(8 + length, offset).toString('utf8');
  const dtype = /'descr'\s*:\s*'([^']+)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(text)?.[1];
  if (offset > head.length || dtype === undefined || order === undefined || shape === undefined)
    throw mediaError('cannot-open', file, 'its header cannot be read');
  const dimensions = shape.split(',').filter((part) => part.trim() !== '');
  return { dtype, fortranOrder: order === 'True', shape: dimensions.map(Number), offset };
}

/**
 * How videos lie in an array: 3 dimensions are one grey video; 4 are one of colour if the last is 1 or 3, else grey
 * ones; 5 are colour ones. Of the first two dimensions of several videos the smaller is time, unless it is said.
 *
 * @param timeAxis 0 or 1; null: the smaller, and of equal ones the second.
 * @returns null if no videos can lie so.
 */
export function npyLayout(shape: readonly number[], timeAxis: 0 | 1 | null): NpyLayout | null {
  if (shape.some((size) => !Number.isInteger(size) || size < 1)) return null;
  const last = shape.at(-1)!;
  const isColour = shape.length === 5 || (shape.length === 4 && (last === 1 || last === 3));
  if (isColour && last !== 1 && last !== 3) return null;
  const [height, width] = shape.slice(isColour ? -3 : -2) as [number, number];
  const outer = shape.slice(0, isColour ? -3 : -2);
  if (outer.length !== 1 && outer.length !== 2) return null;
  const [a, b] = outer.length === 1 ? [1, outer[0]!] : [outer[0]!, outer[1]!];
  const timeFirst = outer.length === 2 && (timeAxis === null ? a < b : timeAxis === 0);
  const channels = isColour ? (last as 1 | 3) : 1;
  return { sequences: timeFirst ? b : a, frames: timeFirst ? a : b, height, width, channels, timeFirst };
}

/**
 * One video of an array file, read one picture at a time.
 *
 * @throws MediaError `file-missing`, `source-changed` if the file is not the one that was described, or `truncated` if it ends before its
 * first picture does.
 */
export function openNpy(path: string, description: NpyDescription): PictureList {
  const { file, rate, layout, index } = description;
  const { size, mtimeMs } = statOf(file);
  if (size !== description.bytes || mtimeMs !== description.mtimeMs)
    throw new MediaError('source-changed', `${file} was changed after it was ingested; ingest it again.`, {
      context: { path: file },
    });
  const { offset } = readNpyHeader(file);
  const { width, height, channels, frames, sequences, timeFirst } = layout;
  const frameBytes = width * height * channels;
  if (frameBytes > size - offset)
    throw mediaError('truncated', file, `a picture of ${width}×${height} is longer than the ${size} bytes of the file`);
  return {
    path,
    media: describeList('npy', 'raw', { width, height, channels, rate, count: frames, lastPts: frames - 1 }),
    count: frames,
    ptsOf: (frame) => frame,
    async read(frame) {
      const place = timeFirst ? frame * sequences + index : index * frames + frame;
      const data = new Uint8Array(readAt(file, offset + place * frameBytes, frameBytes));
      return data.length < frameBytes ? null : { data, width, height, channels };
    },
  };
}

/** Size of a video's values, and SHA-256 over its shape and them. */
export async function hashNpy(
  list: PictureList,
  onProgress?: () => void,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const { width, height, pixelFormat } = list.media.video;
  const hash = createHash('sha256').update(`npy ${list.count} ${height} ${width} ${pixelFormat}\n`);
  let bytes = 0;
  for (let i = 0; i < list.count; i++) {
    const picture = await list.read(i);
    if (!picture) continue;
    hash.update(picture.data);
    bytes += picture.data.length;
    onProgress?.();
  }
  return { bytes, sha256: hash.digest('hex') };
}

function statOf(file: string): { readonly size: number; readonly mtimeMs: number } {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw mediaError('file-missing', file, 'it is not there');
  return stat;
}

function readAt(file: string, position: number, length: number): Buffer {
  const handle = openSync(file, 'r');
  try {
    const out = Buffer.alloc(length);
    let got = 0;
    while (got < length) {
      const more = readSync(handle, out, got, length - got, position + got);
      if (more === 0) break;
      got += more;
    }
    return out.subarray(0, got);
  } finally {
    closeSync(handle);
  }
}
