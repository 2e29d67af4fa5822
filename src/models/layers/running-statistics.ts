import { batchNorm, batchNormInference, dropout, tf, type Tensor, type Trainer } from '../../engine/index.js';

/** What normalised layers saw in a batch: float32 [features] each. */
export type Statistics = Map<string, { readonly mean: Tensor; readonly variance: Tensor }>;

/**
 * How a network is run: learning takes batch statistics, which `seen` receives, and drops features; testing takes the running statistics and
 * all features. `seed` is int32 [2].
 */
export type Mode =
  { readonly learning: true; readonly seed: Tensor; readonly seen: Statistics } | { readonly learning: false };

/** The weights that a network runs on, and how. */
export interface NetworkRun<C> {
  readonly weights: Trainer['variables'];
  readonly config: C;
  readonly mode: Mode;
}

/**
 * Batch normalisation as Caffe has it: running sums are divided by a running weight, so that few steps already give a true mean. A layer with
 * a scale and an offset among the weights is scaled and shifted.
 */
export function normalise(x: Tensor, name: string, { weights, mode }: Omit<NetworkRun<never>, 'config'>): Tensor {
  const part = (which: string) => weights.get(`${name}_bn.${which}`);
  const [scale, offset] = [part('scale'), part('offset')];
  const learned = scale && offset ? { scale, offset } : {};
  if (mode.learning) {
    const { y, mean, variance } = batchNorm(x, learned);
    mode.seen.set(name, { mean, variance });
    return y;
  }
  const [sum, squares, weight] = [part('mean')!, part('variance')!, part('weight')!];
  const none = tf.cast(tf.equal(weight, 0), 'float32'); // before the first step: mean 0, variance 1
  const divisor = tf.add(weight, none);
  return batchNormInference(x, tf.div(sum, divisor), tf.add(tf.div(squares, divisor), none), learned);
}

/** Takes what a batch showed into the running sums, of which the share `decay` is kept. */
export function updateStatistics(statistics: Statistics, variables: Trainer['variables'], decay: number): void {
  for (const [name, seen] of statistics) {
    for (const [part, value] of Object.entries({ ...seen, weight: tf.scalar(1) })) {
      const running = variables.get(`${name}_bn.${part}`)!;
      running.assign(tf.add(tf.mul(running, decay), value));
    }
  }
}

/** Drops features while learning. @param layer a number that no other dropout of the network has. */
export function drop(x: Tensor, layer: number, { config, mode }: NetworkRun<{ readonly dropout: number }>): Tensor {
  return mode.learning ? dropout(x, config.dropout, tf.add(mode.seed, tf.tensor1d([0, layer], 'int32'))) : x;
}
