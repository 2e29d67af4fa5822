import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { MediaError } from '../../core/index.js';
import { listDavis } from '../../ingest/index.js';
import type { EstimatorFrame } from '../../mining/index.js';
import { decodeImage, type DecodedImage } from '../../vision/index.js';

/** A sequence with masks of what moves. */
export interface MaskSequence {
  readonly name: string;
  readonly frames: () => AsyncIterable<EstimatorFrame>;
  /** uint8 [height, width] of 0 and 1 for a frame by its number; null where there is none. */
  readonly mask: (frame: number) => Promise<{ readonly data: Uint8Array; readonly width: number } | null>;
}

const framesPerSecond = 24;
const pictureExtensions: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.png']);

/**
 * The sequences of a folder in DAVIS' layout that have masks; all objects of a frame are one.
 *
 * @param text DIR, with `?only=a,b` or `?except=a,b`.
 */
export function openMaskSequences(text: string): readonly MaskSequence[] {
  return listDavis(text).sequences.flatMap(({ name, pictures, masks }) =>
    masks === null ? [] : [sequenceOf(name, pictures, masks)],
  );
}

/** The sequence at one of these paths, whose pictures lie below `JPEGImages` and its masks below `Annotations`; null where there is none. */
export function masksOf(paths: readonly string[], name: string): MaskSequence | null {
  for (const path of paths) {
    const masks = path.replace(/([\\/])JPEGImages([\\/])/, '$1Annotations$2');
    if (masks !== path && existsSync(path) && existsSync(masks)) return sequenceOf(name, path, masks);
  }
  return null;
}

function sequenceOf(name: string, pictures: string, masks: string): MaskSequence {
  const files = readdirSync(pictures)
    .filter((file) => pictureExtensions.has(extname(file).toLowerCase()))
    .sort();
  const byStem = new Map(readdirSync(masks).map((file) => [stemOf(file), join(masks, file)]));
  return {
    name,
    frames: () => unpackPictures(files.map((file) => join(pictures, file))),
    mask: async (frame) => {
      const file = files[frame];
      const path = file === undefined ? undefined : byStem.get(stemOf(file));
      return path === undefined ? null : readMask(path);
    },
  };
}

function stemOf(file: string): string {
  return file.slice(0, -extname(file).length);
}

/** Pictures one after the other, RGB, at DAVIS' rate. */
async function* unpackPictures(paths: readonly string[]): AsyncGenerator<EstimatorFrame> {
  for (const [i, path] of paths.entries()) {
    const { data, width, height, channels } = await unpack(path);
    yield { data, width, height, channels, seconds: i / framesPerSecond };
  }
}

async function unpack(path: string): Promise<DecodedImage> {
  try {
    return await decodeImage({ image: 'jpeg', data: readFileSync(path) });
  } catch (cause) {
    throw new MediaError('cannot-open', `${path} is no picture that can be read.`, { context: { path }, cause });
  }
}

/** What of a mask file is not black: 255 in DAVIS 2016, the colours of any object in 2017. */
export async function readMask(path: string): Promise<{ readonly data: Uint8Array; readonly width: number }> {
  const { data, width, channels } = await unpack(path);
  const inside = new Uint8Array(data.length / channels);
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) inside[Math.floor(i / channels)] = 1;
  return { data: inside, width };
}
