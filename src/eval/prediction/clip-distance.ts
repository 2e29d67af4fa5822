import { createRandom } from '../../core/index.js';
import { tf, type Tensor, type Rank } from '../../engine/index.js';
import { fitGaussian, frechetDistance, type FeatureRows } from '../metrics/index.js';

/** Turns whole clips into features, for the Fréchet distance between sets of clips. */
export interface ClipEncoder {
  /** Metric's name: `fvd` with the Kinetics I3D alone. */
  readonly name: string;
  readonly variant: string;
  readonly features: number;
  /** float32 [batch, frames, height, width, channels] in 0–1 → float32 [batch, features]. */
  encode(clips: Tensor): Tensor;
  dispose(): void;
}

/** Features of clips, gathered batch by batch. */
export class ClipFeatures {
  readonly #rows: number[] = [];
  readonly #encoder: ClipEncoder;

  constructor(encoder: ClipEncoder) {
    this.#encoder = encoder;
  }

  /** Clips gathered so far. */
  get count(): number {
    return this.#rows.length / this.#encoder.features;
  }

  /** Takes a batch of clips: float32 [batch, frames, height, width, channels] in 0–1. */
  add(clips: Tensor): void {
    const features = tf.tidy(() => this.#encoder.encode(clips));
    for (const value of features.dataSync()) this.#rows.push(value);
    features.dispose();
  }

  /** Every second clip from `first` on, or all. */
  rows(first?: 0 | 1): FeatureRows {
    const width = this.#encoder.features;
    if (first === undefined) return { data: this.#rows, rows: this.count, width };
    const data = this.#rows.filter((_, i) => Math.floor(i / width) % 2 === first);
    return { data, rows: data.length / width, width };
  }
}

/** Fréchet distance between two sets of clips; null for fewer than two in either. */
export function clipDistance(a: FeatureRows, b: FeatureRows): number | null {
  if (a.rows < 2 || b.rows < 2) return null;
  return frechetDistance(fitGaussian(a), fitGaussian(b));
}

const side = 64;
const seed = 'fvd-rand 1';

/**
 * Features of random convolutions that never learned anything, the same on every machine: two over space, one over time, two over both,
 * averaged over the clip. They tell gross failures from good clips, not good ones from better ones.
 */
export function createRandomClipEncoder(): ClipEncoder {
  const random = createRandom(seed);
  const kernel = (name: string, shape: readonly [number, number, number, number]) => {
    const [height, width, input] = shape;
    const own = random.fork(name);
    const scale = Math.sqrt(2 / (height * width * input));
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => own.normal() * scale);
    return tf.keep(tf.tensor4d(values, [...shape]));
  };
  const spatial = [kernel('space 1', [5, 5, 3, 16]), kernel('space 2', [3, 3, 16, 32])];
  const temporal = [kernel('time 1', [3, 1, 32, 32]), kernel('time 2', [3, 1, 32, 32])];
  return {
    name: 'fvd-rand',
    variant: 'seed1',
    features: 64,
    dispose: () => tf.dispose([...spatial, ...temporal]),
    encode: (clips) =>
      tf.tidy(() => {
        const [batch, frames, height, width, channels] = clips.shape as [number, number, number, number, number];
        let x = tf.reshape<Rank.R4>(clips, [batch * frames, height, width, channels]);
        if (channels === 1) x = tf.tile(x, [1, 1, 1, 3]);
        x = tf.sub(tf.mul(tf.image.resizeBilinear(x, [side, side], false, true), 2), 1);
        for (const weights of spatial) x = tf.relu(tf.conv2d(x, weights, 2, 'same'));
        const places = (side / 4) * (side / 4);
        let motion = tf.reshape<Rank.R4>(x, [batch, frames, places, 32]);
        for (const weights of temporal) motion = tf.relu(tf.conv2d(motion, weights, 1, 'same'));
        const mean = tf.mean(motion, [1, 2]);
        const spread = tf.sqrt(tf.mean(tf.square(tf.sub(motion, tf.mean(motion, [1], true))), [1, 2]));
        return tf.concat([mean, spread], 1);
      }),
  };
}
