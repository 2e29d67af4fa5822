import type { Random } from '../../core/index.js';
import { meanVector, type Described } from '../videos/describe.js';

/** A kind of video feature: the mean over all pictures, or three pictures side by side in order of time, which alone can show motion. */
export const featureKinds = ['singleFrame', 'threeFrames'] as const;

/** One of `featureKinds`. */
export type FeatureKind = (typeof featureKinds)[number];

/** What is left of a video once its three pictures are put in another order: controls that a claim of seeing motion has to fall under. */
export const controls = ['reversed-frames', 'shuffled-frames', 'repeated-frame'] as const;

/** One of `controls`. */
export type Control = (typeof controls)[number];

/** Orders of three that are neither forward nor backward. */
const shuffles = [
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
] as const;

/** The features of one video, of each kind; places of a picture are averaged. */
export function videoFeatures(described: Described): Readonly<Record<FeatureKind, Float32Array>> {
  const ticks = described.map(meanVector);
  return { singleFrame: meanVector(ticks), threeFrames: sideBySide(middlesOfThirds(ticks)) };
}

/** The three pictures as `threeFrames` has them, in another order: backward, in one drawn, or the middle one three times. */
export function controlFeatures(described: Described, control: Control, random: Random): Float32Array {
  const three = middlesOfThirds(described.map(meanVector));
  const order =
    control === 'reversed-frames' ? [2, 1, 0] : control === 'repeated-frame' ? [1, 1, 1] : shuffles[random.int(4)]!;
  return sideBySide(order.map((place) => three[place]!));
}

function middlesOfThirds(ticks: readonly Float32Array[]): Float32Array[] {
  return [1, 3, 5].map((sixth) => ticks[Math.floor((sixth * ticks.length) / 6)]!);
}

function sideBySide(vectors: readonly Float32Array[]): Float32Array {
  const size = vectors[0]!.length;
  const out = new Float32Array(size * vectors.length);
  vectors.forEach((vector, i) => out.set(vector, i * size));
  return out;
}
