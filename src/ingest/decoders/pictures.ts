import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { decodeImage } from '../../vision/index.js';
import { assertReadable, mediaError } from './media-error.js';
import { describeList, type Picture, type PictureList } from './picture-list.js';
import { listSeries } from './picture-series.js';

/** What `openPictures` is told. */
export interface OpenPicturesOptions {
  /** Frames per second as a fraction. */
  readonly rate: readonly [number, number];
  /** Told once of each picture that cannot be used: its path, and why. */
  readonly onDamaged?: ((path: string, why: string) => void) | undefined;
}

/**
 * The numbered pictures of a folder as a video, read one at a time. A picture that cannot be read whole, or is not of
 * the size of the first sound one, is left out: a gap in time, never a frame of garbage.
 *
 * @throws MediaError `no-video` if the folder holds no numbered picture, `no-frames` if none can be read.
 */
export async function openPictures(folder: string, { rate, onDamaged }: OpenPicturesOptions): Promise<PictureList> {
  const series = listSeries(folder);
  if (!series) throw mediaError('no-video', folder, 'it holds no numbered picture');
  const { pictures } = series;
  const damaged = new Set<number>();
  const refuse = (index: number, why: string): null => {
    if (!damaged.has(index)) onDamaged?.(join(folder, pictures[index]!.name), why);
    damaged.add(index);
    return null;
  };
  let size: { readonly width: number; readonly height: number; readonly channels: 1 | 3 } | null = null;
  const read = async (index: number): Promise<Picture | null> => {
    if (damaged.has(index)) return null;
    let picture: Picture;
    try {
      picture = await decodeImage(await readFile(join(folder, pictures[index]!.name)));
    } catch (error) {
      return refuse(index, firstLine(error));
    }
    if (size && (picture.width !== size.width || picture.height !== size.height)) {
      const [own, first] = [picture, size].map((it) => `${it.width}×${it.height}`);
      return refuse(index, `it is ${own}, the pictures before it are ${first}`);
    }
    return picture;
  };
  for (let i = 0; i < pictures.length && !size; i++) size = await read(i);
  if (!size) throw mediaError('no-frames', folder, `not one of its ${pictures.length} numbered pictures can be read`);
  const codec = extname(pictures[0]!.name).slice(1).toLowerCase();
  const lastPts = pictures.at(-1)!.pts;
  return {
    path: folder,
    media: describeList('pictures', codec, { ...size, rate, count: pictures.length, lastPts }),
    count: pictures.length,
    ptsOf: (index) => pictures[index]!.pts,
    read,
  };
}

/**
 * One still picture as a video of one frame, a second long.
 *
 * @throws MediaError `file-missing`, or `cannot-open` if it is damaged.
 */
export async function openPicture(path: string): Promise<PictureList> {
  assertReadable(path);
  let picture: Picture;
  try {
    picture = await decodeImage(await readFile(path));
  } catch (error) {
    throw mediaError('cannot-open', path, firstLine(error), error);
  }
  const { width, height, channels } = picture;
  const codec = extname(path).slice(1).toLowerCase();
  return {
    path,
    media: describeList('picture', codec, { width, height, channels, rate: [1, 1], count: 1, lastPts: 0 }),
    count: 1,
    ptsOf: () => 0,
    read: async () => picture,
  };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
