import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  type Stats,
} from 'node:fs';
import { extname, isAbsolute } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { MediaError, type VideoSource } from '../core/index.js';
import { clipHash, createClipSession, describedFile, type ClipDescription } from './decoders/clip.js';
import type { Decoder, DecoderSession } from './decoders/decoder.js';
import { openMovingMnist, type MovingMnistDescription } from './decoders/generated.js';
import { assertReadable, mediaError } from './decoders/media-error.js';
import type { MediaLimits } from './decoders/media-limits.js';
import { hashNpy, openNpy, type NpyDescription } from './decoders/npy.js';
import { createPairSession, pairHash, type PairDescription } from './decoders/pair.js';
import { createPictureSession, type PictureList } from './decoders/picture-list.js';
import { hashSeries, listSeries, pictureExtensions, seriesStamp } from './decoders/picture-series.js';
import { openPicture, openPictures } from './decoders/pictures.js';

/** What stands in a description: a video that is no file of its own. */
export type MediaDescription = MovingMnistDescription | NpyDescription | ClipDescription | PairDescription;

/** How the files that hold a `MediaDescription` end. */
export const descriptionExtension = '.reel.json';

/** How to open a path. */
export interface OpenMediaOptions {
  /** For files; the rest needs none. */
  readonly decoder: Decoder;
  /** Frames per second of a folder of pictures, as a fraction. */
  readonly rate?: readonly [number, number] | undefined;
  readonly onDamaged?: ((path: string, why: string) => void) | undefined;
  /** Default: `defaultLimits`. */
  readonly limits?: MediaLimits | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A video opened, whatever holds it. */
export interface OpenedMedia {
  readonly session: DecoderSession;
  readonly kind: VideoSource['kind'];
  /** True where it is one take because it was made so: no cuts are looked for. */
  readonly isOneTake: boolean;
  /** Size and SHA-256 of the content, from which the source's id comes. */
  readonly hash: (onProgress?: () => void) => Promise<{ readonly bytes: number; readonly sha256: string }>;
}

/**
 * Opens what a source's path names: a file (by the decoder), a still picture, a folder of numbered pictures, or a description.
 *
 * @throws MediaError with the ledger's code.
 */
export async function openMedia(
  path: string,
  { decoder, rate, onDamaged, limits, signal }: OpenMediaOptions,
): Promise<OpenedMedia> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    if (!rate) throw mediaError('cannot-open', path, 'it is a folder: say frames:DIR@FPS to read its pictures');
    const session = createPictureSession(await openPictures(path, { rate, onDamaged }));
    return {
      session,
      kind: 'frames',
      isOneTake: false,
      hash: (onProgress) => hashSeries(listSeries(path)!, onProgress),
    };
  }
  if (path.endsWith(descriptionExtension)) {
    const description = readDescription(path);
    if (description.kind === 'clip' || description.kind === 'pair')
      return openOfFiles(path, description, { decoder, rate, onDamaged, limits, signal });
    const list: PictureList =
      description.kind === 'npy' ? openNpy(path, description) : openMovingMnist(path, description);
    const isMade = description.kind === 'moving-mnist';
    return {
      session: createPictureSession(list),
      kind: isMade ? 'synthetic' : 'frames',
      isOneTake: true,
      hash: async (onProgress) => (isMade ? hashFile(path) : hashNpy(list, onProgress)),
    };
  }
  if (pictureExtensions.has(extname(path).toLowerCase()))
    return {
      session: createPictureSession(await openPicture(path)),
      kind: 'file',
      isOneTake: true,
      hash: async () => hashFile(path),
    };
  const session = await decoder.open(path, { signal, limits });
  return { session, kind: 'file', isOneTake: false, hash: async (onProgress) => hashFile(path, onProgress) };
}

const hashedFiles = new Map<string, Awaited<ReturnType<OpenedMedia['hash']>>>();

/** The hash of a file that many stretches share: it is read once while it does not change. */
async function hashOnce(
  path: string,
  hash: OpenedMedia['hash'],
  onProgress?: () => void,
): ReturnType<OpenedMedia['hash']> {
  const { bytes, mtimeMs } = stampOf(path)!;
  const key = `${bytes} ${mtimeMs} ${path}`;
  const known = hashedFiles.get(key) ?? (await hash(onProgress));
  if (hashedFiles.size >= 64) hashedFiles.clear();
  hashedFiles.set(key, known);
  return known;
}

/** A stretch of a file, or two files as one. */
async function openOfFiles(
  path: string,
  description: ClipDescription | PairDescription,
  options: OpenMediaOptions,
): Promise<OpenedMedia> {
  const open = (file: string) => openMedia(describedFile(path, file), options);
  if (description.kind === 'clip') {
    const whole = await open(description.file);
    const hash: OpenedMedia['hash'] = async (onProgress) => {
      const { bytes, sha256 } = await hashOnce(describedFile(path, description.file), whole.hash, onProgress);
      return { bytes, sha256: clipHash(sha256, description) };
    };
    const { file, startSeconds, endSeconds } = description;
    const name = `${describedFile(path, file)}#t=${startSeconds},${endSeconds ?? ''}`;
    return { ...whole, session: createClipSession(name, whole.session, description), hash };
  }
  const { left: leftFile, right: rightFile, rate = options.rate } = description;
  const [left, right] = await Promise.all(
    [leftFile, rightFile].map((file) => openMedia(describedFile(path, file), { ...options, rate })),
  );
  const hash: OpenedMedia['hash'] = async (onProgress) => {
    const [a, b] = [await left!.hash(onProgress), await right!.hash(onProgress)];
    return { bytes: a.bytes + b.bytes, sha256: pairHash(a.sha256, b.sha256) };
  };
  return { ...left!, kind: 'file', session: createPairSession(path, left!.session, right!.session), hash };
}

/**
 * Opens an ingested source.
 *
 * @throws MediaError as `openMedia`, and `source-changed` where a folder's pictures are not those that were ingested.
 */
export async function openSource(
  path: string,
  { kind, bytes, video: { timeBase } }: VideoSource,
  options: Pick<OpenMediaOptions, 'decoder' | 'signal'>,
): Promise<DecoderSession> {
  if (kind !== 'frames' || path.endsWith(descriptionExtension)) return (await openMedia(path, options)).session;
  const series = listSeries(path);
  const found = series ? seriesStamp(series).bytes : 0;
  if (found !== bytes)
    throw new MediaError('source-changed', `The pictures of ${path} have ${found} bytes; ${bytes} were ingested.`, {
      context: { path },
    });
  return (await openMedia(path, { ...options, rate: [timeBase[1], timeBase[0]] })).session;
}

/**
 * SHA-256 of a source's content as it is now, found as it was when it was ingested.
 *
 * @throws MediaError with the ledger's code.
 */
export async function hashSource(path: string): Promise<string> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    const series = listSeries(path);
    if (!series) throw mediaError('no-video', path, 'it holds no numbered picture');
    return (await hashSeries(series)).sha256;
  }
  if (!path.endsWith(descriptionExtension)) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex');
  }
  const description = readDescription(path);
  const hashOf = (file: string) => hashSource(describedFile(path, file));
  if (description.kind === 'clip') return clipHash(await hashOf(description.file), description);
  if (description.kind === 'pair') return pairHash(await hashOf(description.left), await hashOf(description.right));
  if (description.kind === 'npy') return (await hashNpy(openNpy(path, description))).sha256;
  openMovingMnist(path, description); // its digits, too, must be what they were
  return hashFile(path).sha256;
}

/**
 * Size and time of the last change of a file, of a folder's numbered pictures, or of the array that a description names;
 * null if there is nothing.
 */
export function stampOf(path: string): { readonly bytes: number; readonly mtimeMs: number } | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() && path.endsWith(descriptionExtension)) return stampOfDescribed(path, stat);
  if (!stat?.isDirectory()) return stat ? { bytes: stat.size, mtimeMs: stat.mtimeMs } : null;
  const series = listSeries(path);
  return series && seriesStamp(series);
}

function stampOfDescribed(path: string, own: Stats): { readonly bytes: number; readonly mtimeMs: number } | null {
  const description = JSON.parse(readFileSync(path, 'utf8')) as Partial<MediaDescription>;
  if (description.kind === 'clip' || description.kind === 'pair') {
    const files = filesOf(description).map((file) => stampOf(describedFile(path, file)));
    if (files.some((stamp) => stamp === null)) return null;
    return {
      bytes: files.reduce((sum, stamp) => sum + stamp!.bytes, 0),
      mtimeMs: Math.max(...files.map((stamp) => stamp!.mtimeMs)),
    };
  }
  const { kind, file } = description as Partial<NpyDescription>;
  const array = kind === 'npy' && file !== undefined ? statSync(file, { throwIfNoEntry: false }) : own;
  return array ? { bytes: array.size, mtimeMs: array.mtimeMs } : null;
}

/** The files that a description names. */
function filesOf(description: Partial<ClipDescription> | Partial<PairDescription>): readonly string[] {
  const { file } = description as Partial<ClipDescription>;
  const { left, right } = description as Partial<PairDescription>;
  return [file, left, right].filter((name) => name !== undefined);
}

function readDescription(path: string): MediaDescription {
  assertReadable(path);
  let description: Readonly<Record<string, unknown>>;
  try {
    description = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw mediaError('cannot-open', path, 'it is not valid JSON', cause);
  }
  const { schema, kind, file } = description;
  if (schema !== 1 || !['npy', 'moving-mnist', 'clip', 'pair'].includes(String(kind)))
    throw mediaError(
      'cannot-open',
      path,
      `this version does not know descriptions of ${String(kind)}, schema ${String(schema)}`,
    );
  if (kind === 'npy' && !(typeof file === 'string' && isAbsolute(file) && existsSync(file)))
    throw mediaError('file-missing', path, `the array ${String(file)} that it names is not there`);
  if (kind === 'clip' || kind === 'pair')
    for (const name of filesOf(description))
      if (name.endsWith(descriptionExtension) || !existsSync(describedFile(path, name)))
        throw mediaError('file-missing', describedFile(path, name), 'it is not there');
  return description as unknown as MediaDescription;
}

/** Size and SHA-256 of a file, read in pieces. */
function hashFile(path: string, onProgress?: () => void): { readonly bytes: number; readonly sha256: string } {
  assertReadable(path);
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(1 << 20);
  const file = openSync(path, 'r');
  let bytes = 0;
  try {
    for (let got = readSync(file, piece); got > 0; got = readSync(file, piece)) {
      hash.update(piece.subarray(0, got));
      bytes += got;
      onProgress?.();
    }
  } finally {
    closeSync(file);
  }
  return { bytes, sha256: hash.digest('hex') };
}
