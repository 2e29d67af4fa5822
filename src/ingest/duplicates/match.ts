import { mirrorStructure } from '../../vision/index.js';
import type { DuplicatesConfig } from './config.js';
import { fingerprintRate, type Fingerprint } from './fingerprint.js';

/** How two videos lie on one another. */
export interface Match {
  /** Mean bits of 64 by which their pictures differ at the same moments. */
  readonly distance: number;
  /** Seconds that both show. */
  readonly overlapSeconds: number;
  readonly mirrored: boolean;
}

/** Moments without which nothing is said, unless a video has fewer. */
const fewestMoments = 6;
/** Changes without which they say nothing. */
const fewestChanges = 4;
/** Where little changes, pictures must be nearer than otherwise. */
const stillShare = 0.2;
/** Ticks about an offset that are tried. */
const slack = 3;

/** A fingerprint as its mirrored video would have it. */
export function mirrorFingerprint({ ticks, pictures, changes }: Fingerprint): Fingerprint {
  const mirror = (words: Uint32Array) => {
    const out = new Uint32Array(words.length);
    for (let i = 0; i < words.length; i += 2) {
      const [low, high] = [words[i]!, words[i + 1]!];
      if (low !== 0 || high !== 0) out.set(mirrorStructure([low, high]), i);
    }
    return out;
  };
  return { ticks, pictures: mirror(pictures), changes: mirror(changes) };
}

/**
 * Whether `b`, moved by one of the offsets, shows what `a` shows: the pictures agree, and so does what changes in them, over enough of the
 * shorter one. Null if not.
 *
 * @param offsets ticks to add to the moments of `b`.
 */
export function matchFingerprints(
  a: Fingerprint,
  b: Fingerprint,
  offsets: readonly number[],
  config: DuplicatesConfig,
): Omit<Match, 'mirrored'> | null {
  const tried = [...new Set(offsets.flatMap((offset) => around(offset)))].map((offset) => compare(a, b, offset));
  const enough = Math.min(fewestMoments, a.ticks.length, b.ticks.length);
  const best = tried
    .filter(({ moments }) => moments >= Math.max(1, enough))
    .sort((x, y) => x.pictureBits + x.changeBits - y.pictureBits - y.changeBits)[0];
  if (!best || best.share < config.minOverlap) return null;
  const changesTell = best.changes >= fewestChanges;
  const isMatch =
    best.pictureBits <= config.maxPictureBits * (changesTell ? 1 : stillShare) &&
    (!changesTell || best.changeBits <= config.maxChangeBits);
  return isMatch ? { distance: best.pictureBits, overlapSeconds: best.overlapTicks / fingerprintRate } : null;
}

interface Comparison {
  readonly moments: number;
  readonly pictureBits: number;
  readonly changes: number;
  readonly changeBits: number;
  readonly overlapTicks: number;
  /** Of the shorter video. */
  readonly share: number;
}

function compare(a: Fingerprint, b: Fingerprint, offset: number): Comparison {
  let [moments, pictureBits, changes, changeBits, j] = [0, 0, 0, 0, 0];
  for (let i = 0; i < a.ticks.length; i++) {
    const tick = a.ticks[i]! - offset;
    while (j + 1 < b.ticks.length && Math.abs(b.ticks[j + 1]! - tick) <= Math.abs(b.ticks[j]! - tick)) j++;
    if (j >= b.ticks.length || Math.abs(b.ticks[j]! - tick) > 1) continue;
    moments++;
    pictureBits += differentBits(a.pictures, i, b.pictures, j);
    if (isBlank(a.changes, i) || isBlank(b.changes, j)) continue;
    changes++;
    changeBits += differentBits(a.changes, i, b.changes, j);
  }
  const ends = (it: Fingerprint, by: number) => [it.ticks[0]! + by, it.ticks.at(-1)! + 1 + by] as const;
  const [[fromA, toA], [fromB, toB]] = [ends(a, 0), ends(b, offset)];
  const overlapTicks = Math.max(0, Math.min(toA, toB) - Math.max(fromA, fromB));
  return {
    moments,
    pictureBits: moments > 0 ? pictureBits / moments : 64,
    changes,
    changeBits: changes > 0 ? changeBits / changes : 0,
    overlapTicks,
    share: overlapTicks / Math.max(1, Math.min(toA - fromA, toB - fromB)),
  };
}

function around(offset: number): readonly number[] {
  return Array.from({ length: 2 * slack + 1 }, (_, i) => offset + i - slack);
}

function isBlank(words: Uint32Array, i: number): boolean {
  return words[2 * i] === 0 && words[2 * i + 1] === 0;
}

function differentBits(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
  return popcount(a[2 * i]! ^ b[2 * j]!) + popcount(a[2 * i + 1]! ^ b[2 * j + 1]!);
}

function popcount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
