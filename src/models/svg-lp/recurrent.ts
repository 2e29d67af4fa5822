import { dense, statelessNormal, tf } from '../../engine/index.js';
import { splitTime, unite, type NetworkRun, type Tensor } from './units.js';

/** What an LSTM remembers: float32 [videos, hidden] each. */
export interface CellState {
  readonly hidden: Tensor;
  readonly cell: Tensor;
}

/** A diagonal normal distribution: float32 [rows, latentSize] each. */
export interface Gaussian {
  readonly mean: Tensor;
  readonly logVariance: Tensor;
}

/** What a recurrent net gives for each step, and remembers after the last. */
export interface RecurrentOutput {
  /** float32 [steps · videos, hidden]. */
  readonly output: Tensor;
  /** Of each LSTM, the first one first. */
  readonly states: readonly CellState[];
}

/**
 * A dense layer and LSTMs over some steps. What does not hang on the step before is computed for all steps at once.
 *
 * @param net `posterior`, `prior` or `predictor`.
 * @param x float32 [steps · videos, inputs].
 * @param states to go on from; null: nothing was seen.
 */
export function runRecurrent(
  net: string,
  x: Tensor,
  states: readonly CellState[] | null,
  run: NetworkRun,
): RecurrentOutput {
  const of = (name: string): Tensor => run.weights.get(`${net}.${name}`)!;
  const steps = x.shape[0] / run.videos;
  let output: Tensor = dense(x, of('embed.weight'), of('embed.bias'));
  const last: CellState[] = [];
  for (let layer = 1; run.weights.has(`${net}.lstm${layer}.input`); layer++) {
    const bias = of(`lstm${layer}.bias`);
    const second = run.weights.get(`${net}.lstm${layer}.hiddenBias`);
    const fromInput = dense(output, of(`lstm${layer}.input`), second ? tf.add(bias, second) : bias);
    let state = states?.[layer - 1] ?? null;
    const outputs = splitTime(fromInput, steps).map((gates) => {
      state = stepCell(gates, state, of(`lstm${layer}.hidden`));
      return state.hidden;
    });
    output = unite(outputs);
    last.push(state!);
  }
  return { output, states: last };
}

/**
 * One step of an LSTM without peepholes: gates in the order input, forget, cell, output.
 *
 * @param fromInput what input and biases give to the gates, float32 [videos, 4 · hidden].
 * @param before null: zeros.
 * @param weight of the hidden state, float32 [hidden, 4 · hidden].
 *
 * Source: Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000, as PyTorch lays it out.
 */
export function stepCell(fromInput: Tensor, before: CellState | null, weight: Tensor): CellState {
  const gates = before ? tf.add(fromInput, tf.matMul(before.hidden, weight)) : fromInput;
  const [input, forget, value, output] = tf.split(gates, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
  const fresh = tf.mul(tf.sigmoid(input), tf.tanh(value));
  const cell = before ? tf.add(tf.mul(tf.sigmoid(forget), before.cell), fresh) : fresh;
  return { hidden: tf.mul(tf.sigmoid(output), tf.tanh(cell)), cell };
}

/** The distribution that posterior or prior read from their LSTM. */
export function gaussianOf(net: 'posterior' | 'prior', output: Tensor, run: NetworkRun): Gaussian {
  return { mean: readHead(net, 'mean', output, run), logVariance: readHead(net, 'logVariance', output, run) };
}

/** A dense layer of a recurrent net's own: float32 [rows, hidden] → [rows, outputs]. */
export function readHead(net: string, head: string, output: Tensor, { weights }: NetworkRun): Tensor {
  return dense(output, weights.get(`${net}.${head}.weight`)!, weights.get(`${net}.${head}.bias`));
}

/**
 * Draws from a normal distribution so that slopes reach its mean and variance: `mean + exp(logVariance / 2) · noise`.
 *
 * Source: Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, section 2.4.
 */
export function sample({ mean, logVariance }: Gaussian, noise: Tensor): Tensor {
  return tf.add(mean, tf.mul(tf.exp(tf.mul(logVariance, 0.5)), noise));
}

/**
 * KL divergence of a posterior from a prior, in nats: summed over all rows and features. Slopes flow into both.
 *
 * @param prior null: N(0, 1).
 * @returns float32 [].
 */
export function klDivergence(posterior: Gaussian, prior: Gaussian | null): Tensor {
  const { mean, logVariance } = posterior;
  const variance = tf.exp(prior ? tf.sub(logVariance, prior.logVariance) : logVariance);
  const distance = tf.square(prior ? tf.sub(mean, prior.mean) : mean);
  const scaled = prior ? tf.mul(distance, tf.exp(tf.neg(prior.logVariance))) : distance;
  const logRatio = prior ? tf.sub(prior.logVariance, logVariance) : tf.neg(logVariance);
  return tf.mul(tf.sum(tf.sub(tf.add(tf.add(logRatio, variance), scaled), 1)), 0.5);
}

/**
 * Noise of some steps, whose numbers for a video do not hang on how many others are in the batch.
 *
 * @param seed int32 [2].
 * @returns float32 [steps · videos, latentSize], time as the slowest axis.
 */
export function drawNoise(steps: number, seed: Tensor, { videos, plan }: NetworkRun): Tensor {
  return timeFirst(statelessNormal([videos, steps, plan.latentSize], seed));
}

/** [videos, steps, …] → [steps · videos, …]. */
export function timeFirst(x: Tensor): Tensor {
  const [videos, steps, ...rest] = x.shape as [number, number, ...number[]];
  const order = [1, 0, ...rest.map((_, i) => i + 2)];
  return tf.reshape(tf.transpose(x, order), [steps * videos, ...rest]);
}
