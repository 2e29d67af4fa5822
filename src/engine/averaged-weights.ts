import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { tf } from './tf.js';

/** A running average of a network's learned weights. */
export interface AveragedWeights {
  /** By weight name. */
  readonly variables: ReadonlyMap<string, Variable>;
  /**
   * Moves the average towards the weights: `average = decay * average + (1 - decay) * weight`. Made to be captured.
   *
   * @param decay float32 []; see `averageDecay`.
   */
  update(decay: Tensor): void;
  /** Does something with the averages in the network's place. */
  within<T>(work: () => Promise<T>): Promise<T>;
  /** Starts anew from the weights as they are. */
  reset(): void;
  dispose(): void;
}

/**
 * An average that starts as the weights are. Running statistics are no weights: the network's own are used with it.
 *
 * @param variables those of a trainer; the ones that are not trainable are passed over.
 */
export function createAveragedWeights(variables: ReadonlyMap<string, Variable>): AveragedWeights {
  const learned = [...variables].filter(([, { trainable }]) => trainable);
  const averages = new Map(
    learned.map(([name, variable]) => [name, tf.tidy(() => tf.variable(variable.clone(), false))]),
  );
  const swap = () =>
    tf.tidy(() => {
      for (const [name, variable] of learned) {
        const average = averages.get(name)!;
        const [weight, mean] = [variable.clone(), average.clone()];
        variable.assign(mean);
        average.assign(weight);
      }
    });
  return {
    variables: averages,
    update(decay) {
      for (const [name, variable] of learned) {
        tf.tidy(() => {
          const average = averages.get(name)!;
          average.assign(tf.add(variable, tf.mul(decay, tf.sub(average, variable))));
        });
      }
    },
    async within(work) {
      swap();
      try {
        return await work();
      } finally {
        swap();
      }
    },
    reset: () => learned.forEach(([name, variable]) => tf.tidy(() => averages.get(name)!.assign(variable.clone()))),
    dispose: () => averages.forEach((variable) => variable.dispose()),
  };
}

/**
 * The decay at a 0-based step: smaller at first, so that the first weights are soon forgotten.
 *
 * Source: TensorFlow's `ExponentialMovingAverage` with `num_updates`: `min(decay, (1 + n) / (10 + n))`.
 */
export function averageDecay(decay: number, step: number): number {
  return Math.min(decay, (2 + step) / (11 + step));
}
