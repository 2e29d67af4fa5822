import type { Tensor } from '@tensorflow/tfjs-core';

/** A convolution or dense layer as it runs. */
export interface WatchedLayer {
  readonly kind: 'convolution' | 'dense';
  /** What it sees: float32 [batch, height, width, channels] or [batch, features]. */
  readonly x: Tensor;
  /** float32 [height, width, channels / groups, outChannels] or [features, outFeatures]. */
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly stride: number;
  readonly pad: 'same' | 'valid' | number;
  readonly groups: number;
  /** What it gives, its bias included. */
  readonly y: Tensor;
}

type Watcher = (layer: WatchedLayer) => void;

let watcher: Watcher | null = null;

/**
 * Runs a network and tells of each `conv2d` and `dense` in it, in the order in which they run; the tensors are theirs: whoever needs one later keeps it.
 * For looking into a network from outside, such as for initialising it layer by layer.
 */
export function watchLayers<R>(run: () => R, onLayer: Watcher): R {
  const before = watcher;
  watcher = onLayer;
  try {
    return run();
  } finally {
    watcher = before;
  }
}

/** Tells the watcher, if there is one, of a layer that gave `y`; gives that back. */
export function tell<T extends Tensor>(y: T, describe: () => Omit<WatchedLayer, 'y'>): T {
  watcher?.({ ...describe(), y });
  return y;
}
