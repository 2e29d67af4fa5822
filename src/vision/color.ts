/**
 * Brightness of every pixel, with the BT.601 weights in 1/256 (77, 150, 29).
 *
 * @param rgb uint8 [pixels, 3].
 * @returns uint8 [pixels]; equal to the channel value where all three agree.
 */
export function toLuma(rgb: Uint8Array): Uint8Array {
  if (rgb.length % 3 !== 0) throw new RangeError(`rgb must hold three bytes a pixel, got ${rgb.length} bytes.`);
  const out = new Uint8Array(rgb.length / 3);
  for (let i = 0, at = 0; i < out.length; i++, at += 3) {
    out[i] = (77 * rgb[at]! + 150 * rgb[at + 1]! + 29 * rgb[at + 2]! + 128) >> 8;
  }
  return out;
}
