import type { PictureInput, PublishedWeight, WeightMapping } from '../../engine/index.js';

/** Names of one layer's arrays in files of Caffe, PyTorch and Keras. */
function namesOf(layer: string, part: 'weight' | 'bias'): readonly string[] {
  const keras = part === 'weight' ? 'kernel' : 'bias';
  return [
    `${layer}.${part}`,
    `features.${layer}.${part}`,
    `classifier.${layer}.${part}`,
    `${layer}/${keras}`,
    `${layer}/${keras}:0`,
  ];
}

/**
 * Where the weights of a CaffeNet stand in published files: five convolutions, then dense layers, the first of which reads pool5.
 * `pool5Channels` are the features of the last convolution, `normalised` layers whose running statistics are saved as Caffe's three blobs.
 */
export function mapCaffenet({
  dense,
  pool5Channels,
  normalised = [],
  input,
  meanPicture,
}: {
  readonly dense: readonly string[];
  readonly pool5Channels: number;
  readonly normalised?: readonly string[];
  readonly input: PictureInput;
  readonly meanPicture?: string;
}): WeightMapping {
  const weights: Record<string, PublishedWeight> = {};
  const add = (layer: string, weight: Omit<PublishedWeight, 'from'>) => {
    weights[`${layer}.weight`] = { from: namesOf(layer, 'weight'), ...weight };
    weights[`${layer}.bias`] = { from: namesOf(layer, 'bias'), layout: 'vector' };
  };
  for (const layer of ['conv1', 'conv2', 'conv3', 'conv4', 'conv5']) add(layer, { layout: 'convolution' });
  dense.forEach((layer, i) =>
    add(layer, i === 0 ? { layout: 'flattened', channels: pool5Channels } : { layout: 'dense' }),
  );
  for (const layer of normalised) {
    for (const part of ['mean', 'variance', 'weight'])
      weights[`${layer}_bn.${part}`] = { from: [`${layer}_bn.${part}`], layout: 'vector' };
  }
  return { weights, input, firstLayer: 'conv1', ...(meanPicture === undefined ? {} : { meanPicture }) };
}
