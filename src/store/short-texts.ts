/** Names of fields and dtypes, which come again in every record. */
const kept: string[] = new Array<string>(1024).fill('');
const longest = 24;

/** A short text of ASCII in bytes, taken from those that were read before where it is among them; null for any other text. */
export function shortText(bytes: Uint8Array, from: number, length: number): string | null {
  if (length > longest) return null;
  let mixed = length;
  for (let i = 0; i < length; i++) {
    const byte = bytes[from + i]!;
    if (byte > 127) return null;
    mixed = (Math.imul(mixed, 31) + byte) | 0;
  }
  const place = (mixed ^ (mixed >>> 10)) & (kept.length - 1);
  const known = kept[place]!;
  if (isText(known, bytes, from, length)) return known;
  return (kept[place] = String.fromCharCode(...bytes.subarray(from, from + length)));
}

function isText(text: string, bytes: Uint8Array, from: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}
