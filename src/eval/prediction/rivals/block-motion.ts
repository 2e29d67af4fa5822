import { tf } from '../../../engine/index.js';
import { matchBlocks, type BlockMotion, type FramePixels } from '../../metrics/index.js';
import { lastTwo } from './last-two.js';
import type { RivalRule } from './rival.js';

/**
 * Blocks of 8 × 8 pixels go on moving as they did between the last two frames (full search, ±7 pixels). Each pixel of a future frame
 * is fetched from the last frame against its block's motion, as many times over as there are steps; beyond the edge, from the edge.
 * A lone frame is copied.
 */
export const blockMotion: RivalRule = {
  ...lastTwo,
  forecast({ last, before }, steps) {
    const shape = last!.shape as [number, number, number, number];
    const [batch, height, width, channels] = shape;
    const size = height * width * channels;
    const [now, past] = [last!.dataSync() as Float32Array, before!.dataSync() as Float32Array];
    const frameOf = (data: Float32Array, item: number): FramePixels => ({
      data: data.subarray(item * size, (item + 1) * size),
      width,
      height,
      channels,
    });
    const motions = Array.from({ length: batch }, (_, item) => matchBlocks(frameOf(past, item), frameOf(now, item)));
    return Array.from({ length: steps }, (_, step) => {
      const out = new Float32Array(batch * size);
      motions.forEach((motion, item) => carry(frameOf(now, item), motion, step + 1, frameOf(out, item).data));
      return tf.tensor(out, shape);
    });
  },
};

function carry(
  { data, width, height, channels }: FramePixels,
  { block, columns, moves }: BlockMotion,
  times: number,
  out: FramePixels['data'],
): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (Math.floor(y / block) * columns + Math.floor(x / block)) * 2;
      const fromX = Math.min(width - 1, Math.max(0, x - moves[at]! * times));
      const fromY = Math.min(height - 1, Math.max(0, y - moves[at + 1]! * times));
      for (let c = 0; c < channels; c++)
        out[(y * width + x) * channels + c] = data[(fromY * width + fromX) * channels + c]!;
    }
  }
}
