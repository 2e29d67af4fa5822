import {
  batchNorm,
  batchNormInference,
  conv2d,
  dense,
  dropout,
  maxPool,
  relu,
  tf,
  type Encoder,
  type Trainer,
} from '../../engine/index.js';
import type { AmbientSoundConfig } from './config.js';
import { trunkLayers } from './shapes.js';

/** An array on the engine. */
export type Tensor = ReturnType<Encoder['encode']>;

/** What a normalised layer saw in a batch: float32 [features] each. */
export type Statistics = Map<string, { readonly mean: Tensor; readonly variance: Tensor }>;

/** How the network is run: learning takes batch statistics and drops features, testing takes the running statistics and all features. */
export type Mode = { readonly learning: true; readonly seed: Tensor } | { readonly learning: false };

/** The weights that a network runs on, and how. */
export interface NetworkRun {
  readonly weights: Trainer['variables'];
  readonly config: AmbientSoundConfig;
  readonly mode: Mode;
}

/** Features of frames by layer: float32 [batch, features] each. */
export interface FrameFeatures {
  /** The convolutions by name, after their pooling if they have one, flat; the last one is what fc6 reads. */
  readonly convolutions: ReadonlyMap<string, Tensor>;
  readonly fc6: Tensor;
  readonly fc7: Tensor;
}

/**
 * CaffeNet with batch normalisation in the place of local response normalisation, each normalisation before its relu; or four
 * convolutions of 3 × 3 after the first. Shapes at the line ends are those of `paper`.
 *
 * @param images float32 [batch, imageSize, imageSize, 3], RGB in 0–255.
 * @param seen receives the batch statistics while learning.
 *
 * Source: Owens, Wu, McDermott, Freeman and Torralba, "Ambient Sound Provides Supervision for Visual Learning", ECCV 2016, section 4.
 */
export function encodeFrames(images: Tensor, run: NetworkRun, seen: Statistics = new Map()): FrameFeatures {
  const { config, weights } = run;
  const convolutions = new Map<string, Tensor>();
  const flat = (x: Tensor) => tf.reshape(x, [images.shape[0], -1]);
  const ordered = config.colour === 'bgr' ? tf.reverse(images, -1) : images;
  let x: Tensor = tf.div(tf.sub(ordered, tf.tensor1d(config.mean)), config.scale); // [batch, 227, 227, 3]
  for (const { name, stride, groups, pooled } of trunkLayers(config)) {
    const bias = weights.get(`${name}.bias`)!;
    const how = { bias, groups, stride, ...(name === 'conv1' ? { pad: 'valid' as const } : {}) };
    x = relu(normalise(conv2d(x, weights.get(`${name}.weight`)!, how), name, run, seen)); // sides 55, 27, 13, 13, 13
    if (pooled !== null) x = maxPool(x, { size: 3, stride: 2, pad: 'ceil' }); // sides 27, 13, –, –, 6
    convolutions.set(name, flat(x));
  }
  const fc6 = denseUnit(flat(x), 'fc6', run, seen); // [batch, 4096]
  const fc7 = denseUnit(drop(fc6, 6, run), 'fc7', run, seen); // [batch, 4096]
  return { convolutions, fc6, fc7 };
}

/** Scores of clusters, or of bits being 1: float32 [batch, outputs]. */
export function scoreFrames(images: Tensor, run: NetworkRun, seen: Statistics = new Map()): Tensor {
  const { fc7 } = encodeFrames(images, run, seen);
  return dense(drop(fc7, 7, run), run.weights.get('fc8.weight')!, run.weights.get('fc8.bias'));
}

function denseUnit(x: Tensor, name: string, run: NetworkRun, seen: Statistics): Tensor {
  const [weight, bias] = [run.weights.get(`${name}.weight`)!, run.weights.get(`${name}.bias`)!];
  return relu(normalise(dense(x, weight, bias), name, run, seen));
}

/** Running sums are divided by a running weight, so that few steps already give a true mean. */
function normalise(x: Tensor, name: string, { weights, mode }: NetworkRun, seen: Statistics): Tensor {
  const part = (which: string) => weights.get(`${name}_bn.${which}`)!;
  const learned = { scale: part('scale'), offset: part('offset') };
  if (mode.learning) {
    const { y, mean, variance } = batchNorm(x, learned);
    seen.set(name, { mean, variance });
    return y;
  }
  const none = tf.cast(tf.equal(part('weight'), 0), 'float32'); // before the first step: mean 0, variance 1
  const divisor = tf.add(part('weight'), none);
  const [mean, variance] = [tf.div(part('mean'), divisor), tf.add(tf.div(part('variance'), divisor), none)];
  return batchNormInference(x, mean, variance, learned);
}

function drop(x: Tensor, layer: number, { config, mode }: NetworkRun): Tensor {
  return mode.learning ? dropout(x, config.dropout, tf.add(mode.seed, tf.tensor1d([0, layer], 'int32'))) : x;
}
