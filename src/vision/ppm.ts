import type { DecodedImage } from './image-codec.js';

/** True if the bytes begin as a binary portable pixmap (P6) or graymap (P5). */
export function isPpm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && (bytes[1] === 0x35 || bytes[1] === 0x36) && isSpace(bytes[2] ?? 0);
}

/**
 * Pixels of a binary portable pixmap (P6) or graymap (P5) of up to 8 bits: what Flying Chairs, Middlebury and OTB give pictures in, and what
 * the picture codec lacks. Values of a file whose largest is not 255 are scaled to 0–255.
 *
 * @throws Error if the header cannot be read, the depth is more than 8 bits, or pixels are missing.
 *
 * Source: Netpbm, "PPM Format Specification".
 */
export function decodePpm(bytes: Uint8Array): DecodedImage {
  if (!isPpm(bytes)) throw new Error('Not a binary PPM or PGM picture: it does not begin with P6 or P5.');
  const channels = bytes[1] === 0x36 ? 3 : 1;
  let at = 2;
  const readNumber = (): number => {
    for (;;) {
      if (isSpace(bytes[at] ?? 0)) at++;
      else if (bytes[at] === 0x23) while (at < bytes.length && bytes[at] !== 0x0a) at++;
      else break;
    }
    let value = 0;
    const start = at;
    for (; bytes[at]! >= 0x30 && bytes[at]! <= 0x39 && at < start + 9; at++) value = 10 * value + bytes[at]! - 0x30;
    if (at === start) throw new Error('A PPM picture whose header cannot be read.');
    return value;
  };
  const [width, height, largest] = [readNumber(), readNumber(), readNumber()];
  if (width < 1 || height < 1 || largest < 1) throw new Error('A PPM picture without pixels.');
  if (largest > 255) throw new Error(`A PPM picture of values up to ${largest}; up to 255 are read.`);
  const start = at + 1; // one white space
  const length = width * height * channels;
  if (!isSpace(bytes[at] ?? 0) || bytes.length < start + length)
    throw new Error(
      `A PPM picture of ${width}×${height}×${channels} has ${length} bytes, got ${Math.max(0, bytes.length - start)}.`,
    );
  const data = new Uint8Array(bytes.subarray(start, start + length));
  if (largest < 255)
    for (let i = 0; i < length; i++) data[i] = Math.round((Math.min(data[i]!, largest) * 255) / largest);
  return { data, width, height, channels };
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
