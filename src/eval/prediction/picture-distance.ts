import { tf, type Encoder, type Tensor, type Tensor4D, type Tensor5D, type Rank } from '../../engine/index.js';
import type { Futures } from './forecast.js';
import type { Measured } from './scoreboard.js';

/** A distance of pictures by learned features, measured many frames at once. */
export interface PictureDistance extends Measured {
  readonly variant: string;
  /**
   * One number for each predicted frame, [batch, count] row-major.
   *
   * @param clips the truth, float32 [batch, frames, height, width, channels] in 0–1.
   * @param futures float32 [batch, count, height, width, channels] in 0–1, predictions of the frames from `first` on.
   */
  measure(clips: Tensor, futures: Futures, at: { readonly first: number; readonly count: number }): Float32Array;
  dispose(): void;
}

const chunk = 64; // frames at once

/**
 * A distance from a function of two stacks of RGB pictures.
 *
 * @param compare float32 [n, height, width, 3] in 0–1, twice → float32 [n]; called in a tidy.
 */
export function createPictureDistance(
  measured: Omit<PictureDistance, 'measure' | 'dispose'>,
  compare: (truth: Tensor4D, predicted: Tensor4D) => Tensor,
  dispose: () => void,
): PictureDistance {
  return {
    ...measured,
    dispose,
    measure(clips, futures, { first, count }) {
      const [batch, , height, width, channels] = clips.shape as [number, number, number, number, number];
      const out = new Float32Array(batch * count);
      const truth = tf.tidy(() => {
        const part = tf.slice(clips as Tensor5D, [0, first, 0, 0, 0], [-1, count, -1, -1, -1]);
        return tf.reshape<Rank.R4>(part, [batch * count, height, width, channels]);
      });
      const values = height * width * channels;
      try {
        for (let from = 0; from < out.length; from += chunk) {
          const n = Math.min(chunk, out.length - from);
          const distances = tf.tidy(() => {
            const pixels = futures.slice(from * values, (from + n) * values);
            const predicted = tf.tensor4d(pixels, [n, height, width, channels]);
            return compare(toRgb(tf.slice(truth, [from, 0, 0, 0], [n, -1, -1, -1])), toRgb(predicted));
          });
          out.set(distances.dataSync(), from);
          distances.dispose();
        }
      } finally {
        truth.dispose();
      }
      return out;
    },
  };
}

/**
 * Squared distance of the features of a frozen encoder, each scaled to length 1: 0 for equal pictures, at most 4. The hash of the
 * weights is its name, since values of two encoders cannot be compared.
 */
export function encoderDistance(
  encoder: Encoder,
  { weights, dispose }: { readonly weights: string; readonly dispose: () => void },
): PictureDistance {
  const [layer] = Object.keys(encoder.layers);
  if (layer === undefined) throw new RangeError('The encoder has no layer.');
  const features = (pictures: Tensor4D) => {
    const sized = tf.image.resizeBilinear(pictures, [encoder.height, encoder.width], false, true);
    const found = encoder.encode(tf.mul(sized, 255), layer);
    return tf.div(found, tf.maximum(tf.norm(found, 2, 1, true), 1e-10));
  };
  return createPictureDistance(
    { name: 'featdist', variant: weights, unit: 'length²', direction: 'lower' },
    (truth, predicted) => tf.sum(tf.square(tf.sub(features(truth), features(predicted))), 1),
    dispose,
  );
}

function toRgb(pictures: Tensor4D): Tensor4D {
  return pictures.shape[3] === 3 ? pictures : tf.tile(pictures, [1, 1, 1, 3]);
}
