import { tf, type Encoder, type Tensor } from '../../engine/index.js';

/**
 * A network as an encoder of pictures, which refuses layers that it does not have.
 *
 * @param read one of the layers, of float32 [batch, height, width, 3] in 0–255: float32 [batch, features].
 */
export function createPictureEncoder<L extends string>({
  width,
  height,
  layers,
  read,
}: {
  readonly width: number;
  readonly height: number;
  /** Feature counts by name, the default layer first. */
  readonly layers: Readonly<Partial<Record<L, number>>>;
  readonly read: (images: Tensor, layer: L) => Tensor;
}): Encoder {
  const has = (layer: string): layer is L => Object.hasOwn(layers, layer);
  return {
    width,
    height,
    layers: layers as Readonly<Record<string, number>>,
    encode: (images, layer) => {
      if (!has(layer)) throw new RangeError(`The encoder has no layer ${JSON.stringify(layer)}.`);
      return tf.tidy(() => read(images, layer));
    },
  };
}
