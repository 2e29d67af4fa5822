import { statelessUniform, tf, type Tensor } from '../../engine/index.js';
import type { WangGuptaConfig } from './config.js';

/** What the choice of negatives depends on. P pairs, and N = 2 P patches. */
export interface NegativeChoice {
  /** Cosine of the angle between each pair's first patch and every patch: float32 [P, N]. */
  readonly similarity: Tensor;
  /** That between the two patches of each pair: float32 [P, 1]. */
  readonly positive: Tensor;
  /** 1 where a patch may serve a pair as a negative: float32 [P, N]. */
  readonly others: Tensor;
  /** Share of the negatives that are hard ones: float32 []. */
  readonly hardShare: Tensor;
  /** int32 [2]. */
  readonly seed: Tensor;
}

/** Below every similarity and every random number: marks what is no candidate. */
const excluded = -10;

/**
 * Chooses up to K negatives for each pair: first the hard ones, then random ones among all that are left.
 * `paper`: candidates are all patches of other videos, and hard ones are the nearest to the pair's first patch, whose loss is highest.
 * `released`: candidates are those that violate the margin, and hard ones are drawn from the K nearest of them.
 * Either way, K candidates or fewer are all taken. Nothing is learned through the choice.
 *
 * @returns float32 [P, N], 1 where a patch is a negative of a pair.
 *
 * Source: Wang and Gupta, ICCV 2015, section 3.4; `released`: xiaolonw/caffe-video_triplet, rank_hard_loss_layer.cpp.
 */
export function chooseNegatives(
  { similarity, positive, others, hardShare, seed }: NegativeChoice,
  { negatives, selection, margin }: Pick<WangGuptaConfig, 'negatives' | 'selection' | 'margin'>,
): Tensor {
  const choose = tf.customGrad((input) => {
    const nearness = input as Tensor;
    const most = Math.min(negatives, nearness.shape[1]!);
    const hardCount = tf.floor(tf.add(tf.mul(hardShare, negatives), 1e-3)); // 0.3 · 10 is 3 in float32, too
    const draw = (stream: number) => statelessUniform(nearness.shape, tf.add(seed, tf.tensor1d([0, stream], 'int32')));
    const candidates =
      selection === 'paper'
        ? others
        : tf.mul(others, tf.cast(tf.greater(tf.add(tf.sub(nearness, positive), margin), 0), 'float32'));
    const nearest = (count: Tensor) => takeHighest(nearness, candidates, count, most);
    const hard =
      selection === 'paper' ? nearest(hardCount) : takeHighest(draw(1), nearest(tf.scalar(negatives)), hardCount, most);
    const left = tf.mul(candidates, tf.sub(1, hard));
    const random = takeHighest(draw(2), left, tf.sub(negatives, hardCount), most);
    return {
      value: tf.add(hard, random),
      gradFunc: (dy: Tensor) => tf.zerosLike(dy),
    };
  });
  return choose(similarity);
}

/** 1 at the `count` highest keys of each row among those that are marked; of two alike, the first. At most `most`, which is no tensor. */
function takeHighest(keys: Tensor, marked: Tensor, count: Tensor, most: number): Tensor {
  const offered = tf.add(tf.mul(keys, marked), tf.mul(tf.sub(1, marked), excluded));
  const { values, indices } = tf.topk(offered, most);
  const isTaken = tf.mul(
    tf.cast(tf.greater(values, excluded / 2), 'float32'),
    tf.cast(tf.less(tf.range(0, most, 1, 'float32'), count), 'float32'),
  );
  const places = tf.cast(tf.oneHot(tf.cast(indices, 'int32'), keys.shape[1]!), 'float32'); // [P, most, N]
  return tf.sum(tf.mul(places, tf.expandDims(isTaken, -1)), 1);
}
