import type { RejectionCode } from '../../core/index.js';
import type { TemporalOrderConfig } from './config.js';

/** Width and height of the pictures that frames are compared at. */
export const thumbnailSize = 32;

/** What the five frames look like to each other. */
export interface Likeness {
  /** Mean squared RGB difference of c to a, and of c to e; -1 where one is absent. */
  readonly msdCa: number;
  readonly msdCe: number;
  /** Why they may not make a sample, or null. */
  readonly refused: RejectionCode | null;
}

/**
 * Compares the five frames of a quintuple.
 *
 * @param thumbnails a to e, uint8 [32, 32, 3] RGB; null where absent.
 *
 * Source: Misra, Zitnick and Hebert, ECCV 2016, section 3, for the difference of wrong and right middle. The duplicate
 * and fade rules, and all thresholds, are ours.
 */
export function compareFrames(thumbnails: readonly (Uint8Array | null)[], config: TemporalOrderConfig): Likeness {
  const [a, , c, , e] = thumbnails;
  const msdCa = a && c ? meanSquaredDifference(c, a) : -1;
  const msdCe = e && c ? meanSquaredDifference(c, e) : -1;
  const there = thumbnails.filter((thumbnail) => thumbnail !== null);
  const alike = (msd: number): boolean => msd >= 0 && msd <= config.lookalikeMsd;
  let refused: RejectionCode | null = null;
  if (hasDuplicates(there, config.duplicateMsd)) refused = 'duplicate-frame';
  else if (isFade(there.map(meanLuma), config.fadeLuma)) refused = 'fade';
  else if (alike(msdCa) || alike(msdCe)) refused = 'looks-same';
  return { msdCa, msdCe, refused };
}

/** Mean of the squared differences of two arrays of bytes. */
export function meanSquaredDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!;
    sum += difference * difference;
  }
  return sum / a.length;
}

/** True if the values only rise or only fall, by more than `least` in all. */
export function isFade(lumas: readonly number[], least: number): boolean {
  const steps = lumas.slice(1).map((luma, i) => luma - lumas[i]!);
  const total = lumas.length === 0 ? 0 : lumas[lumas.length - 1]! - lumas[0]!;
  return Math.abs(total) > least && steps.every((step) => (total > 0 ? step > 0 : step < 0));
}

function hasDuplicates(thumbnails: readonly Uint8Array[], least: number): boolean {
  return thumbnails.some((one, i) =>
    thumbnails.slice(i + 1).some((other) => {
      const msd = meanSquaredDifference(one, other);
      return msd === 0 || msd < least;
    }),
  );
}

function meanLuma(rgb: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < rgb.length; i += 3) sum += 0.299 * rgb[i]! + 0.587 * rgb[i + 1]! + 0.114 * rgb[i + 2]!;
  return (3 * sum) / rgb.length;
}
