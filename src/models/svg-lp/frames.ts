import { maxPool, tf } from '../../engine/index.js';
import { planBackbone } from './backbone.js';
import { applyKernel, finishUnit, type NetworkRun, type Tensor } from './units.js';

/** What the encoder makes of frames. */
export interface EncodedFrames {
  /** float32 [frames, codeSize], -1 to 1. */
  readonly code: Tensor;
  /** Feature maps of every level, from the frame's size down: float32 [frames, side, side, features]. */
  readonly skips: readonly Tensor[];
}

/** What the skip connections add to each level of the decoder, before its first product is normalised. */
export interface SkipTerms {
  /** From the deepest level on: float32 [frames, side, side, features] each. */
  readonly terms: readonly Tensor[];
  /** Frames that have terms. */
  readonly frames: number;
}

/**
 * Codes and feature maps of frames, each seen alone. Shapes at the line ends are those of `paper` on Stochastic Moving MNIST.
 *
 * @param frames float32 [time · videos, size, size, channels] in 0–1.
 */
export function encodeFrames(frames: Tensor, run: NetworkRun): EncodedFrames {
  const { encoder, pools, code } = planBackbone(run.plan);
  let x = frames; // [frames, 64, 64, 1]
  const skips: Tensor[] = [];
  for (const level of encoder) {
    for (const unit of level) x = finishUnit([applyKernel(x, unit, run, 'all')], unit, run);
    skips.push(x); // [frames, 32, 32, 64], [frames, 16, 16, 128], [frames, 8, 8, 256], [frames, 4, 4, 512]
    if (pools) x = maxPool(x, { size: 2, stride: 2 });
  }
  return { code: finishUnit([applyKernel(x, code, run, 'all')], code, run), skips }; // [frames, 128]
}

/**
 * The share of the skip connections in the decoder's products. A product with features side by side is the sum of the products with
 * each, so one frame whose feature maps serve many predictions is multiplied once.
 *
 * @param skips of `EncodedFrames`, for the frames that serve as such.
 */
export function projectSkips(skips: readonly Tensor[], run: NetworkRun): SkipTerms {
  const { decoder } = planBackbone(run.plan);
  const terms = decoder.map(([unit], i) => applyKernel(skips[skips.length - 1 - i]!, unit!, run, 'skip'));
  return { terms, frames: skips[0]!.shape[0] / run.videos };
}

/**
 * Frames from what the predictor gives.
 *
 * @param codes float32 [steps · videos, codeSize].
 * @param skips of as many frames as there are steps, or of fewer: then the last one serves all further steps.
 * @returns float32 [steps · videos, size, size, channels], 0–1.
 */
export function decodeFrames(codes: Tensor, skips: SkipTerms, run: NetworkRun): Tensor {
  const { first, decoder } = planBackbone(run.plan);
  let x = finishUnit([applyKernel(codes, first, run, 'all')], first, run); // [frames, 4, 4, 512]
  decoder.forEach(([joint, ...others], i) => {
    const own = applyKernel(x, joint!, run, 'own');
    x = finishUnit(addSkips(own, skips.terms[i]!, skips.frames, run.videos), joint!, run);
    for (const unit of others) x = finishUnit([applyKernel(x, unit, run, 'all')], unit, run);
  }); // [frames, 8, 8, 256], [frames, 16, 16, 128], [frames, 32, 32, 64], [frames, 64, 64, 1]
  return x;
}

/** Adds each step's own term, and the last one to all steps beyond. */
function addSkips(own: Tensor, term: Tensor, frames: number, videos: number): readonly Tensor[] {
  const steps = own.shape[0] / videos;
  if (steps === frames) return [tf.add(own, term)];
  const lone = frames - 1; // the last term is shared
  const [head, tail] = cut(own, lone * videos);
  const [headTerms, shared] = cut(term, lone * videos);
  const rest = tail.shape.slice(1);
  const spread = tf.add(tf.reshape(tail, [steps - lone, videos, ...rest]), tf.expandDims(shared, 0));
  const sum = tf.reshape(spread, tail.shape);
  return head && headTerms ? [tf.add(head, headTerms), sum] : [sum];
}

/** The first rows, null where there are none, and the others. */
function cut(x: Tensor, rows: number): [Tensor | null, Tensor] {
  if (rows === 0) return [null, x];
  return tf.split(x, [rows, x.shape[0] - rows], 0) as [Tensor, Tensor];
}

/** Rows of some frames, one after the other: float32 [frames · videos, …]. */
export function takeFrames(x: Tensor, from: number, to: number, videos: number): Tensor {
  const rest = x.shape.slice(1);
  return tf.slice(x, [from * videos, ...rest.map(() => 0)], [(to - from) * videos, ...rest]);
}
