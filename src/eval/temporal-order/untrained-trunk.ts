import type { Random } from '../../core/index.js';
import { tf, type Encoder, type TensorBatch } from '../../engine/index.js';

/**
 * What an encoder makes of the frames of each tuple, one after the other: float32 [3 × units] a tuple, of its first layer. Of more
 * `units` than asked for the same ones are drawn for every batch and frame.
 *
 * @param encoder is shown the batch's `frames`: [samples, tuples, 3, height, width, 3].
 */
export function readTrunk(
  encoder: Encoder,
  { tensors }: TensorBatch,
  { units, random }: { readonly units: number; readonly random: Random },
): readonly Float32Array[] {
  const [layer, width] = Object.entries(encoder.layers)[0] ?? [];
  const frames = tensors['frames'];
  if (layer === undefined || width === undefined || !frames) return [];
  const drawn = random.shuffle(Array.from({ length: width }, (_, i) => i)).slice(0, units);
  const chosen = Int32Array.from(drawn.sort((a, b) => a - b));
  const features = tf.tidy(() => {
    const pictures = tf.reshape(tf.cast(frames, 'float32'), [-1, ...frames.shape.slice(3)]);
    const all = encoder.encode(pictures, layer);
    return tf.gather(all, tf.tensor1d(chosen, 'int32'), 1);
  });
  const data = features.dataSync() as Float32Array;
  features.dispose();
  const perTuple = 3 * chosen.length;
  return Array.from({ length: data.length / perTuple }, (_, i) => data.slice(i * perTuple, (i + 1) * perTuple));
}
