import { matchBlocks } from './block-motion.js';
import { assertAlike, type FramePixels } from './pixel-error.js';
import { ssimMap, ssimVariants } from './ssim.js';

/** Which pixels of a frame move. */
export interface MovingArea {
  /** [height, width]: 1 where something moves. */
  readonly mask: Uint8Array;
  /** Share of the frame that moves. */
  readonly share: number;
}

const visibleChange = 0.05;
const reach = 2; // pixels around a change

/**
 * The pixels that move from one true frame to the next: those of blocks that came from elsewhere, and those within two pixels of a
 * change above 0.05 in any channel. Differs from Mathieu et al., whose mask is of optical flow and counts what it leaves out as right.
 */
export function movingArea(previous: FramePixels, frame: FramePixels): MovingArea {
  assertAlike(previous, frame);
  const { width, height, channels, data } = frame;
  const mask = new Uint8Array(width * height);
  const { block, columns, moves } = matchBlocks(previous, frame);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (Math.floor(y / block) * columns + Math.floor(x / block)) * 2;
      if (moves[at] !== 0 || moves[at + 1] !== 0) mask[y * width + x] = 1;
      for (let c = 0; c < channels; c++) {
        const i = (y * width + x) * channels + c;
        if (Math.abs(data[i]! - previous.data[i]!) <= visibleChange) continue;
        markAround(mask, { x, y, width, height });
        break;
      }
    }
  }
  return { mask, share: mask.reduce((sum, one) => sum + one, 0) / mask.length };
}

/** Mean squared error inside the moving area; null where nothing moves. */
export function movingError(truth: FramePixels, predicted: FramePixels, { mask }: MovingArea): number | null {
  assertAlike(truth, predicted);
  const { channels } = truth;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < truth.data.length; i++) {
    if (mask[Math.floor(i / channels)] === 0) continue;
    const difference = truth.data[i]! - predicted.data[i]!;
    sum += difference * difference;
    count++;
  }
  return count === 0 ? null : sum / count;
}

/** SSIM (`gauss11`) averaged over the windows whose centre moves; null where there is none. */
export function movingSsim(truth: FramePixels, predicted: FramePixels, { mask }: MovingArea): number | null {
  const { data, width, height } = ssimMap(truth, predicted, ssimVariants.gauss11);
  const margin = (ssimVariants.gauss11.window.length - 1) / 2;
  const channels = data.length / (width * height);
  let sum = 0;
  let count = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask[(y + margin) * truth.width + x + margin] === 0) continue;
      for (let c = 0; c < channels; c++) sum += data[(y * width + x) * channels + c]!;
      count += channels;
    }
  }
  return count === 0 ? null : sum / count;
}

function markAround(
  mask: Uint8Array,
  { x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): void {
  for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row++)
    mask.fill(1, row * width + Math.max(0, x - reach), row * width + Math.min(width, x + reach + 1));
}
