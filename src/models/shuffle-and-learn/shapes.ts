import { ConfigError } from '../../core/index.js';
import { gaussian, heNormal, xavier } from '../../engine/index.js';
import { caffenetSides } from '../layers/caffenet.js';
import { countLearned, type WeightPlan } from '../layers/weight-plan.js';
import type { ShuffleAndLearnConfig } from './config.js';

/** Features of the trunk's last layer that sees one frame alone. */
export function frameFeatures({ join, fc6, fc7 }: ShuffleAndLearnConfig): number {
  return join === 'fc8' ? fc7 : fc6;
}

/**
 * Every weight of the network, in the released prototxt's names. Convolutions are [height, width, inputs of a group, outputs] and dense layers
 * [inputs, outputs]: Caffe's [outputs, inputs, height, width] and [outputs, inputs], transposed; fc6 reads [height, width, channels].
 */
export function planWeights(config: ShuffleAndLearnConfig): ReadonlyMap<string, WeightPlan> {
  const { channels, conv1Kernel, fc6, fc7, join, initialisation } = config;
  const [c1, c2, c3, c4, c5] = channels as [number, number, number, number, number];
  if (channels.some((count) => count % 2 !== 0))
    throw new ConfigError(`channels must be even, got ${channels.join(', ')}.`);
  const pool5 = caffenetSides(config)[3];
  const caffe = initialisation === 'caffe';
  const plan = new Map<string, WeightPlan>();
  const layer = (
    name: string,
    shape: readonly number[],
    { spread, bias }: { readonly spread: number; readonly bias: number },
  ) => {
    const init = name === 'fc8' ? xavier() : caffe ? gaussian(spread) : heNormal();
    plan.set(`${name}.weight`, { shape, init, learningRateScale: 1, decays: true });
    plan.set(`${name}.bias`, { shape: [shape.at(-1)!], init: caffe ? bias : 0, learningRateScale: 2, decays: false });
  };
  const statistics = (name: string, features: number) => {
    const running = { init: 0, learningRateScale: 0, decays: false } as const;
    plan.set(`${name}_bn.mean`, { shape: [features], ...running });
    plan.set(`${name}_bn.variance`, { shape: [features], ...running });
    plan.set(`${name}_bn.weight`, { shape: [], ...running }); // Caffe's third blob: by how much the two sums are to be divided
  };
  layer('conv1', [conv1Kernel, conv1Kernel, 3, c1], { spread: 0.01, bias: 0 });
  layer('conv2', [5, 5, c1 / 2, c2], { spread: 0.01, bias: 1 });
  layer('conv3', [3, 3, c2, c3], { spread: 0.01, bias: 0 });
  statistics('conv3', c3);
  layer('conv4', [3, 3, c3 / 2, c4], { spread: 0.01, bias: 1 });
  statistics('conv4', c4);
  layer('conv5', [3, 3, c4 / 2, c5], { spread: 0.01, bias: 1 });
  statistics('conv5', c5);
  layer('fc6', [pool5 * pool5 * c5, fc6], { spread: 0.005, bias: 1 });
  statistics('fc6', fc6);
  layer('fc7', [join === 'fc8' ? fc6 : 3 * fc6, fc7], { spread: 0.005, bias: 1 });
  statistics('fc7', fc7);
  layer('fc8', [join === 'fc8' ? 3 * fc7 : fc7, 2], { spread: 0, bias: 0 });
  return plan;
}

/** Learned numbers, counted as the paper's table does: weights and biases, not the running statistics. 56,892,802 for `paper`. */
export function countParameters(config: ShuffleAndLearnConfig): number {
  return countLearned(planWeights(config));
}
