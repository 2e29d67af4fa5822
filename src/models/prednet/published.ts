import type { PublishedWeight, WeightMapping } from '../../engine/index.js';
import type { PredNetConfig } from './config.js';
import { planWeights } from './shapes.js';

/**
 * Where the weights stand in a file of the reference for TensorFlow, converted to safetensors with the arrays' own names or ours. Its kernels are
 * [height, width, inputs, outputs] with the inputs in our order, so nothing is turned but what a `pt` file's metadata say.
 */
export function mapPublishedWeights(config: PredNetConfig): WeightMapping {
  const weights: Record<string, PublishedWeight> = {};
  for (const name of planWeights(config).keys()) {
    const [unit, part] = name.split('.') as [string, string];
    const keras = `layer_${unit}/${part === 'weight' ? 'kernel' : 'bias'}`;
    weights[name] = { from: [name, keras, `${keras}:0`], layout: part === 'weight' ? 'convolution' : 'vector' };
  }
  // pixels go in as they are, 0–1 RGB: there is no first layer to be fitted
  return { weights, input: { colour: 'rgb', mean: [0, 0, 0], scale: 255 }, firstLayer: 'none' };
}
