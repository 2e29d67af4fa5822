import { ConfigError } from '../../core/index.js';
import { denseLayer, gaussian, heNormal, plainLayer, type LayerSummary } from '../../engine/index.js';
import { caffenetSides, summariseConvolutions } from '../layers/caffenet.js';
import type { WeightPlan } from '../layers/weight-plan.js';
import type { WangGuptaConfig } from './config.js';

/** Name of the picture that is subtracted from every patch: saved with the weights, and not learned. */
export const meanName = 'data.mean';

/**
 * Every weight of the network, in the released prototxt's names. Convolutions are [height, width, inputs of a group, outputs] and dense layers
 * [inputs, outputs]: Caffe's [outputs, inputs, height, width] and [outputs, inputs], transposed; fc6 reads [height, width, channels].
 * `data.mean` is [imageSize, imageSize, 3], in the channel order of `colour`.
 *
 * Source: xiaolonw/caffe-video_triplet, rank_scripts/rank_alexnet/imagenet_train.prototxt.
 */
export function planWeights(config: WangGuptaConfig): ReadonlyMap<string, WeightPlan> {
  const { channels, conv1Kernel, fc6, fc7, imageSize, initialisation, mean } = config;
  const [c1, c2, c3, c4, c5] = channels as [number, number, number, number, number];
  if (channels.some((count) => count % 2 !== 0))
    throw new ConfigError(`channels must be even, got ${channels.join(', ')}.`);
  const pool5 = caffenetSides(config)[3];
  const caffe = initialisation === 'caffe';
  const plan = new Map<string, WeightPlan>();
  const layer = (name: string, shape: readonly number[], spread: number, bias: number) => {
    const init = caffe ? gaussian(spread) : heNormal();
    plan.set(`${name}.weight`, { shape, init, learningRateScale: 1, decays: true });
    plan.set(`${name}.bias`, { shape: [shape.at(-1)!], init: caffe ? bias : 0, learningRateScale: 2, decays: false });
  };
  plan.set(meanName, {
    shape: [imageSize, imageSize, 3],
    init: (shape) => Float32Array.from({ length: shape[0]! * shape[1]! * 3 }, (_, i) => mean[i % 3]!),
    learningRateScale: 0,
    decays: false,
  });
  layer('conv1', [conv1Kernel, conv1Kernel, 3, c1], 0.01, 0);
  layer('conv2', [5, 5, c1 / 2, c2], 0.01, 1);
  layer('conv3', [3, 3, c2, c3], 0.01, 0);
  layer('conv4', [3, 3, c3 / 2, c4], 0.01, 1);
  layer('conv5', [3, 3, c4 / 2, c5], 0.01, 1);
  layer('fc6', [pool5 * pool5 * c5, fc6], 0.005, 1);
  layer('fc7', [fc6, fc7], 0.005, 1);
  return plan;
}

/** Layers whose features can be asked for, the default one first, with their feature counts. */
export function featureCounts(config: WangGuptaConfig) {
  const [, , pool2, pool5] = caffenetSides(config);
  const [, , c3, c4, c5] = config.channels as [number, number, number, number, number];
  return {
    fc6: config.fc6,
    conv5: pool5 * pool5 * c5,
    conv4: pool2 * pool2 * c4,
    conv3: pool2 * pool2 * c3,
    fc7: config.fc7,
    embedding: config.fc7,
  } as const;
}

/** The layers in the order in which they run. */
export function summariseNetwork(config: WangGuptaConfig): readonly LayerSummary[] {
  const { channels, fc6, fc7 } = config;
  return [
    ...summariseConvolutions(config),
    denseLayer('fc6', [fc6], { inputs: caffenetSides(config)[3] ** 2 * channels[4]! }),
    denseLayer('fc7', [fc7], { inputs: fc6 }),
    plainLayer('norm7', 'unit length', [fc7], 3),
  ];
}
