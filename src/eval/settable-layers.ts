import {
  tf,
  watchLayers,
  type Encoder,
  type Tensor,
  type WatchedLayer,
  type WatchedNormalization,
} from '../engine/index.js';
import { toImages } from './videos/describe.js';

/** Weights of a network's own. */
export type WeightVariable = Required<Encoder>['weights'][number];

/** Pictures that go through the network together. */
const batch = 8;

/** How many layers with weights of their own run, each counted once. */
export function countSettableLayers(encoder: Encoder, layer: string, pictures: readonly Uint8Array[]): number {
  const own = new Set<Tensor>();
  watchPictures(encoder, layer, pictures, ({ weight }) => isVariable(weight) && own.add(weight));
  return own.size;
}

/** Runs all pictures and asks about the layer whose weights come at a place in the order of their first use: an answer for each batch. */
export function eachBatch<R>(
  encoder: Encoder,
  layer: string,
  pictures: readonly Uint8Array[],
  place: number,
  ask: (watched: WatchedLayer, batch: number) => R,
): R[] {
  return inBatches(pictures).flatMap((some, n) => {
    const answers: R[] = [];
    const own = new Set<Tensor>();
    watchPictures(encoder, layer, some, (watched) => {
      if (!isVariable(watched.weight) || own.has(watched.weight)) return;
      if (own.size === place) answers.push(ask(watched, n));
      own.add(watched.weight);
    });
    return answers;
  });
}

/** Pictures in the batches in which they go through the network. */
export function inBatches(pictures: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const count = Math.ceil(pictures.length / batch);
  return Array.from({ length: count }, (_, n) => pictures.slice(n * batch, (n + 1) * batch));
}

/** Runs pictures and tells of each layer; see `watchLayers`. */
export function watchPictures(
  encoder: Encoder,
  layer: string,
  pictures: readonly Uint8Array[],
  onLayer: (watched: WatchedLayer) => void,
  onNormalization?: (watched: WatchedNormalization) => void,
): void {
  tf.tidy(() => {
    watchLayers(() => encoder.encode(toImages(pictures, encoder), layer), onLayer, onNormalization);
  });
}

/** Whether weights are a network's own: derived ones cannot be set. */
export function isVariable(tensor: Tensor): tensor is WeightVariable {
  return 'assign' in tensor;
}

/** Gives weights new values; those that are not a network's own stay. */
export function assignWeights(weights: Tensor, values: Float32Array): void {
  if (isVariable(weights)) tf.tidy(() => weights.assign(tf.tensor(values, weights.shape)));
}
