import { ConfigError } from '../../core/index.js';
import { withoutNormalization, type Encoder, type WatchedLayer } from '../../engine/index.js';
import { assignWeights, isVariable, watchPictures } from '../settable-layers.js';

/**
 * Takes each batch normalisation that a network has into the weights and the bias of the layer before it: the encoder that comes back runs without them
 * and gives what the given one gave, whose weights have changed.
 *
 * @param picture uint8 [height, width, 3] of the encoder's size; any will do.
 * @throws ConfigError where one does not follow a layer with weights and a bias of its own.
 *
 * Source: philkr/magic_init, which rescales no network whose batch normalisations are not merged.
 */
export function mergeNormalization<E extends Encoder>(encoder: E, layer: string, picture: Uint8Array): E {
  const layers: WatchedLayer[] = [];
  const merged: { readonly layer: WatchedLayer; readonly slope: Float32Array; readonly shift: Float32Array }[] = [];
  watchPictures(
    encoder,
    layer,
    [picture],
    (watched) => layers.push(watched),
    ({ x, slope, shift }) => {
      const before = layers.find(({ y }) => y === x);
      const isOwn = before?.bias && [before.weight, before.bias].every(isVariable);
      if (!before || !isOwn || merged.some((one) => one.layer.weight === before.weight))
        throw new ConfigError(
          'A batch normalisation of this network follows no layer with weights of its own that runs once, and cannot be merged into it; set fineTune.rescale to false.',
        );
      merged.push({ layer: before, slope: read(slope), shift: read(shift) });
    },
  );
  for (const { layer: before, slope, shift } of merged) {
    const outputs = slope.length;
    const bias = before.bias!;
    assignWeights(before.weight, read(before.weight).map((value, i) => value * slope[i % outputs]!)); // prettier-ignore
    assignWeights(bias, read(bias).map((value, c) => value * slope[c]! + shift[c]!)); // prettier-ignore
  }
  return { ...encoder, encode: (images, asked) => withoutNormalization(() => encoder.encode(images, asked)) };
}

function read(tensor: WatchedLayer['weight']): Float32Array {
  return Float32Array.from(tensor.dataSync());
}
