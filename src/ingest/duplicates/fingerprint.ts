import type { Box } from '../../core/index.js';
import { structureHash, structureSide } from '../../vision/index.js';

/** Samples a second of a fingerprint. */
export const fingerprintRate = 8;

/** The hashes of a video, in the order of time. */
export interface Fingerprint {
  /** Moments in eighths of a second since the first frame. */
  readonly ticks: Int32Array;
  /** uint32 [samples, 2]: structure of the picture inside its letterbox. */
  readonly pictures: Uint32Array;
  /** uint32 [samples, 2]: structure of what has changed since half a second before; two zeros where nothing much has. */
  readonly changes: Uint32Array;
}

/** Makes the fingerprint of one video; what it holds is bounded whatever the length. */
export interface Fingerprinter {
  /**
   * Takes one of the pictures, all of one size, about eight a second.
   *
   * @param luma uint8 [height, width]; not changed afterwards.
   */
  push(luma: Uint8Array, width: number, height: number, tick: number): void;
  /** Base64 of 20 bytes a sample: tick, picture, change; little-endian. */
  finish(): string;
}

/** Pictures wait for so many samples, until the letterbox about them is known. */
const waiting = 8 * fingerprintRate;
/** Samples between which the change is taken. */
const lag = fingerprintRate / 2;
/** More samples than that are thinned out. */
const mostSamples = 1024;
/** Levels: flatter pictures have no structure, and smaller changes are noise. */
const [flattest, leastChange] = [5, 0.8];
const sampleBytes = 20;

interface Sample {
  readonly tick: number;
  readonly picture: readonly [number, number];
  readonly change: readonly [number, number];
}

/**
 * A fingerprinter of one video.
 *
 * @param contentOf what is known of the letterbox in a stretch of samples, as shares of the picture's sides; asked for once the stretch
 *   is over.
 */
export function createFingerprinter(contentOf: (fromTick: number, toTick: number) => Box): Fingerprinter {
  let pending: { readonly luma: Uint8Array; readonly width: number; readonly height: number; readonly tick: number }[] =
    [];
  let recent: { readonly tick: number; readonly picture: Float64Array }[] = [];
  let kept: Sample[] = [];
  let level = 0;
  const flush = (): void => {
    const [first, last] = [pending[0], pending.at(-1)];
    if (!first || !last) return;
    const content = contentOf(first.tick, last.tick);
    const columns = pointsOf(content.x * first.width, content.width * first.width, first.width);
    const rows = pointsOf(content.y * first.height, content.height * first.height, first.height);
    for (const { luma, width, tick } of pending) {
      const picture = cutOut(luma, width, columns, rows);
      const before = recent.find((it) => tick - it.tick <= lag + 1);
      recent.push({ tick, picture });
      if (recent.length > lag) recent.shift();
      if (deviation(picture) < flattest) continue;
      const change =
        before && tick - before.tick >= lag - 1 ? picture.map((value, i) => value - before.picture[i]!) : null;
      const sample: Sample = {
        tick,
        picture: structureHash(picture),
        change: change && meanMagnitude(change) >= leastChange ? structureHash(change) : [0, 0],
      };
      if (stays(sample, level)) kept.push(sample);
    }
    while (kept.length > mostSamples) {
      level++;
      kept = kept.filter((sample) => stays(sample, level));
    }
    pending = [];
  };
  return {
    push(luma, width, height, tick) {
      pending.push({ luma, width, height, tick });
      if (pending.length >= waiting) flush();
    },
    finish() {
      flush();
      recent = [];
      const out = Buffer.alloc(kept.length * sampleBytes);
      kept.forEach(({ tick, picture, change }, i) => {
        [tick, ...picture, ...change].forEach((word, k) => out.writeUInt32LE(word, i * sampleBytes + 4 * k));
      });
      return out.toString('base64');
    },
  };
}

/** Reads what a fingerprinter wrote; a video without one has no samples. */
export function readFingerprint(text: string | undefined): Fingerprint {
  const bytes = Buffer.from(text ?? '', 'base64');
  const count = Math.floor(bytes.byteLength / sampleBytes);
  const word = (i: number, k: number) => bytes.readUInt32LE(i * sampleBytes + 4 * k);
  return {
    ticks: Int32Array.from({ length: count }, (_, i) => word(i, 0)),
    pictures: Uint32Array.from({ length: 2 * count }, (_, i) => word(i >> 1, 1 + (i & 1))),
    changes: Uint32Array.from({ length: 2 * count }, (_, i) => word(i >> 1, 3 + (i & 1))),
  };
}

/**
 * Thins by what the picture shows, not by when: copies keep the same moments, however they were trimmed. The bits of the lowest
 * frequencies decide, as they are the last to change.
 */
function stays({ picture: [low] }: Sample, level: number): boolean {
  const mixed = Math.imul(low & 0xffff, 0x9e3779b1) >>> 0;
  return level === 0 || mixed >>> (32 - level) === 0;
}

/** The content as 32×32 numbers: means of 2×2 points, each interpolated between pixels. */
function cutOut(luma: Uint8Array, width: number, columns: Points, rows: Points): Float64Array {
  const out = new Float64Array(structureSide * structureSide);
  for (let j = 0; j < 2 * structureSide; j++) {
    const [upper, lower, down] = [rows.at[j]! * width, rows.next[j]! * width, rows.share[j]!];
    const to = (j >> 1) * structureSide;
    for (let i = 0; i < 2 * structureSide; i++) {
      const [x, next, right] = [columns.at[i]!, columns.next[i]!, columns.share[i]!];
      const above = luma[upper + x]! + (luma[upper + next]! - luma[upper + x]!) * right;
      const below = luma[lower + x]! + (luma[lower + next]! - luma[lower + x]!) * right;
      out[to + (i >> 1)]! += (above + (below - above) * down) / 4;
    }
  }
  return out;
}

/** Places between pixels along one side: the pixel before, the one after, and how far towards that one. */
interface Points {
  readonly at: Int32Array;
  readonly next: Int32Array;
  readonly share: Float64Array;
}

function pointsOf(from: number, length: number, limit: number): Points {
  const places = Float64Array.from({ length: 2 * structureSide }, (_, i) =>
    Math.min(Math.max(from + ((i + 0.5) * length) / (2 * structureSide) - 0.5, 0), limit - 1),
  );
  const at = Int32Array.from(places, Math.floor);
  return { at, next: at.map((x) => Math.min(x + 1, limit - 1)), share: places.map((place, i) => place - at[i]!) };
}

function deviation(values: Float64Array): number {
  let [sum, squares] = [0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(0, squares / values.length - mean * mean));
}

function meanMagnitude(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return sum / values.length;
}
