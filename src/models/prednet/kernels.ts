import { tf, type conv2d, type Encoder, type Trainer } from '../../engine/index.js';
import type { PredNetConfig } from './config.js';
import { gates, layerSizes } from './shapes.js';

/** An array on the engine. */
export type Tensor = ReturnType<Encoder['encode']>;

/** One of four axes. */
export type Tensor4D = ReturnType<typeof conv2d>;

/** A convolution's weights. */
export interface Kernel {
  /** float32 [height, width, inputs, outputs]. */
  readonly weight: Tensor;
  /** float32 [outputs]. */
  readonly bias: Tensor;
}

/** One layer's weights as the step uses them. */
export interface LayerKernels {
  /** All four gates side by side, of R and E of their own layer. */
  readonly own: Kernel;
  /** The gates' share of R above: float32 [4, 4, 4 · states, above], a transposed convolution of stride 2; null at the top. */
  readonly above: Tensor4D | null;
  readonly prediction: Kernel;
  /** Of the next layer's target; null at the top. */
  readonly target: Kernel | null;
}

/** Keras's hard sigmoid is `clip(0.2 x + 0.5, 0, 1)`, which is `relu6(1.2 x + 3) / 6`: the product and sum are taken into the weights here. */
const slope = 1.2;
const middle = 3;

/**
 * The weights of all layers, united once for all frames of a step: the gates i, f and o give `1.2 x + 3`, c gives x.
 */
export function uniteKernels(
  variables: Trainer['variables'],
  config: Pick<PredNetConfig, 'width' | 'height' | 'channels' | 'targetChannels' | 'stateChannels'>,
): readonly LayerKernels[] {
  const kernel = (name: string): Kernel => ({
    weight: variables.get(`${name}.weight`)!,
    bias: variables.get(`${name}.bias`)!,
  });
  const sizes = layerSizes(config);
  return sizes.map(({ states, targets, above }, l) => {
    const parts = gates.map((gate) => {
      const { weight, bias } = kernel(`${gate}_${l}`);
      return gate === 'c'
        ? { weight, bias }
        : { weight: tf.mul(weight, slope), bias: tf.add(tf.mul(bias, slope), middle) };
    });
    const weight = tf.concat(parts.map((part) => part.weight), 3); // prettier-ignore
    const bias = tf.concat(parts.map((part) => part.bias), 0); // prettier-ignore
    const own = states + 2 * targets;
    return {
      own: { weight: above === 0 ? weight : tf.slice(weight, [0, 0, 0, 0], [3, 3, own, -1]), bias },
      above: above === 0 ? null : enlarge(tf.slice(weight, [0, 0, own, 0], [3, 3, above, -1])),
      prediction: kernel(`ahat_${l}`),
      target: l + 1 < sizes.length ? kernel(`a_${l}`) : null,
    };
  });
}

/**
 * A 3×3 convolution of a picture whose pixels were doubled is a transposed 4×4 one of stride 2 of the picture as it was, with 4 products
 * for 9: each output sees two pixels each way, and where two taps fall on one of them they are added.
 *
 * @param weight float32 [3, 3, inputs, outputs].
 * @returns float32 [4, 4, outputs, inputs], as `conv2dTranspose` takes it.
 */
export function enlarge(weight: Tensor): Tensor4D {
  const turned = tf.transpose(tf.reverse(weight, [0, 1]), [0, 1, 3, 2]);
  const doubled = (x: Tensor, axis: number) => {
    const pad = (before: number) => tf.pad(x, [0, 1, 2, 3].map((each) => (each === axis ? [before, 1 - before] : [0, 0])) as never); // prettier-ignore
    return tf.add(pad(0), pad(1));
  };
  return doubled(doubled(turned, 0), 1) as Tensor4D;
}
