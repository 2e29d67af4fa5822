import { ConfigError } from '../../core/index.js';
import { convolutionLayer, denseLayer, gaussian, heNormal, plainLayer, type LayerSummary } from '../../engine/index.js';
import { convolvedSide, pooledSide } from '../layers/caffenet.js';
import { countLearned, type WeightPlan } from '../layers/weight-plan.js';
import type { AmbientSoundConfig } from './config.js';

/** One convolution of the trunk. */
export interface TrunkLayer {
  readonly name: string;
  readonly kernel: number;
  readonly stride: number;
  readonly groups: 1 | 2;
  readonly inputs: number;
  readonly channels: number;
  /** Side of what it gives, and of that after its pooling, if it has one. */
  readonly side: number;
  readonly pooled: number | null;
}

/** So small that guessing is what learning starts from. */
const scoreSpread = 0.005;

/**
 * The convolutions in their order: CaffeNet's five, or four that are pooled each.
 *
 * @throws ConfigError where nothing is left of a picture, or two groups would have to share an odd number of features.
 */
export function trunkLayers({
  channels,
  conv1Kernel,
  conv1Stride,
  imageSize,
}: Pick<AmbientSoundConfig, 'channels' | 'conv1Kernel' | 'conv1Stride' | 'imageSize'>): readonly TrunkLayer[] {
  const isCaffenet = channels.length === 5;
  if (isCaffenet && channels.some((each) => each % 2 !== 0))
    throw new ConfigError(`Five channels must be even, got ${channels.join(', ')}.`);
  const layers: TrunkLayer[] = [];
  let side = imageSize;
  channels.forEach((features, i) => {
    const kernel = i === 0 ? conv1Kernel : isCaffenet && i === 1 ? 5 : 3;
    if (i === 0) side = convolvedSide(side, { kernel, stride: conv1Stride });
    const isPooled = isCaffenet ? i !== 2 && i !== 3 : true;
    const pooled = isPooled ? pooledSide(side) : null;
    if ((pooled ?? side) < 1)
      throw new ConfigError(`imageSize ${imageSize} is too small: nothing is left of it after conv${i + 1}.`);
    layers.push({
      name: `conv${i + 1}`,
      kernel,
      stride: i === 0 ? conv1Stride : 1,
      groups: isCaffenet && (i === 1 || i >= 3) ? 2 : 1,
      inputs: i === 0 ? 3 : channels[i - 1]!,
      channels: features,
      side,
      pooled,
    });
    side = pooled ?? side;
  });
  return layers;
}

/** Features of the trunk's last pooling, flat. */
export function pooledFeatures(config: AmbientSoundConfig): number {
  const last = trunkLayers(config).at(-1)!;
  return last.channels * (last.pooled ?? last.side) ** 2;
}

/**
 * Every weight. Convolutions are [height, width, inputs of a group, outputs] and dense layers [inputs, outputs]: Caffe's [outputs, inputs,
 * height, width] and [outputs, inputs], transposed; fc6 reads [height, width, channels]. All but fc8 are followed by batch normalisation
 * with `<layer>_bn.scale` and `.offset`, and running sums `.mean`, `.variance` and `.weight`, by which the two are to be divided.
 */
export function planWeights(config: AmbientSoundConfig): ReadonlyMap<string, WeightPlan> {
  const plan = new Map<string, WeightPlan>();
  const add = (name: string, shape: readonly number[], isNormalised: boolean) => {
    const features = shape.at(-1)!;
    const init = isNormalised ? heNormal() : gaussian(scoreSpread);
    plan.set(`${name}.weight`, { shape, init, learningRateScale: 1, decays: true });
    plan.set(`${name}.bias`, { shape: [features], init: 0, learningRateScale: 2, decays: false });
    if (!isNormalised) return;
    const learned = { shape: [features], learningRateScale: 1, decays: false } as const;
    plan.set(`${name}_bn.scale`, { ...learned, init: 1 });
    plan.set(`${name}_bn.offset`, { ...learned, init: 0 });
    const running = { init: 0, learningRateScale: 0, decays: false } as const;
    plan.set(`${name}_bn.mean`, { shape: [features], ...running });
    plan.set(`${name}_bn.variance`, { shape: [features], ...running });
    plan.set(`${name}_bn.weight`, { shape: [], ...running });
  };
  for (const { name, kernel, inputs, groups, channels } of trunkLayers(config))
    add(name, [kernel, kernel, inputs / groups, channels], true);
  add('fc6', [pooledFeatures(config), config.fc6], true);
  add('fc7', [config.fc6, config.fc7], true);
  add('fc8', [config.fc7, config.outputs], false);
  return plan;
}

/** Learned numbers: weights, biases, scales and offsets. 57,010,270 for `paper`: 56,868,224 of the trunk, 122,910 of fc8, 19,136 of normalisation. */
export function countParameters(config: AmbientSoundConfig): number {
  return countLearned(planWeights(config));
}

/** The layers in the order in which they run; normalisation with its relu is counted as five operations a number, pooling as eight. */
export function summariseNetwork(config: AmbientSoundConfig): readonly LayerSummary[] {
  const table: LayerSummary[] = [plainLayer('data', 'input', [config.imageSize, config.imageSize, 3], 2)];
  const normalise = (name: string, output: readonly number[]) => {
    const parameters = 2 * output.at(-1)!;
    table.push({ ...plainLayer(`${name}_bn`, 'batch normalisation, relu', output, 5), parameters });
  };
  for (const { name, kernel, groups, inputs, channels, side, pooled } of trunkLayers(config)) {
    const output = [side, side, channels];
    table.push(convolutionLayer(name, output, { inputs, size: kernel, groups }));
    normalise(name, output);
    if (pooled !== null) table.push(plainLayer(`pool${name.at(-1)!}`, 'max-pooling', [pooled, pooled, channels], 8));
  }
  table.push(denseLayer('fc6', [config.fc6], { inputs: pooledFeatures(config) }));
  normalise('fc6', [config.fc6]);
  table.push(denseLayer('fc7', [config.fc7], { inputs: config.fc6 }));
  normalise('fc7', [config.fc7]);
  table.push(denseLayer('fc8', [config.outputs], { inputs: config.fc7 }));
  return table;
}
