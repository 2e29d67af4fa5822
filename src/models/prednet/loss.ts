import { tf } from '../../engine/index.js';
import type { PredNetConfig } from './config.js';
import type { Tensor } from './kernels.js';
import { anticipate, compare, predictFrame, type LayerActivity, type PredNet } from './network.js';

/** What the network makes of clips, frame by frame. */
export interface RollOut {
  /** What was predicted for each frame before it came, within 0–1: float32 [batch, height, width, channels]; of batch 1 for the first, which knows nothing. */
  readonly predictions: readonly Tensor[];
  /** The same before anything is cut off. */
  readonly raw: readonly Tensor[];
  /** Layers of each frame, from the first on; of the last frame only those asked for. */
  readonly layers: readonly (readonly LayerActivity[])[];
}

/**
 * Runs whole clips through the network.
 *
 * From frame `extrapolateFrom` on (0: never) it sees what it predicted for the frame before, as the reference does: its errors are then
 * not zero, and no errors against the truth. `frames` are float32 [batch, height, width, channels] each, in 0–1; of the last one the errors of
 * the first `lastDepth` layers are wanted.
 */
export function rollOut(
  net: PredNet,
  frames: readonly Tensor[],
  {
    extrapolateFrom = 0,
    lastDepth = net.sizes.length,
  }: { readonly extrapolateFrom?: number; readonly lastDepth?: number } = {},
): RollOut {
  const [predictions, raw, layers]: [Tensor[], Tensor[], (readonly LayerActivity[])[]] = [[], [], []];
  const batch = frames[0]!.shape[0];
  frames.forEach((frame, t) => {
    const before = layers.at(-1);
    const expected = anticipate(net, before ? toBatch(before, batch) : null);
    const predicted = predictFrame(net, expected[0]!.representation);
    const isBlind = extrapolateFrom > 0 && t >= extrapolateFrom;
    const depth = t === frames.length - 1 ? lastDepth : net.sizes.length;
    layers.push(compare(net, expected, { frame: isBlind ? predictions[t - 1]! : frame, raw: predicted.raw, depth }));
    predictions.push(predicted.shown);
    raw.push(predicted.raw);
  });
  return { predictions, raw, layers };
}

/** What was expected of the first frame is the same for the whole batch; beside its errors it must be as many. */
function toBatch(layers: readonly LayerActivity[], batch: number): readonly LayerActivity[] {
  return layers.map((layer) => {
    const { representation } = layer;
    if (representation.shape[0] === batch) return layer;
    return { ...layer, representation: tf.broadcastTo(representation, [batch, ...representation.shape.slice(1)]) };
  });
}

type LossConfig = Pick<PredNetConfig, 'layers' | 'objective' | 'pixelLoss' | 'extrapolateFrom'>;

/** Layers that count: weight of each layer's mean error. */
export function layerWeights({ layers }: Pick<LossConfig, 'layers'>, count: number): readonly number[] {
  return Array.from({ length: count }, (_, l) => (l === 0 ? 1 : layers === 'L0' ? 0 : 0.1));
}

/** How many layers' errors the loss needs of the last frame. */
export function lastDepth({ layers, objective }: Pick<LossConfig, 'layers' | 'objective'>, count: number): number {
  if (objective !== 'errors') return 0;
  return layers === 'L0' ? 1 : count;
}

/**
 * What is made small, float32 []: the mean over all frames but the first, whose prediction knows nothing. Of one frame it is 0.
 *
 * Error units: the mean of each layer's E, both halves, so the first layer's is half the mean absolute error of pixels. Pixels: the same
 * half, or the mean squared difference.
 *
 * Source: coxlab/prednet, kitti_train.py and kitti_extrap_finetune.py; `errors-then-pixels`: the paper's appendix 5.3.
 */
export function predictionLoss(frames: readonly Tensor[], rolled: RollOut, config: LossConfig): Tensor {
  const { objective, pixelLoss, extrapolateFrom } = config;
  const terms: Tensor[] = [];
  frames.forEach((frame, t) => {
    if (t === 0) return;
    const onPixels = objective === 'pixels' || (objective === 'errors-then-pixels' && t >= extrapolateFrom);
    if (onPixels) {
      const difference = tf.sub(frame, rolled.raw[t]!);
      terms.push(pixelLoss === 'l1' ? tf.mul(tf.mean(tf.abs(difference)), 0.5) : tf.mean(tf.square(difference)));
      return;
    }
    const layers = rolled.layers[t]!;
    layerWeights(config, layers.length).forEach((weight, l) => {
      if (weight > 0) terms.push(tf.mul(tf.mean(layers[l]!.error), weight));
    });
  });
  if (terms.length === 0) return tf.scalar(0);
  return tf.div(tf.addN(terms), frames.length - 1);
}

/**
 * How good the predictions are, beside showing the last frame once more: float32 [] each, over all frames but the first. `blackShare` is the
 * largest share of exactly black pixels in any channel, near 1 where a channel has died.
 */
export function scorePredictions(
  frames: readonly Tensor[],
  { predictions }: RollOut,
): Readonly<Record<string, Tensor>> {
  const truth = tf.stack(frames.slice(1));
  const shown = tf.stack(predictions.slice(1));
  const difference = tf.sub(truth, shown);
  const moved = tf.sub(truth, tf.stack(frames.slice(0, -1)));
  return {
    mse: tf.mean(tf.square(difference)),
    mae: tf.mean(tf.abs(difference)),
    copyLastMse: tf.mean(tf.square(moved)),
    blackShare: tf.max(tf.mean(tf.cast(tf.equal(shown, 0), 'float32'), [0, 1, 2, 3])),
  };
}
