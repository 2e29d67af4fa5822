import { tf, type Tensor } from '../../engine/index.js';

/**
 * What a picture shows from every shift: `out(x, y, c, k) = picture(x - shift k, y, c)`, the edge's column repeated beyond it; 0 where the
 * shift is null.
 *
 * @param picture float32 [batch, height, width, channels].
 * @returns float32 [batch, height, width, channels, shifts].
 */
export function shiftPicture(picture: Tensor, shifts: readonly (number | null)[]): Tensor {
  const [batch, height, width, channels] = picture.shape as [number, number, number, number];
  const most = Math.max(0, ...shifts.map((shift) => Math.abs(shift ?? 0)));
  const edge = (x: number) => tf.tile(tf.slice(picture, [0, 0, x, 0], [batch, height, 1, channels]), [1, 1, most, 1]);
  const wide = most === 0 ? picture : tf.concat([edge(0), picture, edge(width - 1)], 2);
  const views = shifts.map((shift) =>
    shift === null
      ? tf.zeros([batch, height, width, channels])
      : tf.slice(wide, [0, 0, most - shift, 0], [batch, height, width, channels]),
  );
  return tf.stack(views, -1);
}

/**
 * The mean of the shifted pictures, weighed by a distribution over shifts in every pixel. Gradients flow to the weights.
 *
 * @param weights float32 [batch, height, width, shifts].
 * @param shifted float32 [batch, height, width, channels, shifts].
 * @returns float32 [batch, height, width, channels].
 *
 * Source: Xie, Girshick and Farhadi, "Deep3D", ECCV 2016, section 3.2.
 */
export function selectPixels(weights: Tensor, shifted: Tensor): Tensor {
  return tf.sum(tf.mul(tf.expandDims(weights, 3), shifted), -1);
}

/** Whole shifts from `-reach` to `reach`. */
function shiftsWithin(reach: number): readonly number[] {
  return Array.from({ length: 2 * reach + 1 }, (_, k) => k - reach);
}

/**
 * A picture moved by a disparity of its own in every pixel: `out(x) = picture(x - disparity(x))`, linear between pixels, the edge repeated.
 * Gradients flow to both.
 *
 * @param disparity float32 [batch, height, width, 1], pixels, within ±`reach`.
 */
export function movePicture(picture: Tensor, disparity: Tensor, reach: number): Tensor {
  const shifts = shiftsWithin(reach);
  const distance = tf.abs(tf.sub(disparity, tf.tensor1d([...shifts])));
  return selectPixels(tf.relu(tf.sub(1, distance)), shiftPicture(picture, shifts));
}
