import {
  batchNorm,
  batchNormInference,
  conv2d,
  dense,
  dropout,
  maxPool,
  relu,
  tf,
  type Tensor,
  type Trainer,
} from '../../engine/index.js';
import type { Deep3dConfig } from './config.js';
import { selectPixels, shiftPicture } from './select.js';
import { headShapes, levelSize, shiftCount, shiftsOf, type ConvolutionShape } from './shapes.js';

/** How the network runs. */
export interface NetworkMode {
  /** int32 [2]: the seed of dropout; null: inference. */
  readonly seed: Tensor | null;
  /** Takes in what each normalised branch saw: float32 [channels]. */
  readonly seen?: Map<string, { readonly mean: Tensor; readonly variance: Tensor }>;
}

/** What the network makes of left eyes. */
export interface RightEye {
  /** float32 [batch, height, width, shifts]: over shifts, in every pixel of the right eye. */
  readonly probabilities: Tensor;
  /** float32 [batch, height, width, 3], 0–255. */
  readonly right: Tensor;
}

const epsilon = 1e-3;

/** Features of the trunk: each level's map after its pooling, and the two dense layers. */
export interface TrunkFeatures {
  readonly levels: readonly Tensor[];
  readonly fc6: Tensor;
  readonly fc7: Tensor;
}

/** Shapes at the line ends are those of `paper`. */
export function encodeLeft(
  left: Tensor,
  weights: Trainer['variables'],
  config: Deep3dConfig,
  { seed }: NetworkMode,
): TrunkFeatures {
  const of = (name: string): Tensor => weights.get(name)!;
  const levels: Tensor[] = [];
  let x: Tensor = tf.div(tf.sub(left, tf.tensor1d(config.mean)), config.scale); // [batch, 160, 384, 3]
  config.channels.forEach((_, level) => {
    for (let n = 1; n <= config.convolutions[level]!; n++) {
      const name = `conv${level + 1}_${n}`;
      x = relu(conv2d(x, of(`${name}.weight`), { bias: of(`${name}.bias`) }));
    }
    x = maxPool(x, { size: 2, stride: 2 }); // [batch, 80, 192, 64] … [batch, 5, 12, 512]
    levels.push(x);
  });
  const drop = (y: Tensor, n: number): Tensor =>
    seed ? dropout(y, config.dropout, tf.add(seed, tf.tensor1d([0, n], 'int32'))) : y;
  const flat = tf.reshape(x, [left.shape[0], -1]);
  const fc6 = drop(relu(dense(flat, of('fc6.weight'), of('fc6.bias'))), 1); // [batch, 512]
  const fc7 = drop(relu(dense(fc6, of('fc7.weight'), of('fc7.bias'))), 2); // [batch, 512]
  return { levels, fc6, fc7 };
}

/**
 * The right eye made from the left one: every level of the trunk says how far each pixel is shifted, the sum is turned into a distribution
 * over shifts, and the right eye is the mean of the shifted left eyes.
 *
 * @param left float32 [batch, height, width, 3], RGB in 0–255.
 *
 * Source: Xie, Girshick and Farhadi, "Deep3D", ECCV 2016; piiswrong/deep3d, sym.py.
 */
export function makeRight(
  left: Tensor,
  weights: Trainer['variables'],
  config: Deep3dConfig,
  mode: NetworkMode,
): RightEye {
  const of = (name: string): Tensor => weights.get(name)!;
  const batch = left.shape[0];
  const { levels, fc7 } = encodeLeft(left, weights, config, mode);
  const { branches, enlarging, fused, last } = headShapes(config);
  const maps: Tensor[] = branches.map(({ name }, level) => {
    const normalised = normalise(levels[level]!, `${name}_bn`, weights, mode);
    return relu(conv2d(normalised, of(`${name}.weight`), { bias: of(`${name}.bias`) })); // [batch, 80, 192, 33] … [batch, 10, 24, 33]
  });
  const deepest = dense(fc7, of('fc8.weight'), of('fc8.bias'));
  const size = levelSize(config, config.channels.length - 1);
  maps.push(relu(tf.reshape(deepest, [batch, ...size, shiftCount(config)]))); // [batch, 5, 12, 33]
  const enlarge = (x: Tensor, shape: ConvolutionShape): Tensor => {
    const { name, enlarges = 1, outputs, height, width } = shape;
    const output: [number, number, number, number] = [batch, height, width, outputs];
    return tf.add(
      tf.conv2dTranspose(x as never, of(`${name}.weight`) as never, output, enlarges, 'same'),
      of(`${name}.bias`),
    );
  };
  const sum = enlarging.map((shape, n) => enlarge(maps[n]!, shape)).reduce((a, b) => tf.add(a, b)); // [batch, 80, 192, 33]
  const whole = relu(enlarge(relu(sum), fused)); // [batch, 160, 384, 33]
  const logits = conv2d(whole, of(`${last.name}.weight`), { bias: of(`${last.name}.bias`) });
  const probabilities = tf.softmax(logits);
  return { probabilities, right: selectPixels(probabilities, shiftPicture(left, shiftsOf(config))) };
}

function normalise(x: Tensor, name: string, weights: Trainer['variables'], { seed, seen }: NetworkMode): Tensor {
  const of = (part: string): Tensor => weights.get(`${name}.${part}`)!;
  const affine = { epsilon, scale: of('scale'), offset: of('offset') };
  if (!seed) return batchNormInference(x, of('mean'), of('variance'), affine);
  const { y, mean, variance } = batchNorm(x, affine);
  seen?.set(name, { mean, variance });
  return y;
}

/** Disparity of the right eye's pixels, float32 [batch, height, width]: the distribution's mean, what the empty channel holds left out. */
export function meanDisparity(probabilities: Tensor, config: Deep3dConfig): Tensor {
  const shifts = shiftsOf(config);
  const sum = tf.sum(tf.mul(probabilities, tf.tensor1d(shifts.map((shift) => -(shift ?? 0)))), -1);
  const mass = tf.sum(tf.mul(probabilities, tf.tensor1d(shifts.map((shift) => Number(shift !== null)))), -1);
  return tf.div(sum, tf.maximum(mass, 1e-6));
}
