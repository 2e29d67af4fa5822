import type { Random } from '../../core/index.js';
import { tf, type Predictor, type PredictorState, type Tensor, type Tensor5D } from '../../engine/index.js';

/** Predicted frames of a batch: float32 [batch, steps, height, width, channels] in 0–1. */
export type Futures = Float32Array;

/** How far a predictor is led. */
export interface ForecastOptions {
  /** Frames that are seen before the first prediction. */
  readonly observe: number;
  readonly steps: number;
  /** One for each future that is wanted. */
  readonly seeds: readonly Random[];
}

/**
 * Shows the first frames of a batch of clips, then asks for one future after the other. Every tensor that it makes is disposed.
 *
 * @param clips float32 [batch, frames, height, width, channels] in 0–1.
 */
export function* forecast(
  predictor: Predictor,
  clips: Tensor,
  { observe, steps, seeds }: ForecastOptions,
): Generator<Futures> {
  let state = predictor.init(clips.shape[0]);
  try {
    for (let t = 0; t < observe; t++) state = step(predictor, state, clips, t);
    for (const random of seeds) yield ask(predictor, state, steps, random);
  } finally {
    tf.dispose(state);
  }
}

/**
 * Predicts each frame but the first from all true frames before it.
 *
 * @returns float32 [batch, frames - 1, height, width, channels].
 */
export function forecastEachFrame(predictor: Predictor, clips: Tensor, random: Random): Futures {
  const [batch, frames, height, width, channels] = clips.shape as [number, number, number, number, number];
  const values = height * width * channels;
  const out = new Float32Array(batch * (frames - 1) * values);
  let state = predictor.init(batch);
  try {
    for (let t = 0; t + 1 < frames; t++) {
      state = step(predictor, state, clips, t);
      const next = ask(predictor, state, 1, random.fork(t));
      for (let item = 0; item < batch; item++)
        out.set(next.subarray(item * values, (item + 1) * values), (item * (frames - 1) + t) * values);
    }
  } finally {
    tf.dispose(state);
  }
  return out;
}

/** What a model with latent variables makes of a batch whose future it reads: float32 [batch, frames - observe, height, width, channels]. */
export function reconstruct(predictor: Predictor, clips: Tensor, observe: number): Futures {
  const frames = predictor.reconstruct!(clips, observe);
  try {
    return frames.dataSync() as Float32Array;
  } finally {
    frames.dispose();
  }
}

function step(predictor: Predictor, state: PredictorState, clips: Tensor, t: number): PredictorState {
  const frame = tf.tidy(() => tf.squeeze(tf.slice(clips as Tensor5D, [0, t, 0, 0, 0], [-1, 1, -1, -1, -1]), [1]));
  try {
    return predictor.observe(state, frame);
  } finally {
    frame.dispose();
    tf.dispose(state);
  }
}

function ask(predictor: Predictor, state: PredictorState, steps: number, random: Random): Futures {
  const seed = tf.tensor1d([random.seed() | 0, random.seed() | 0], 'int32');
  const frames = predictor.predict(state, steps, seed);
  try {
    return frames.dataSync() as Float32Array;
  } finally {
    frames.dispose();
    seed.dispose();
  }
}
