import { createHash } from 'node:crypto';
import { decodeNpy, StoreError, type EncodedImage, type Sample } from '../core/index.js';
import { decodeImage } from '../vision/index.js';
import type { WebDatasetGroup } from '../store/index.js';
import type { IncomingSample, SampleLabels } from './import-dataset.js';

/** How archives of others are read. */
export interface ClipSettings {
  readonly clip: 'key' | 'folder';
  readonly framesPerSecond: number;
}

/** Frames as they are compared and stored. */
interface Frames {
  /** Each frame, uint8 [height, width, channels]. */
  readonly pictures: readonly Uint8Array[];
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** What the record holds. */
  readonly stored: { readonly images: readonly EncodedImage[] } | { readonly frames: unknown };
}

/** Longest clip, in frames: one record holds it. */
const mostFrames = 300;
const videoEndings = new Set(['mp4', 'webm', 'avi', 'mkv', 'mov', 'm4v', 'mpg']);

/** Groups whose keys lie in one folder and follow each other, as one; longer ones than a record may be are cut. */
export async function* groupByFolder(groups: AsyncIterable<WebDatasetGroup>): AsyncGenerator<WebDatasetGroup> {
  let folder: string | null = null;
  let part = 0;
  let members = new Map<string, Uint8Array>();
  let frames = 0;
  const take = (): WebDatasetGroup => {
    const group = { key: part === 0 ? folder! : `${folder!}#${part}`, members };
    members = new Map();
    frames = 0;
    return group;
  };
  for await (const group of groups) {
    const own = group.key.includes('/') ? group.key.slice(0, group.key.lastIndexOf('/')) : '';
    if (folder !== null && (own !== folder || frames === mostFrames)) {
      yield take();
      part = own === folder ? part + 1 : 0;
    }
    folder = own;
    const name = group.key.slice(group.key.lastIndexOf('/') + 1);
    for (const [extension, data] of group.members) members.set(`${name}.${extension}`, data);
    frames++;
  }
  if (folder !== null && members.size > 0) yield take();
}

/**
 * A clip of the pictures under one key, in the order of the numbers in their names, or of one array uint8 [time, height, width, channels].
 * Its source is named for its content; its times count frames; `group` is the folder of the key, else the source.
 *
 * @param name archive and key, which become the label `name`.
 * @throws StoreError `no-frames` or `corrupt`.
 */
export async function clipOfPictures(
  name: string,
  members: ReadonlyMap<string, Uint8Array>,
  { framesPerSecond }: ClipSettings,
): Promise<IncomingSample> {
  const { pictures, width, height, channels, stored } = await readFrames(members);
  const length = pictures.length;
  if (length < 2) throw new StoreError('no-frames', `${name} has ${length} pictures; a clip has at least 2.`);
  if (length > mostFrames)
    throw new StoreError('corrupt', `${name} has ${length} pictures; a clip has up to ${mostFrames}.`);
  const hash = createHash('sha256').update(`clip ${length} ${height} ${width} ${channels}\n`);
  for (const picture of pictures) hash.update(picture);
  const source = hash.digest('hex').slice(0, 16);
  const timeBase = timeBaseOf(framesPerSecond);
  const folder = /^[^/]*\/(.+)\/[^/]*$/.exec(name)?.[1];
  const sample: Sample = {
    key: `${source}/0/0`,
    fields: {
      ...stored,
      size: Int32Array.of(length, height, width, channels),
      start: 0,
      framesPerSecond: Math.fround(timeBase[1] / timeBase[0]),
      motion: Math.fround(motionOf(pictures)),
      group: folder ?? source,
    },
    provenance: { source, shot: 0, pts: pictures.map((_, i) => i), timeBase },
  };
  return { sample, labels: { name, ...labelsOf(members) } };
}

async function readFrames(members: ReadonlyMap<string, Uint8Array>): Promise<Frames> {
  const arrays = [...members].filter(([extension]) => endingOf(extension) === 'npy');
  const images = [...members]
    .sort(([a], [b]) => compareNumbered(a, b))
    .flatMap(([, data]) => {
      const image = formatOf(data);
      return image ? [{ image, data }] : [];
    });
  if (images.length === 0 && arrays.length === 1) return framesOfArray(arrays[0]![1]);
  if (images.length === 0 && [...members.keys()].some((extension) => videoEndings.has(endingOf(extension)))) {
    throw new StoreError('no-frames', 'Videos in archives are not imported: unpack them, and use ingest and mine.');
  }
  const pictures: Uint8Array[] = [];
  let first: { readonly width: number; readonly height: number; readonly channels: 1 | 3 } | null = null;
  for (const image of images) {
    const decoded = await decodeImage(image).catch((cause: unknown) => {
      throw new StoreError('corrupt', 'A picture cannot be read.', { cause });
    });
    const { data, width, height, channels } = decoded;
    first ??= { width, height, channels };
    if (width !== first.width || height !== first.height || channels !== first.channels)
      throw new StoreError('corrupt', 'The pictures of a clip differ in size or colours.');
    pictures.push(data);
  }
  return { pictures, ...(first ?? { width: 0, height: 0, channels: 3 }), stored: { images } };
}

function framesOfArray(bytes: Uint8Array): Frames {
  const { dtype, shape, data } = decodeNpy(bytes);
  const [length = 0, height = 0, width = 0, channels = 1] = shape;
  if (dtype !== 'uint8' || shape.length < 3 || shape.length > 4 || (channels !== 1 && channels !== 3))
    throw new StoreError('no-frames', `An array of ${dtype} [${shape.join(', ')}] is no clip.`);
  const size = height * width * channels;
  const pixels = data as Uint8Array;
  const pictures = Array.from({ length }, (_, i) => pixels.subarray(i * size, (i + 1) * size));
  return {
    pictures,
    width,
    height,
    channels,
    stored: { frames: { data: pixels, shape: [length, height, width, channels] } },
  };
}

/** Numbers, texts and truth values beside the pictures. */
function labelsOf(members: ReadonlyMap<string, Uint8Array>): SampleLabels {
  const out: Record<string, number | string> = {};
  for (const [extension, data] of members) {
    const text = () => Buffer.from(data).toString().trim();
    if (endingOf(extension) === 'txt') out['text'] = text();
    else if (endingOf(extension) === 'cls') {
      const number = Number(text());
      out['class'] = Number.isInteger(number) ? number : text();
    } else if (endingOf(extension) === 'json') {
      try {
        const value: unknown = JSON.parse(text());
        for (const [name, item] of Object.entries(typeof value === 'object' && value !== null ? value : {}))
          if (typeof item === 'number' || typeof item === 'string') out[name] = item;
      } catch {
        throw new StoreError('corrupt', `Its ${extension} is not JSON.`);
      }
    }
  }
  return out;
}

function formatOf(data: Uint8Array): EncodedImage['image'] | null {
  const head = Buffer.from(data.subarray(0, 12)).toString('latin1');
  if (head.startsWith('\xff\xd8')) return 'jpeg';
  if (head.startsWith('\x89PNG')) return 'png';
  return head.startsWith('RIFF') && head.endsWith('WEBP') ? 'webp' : null;
}

function endingOf(extension: string): string {
  return extension.slice(extension.lastIndexOf('.') + 1).toLowerCase();
}

/** By the numbers in the names, then by the names. */
function compareNumbered(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => (text.match(/\d+/g) ?? []).map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]! - right[i]!;
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : 1;
}

function timeBaseOf(framesPerSecond: number): readonly [number, number] {
  if (Number.isInteger(framesPerSecond)) return [1, framesPerSecond];
  const ntsc = Math.round(framesPerSecond * 1.001);
  if (Math.abs(ntsc / 1.001 - framesPerSecond) < 0.005) return [1001, 1000 * ntsc];
  return [1000, Math.round(1000 * framesPerSecond)];
}

function motionOf(pictures: readonly Uint8Array[]): number {
  let sum = 0;
  for (let i = 1; i < pictures.length; i++) {
    const [before, after] = [pictures[i - 1]!, pictures[i]!];
    let own = 0;
    for (let at = 0; at < after.length; at++) own += Math.abs(after[at]! - before[at]!);
    sum += own / after.length;
  }
  return sum / (pictures.length - 1);
}
