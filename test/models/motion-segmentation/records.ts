import { createRandom, type Sample } from '../../../src/core/index.js';
import type { MotionSegmentationConfig } from '../../../src/models/motion-segmentation/config.js';
import { prepare } from '../../../src/models/motion-segmentation/prepare.js';
import { encodeImage } from '../../../src/vision/image-codec.js';
import { createLoader } from '../loader.js';

const [width, height] = [96, 64];

/** A motion-masks record made here: a disc in a warm colour before cold noise, its mask with an unknown rim. */
export async function makeRecord(
  seed: number,
  { x, y, radius }: { x?: number; y?: number; radius?: number } = {},
): Promise<Sample> {
  const random = createRandom(`record ${seed}`);
  const r = radius ?? 12 + random.int(6);
  const [cx, cy] = [x ?? 30 + random.int(36), y ?? 24 + random.int(16)];
  const rgb = new Uint8Array(3 * width * height);
  const mask = new Uint8Array(width * height);
  for (let i = 0; i < mask.length; i++) {
    const distance = Math.hypot((i % width) - cx, Math.floor(i / width) - cy);
    mask[i] = distance < r - 1.5 ? 255 : distance < r + 1.5 ? 128 : 0;
    const colour = distance < r ? [210, 120, 40] : [50, 80, 120];
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = colour[c]! + random.int(31) - 15;
  }
  return {
    key: `source${seed}/0/0`,
    fields: {
      image: await encodeImage(rgb, width, height, 3, { quality: 95 }),
      mask: await encodeImage(mask, width, height, 1, { format: 'png' }),
      box: Float32Array.of(cx - r, cy - r, 2 * r, 2 * r),
      area: (Math.PI * r * r) / (width * height),
      borderShare: 0,
      components: 1,
      agreement: 0.8,
      stability: 0.9,
      residual: Float32Array.of(0.1, 1, 3),
      inliers: Float32Array.of(0.8, 0.9),
      homography: Float64Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1]),
      gaps: Int32Array.of(-1, 1),
      frame: 10,
      framesPerSecond: 25,
      scale: 1,
    },
    provenance: { source: `source${seed}`, shot: 0, pts: [10], timeBase: [1, 25] },
  };
}

export const { makeBatch, makeSource } = createLoader<MotionSegmentationConfig>(prepare);
