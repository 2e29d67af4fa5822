import sharp from 'sharp';
import type { EncodedImage } from '../core/index.js';

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
 * Unpacks a picture to luma or RGB.
 *
 * @throws Error if the bytes are not a picture that can be read.
 */
export async function decodeImage(picture: EncodedImage | Uint8Array): Promise<DecodedImage> {
  const bytes = picture instanceof Uint8Array ? picture : picture.data;
  const reader = sharp(bytes);
  const { space } = await reader.metadata();
  const { data, info } = await reader
    .removeAlpha()
    .toColourspace(space === 'b-w' ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 1 && info.channels !== 3)
    throw new Error(`A picture of ${info.channels} channels cannot be used.`);
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { data: pixels, width: info.width, height: info.height, channels: info.channels };
}
