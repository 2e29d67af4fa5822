import { conv2d, maxPool, relu, tf } from '../../engine/index.js';
import type { PredNetConfig } from './config.js';
import type { LayerKernels, Tensor, Tensor4D } from './kernels.js';
import type { LayerSize } from './shapes.js';

/** What one layer hands on to the next frame: float32 [batch, height, width, features] each. */
export interface LayerState {
  /** R, [batch, height, width, states]. */
  readonly representation: Tensor;
  /** C, likewise. */
  readonly cell: Tensor;
  /** What the layer above is given, and the next frame, [batch, height, width, 2 · targets]: E, or for the control without it 0 and A. */
  readonly passed: Tensor;
}

/** Everything that one frame makes in one layer; all that the reference's `output_mode` names. */
export interface LayerActivity extends LayerState {
  /** E, [batch, height, width, 2 · targets]: predicted too high, then too low; none is below 0. */
  readonly error: Tensor;
  /** A, [batch, height, width, targets]. */
  readonly target: Tensor;
  /** Ahat, likewise; in the first layer the predicted frame as the network sees it. */
  readonly prediction: Tensor;
}

/** A network at work: its weights, united, and its shape. */
export interface PredNet {
  readonly kernels: readonly LayerKernels[];
  readonly sizes: readonly LayerSize[];
  readonly pixels: PredNetConfig['pixels'];
  readonly passes: PredNetConfig['passes'];
}

type Expectation = Pick<LayerState, 'representation' | 'cell'>;

/**
 * The first half of a frame's step, from the top layer down: what is expected before the frame is seen. Shapes at the line ends are those of
 * the second layer of `paper`.
 *
 * @param previous state after the last frame. Null: there was none, all is 0, and what comes is the same for every clip: batch 1.
 * @returns R and C by layer, from the first on.
 *
 * Source: Lotter, Kreiman and Cox, ICLR 2017, algorithm 1; coxlab/prednet, prednet.py, `step`.
 */
export function anticipate(
  { kernels, sizes }: PredNet,
  previous: readonly LayerState[] | null,
): readonly Expectation[] {
  const expected: Expectation[] = [];
  for (let l = sizes.length - 1; l >= 0; l--) {
    const before = previous?.[l] ?? null;
    const sums = sumGates(kernels[l]!, sizes[l]!, { before, above: expected[0]?.representation ?? null });
    expected.unshift(moveCell(sums, before?.cell ?? null));
  }
  return expected;
}

/** What the gates are given of their own layer's last frame and of R above, [batch, height, width, 4 · states]. */
function sumGates(
  { own, above: enlarged }: LayerKernels,
  { height, width, states }: LayerSize,
  { before, above }: { readonly before: LayerState | null; readonly above: Tensor | null },
): Tensor {
  const shape = [above?.shape[0] ?? 1, height, width, 4 * states] as [number, number, number, number];
  const fromAbove = above && enlarged ? tf.conv2dTranspose(above as Tensor4D, enlarged, shape, 2, 'same') : null; // [batch, 64, 80, 192]
  if (!before) return fromAbove ? tf.add(fromAbove, own.bias) : tf.broadcastTo(own.bias, shape);
  const seen = tf.concat([before.representation, before.passed], 3); // [batch, 64, 80, 144]
  const fromOwn = conv2d(seen, own.weight, { bias: own.bias }); // [batch, 64, 80, 192]
  return fromAbove ? tf.add(fromOwn, fromAbove) : fromOwn;
}

/** The convolutional LSTM's gates, of `1.2 x + 3` for i, f and o; hard sigmoid as Keras has it, and no peepholes. */
function moveCell(gates: Tensor, before: Tensor | null): Expectation {
  const [i, f, o, c] = tf.split(gates, 4, 3) as [Tensor, Tensor, Tensor, Tensor];
  const taken = tf.mul(tf.relu6(i), tf.tanh(c)); // relu6 is six times the hard sigmoid
  const cell = tf.mul(before ? tf.add(tf.mul(tf.relu6(f), before), taken) : taken, 1 / 6);
  return { cell, representation: tf.mul(tf.mul(tf.relu6(o), tf.tanh(cell)), 1 / 6) };
}

/** The predicted frame: `raw` is what the network compares, `shown` is within 0–1; float32 [batch, height, width, channels]. */
export function predictFrame(
  { kernels, pixels }: PredNet,
  representation: Tensor,
): { readonly raw: Tensor; readonly shown: Tensor } {
  const { weight, bias } = kernels[0]!.prediction;
  const x = conv2d(representation, weight, { bias });
  if (pixels === 'straight') return { raw: x, shown: tf.clipByValue(x, 0, 1) };
  const raw = tf.minimum(pixels === 'relu' ? relu(x) : tf.softplus(x), 1);
  return { raw, shown: raw };
}

/**
 * The second half of a frame's step, from the first layer up: by how much each expectation was wrong.
 *
 * `frame` is what came, float32 [batch, height, width, channels], and `raw` the first layer's prediction of it; `depth` says how many layers are
 * wanted, from the first on: the last frame of a clip needs no more than its loss.
 */
export function compare(
  { kernels, passes }: PredNet,
  expected: readonly Expectation[],
  { frame, raw, depth = expected.length }: { readonly frame: Tensor; readonly raw: Tensor; readonly depth?: number },
): readonly LayerActivity[] {
  const layers: LayerActivity[] = [];
  let target = frame;
  for (let l = 0; l < depth; l++) {
    const { prediction: weights, target: next } = kernels[l]!;
    const { representation, cell } = expected[l]!;
    const prediction: Tensor = l === 0 ? raw : relu(conv2d(representation, weights.weight, { bias: weights.bias })); // [batch, 64, 80, 48]
    const difference = tf.sub(prediction, target);
    const error = relu(tf.concat([difference, tf.neg(difference)], 3)); // [batch, 64, 80, 96]
    const passed = passes === 'errors' ? error : tf.concat([tf.zerosLike(target), target], 3); // E against a prediction of 0
    layers.push({ representation, cell, passed, error, target, prediction });
    if (next && l + 1 < depth) {
      const convolved = conv2d(passed, next.weight, { bias: next.bias }); // [batch, 64, 80, 96]
      target = relu(maxPool(convolved, { size: 2, stride: 2 })); // the relu after pooling: the same, on a quarter
    }
  }
  return layers;
}
