import { tf, type Tensor, type Tensor5D, type Rank } from '../../engine/index.js';
import type { ClipEncoder } from './clip-distance.js';
import { takeWeight, type BroughtWeights } from './feature-measures.js';

const side = 224;
const classes = 400;
const batchNormEpsilon = 1e-3;

type Size = readonly [time: number, height: number, width: number];

/** Channels of the branches of a mixed block: 1×1, then 1×1 and 3×3, 1×1 and 3×3, and 1×1 after pooling. */
type Mixed = readonly [number, number, number, number, number, number];

/** The network from its first layer on: convolutions, pools and mixed blocks, by the names of pytorch-i3d. */
const plan = [
  { name: 'Conv3d_1a_7x7', convolution: [3, 64, [7, 7, 7], [2, 2, 2]] },
  {
    pool: [
      [1, 3, 3],
      [1, 2, 2],
    ],
  },
  { name: 'Conv3d_2b_1x1', convolution: [64, 64, [1, 1, 1], [1, 1, 1]] },
  { name: 'Conv3d_2c_3x3', convolution: [64, 192, [3, 3, 3], [1, 1, 1]] },
  {
    pool: [
      [1, 3, 3],
      [1, 2, 2],
    ],
  },
  { name: 'Mixed_3b', mixed: [192, [64, 96, 128, 16, 32, 32]] },
  { name: 'Mixed_3c', mixed: [256, [128, 128, 192, 32, 96, 64]] },
  {
    pool: [
      [3, 3, 3],
      [2, 2, 2],
    ],
  },
  { name: 'Mixed_4b', mixed: [480, [192, 96, 208, 16, 48, 64]] },
  { name: 'Mixed_4c', mixed: [512, [160, 112, 224, 24, 64, 64]] },
  { name: 'Mixed_4d', mixed: [512, [128, 128, 256, 24, 64, 64]] },
  { name: 'Mixed_4e', mixed: [512, [112, 144, 288, 32, 64, 64]] },
  { name: 'Mixed_4f', mixed: [528, [256, 160, 320, 32, 128, 128]] },
  {
    pool: [
      [2, 2, 2],
      [2, 2, 2],
    ],
  },
  { name: 'Mixed_5b', mixed: [832, [256, 160, 320, 32, 128, 128]] },
  { name: 'Mixed_5c', mixed: [832, [384, 192, 384, 48, 128, 128]] },
] as const satisfies readonly (
  | { readonly name: string; readonly convolution: readonly [number, number, Size, Size] }
  | { readonly name: string; readonly mixed: readonly [number, Mixed] }
  | { readonly pool: readonly [Size, Size] }
)[];

type Layer = (x: Tensor5D) => Tensor5D;

/**
 * The inception network over space and time that FVD is defined by: frames resized to 224 × 224 (bilinear), in -1–1; its 400 logits,
 * averaged over time, are the features.
 *
 * Sources: Carreira and Zisserman, "Quo vadis, action recognition?", 2017; Unterthiner et al., "Towards accurate generative models of
 * video", 2018; layout of weights as in pytorch-i3d.
 *
 * @param weights as PyTorch has them: `<block>.conv3d.weight` [out, in, time, height, width], `<block>.bn.weight`, `.bias`,
 * `.running_mean`, `.running_var`, branches `b0`, `b1a`, `b1b`, `b2a`, `b2b`, `b3b`, and `logits.conv3d.weight` and `.bias`.
 * @throws ConfigError if one is missing or of another shape.
 */
export function createI3d(weights: BroughtWeights): ClipEncoder {
  const kept: Tensor[] = [];
  const take = (name: string, shape: readonly number[], order?: readonly number[]) => {
    const tensor = takeWeight(weights, name, shape, order);
    kept.push(tensor);
    return tensor;
  };
  const convolution = (name: string, input: number, output: number, size: Size, strides: Size): Layer => {
    const kernel = take(`${name}.conv3d.weight`, [output, input, ...size], [2, 3, 4, 1, 0]) as Tensor5D;
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((part) =>
      take(`${name}.bn.${part}`, [output]),
    ) as [Tensor, Tensor, Tensor, Tensor];
    return (x) => {
      const y = tf.conv3d(x, kernel, [...strides], 'same');
      const scaled = tf.mul(tf.sub(y, mean), tf.div(gamma, tf.sqrt(tf.add(variance, batchNormEpsilon))));
      return tf.relu(tf.add(scaled, beta));
    };
  };
  const pool =
    (size: Size, strides: Size): Layer =>
    (x) =>
      tf.maxPool3d(x, [...size], [...strides], 'same');
  const mixed = (name: string, input: number, [one, ...others]: Mixed): Layer => {
    const [threeIn, three, fiveIn, five, pooled] = others;
    const unit: Size = [1, 1, 1];
    const cube: Size = [3, 3, 3];
    const branches: Layer[][] = [
      [convolution(`${name}.b0`, input, one, unit, unit)],
      [convolution(`${name}.b1a`, input, threeIn, unit, unit), convolution(`${name}.b1b`, threeIn, three, cube, unit)],
      [convolution(`${name}.b2a`, input, fiveIn, unit, unit), convolution(`${name}.b2b`, fiveIn, five, cube, unit)],
      [pool(cube, unit), convolution(`${name}.b3b`, input, pooled, unit, unit)],
    ];
    return (x) =>
      tf.concat(
        branches.map((branch) => branch.reduce((y, layer) => layer(y), x)),
        4,
      );
  };
  const dispose = () => tf.dispose(kept);
  try {
    const network = plan.map((layer): Layer => {
      if ('pool' in layer) return pool(layer.pool[0], layer.pool[1]);
      if ('mixed' in layer) return mixed(layer.name, layer.mixed[0], layer.mixed[1]);
      const [input, output, size, strides] = layer.convolution;
      return convolution(layer.name, input, output, size, strides);
    });
    const logits = take('logits.conv3d.weight', [classes, 1024, 1, 1, 1], [2, 3, 4, 1, 0]);
    const bias = take('logits.conv3d.bias', [classes]);
    return {
      name: 'fvd',
      variant: `i3d.${weights.hash}`,
      features: classes,
      dispose,
      encode: (clips) =>
        tf.tidy(() => {
          const [batch, frames, height, width, channels] = clips.shape as [number, number, number, number, number];
          let pictures = tf.reshape<Rank.R4>(clips, [batch * frames, height, width, channels]);
          if (channels === 1) pictures = tf.tile(pictures, [1, 1, 1, 3]);
          pictures = tf.sub(tf.mul(tf.image.resizeBilinear(pictures, [side, side], false, true), 2), 1);
          const input = tf.reshape<Rank.R5>(pictures, [batch, frames, side, side, 3]);
          const last = network.reduce((x, layer) => layer(x), input); // [batch, frames / 8, 7, 7, 1024]
          // the pool of 2 × 7 × 7 with stride 1: over space, then over neighbouring times
          const places = tf.mean(last, [2, 3]); // [batch, frames / 8, 1024]
          const times = places.shape[1]!;
          const from = (start: number) => tf.slice(places, [0, start, 0], [-1, times - 1, -1]);
          const pooled = times > 1 ? tf.div(tf.add(from(0), from(1)), 2) : places;
          const scores = tf.add(tf.matMul(tf.reshape(pooled, [-1, 1024]), tf.reshape(logits, [1024, classes])), bias);
          return tf.mean(tf.reshape(scores, [batch, -1, classes]), 1);
        }),
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
