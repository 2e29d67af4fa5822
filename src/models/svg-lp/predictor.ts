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
  const observe = (state: PredictorState, frame: Tensor): PredictorState =>
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
    });
  return {
    width: imageSize,
    height: imageSize,
    channels,
    observes,
    predicts,
    isStochastic: prior !== 'none',
    init: () => ({}), // no tensor: the first frame moves no LSTM
    observe,
    predict: (state, steps, seed) =>
      tf.tidy(() => {
        if (!state['code']) throw new RangeError('A frame must be observed before the first prediction.');
        const run = runOn(state['code'].shape[0]);
        return goOn(state, steps, latentsOfPrior(steps, seed, run), run);
      }),
    ...(prior === 'none'
      ? {}
      : {
          reconstruct: (clips: Tensor, seen: number) =>
            tf.tidy(() => {
              const run = runOn(clips.shape[0]);
              const frames = tf.unstack(clips, 1);
              const state = frames.slice(0, seen).reduce<PredictorState>(observe, {});
              const future = frames.slice(seen);
              return goOn(state, future.length, latentsOfPosterior(future, run), run);
            }),
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

/** Where the latent variables of each step come from, and the state that moves with them; null: there are none. */
type Latents = ((step: number, code: Tensor, state: PredictorState) => readonly [Tensor, PredictorState]) | null;

/** Drawn from the prior, which has learned to read the last code, or is N(0, 1). */
function latentsOfPrior(steps: number, seed: Tensor, run: NetworkRun): Latents {
  const { prior } = run.plan;
  if (prior === 'none') return null;
  const noise = drawNoise(steps, seed, run);
  return (step, code, state) => {
    const drawn = takeFrames(noise, step, step + 1, run.videos);
    if (prior === 'fixed') return [drawn, state];
    const { output, states } = runNet('prior', code, state, run);
    return [sample(gaussianOf('prior', output, run), drawn), { ...state, ...statesOf('prior', states) }];
  };
}

/** The posterior's mean of each true frame. */
function latentsOfPosterior(frames: readonly Tensor[], run: NetworkRun): Latents {
  return (step, _, state) => {
    const { output, states } = runNet('posterior', encodeFrames(frames[step]!, run).code, state, run);
    return [gaussianOf('posterior', output, run).mean, { ...state, ...statesOf('posterior', states) }];
  };
}

/** Frames from the last one seen on, each made of the one before: float32 [videos, steps, size, size, channels], 0–1. */
function goOn(first: PredictorState, steps: number, latents: Latents, run: NetworkRun): Tensor {
  let state = first;
  let code = first['code']!;
  let terms: SkipTerms = projectSkips(listed(first, 'skip'), run);
  const frames: Tensor[] = [];
  for (let step = 0; step < steps; step++) {
    const [drawn, moved] = latents ? latents(step, code, state) : [null, state];
    const input = drawn ? tf.concat([code, drawn], 1) : code;
    const { output, states } = runNet('predictor', input, moved, run);
    state = { ...moved, ...statesOf('predictor', states) };
    const frame = decodeFrames(tf.tanh(readHead('predictor', 'output', output, run)), terms, run);
    frames.push(frame);
    if (step === steps - 1) break;
    const encoded = encodeFrames(frame, run);
    code = encoded.code;
    if (run.plan.skipMode === 'everyFrame') terms = projectSkips(encoded.skips, run);
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
