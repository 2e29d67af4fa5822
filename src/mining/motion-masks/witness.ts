import type { Box } from '../../core/index.js';
import { grabCut, grabCutHints } from '../../vision/index.js';
import type { MotionMasksConfig } from './config.js';
import { atLeast, overlap } from './mask.js';

const rounds = 2;
/** Votes up to which a place is surely background. */
const sureBackground = 0.1;
/** Around what is not surely background, over the height. */
const margin = 0.15;

/**
 * What colours say of the votes: how far the mask that GrabCut makes of them covers theirs. As a mask of its own GrabCut's is worse than
 * the votes' more often than better, but where the two agree the votes are right.
 *
 * @param rgb uint8 [height, width, 3], at work size, as are the votes.
 * @returns intersection over union, 0–1; 0 where the votes are all on one side.
 */
export function askWitness(
  rgb: Uint8Array,
  votes: Float32Array,
  { width, height }: { readonly width: number; readonly height: number },
  { foreground }: Pick<MotionMasksConfig, 'foreground'>,
): number {
  const area = areaOf(votes, width, height);
  if (!area) return 0;
  const own = cropMap(votes, width, area);
  const mask = atLeast(own, foreground);
  const pixels = mask.reduce((sum, value) => sum + value, 0);
  if (pixels === 0 || pixels === mask.length) return 0;
  const hints = mask.map((isForeground, i) =>
    isForeground === 1
      ? grabCutHints.probablyForeground
      : own[i]! <= sureBackground
        ? grabCutHints.background
        : grabCutHints.probablyBackground,
  );
  const picture = new Uint8Array(3 * own.length);
  for (let y = 0; y < area.height; y++) {
    const from = 3 * ((area.y + y) * width + area.x);
    picture.set(rgb.subarray(from, from + 3 * area.width), 3 * y * area.width);
  }
  return overlap(mask, grabCut(picture, hints, area.width, area.height, rounds));
}

/** What is not surely background, and a margin around it: what lies farther away takes time and says little of the outline. */
function areaOf(votes: Float32Array, width: number, height: number): Box | null {
  let left = width;
  let right = -1;
  let top = height;
  let bottom = -1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (votes[y * width + x]! <= sureBackground) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  if (right < 0) return null;
  const reach = Math.round(margin * height);
  const [x, y] = [Math.max(0, left - reach), Math.max(0, top - reach)];
  return { x, y, width: Math.min(width, right + 1 + reach) - x, height: Math.min(height, bottom + 1 + reach) - y };
}

function cropMap(map: Float32Array, stride: number, { x, y, width, height }: Box): Float32Array {
  const out = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    const from = (y + row) * stride + x;
    out.set(map.subarray(from, from + width), row * width);
  }
  return out;
}
