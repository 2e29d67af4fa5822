import type { Random } from '../../core/index.js';
import { tf, type Trainer } from '../../engine/index.js';
import type { WeightPlan } from './shapes.js';

/** A live weight. */
export type Variable = Trainer['variables'] extends ReadonlyMap<string, infer V> ? V : never;

/** Makes the planned weights, each from a random stream of its own. */
export function createWeights(plan: ReadonlyMap<string, WeightPlan>, random: Random): ReadonlyMap<string, Variable> {
  return new Map(
    [...plan].map(([name, { shape, start, learningRateScale }]) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const values = 'constant' in start ? new Float32Array(length).fill(start.constant) : drawValues(length, start, random.fork(name));
      return [name, tf.tidy(() => tf.variable(tf.tensor(values, [...shape], 'float32'), learningRateScale > 0))] as const;
    }),
  );
}

function drawValues(length: number, start: { readonly normal: number } | { readonly uniform: number }, random: Random): Float32Array {
  const values = new Float32Array(length);
  if ('uniform' in start) return values.map(() => (2 * random.float() - 1) * start.uniform);
  for (let i = 0; i < length; i += 2) {
    // Box and Muller's pair: both halves are used, since a network has many millions of them
    const radius = start.normal * Math.sqrt(-2 * Math.log(1 - random.float()));
    const angle = 2 * Math.PI * random.float();
    values[i] = radius * Math.cos(angle);
    if (i + 1 < length) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}
