import sharp from 'sharp';
import type { EncodedImage } from '../core/index.js';
import { decodeJpeg } from './jpeg.js';

/** How to compress a picture. */
export interface EncodeOptions {
  readonly format?: EncodedImage['image'];
  /** 1–100, for JPEG and WebP; below 90 JPEG loses what fine motion needs. */
  readonly quality?: number;
}

/** A picture out of its compression. */
export interface DecodedImage {
  /** uint8 [height, width, channels]. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 1: luma, 3: RGB; transparency is dropped. */
  readonly channels: 1 | 3;
}

// The same bytes whatever the machine: one thread a picture, no cache between pictures.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Compresses a picture; the same pixels and options always give the same bytes, without metadata.
 *
 * @param data uint8 [height, width, channels].
 */
export async function encodeImage(
  data: Uint8Array,
  width: number,
  height: number,
  channels: 1 | 3,
  { format = 'jpeg', quality = 92 }: EncodeOptions = {},
): Promise<EncodedImage> {
  if (data.length !== width * height * channels) {
    throw new RangeError(
      `A picture of ${width}×${height}×${channels} has ${width * height * channels} bytes, got ${data.length}.`,
    );
  }
  if (!Number.isInteger(quality) || quality < 1 || quality > 100) {
    throw new RangeError(`quality must be a whole number from 1 to 100, got ${quality}.`);
  }
  const picture = sharp(data, { raw: { width, height, channels } }).toColourspace(channels === 1 ? 'b-w' : 'srgb');
  const compressed =
    format === 'jpeg'
      ? picture.jpeg({ quality, chromaSubsampling: '4:4:4', mozjpeg: false, progressive: false, optimiseCoding: true })
      : format === 'webp'
        ? picture.webp({ quality, effort: 4, smartSubsample: false })
        : picture.png({ compressionLevel: 6, adaptiveFiltering: false, palette: false });
  const bytes = await compressed.toBuffer();
  return { image: format, data: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/**
 * Compresses pictures, uint8 [height, width, 3] RGB each, to an animation that repeats for ever; the same pixels always give the
 * same bytes. `delayMs` is how long each is shown, at least 20 (players show shorter ones longer).
 *
 * @throws RangeError if there is no frame, or one is of another size.
 */
export async function encodeGif(
  frames: readonly Uint8Array[],
  width: number,
  height: number,
  { delayMs }: { readonly delayMs: number },
): Promise<Uint8Array> {
  const size = width * height * 3;
  if (frames.length === 0) throw new RangeError('An animation needs at least one frame.');
  const pixels = new Uint8Array(frames.length * size);
  frames.forEach((frame, i) => {
    if (frame.length !== size)
      throw new RangeError(`A frame of ${width}×${height} has ${size} bytes, got ${frame.length}.`);
    pixels.set(frame, i * size);
  });
  const delay = Math.max(20, Math.round(delayMs / 10) * 10); // GIF counts in hundredths of a second
  const bytes = await sharp(pixels, { raw: { width, height: height * frames.length, channels: 3, pageHeight: height } })
    .gif({ delay: frames.map(() => delay), loop: 0, effort: 7, dither: 0.5 })
    .toBuffer();
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Unpacks a picture to luma or RGB.
 *
 * @throws Error if the bytes are not a picture that can be read.
 */
export async function decodeImage(picture: EncodedImage | Uint8Array): Promise<DecodedImage> {
  const bytes = picture instanceof Uint8Array ? picture : picture.data;
  const small = decodeJpeg(bytes);
  if (small) return small;
  const isLuma = readIsLuma(bytes) ?? (await sharp(bytes).metadata()).space === 'b-w';
  const { data, info } = await sharp(bytes, { sequentialRead: true })
    .removeAlpha()
    .toColourspace(isLuma ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 1 && info.channels !== 3)
    throw new Error(`A picture of ${info.channels} channels cannot be used.`);
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { data: pixels, width: info.width, height: info.height, channels: info.channels };
}

/**
 * Unpacks a picture without loss of depth: PNGs of 16 bits hold flow and disparity.
 *
 * @returns `data` uint16 [height, width, channels], 0–65535 where `depth` is 16, else 0–255; nothing is dropped.
 * @throws Error if the bytes are not a picture that can be read.
 */
export async function decodeDeepImage(bytes: Uint8Array): Promise<{
  readonly data: Uint16Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly depth: 8 | 16;
}> {
  const reader = sharp(bytes);
  const { depth, space } = await reader.metadata();
  if (depth !== 'uchar' && depth !== 'ushort') throw new Error(`A picture of depth ${depth} cannot be used.`);
  // Both spaces are named: sharp would else work in 8 bits and scale.
  const { data, info } = await reader
    .pipelineColourspace(space)
    .toColourspace(space)
    .raw({ depth })
    .toBuffer({ resolveWithObject: true });
  const pixels =
    depth === 'uchar'
      ? Uint16Array.from(data)
      : new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  return {
    data: pixels,
    width: info.width,
    height: info.height,
    channels: info.channels,
    depth: depth === 'uchar' ? 8 : 16,
  };
}

/** Whether a JPEG, 8-bit PNG or WebP holds luma alone, from its header: asking sharp takes a third of the decoding. Null: ask. */
function readIsLuma(bytes: Uint8Array): boolean | null {
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (text(1, 4) === 'PNG' && text(12, 16) === 'IHDR') {
    const [depth, colourType] = [bytes[24], bytes[25]!];
    return depth === 8 ? colourType === 0 || colourType === 4 : null;
  }
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return false;
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return bytes[at + 9] === 1;
    at += 2 + bytes[at + 2]! * 256 + bytes[at + 3]!;
  }
  return null;
}
