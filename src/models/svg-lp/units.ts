import {
  batchNorm,
  batchNormInference,
  conv2d,
  leakyRelu,
  tf,
  type Predictor,
  type Trainer,
} from '../../engine/index.js';
import { isTransposed, type Unit } from './backbone.js';
import type { SvgLpPlan } from './plan.js';

/** An array on the engine. */
export type Tensor = Parameters<Predictor['observe']>[1];

/** What each normalised unit saw: float32 [groups, features] each, the groups in the order of time. */
export type Statistics = Map<string, { readonly mean: Tensor; readonly variance: Tensor }>;

/** The weights that a network runs on, and how. */
export interface NetworkRun {
  readonly weights: Trainer['variables'];
  readonly plan: SvgLpPlan;
  /** Videos in the batch: arrays of several frames have time as their slowest axis, [time · videos, …]. */
  readonly videos: number;
  /** Takes in the statistics of the batch, which is then normalised by them; null: normalised as `bnEval` says. */
  readonly seen: Statistics | null;
}

const epsilon = 1e-5;
/** Share of the running statistics that one batch replaces. */
const momentum = 0.1;

/**
 * A unit's product without its bias.
 *
 * @param from `own`: the features that come from the layer before, `skip`: those from the encoder, `all`: there is no skip connection.
 */
export function applyKernel(x: Tensor, unit: Unit, { weights }: NetworkRun, from: 'own' | 'skip' | 'all'): Tensor {
  const whole: Tensor = weights.get(`${unit.name}.weight`)!;
  const filter = from === 'all' ? whole : inputsOf(whole, unit, from);
  const [rows, side] = [x.shape[0], unit.side];
  switch (unit.kind) {
    case 'down':
      return conv2d(x, filter, { stride: 2 }); // one pixel of padding on every side
    case 'plain':
      return conv2d(x, filter);
    case 'code': // one place only: a product of matrices
      return tf.matMul(tf.reshape(x, [rows, -1]), tf.reshape(filter, [-1, unit.outputs]));
    case 'first': {
      const spread = tf.matMul(x, tf.reshape(filter, [-1, unit.inputs]), false, true);
      return tf.reshape(spread, [rows, side, side, unit.outputs]);
    }
    case 'up':
      return transposed(x, filter, unit, 2);
    case 'last':
      return transposed(x, filter, unit, 1);
    case 'enlarged': // features of the layer before are enlarged, those of the encoder have that size already
      return from === 'skip' ? conv2d(x, filter) : transposed(x, enlargingKernel(filter), unit, 2);
  }
}

/** A share of a kernel's inputs: own features first, skipped ones after them. */
function inputsOf(whole: Tensor, unit: Unit, from: 'own' | 'skip'): Tensor {
  const own = unit.inputs - unit.skipped;
  const axis = isTransposed(unit) ? 3 : 2;
  const [first, second] = tf.split(whole, [own, unit.skipped], axis) as [Tensor, Tensor];
  return from === 'own' ? first : second;
}

function transposed(x: Tensor, filter: Tensor, { side, outputs }: Unit, stride: number): Tensor {
  const output: [number, number, number, number] = [x.shape[0], side, side, outputs];
  return tf.conv2dTranspose(x as never, filter as never, output, stride, 'same');
}

/**
 * Repeating each pixel twice both ways and then a 3×3 convolution is one transposed 4×4 convolution of step 2, with less than half
 * of the products: `k'(a) = k(2 - a) + k(3 - a)` along each axis.
 *
 * @param filter float32 [3, 3, inputs, outputs].
 * @returns float32 [4, 4, outputs, inputs].
 */
export function enlargingKernel(filter: Tensor): Tensor {
  const [, , inputs, outputs] = filter.shape as [number, number, number, number];
  const taps = tf.tensor2d([0, 0, 1, 0, 1, 1, 1, 1, 0, 1, 0, 0], [4, 3]);
  const along = tf.matMul(taps, tf.reshape(filter, [3, -1])); // rows
  const across = tf.transpose(tf.reshape(along, [4, 3, inputs, outputs]), [1, 0, 3, 2]); // [3 columns, 4 rows, outputs, inputs]
  const both = tf.reshape(tf.matMul(taps, tf.reshape(across, [3, -1])), [4, 4, outputs, inputs]);
  return tf.transpose(both, [1, 0, 2, 3]);
}

/**
 * What follows a unit's product: bias, batch normalisation and activation.
 *
 * In training the bias is left out where a mean is subtracted that holds it too: its slope is exactly 0, and the numbers near 0
 * that rounding gives would be scaled up by Adam. It counts again where running statistics are used.
 *
 * @param parts the product, in pieces along its first axis.
 */
export function finishUnit(parts: readonly Tensor[], unit: Unit, run: NetworkRun): Tensor {
  const bias: Tensor = run.weights.get(`${unit.name}.bias`)!;
  if (unit.activation === 'sigmoid') return tf.sigmoid(tf.add(unite(parts), bias));
  const normalised = normalise(parts, unit, run, bias);
  return unit.activation === 'tanh' ? tf.tanh(normalised) : leakyRelu(normalised, 0.2);
}

function normalise(
  parts: readonly Tensor[],
  { name }: Unit,
  { weights, plan, videos, seen }: NetworkRun,
  bias: Tensor,
): Tensor {
  const of = (part: string): Tensor => weights.get(`${name}_bn.${part}`)!;
  const affine = { epsilon, scale: of('scale'), offset: of('offset') };
  if (!seen && plan.bnEval === 'running')
    return batchNormInference(unite(parts), tf.sub(of('mean'), bias), of('variance'), affine);
  const groups =
    plan.bnScope === 'sequence' ? [unite(parts)] : parts.flatMap((part) => splitTime(part, part.shape[0] / videos));
  const results = groups.map((group) => batchNorm(group, affine));
  seen?.set(name, {
    mean: tf.add(tf.stack(results.map(({ mean }) => mean)), bias),
    variance: tf.stack(results.map(({ variance }) => variance)),
  });
  return unite(results.map(({ y }) => y));
}

/** Moves the running statistics as PyTorch does, once for each group in the order of time. */
export function updateStatistics(statistics: Statistics, weights: Trainer['variables']): void {
  for (const [name, values] of statistics) {
    for (const [part, seen] of Object.entries<Tensor>(values)) {
      const running = weights.get(`${name}_bn.${part}`)!;
      const groups = seen.shape[0];
      const keep = (times: number) => Math.exp(times * Math.log(1 - momentum));
      const shares = Array.from({ length: groups }, (_, group) => momentum * keep(groups - 1 - group));
      const added = tf.matMul(tf.tensor2d([shares]), seen);
      running.assign(tf.add(tf.mul(running, keep(groups)), tf.reshape(added, running.shape)));
    }
  }
}

/** Pieces along the first axis put together. */
export function unite(parts: readonly Tensor[]): Tensor {
  return parts.length === 1 ? parts[0]! : tf.concat([...parts], 0);
}

/** Steps of time of an array whose slowest axis is time. */
export function splitTime(x: Tensor, steps: number): readonly Tensor[] {
  return steps === 1 ? [x] : tf.split(x, steps, 0);
}
