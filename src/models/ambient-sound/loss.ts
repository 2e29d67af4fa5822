import { tf, type Tensor } from '../../engine/index.js';

/** What the frames of a batch are to be told; frames whose weight is 0 count for nothing. */
export interface SoundTargets {
  /** int32 [batch]: cluster. */
  readonly label: Tensor;
  /** float32 [batch, outputs]: bits, 0 or 1; where they are the target. */
  readonly bits?: Tensor | undefined;
  /** float32 [batch]. */
  readonly weight: Tensor;
}

/** Loss and score of a batch: float32 [] each. */
export interface SoundScores {
  readonly loss: Tensor;
  /** Share of frames whose cluster has the highest score, or of bits that are told rightly. */
  readonly accuracy: Tensor;
}

/** Cross-entropy of the softmax over clusters, in nats: the weighted mean over the frames. */
export function clusterLoss(logits: Tensor, { label, weight }: SoundTargets): SoundScores {
  const targets = tf.cast(tf.oneHot(tf.cast(label, 'int32') as never, logits.shape.at(-1)!), 'float32');
  const losses = tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), targets), -1));
  const right = tf.cast(tf.equal(tf.argMax(logits, -1), label), 'float32');
  return { loss: weightedMean(losses, weight), accuracy: weightedMean(right, weight) };
}

/**
 * The logistic losses of all bits, in nats: summed over the bits, the weighted mean over the frames. As `max(x, 0) - x b + log(1 + e^-|x|)`,
 * which overflows nowhere.
 */
export function bitLoss(logits: Tensor, { bits, weight }: SoundTargets): SoundScores {
  if (!bits) throw new TypeError('The batch holds no bits.');
  const positive = tf.sub(tf.relu(logits), tf.mul(logits, bits));
  const losses = tf.add(positive, tf.log1p(tf.exp(tf.neg(tf.abs(logits)))));
  const told = tf.cast(tf.greater(logits, 0), 'float32');
  const right = tf.mean(tf.cast(tf.equal(told, bits), 'float32'), -1);
  return { loss: weightedMean(tf.sum(losses, -1), weight), accuracy: weightedMean(right, weight) };
}

function weightedMean(values: Tensor, weight: Tensor): Tensor {
  return tf.div(tf.sum(tf.mul(values, weight)), tf.maximum(tf.sum(weight), 1e-12));
}
