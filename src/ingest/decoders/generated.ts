import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { MediaError } from '../../core/index.js';
import {
  createMovingMnist,
  glyphDigits,
  idxDigits,
  movingMnistVersion,
  type DigitPools,
  type MovingMnistOptions,
} from '../../synthetic/index.js';
import { mediaError } from './media-error.js';
import { describeList, type PictureList } from './picture-list.js';

/** A file of digits: where it lies from the description, and its content. */
export interface DigitsFile {
  readonly path: string;
  readonly sha256: string;
}

/** A video of Moving MNIST, as a description names it. */
export interface MovingMnistDescription extends MovingMnistOptions {
  readonly schema: 1;
  readonly kind: 'moving-mnist';
  /** Of the generator that it was written for. */
  readonly version: number;
  readonly rate: readonly [number, number];
  /** IDX files (one to divide, or one to train and one to test on); none: glyphs drawn from the seed. */
  readonly digitFiles: readonly DigitsFile[];
}

/**
 * A video that is made as it is read: its pixels are the generator's own.
 *
 * @param path of the description; the digits' places are relative to its folder.
 * @throws MediaError `file-missing`, `cannot-open` or `source-changed`, of the digits.
 */
export function openMovingMnist(path: string, description: MovingMnistDescription): PictureList {
  const { version } = description;
  if (version !== movingMnistVersion)
    throw mediaError(
      'cannot-open',
      path,
      `it is of generator version ${version}; this is version ${movingMnistVersion}`,
    );
  const video = createMovingMnist(description, loadDigits(path, description));
  const { width, height, frameCount } = video;
  const media = describeList('moving-mnist', 'raw', {
    width,
    height,
    channels: 1,
    rate: description.rate,
    count: frameCount,
    lastPts: frameCount - 1,
  });
  return {
    path,
    media,
    count: frameCount,
    ptsOf: (index) => index,
    read: async (index) => ({ data: video.frame(index), width, height, channels: 1 }),
  };
}

let latest: { readonly key: string; readonly pools: DigitPools } | null = null;

/** The digits used last are kept: thousands of videos share them. */
function loadDigits(path: string, { digitFiles, seed }: MovingMnistDescription): DigitPools {
  const places = digitFiles.map((file) => ({ ...file, path: join(dirname(path), file.path) }));
  const key = JSON.stringify([places, places.length === 0 ? seed : null]);
  if (latest?.key !== key) latest = { key, pools: places.length === 0 ? glyphDigits(seed) : readDigits(places) };
  return latest.pools;
}

function readDigits(files: readonly DigitsFile[]): DigitPools {
  const contents = files.map(({ path, sha256 }) => {
    if (!existsSync(path)) throw mediaError('file-missing', path, 'the digits are not there');
    const bytes = readFileSync(path);
    if (createHash('sha256').update(bytes).digest('hex') !== sha256)
      throw new MediaError('source-changed', `${path} is no longer the file of digits that was ingested.`, {
        context: { path },
      });
    return bytes;
  });
  return parseDigits(contents, files[0]!.path);
}

/**
 * The digits of IDX files, packed with gzip or not.
 *
 * @throws MediaError `cannot-open`.
 */
export function parseDigits(contents: readonly Uint8Array[], path: string): DigitPools {
  try {
    return idxDigits(contents.map((bytes) => (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes)));
  } catch (error) {
    throw mediaError('cannot-open', path, error instanceof Error ? error.message.replace(/\.$/, '') : String(error));
  }
}
