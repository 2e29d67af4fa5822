import { tf, type Predictor, type PredictorState, type Trainer } from '../../engine/index.js';
import type { SvgLpConfig } from './config.js';
import { planModel } from './plan.js';
import { decodeFrames, encodeFrames, projectSkips, takeFrames, type SkipTerms } from './frames.js';
import { planRecurrent } from './shapes.js';
import { drawNoise, gaussianOf, readHead, runRecurrent, sample, type CellState } from './recurrent.js';
import type { NetworkRun, Tensor } from './units.js';

/**
 * The model as a predictor. A frame that is seen moves all LSTMs, with the posterior's mean in place of a draw, so that what is
 * known does not hang on a seed; a predicted one is drawn from the prior, decoded and encoded again.
 *
 * The state holds `code` and `skip0`, `skip1`, … of the last frame (`anchor`: of the one before, with `next0`, … of the last), and
 * `posterior.hidden1`, `posterior.cell1`, … of every LSTM; all of them have the videos as their first axis.
 */
export function createPredictor(config: SvgLpConfig, weights: Trainer['variables']): Predictor {
  const plan = planModel(config);
  const { imageSize, channels, observes, predicts, prior, skipMode } = plan;
  const runOn = (videos: number): NetworkRun => ({ weights, plan, videos, seen: null });
  return {
    width: imageSize,
    height: imageSize,
    channels,
    observes,
    predicts,
    isStochastic: prior !== 'none',
    init: () => ({}), // no tensor: the first frame moves no LSTM
    observe: (state, frame) =>
      tf.tidy(() => {
        const run = runOn(frame.shape[0]);
        const { code, skips } = encodeFrames(frame, run);
        const own = numbered('skip', skips);
        const before = state['code'];
        if (!before) return { code, ...own, ...(skipMode === 'anchor' ? numbered('next', skips.map(copy)) : {}) };
        const shown =
          skipMode === 'anchor'
            ? { ...numbered('skip', listed(state, 'next').map(copy)), ...numbered('next', skips) }
            : own;
        return { code, ...shown, ...advance(state, { before, code }, run) };
      }),
    predict: (state, steps, seed) =>
      tf.tidy(() => {
        if (!state['code']) throw new RangeError('A frame must be observed before the first prediction.');
        return predictFrames(state, steps, seed, runOn(state['code'].shape[0]));
      }),
  };
}

/** All LSTMs after one more true frame. */
function advance(
  state: PredictorState,
  { before, code }: { readonly before: Tensor; readonly code: Tensor },
  run: NetworkRun,
): PredictorState {
  if (run.plan.prior === 'none') return statesOf('predictor', runNet('predictor', before, state, run).states);
  const posterior = runNet('posterior', code, state, run);
  const { mean } = gaussianOf('posterior', posterior.output, run);
  return {
    ...statesOf('posterior', posterior.states),
    ...(run.plan.prior === 'learned' ? statesOf('prior', runNet('prior', before, state, run).states) : {}),
    ...statesOf('predictor', runNet('predictor', tf.concat([before, mean], 1), state, run).states),
  };
}

function predictFrames(first: PredictorState, steps: number, seed: Tensor, run: NetworkRun): Tensor {
  const { plan, videos } = run;
  const noise = plan.prior === 'none' ? null : drawNoise(steps, seed, run);
  let state = first;
  let code = first['code']!;
  let terms: SkipTerms = projectSkips(listed(first, 'skip'), run);
  const frames: Tensor[] = [];
  for (let step = 0; step < steps; step++) {
    let input = code;
    if (noise) {
      let drawn = takeFrames(noise, step, step + 1, videos);
      if (plan.prior === 'learned') {
        const { output, states } = runNet('prior', code, state, run);
        state = { ...state, ...statesOf('prior', states) };
        drawn = sample(gaussianOf('prior', output, run), drawn);
      }
      input = tf.concat([code, drawn], 1);
    }
    const { output, states } = runNet('predictor', input, state, run);
    state = { ...state, ...statesOf('predictor', states) };
    const frame = decodeFrames(tf.tanh(readHead('predictor', 'output', output, run)), terms, run);
    frames.push(frame);
    if (step === steps - 1) break;
    const encoded = encodeFrames(frame, run);
    code = encoded.code;
    if (plan.skipMode === 'everyFrame') terms = projectSkips(encoded.skips, run);
  }
  return tf.clipByValue(tf.stack(frames, 1), 0, 1);
}

function runNet(net: 'posterior' | 'prior' | 'predictor', x: Tensor, state: PredictorState, run: NetworkRun) {
  const { layers } = planRecurrent(run.plan).find(({ name }) => name === net)!;
  const states = Array.from({ length: layers }, (_, i): CellState | null => {
    const [hidden, cell] = [state[`${net}.hidden${i + 1}`], state[`${net}.cell${i + 1}`]];
    return hidden && cell ? { hidden, cell } : null;
  });
  return runRecurrent(net, x, states.every((one) => one !== null) ? states : null, run);
}

function statesOf(net: string, states: readonly CellState[]): PredictorState {
  return Object.fromEntries(
    states.flatMap(({ hidden, cell }, i) => [
      [`${net}.hidden${i + 1}`, hidden],
      [`${net}.cell${i + 1}`, cell],
    ]),
  );
}

function numbered(name: string, tensors: readonly Tensor[]): PredictorState {
  return Object.fromEntries(tensors.map((tensor, i) => [`${name}${i}`, tensor]));
}

function listed(state: PredictorState, name: string): Tensor[] {
  const found: Tensor[] = [];
  for (let i = 0; state[`${name}${i}`]; i++) found.push(state[`${name}${i}`]!);
  return found;
}

/** A tensor of its own, so that two states may both be disposed of. */
function copy(tensor: Tensor): Tensor {
  return tf.clone(tensor);
}
