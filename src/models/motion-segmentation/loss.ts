import { tf, type Tensor } from '../../engine/index.js';

/** The loss, and how well the masks fit; float32 [] each. */
export interface MaskScores {
  readonly loss: Tensor;
  /** Mean intersection over union of the masks drawn and wanted, over the places that are known. */
  readonly overlap: Tensor;
  /** Share of the places that are known. */
  readonly known: Tensor;
}

/**
 * Logistic loss of every known place, in nats: mean over the known places of a picture, then over pictures; 0 for a picture of which
 * nothing is known.
 *
 * @param logits float32 [batch, height, width]; `target` likewise, 0 or 1; `weight` likewise, 0 where unknown.
 *
 * Source: Pinheiro et al., "Learning to Segment Object Candidates", 2015, equation 1.
 * Differs: there is no score of the window, and unknown places are left out (Pathak et al., CVPR 2017, section 5).
 */
export function maskLoss(logits: Tensor, target: Tensor, weight: Tensor): MaskScores {
  const flat = (x: Tensor) => tf.reshape(tf.cast(x, 'float32'), [logits.shape[0], -1]);
  const [z, t, w] = [flat(logits), flat(target), flat(weight)];
  const each = tf.add(tf.sub(tf.relu(z), tf.mul(z, t)), tf.log1p(tf.exp(tf.neg(tf.abs(z)))));
  const known = tf.sum(w, 1);
  const drawn = tf.mul(tf.cast(tf.greater(z, 0), 'float32'), w);
  const wanted = tf.mul(t, w);
  const both = tf.sum(tf.mul(drawn, wanted), 1);
  const either = tf.sub(tf.add(tf.sum(drawn, 1), tf.sum(wanted, 1)), both);
  return {
    loss: tf.mean(tf.div(tf.sum(tf.mul(each, w), 1), tf.maximum(known, 1))),
    overlap: tf.mean(tf.div(tf.add(both, 1e-6), tf.add(either, 1e-6))),
    known: tf.mean(w),
  };
}
