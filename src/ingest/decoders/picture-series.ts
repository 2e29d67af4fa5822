import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** Extensions of pictures that are read as frames. */
export const pictureExtensions: ReadonlySet<string> = new Set(['.png', '.jpg', '.jpeg', '.webp', '.tif', '.tiff']);

/** One picture of a series. */
export interface NumberedPicture {
  readonly name: string;
  /** When it is shown, in frames from the first: its number less the first one's, in units of the numbers' common step. */
  readonly pts: number;
}

/** The numbered pictures of one folder: one video. */
export interface PictureSeries {
  readonly folder: string;
  /** In the order of their numbers; gaps between them are gaps in time. */
  readonly pictures: readonly NumberedPicture[];
}

/**
 * The series in a folder: pictures whose names differ in their last run of digits alone, in the order of these numbers
 * (never of the text: 2 comes before 10). Of several series the longest counts, of equally long ones the first by name.
 *
 * @returns null if the folder holds no numbered picture.
 */
export function listSeries(folder: string): PictureSeries | null {
  const byPattern = new Map<string, Map<number, string>>();
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name } = entry;
    const extension = extname(name);
    const isFile = entry.isFile() || (entry.isSymbolicLink() && isFileBehind(join(folder, name)));
    if (!isFile || name.startsWith('.') || !pictureExtensions.has(extension.toLowerCase())) continue;
    const [, before, digits, after] = /^(.*?)(\d{1,15})(\D*)$/su.exec(name.slice(0, -extension.length)) ?? [];
    if (digits === undefined || /\d$/.test(before!)) continue; // more digits than a number can hold
    const pattern = `${before}\0${after}`;
    const series = byPattern.get(pattern) ?? new Map<number, string>();
    byPattern.set(pattern, series);
    if (!series.has(Number(digits))) series.set(Number(digits), name);
  }
  const [longest] = [...byPattern].sort(([a, x], [b, y]) => y.size - x.size || (a < b ? -1 : 1));
  if (!longest) return null;
  const numbered = [...longest[1]].sort(([a], [b]) => a - b);
  const first = numbered[0]![0];
  const step = numbered.reduce((common, [number]) => greatestDivisor(common, number - first), 0) || 1;
  return { folder, pictures: numbered.map(([number, name]) => ({ name, pts: (number - first) / step })) };
}

/** Bytes of all pictures of a series, and when the latest of them, or the folder itself, was changed. */
export function seriesStamp({ folder, pictures }: PictureSeries): { readonly bytes: number; readonly mtimeMs: number } {
  const stats = pictures.map(({ name }) => statSync(join(folder, name)));
  return {
    bytes: stats.reduce((sum, { size }) => sum + size, 0),
    // Not by Math.max(...stats): a call takes some 100,000 arguments at most.
    mtimeMs: stats.reduce((latest, { mtimeMs }) => Math.max(latest, mtimeMs), statSync(folder).mtimeMs),
  };
}

/** Size of all pictures, and SHA-256 over their names and contents; one is read at a time. */
export async function hashSeries(
  { folder, pictures }: PictureSeries,
  onProgress?: () => void,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const { name } of pictures) {
    const content = await readFile(join(folder, name));
    bytes += content.byteLength;
    hash.update(`${JSON.stringify(name)} ${createHash('sha256').update(content).digest('hex')}\n`);
    onProgress?.();
  }
  return { bytes, sha256: hash.digest('hex') };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

function isFileBehind(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
