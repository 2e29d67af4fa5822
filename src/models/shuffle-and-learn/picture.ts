/** Copies one colour channel of a picture to all three, in place: OPN's channel splitting. */
export function keepChannel(rgb: Uint8Array, channel: number): void {
  for (let i = 0; i < rgb.length; i += 3) rgb.fill(rgb[i + channel]!, i, i + 3);
}
