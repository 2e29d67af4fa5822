import { tf } from '../../engine/index.js';
import { decodeFrames, encodeFrames, projectSkips, takeFrames, type EncodedFrames, type SkipTerms } from './frames.js';
import { drawNoise, gaussianOf, klDivergence, readHead, runRecurrent, sample, type Gaussian } from './recurrent.js';
import type { NetworkRun, Tensor } from './units.js';

/** What a pass over whole clips gives. */
export interface Unrolled {
  /** Every frame but the first, as decoded: float32 [(frames - 1) · videos, size, size, channels], time as the slowest axis. */
  readonly decoded: Tensor;
  /** Squared error of each decoded frame, mean over pixels, channels and videos, summed over frames: float32 []. */
  readonly error: Tensor;
  /** Nats, mean over videos, summed over frames: float32 []; null without a latent variable. */
  readonly kl: Tensor | null;
}

/**
 * Decodes every frame but the first, from the codes of all true frames before it and what its own code adds through the posterior.
 * Each frame is encoded once, and nothing but the LSTMs goes step by step: in training inputs are true frames, never decoded ones.
 *
 * @param frames float32 [frames · videos, size, size, channels] in 0–1, time as the slowest axis.
 * @param noise float32 [(frames - 1) · videos, latentSize], or a seed to draw it from, int32 [2].
 *
 * Source: Denton and Fergus, ICML 2018, section 3.
 */
export function unrollClips(
  frames: Tensor,
  noise: { readonly given: Tensor } | { readonly seed: Tensor },
  run: NetworkRun,
): Unrolled {
  const { plan, videos } = run;
  const count = frames.shape[0] / videos;
  const encoded = encodeFrames(frames, run);
  const before = takeFrames(encoded.code, 0, count - 1, videos);
  let inputs = before;
  let kl: Tensor | null = null;
  if (plan.prior !== 'none') {
    const after = takeFrames(encoded.code, 1, count, videos);
    const posterior = gaussianOf('posterior', runRecurrent('posterior', after, null, run).output, run);
    const prior = plan.prior === 'learned' ? priorOf(before, run) : null;
    const eps = 'given' in noise ? noise.given : drawNoise(count - 1, noise.seed, run);
    inputs = tf.concat([before, sample(posterior, eps)], 1);
    kl = tf.div(klDivergence(posterior, prior), videos);
  }
  const { output } = runRecurrent('predictor', inputs, null, run);
  const codes = tf.tanh(readHead('predictor', 'output', output, run));
  const decoded = decodeFrames(codes, skipsOf(encoded, count, run), run);
  const truth = takeFrames(frames, 1, count, videos);
  const error = tf.mul(tf.mean(tf.square(tf.sub(decoded, truth))), count - 1);
  return { decoded, error, kl };
}

function priorOf(before: Tensor, run: NetworkRun): Gaussian {
  return gaussianOf('prior', runRecurrent('prior', before, null, run).output, run);
}

/** The terms of the frames whose feature maps the decoder is given: those before each predicted frame, up to the last one that serves. */
function skipsOf({ skips }: EncodedFrames, count: number, run: NetworkRun): SkipTerms {
  const last = lastSkip(run.plan, count - 1);
  return projectSkips(
    skips.map((maps) => takeFrames(maps, 0, last + 1, run.videos)),
    run,
  );
}

/**
 * The last frame, 0-based, whose feature maps the decoder is given. `anchor` is that of the released code, which at step i encodes
 * frame i - 1 and takes its maps while i is less than the number of observed frames.
 */
export function lastSkip({ skipMode, observes }: NetworkRun['plan'], steps: number): number {
  const last = { lastGroundTruth: observes - 1, anchor: observes - 2, everyFrame: steps - 1 }[skipMode];
  return Math.max(0, Math.min(last, steps - 1));
}
