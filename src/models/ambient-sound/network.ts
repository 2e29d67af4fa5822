import { conv2d, dense, maxPool, relu, tf, type Tensor } from '../../engine/index.js';
import { drop, normalise, type NetworkRun } from '../layers/running-statistics.js';
import type { AmbientSoundConfig } from './config.js';
import { trunkLayers } from './shapes.js';

type Run = NetworkRun<AmbientSoundConfig>;

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
 *
 * Source: Owens, Wu, McDermott, Freeman and Torralba, "Ambient Sound Provides Supervision for Visual Learning", ECCV 2016, section 4.
 */
export function encodeFrames(images: Tensor, run: Run): FrameFeatures {
  const { config, weights } = run;
  const convolutions = new Map<string, Tensor>();
  const flat = (x: Tensor) => tf.reshape(x, [images.shape[0], -1]);
  const ordered = config.colour === 'bgr' ? tf.reverse(images, -1) : images;
  let x: Tensor = tf.div(tf.sub(ordered, tf.tensor1d(config.mean)), config.scale); // [batch, 227, 227, 3]
  for (const { name, stride, groups, pooled } of trunkLayers(config)) {
    const bias = weights.get(`${name}.bias`)!;
    const how = { bias, groups, stride, ...(name === 'conv1' ? { pad: 'valid' as const } : {}) };
    x = relu(normalise(conv2d(x, weights.get(`${name}.weight`)!, how), name, run)); // sides 55, 27, 13, 13, 13
    if (pooled !== null) x = maxPool(x, { size: 3, stride: 2, pad: 'ceil' }); // sides 27, 13, –, –, 6
    convolutions.set(name, flat(x));
  }
  const fc6 = denseUnit(flat(x), 'fc6', run); // [batch, 4096]
  const fc7 = denseUnit(drop(fc6, 6, run), 'fc7', run); // [batch, 4096]
  return { convolutions, fc6, fc7 };
}

/** Scores of clusters, or of bits being 1: float32 [batch, outputs]. */
export function scoreFrames(images: Tensor, run: Run): Tensor {
  const { fc7 } = encodeFrames(images, run);
  return dense(drop(fc7, 7, run), run.weights.get('fc8.weight')!, run.weights.get('fc8.bias'));
}

function denseUnit(x: Tensor, name: string, run: Run): Tensor {
  const [weight, bias] = [run.weights.get(`${name}.weight`)!, run.weights.get(`${name}.bias`)!];
  return relu(normalise(dense(x, weight, bias), name, run));
}
