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

/** A batch normalisation by given statistics as it runs: it gives `x * slope + shift`. */
export interface WatchedNormalization {
  /** float32 [..., channels]. */
  readonly x: Tensor;
  /** float32 [channels], as is `shift`. */
  readonly slope: Tensor;
  readonly shift: Tensor;
}

interface Watcher {
  readonly onLayer: (layer: WatchedLayer) => void;
  readonly onNormalization?: (normalization: WatchedNormalization) => void;
}

let watcher: Watcher | null = null;
let leavesNormalizationOut = false;

/**
 * Runs a network and tells of each `conv2d` and `dense` in it, and of each `batchNormInference`, in the order in which they run; the tensors are theirs:
 * whoever needs one later keeps it. For looking into a network from outside, such as for initialising it layer by layer.
 */
export function watchLayers<R>(
  run: () => R,
  onLayer: Watcher['onLayer'],
  onNormalization?: NonNullable<Watcher['onNormalization']>,
): R {
  const before = watcher;
  watcher = onNormalization ? { onLayer, onNormalization } : { onLayer };
  try {
    return run();
  } finally {
    watcher = before;
  }
}

/** Tells the watcher, if there is one, of a layer that gave `y`; gives that back. */
export function tell<T extends Tensor>(y: T, describe: () => Omit<WatchedLayer, 'y'>): T {
  watcher?.onLayer({ ...describe(), y });
  return y;
}

/** Tells the watcher, if there is one, of a batch normalisation. */
export function tellNormalization(normalization: WatchedNormalization): void {
  watcher?.onNormalization?.(normalization);
}

/** Runs a network whose batch normalisations by given statistics give back what they see: for weights that have taken them in. */
export function withoutNormalization<R>(run: () => R): R {
  const before = leavesNormalizationOut;
  leavesNormalizationOut = true;
  try {
    return run();
  } finally {
    leavesNormalizationOut = before;
  }
}

/** Whether the network that runs goes without its batch normalisations. */
export function isWithoutNormalization(): boolean {
  return leavesNormalizationOut;
}
