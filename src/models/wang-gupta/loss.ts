import { tf, type Tensor } from '../../engine/index.js';
import type { WangGuptaConfig } from './config.js';
import { chooseNegatives } from './negatives.js';

/** A batch in the embedding. */
export interface EmbeddedPairs {
  /** Unit length, the two patches of pair i at [i, 0] and [i, 1]: float32 [P, 2, features]. */
  readonly embeddings: Tensor;
  /** One per video: int32 [P]. */
  readonly label: Tensor;
  /** One per group of videos: int32 [P]. */
  readonly groupLabel: Tensor;
}

type LossConfig = Pick<WangGuptaConfig, 'margin' | 'negatives' | 'selection'>;

/** The loss, and what tells a collapse from learning; float32 [] each. */
export interface RankingScores {
  readonly loss: Tensor;
  /** Mean distance of the two patches of a pair, 1 - cosine. */
  readonly positiveDistance: Tensor;
  /** Mean distance of a pair's first patch to all patches of other videos. */
  readonly negativeDistance: Tensor;
  /** Share of the counted triplets that violate the margin. */
  readonly activeShare: Tensor;
  /** Mean cosine of two patches of a batch: near 1 where all features are one. */
  readonly meanCosine: Tensor;
  /** Share of all triplets of the batch in which the positive is the nearer one. */
  readonly rankingAccuracy: Tensor;
}

/**
 * The ranking loss on the negatives that are chosen in the batch: `mean(max(0, D(a, p) - D(a, n) + margin))`, with D = 1 - cosine.
 * `released` adds the hinge with the two patches of the pair swapped, and divides by 2 · K · P even where a pair has found fewer than K negatives.
 * `hardShare` is the share of the negatives that are hard ones, float32 []; `seed` is that of the random ones, int32 [2].
 *
 * Source: Wang and Gupta, ICCV 2015, equations 1 and 2; `released`: xiaolonw/caffe-video_triplet, rank_hard_loss_layer.cpp.
 */
export function rankingLoss(
  pairs: EmbeddedPairs,
  { hardShare, seed }: { readonly hardShare: Tensor; readonly seed: Tensor },
  config: LossConfig,
): RankingScores {
  const compared = comparePairs(pairs);
  const { first, positive, others } = compared;
  const chosen = chooseNegatives({ similarity: first, positive, others, hardShare, seed }, config);
  return score(compared, chosen, config);
}

/**
 * The same on all patches of other videos in the batch, so that nothing is drawn: what random negatives come to on average. For testing.
 */
export function rankingLossOnAll(pairs: EmbeddedPairs, config: LossConfig): RankingScores {
  const compared = comparePairs(pairs);
  return score(compared, compared.others, { ...config, selection: 'paper' });
}

interface Comparison {
  /** Cosine between each pair's first patch, or second, and every patch: float32 [P, 2 P]. */
  readonly first: Tensor;
  readonly second: Tensor;
  /** float32 [P, 1]. */
  readonly positive: Tensor;
  /** 1 where the patch is of another video, and another group: float32 [P, 2 P]. */
  readonly others: Tensor;
}

function comparePairs({ embeddings, label, groupLabel }: EmbeddedPairs): Comparison {
  const [pairs, , features] = embeddings.shape as [number, number, number];
  const all = tf.reshape(embeddings, [2 * pairs, features]);
  const [a, p] = tf.unstack(embeddings, 1) as [Tensor, Tensor];
  const differs = (own: Tensor) => {
    const twice = tf.reshape(tf.stack([own, own], 1), [1, 2 * pairs]); // both patches of a pair have its label
    return tf.cast(tf.notEqual(tf.reshape(own, [pairs, 1]), twice), 'float32');
  };
  return {
    first: tf.matMul(a, all, false, true),
    second: tf.matMul(p, all, false, true),
    positive: tf.sum(tf.mul(a, p), -1, true),
    others: tf.mul(differs(label), differs(groupLabel)),
  };
}

function score(
  { first, second, positive, others }: Comparison,
  chosen: Tensor,
  { margin, negatives, selection }: LossConfig,
): RankingScores {
  const pairs = first.shape[0];
  const hinge = (to: Tensor) => tf.mul(tf.relu(tf.add(tf.sub(to, positive), margin)), chosen);
  const taken = tf.maximum(tf.sum(chosen), 1); // a batch of one video has no negative, and no loss
  const loss =
    selection === 'paper'
      ? tf.div(tf.sum(hinge(first)), taken)
      : tf.div(tf.add(tf.sum(hinge(first)), tf.sum(hinge(second))), 2 * negatives * pairs);
  const count = tf.maximum(tf.sum(others), 1);
  const isActive = tf.cast(tf.greater(hinge(first), 0), 'float32');
  const isNearer = tf.cast(tf.less(first, positive), 'float32');
  return {
    loss,
    positiveDistance: tf.sub(1, tf.mean(positive)),
    negativeDistance: tf.div(tf.sum(tf.mul(tf.sub(1, first), others)), count),
    activeShare: tf.div(tf.sum(isActive), taken),
    meanCosine: tf.mean(first),
    rankingAccuracy: tf.div(tf.sum(tf.mul(isNearer, others)), count),
  };
}
