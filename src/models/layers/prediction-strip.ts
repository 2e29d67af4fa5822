import { tf, type Tensor, type Tensor5D } from '../../engine/index.js';

const gap = 1;
const gapLevel = 0.5;

/**
 * Pictures of futures beside the truth, one for each video: above, the true frames from left to right; below, a row for each
 * prediction, empty where frames were observed. Grey lines of one pixel part the frames.
 *
 * @param truth float32 [batch, frames, height, width, channels] in 0–1; 1 or 3 channels.
 * @param predictions float32 [batch, steps, height, width, channels] in 0–1 each: the frames from `observed` on.
 * @param options `observed`: frames seen before the first prediction; `videos`: how many of the batch are shown.
 * @returns float32 [videos, (height + 1) × (1 + predictions), (width + 1) × frames, 3] in 0–255, as `Trainer.pictures` gives it.
 * @throws RangeError if observed and predicted frames are not as many as the true ones.
 */
export function predictionStrip(
  truth: Tensor,
  predictions: readonly Tensor[],
  { observed, videos = 4 }: { readonly observed: number; readonly videos?: number },
): Tensor {
  const [batch, frames, height, width, channels] = truth.shape as [number, number, number, number, number];
  const shown = Math.min(batch, videos);
  for (const { shape } of predictions) {
    if (observed + shape[1]! !== frames)
      throw new RangeError(`${observed} observed and ${shape[1]} predicted frames are not the ${frames} true ones.`);
  }
  return tf.tidy(() => {
    const empty = tf.fill([shown, observed, height, width, channels], gapLevel / 2);
    const rows = predictions.map((one) => layRow(tf.concat([empty, takeVideos(one, shown)], 1)));
    const strip = tf.concat([layRow(takeVideos(truth, shown)), ...rows], 1);
    const coloured = channels === 1 ? tf.tile(strip, [1, 1, 1, 3]) : strip;
    return tf.mul(tf.clipByValue(coloured, 0, 1), 255);
  });
}

function takeVideos(frames: Tensor, videos: number): Tensor5D {
  return tf.slice(frames as Tensor5D, [0, 0, 0, 0, 0], [videos, -1, -1, -1, -1]);
}

/** [videos, frames, height, width, channels] → [videos, height + gap, (width + gap) × frames, channels]. */
function layRow(frames: Tensor): Tensor {
  const [videos, count, height, width, channels] = frames.shape as [number, number, number, number, number];
  const flat = tf.reshape(frames, [videos * count, height, width, channels]);
  // tfjs pads at most four dimensions on every engine
  const parted = tf.pad(flat, [[0, 0], [0, gap], [0, gap], [0, 0]] as never, gapLevel); // prettier-ignore
  const [tall, wide] = [height + gap, width + gap];
  const sideBySide = tf.transpose(tf.reshape(parted, [videos, count, tall, wide, channels]), [0, 2, 1, 3, 4]);
  return tf.reshape(sideBySide, [videos, tall, count * wide, channels]);
}
