import { ConfigError } from '../../core/index.js';
import { convolutionLayer, denseLayer, gaussian, heNormal, plainLayer, type LayerSummary } from '../../engine/index.js';
import { caffenetSides, convolvedSide, pooledSide, summariseConvolutions } from '../layers/caffenet.js';
import type { WeightPlan } from '../layers/weight-plan.js';
import type { MotionSegmentationConfig } from './config.js';

/** Sides of the square maps inside the trunk `plain`. */
export interface PlainSides {
  readonly conv1: number;
  readonly pool1: number;
  readonly pool2: number;
  readonly pool3: number;
}

/**
 * Sides of `plain`: 61, 30, 15 and 7 for pictures of 128.
 *
 * @throws ConfigError where nothing is left after three poolings.
 */
export function plainSides({ imageSize, conv1Kernel, conv1Stride }: MotionSegmentationConfig): PlainSides {
  const conv1 = convolvedSide(imageSize, { kernel: conv1Kernel, stride: conv1Stride });
  const pool1 = pooledSide(conv1);
  const pool2 = pooledSide(pool1);
  const pool3 = pooledSide(pool2);
  if (pool3 < 1) throw new ConfigError(`imageSize ${imageSize} is too small: nothing is left after three poolings.`);
  return { conv1, pool1, pool2, pool3 };
}

/**
 * Every weight of the network, in AlexNet's names, and `mask` for its head. Convolutions are [height, width, inputs of a group, outputs] and
 * dense layers [inputs, outputs]: Caffe's [outputs, inputs, height, width] and [outputs, inputs], transposed; fc6 reads [height, width, channels].
 */
export function planWeights(config: MotionSegmentationConfig): ReadonlyMap<string, WeightPlan> {
  const { channels, trunk, conv1Kernel, fc6, fc7, headChannels, maskSize, initialisation } = config;
  const isCaffenet = trunk === 'caffenet';
  if (channels.length !== (isCaffenet ? 5 : 4))
    throw new ConfigError(
      `channels of the trunk ${trunk} are ${isCaffenet ? 5 : 4} numbers, got ${channels.join(', ')}.`,
    );
  if (isCaffenet && channels.some((features) => features % 2 !== 0))
    throw new ConfigError(`channels must be even, got ${channels.join(', ')}.`);
  const [c1, c2, c3, c4, c5 = 0] = channels as [number, number, number, number, number?];
  const caffe = initialisation === 'caffe';
  const plan = new Map<string, WeightPlan>();
  const layer = (name: string, shape: readonly number[], spread: number, bias: number) => {
    const init = caffe ? gaussian(spread) : heNormal();
    plan.set(`${name}.weight`, { shape, init, learningRateScale: 1, decays: true });
    plan.set(`${name}.bias`, { shape: [shape.at(-1)!], init: caffe ? bias : 0, learningRateScale: 1, decays: false });
  };
  // From zero: every place is as likely as not at first, and the loss is ln 2.
  const head = (shape: readonly number[]) => {
    plan.set('mask.weight', { shape, init: 0, learningRateScale: 1, decays: true });
    plan.set('mask.bias', { shape: [shape.at(-1)!], init: 0, learningRateScale: 1, decays: false });
  };
  layer('conv1', [conv1Kernel, conv1Kernel, 3, c1], 0.01, 0);
  if (isCaffenet) {
    const pool5 = caffenetSides(config)[3];
    layer('conv2', [5, 5, c1 / 2, c2], 0.01, 1);
    layer('conv3', [3, 3, c2, c3], 0.01, 0);
    layer('conv4', [3, 3, c3 / 2, c4], 0.01, 1);
    layer('conv5', [3, 3, c4 / 2, c5], 0.01, 1);
    layer('fc6', [pool5 * pool5 * c5, fc6], 0.005, 1);
    layer('fc7', [fc6, fc7], 0.005, 1);
    head([fc7, maskSize * maskSize]);
    return plan;
  }
  plainSides(config);
  layer('conv2', [3, 3, c1, c2], 0.01, 0);
  layer('conv3', [3, 3, c2, c3], 0.01, 0);
  layer('conv4', [3, 3, c3, c4], 0.01, 0);
  layer('squeeze', [1, 1, c4, headChannels], 0.01, 0);
  head([1, 1, headChannels, 1]);
  return plan;
}

/** Layers whose features can be asked for, the default one first, with their feature counts. */
export function featureCounts(config: MotionSegmentationConfig): Readonly<Record<string, number>> {
  if (config.trunk === 'plain') {
    const { pool2, pool3 } = plainSides(config);
    return { conv4: pool3 * pool3 * config.channels[3]!, conv3: pool2 * pool2 * config.channels[2]! };
  }
  const [, , pool2, pool5] = caffenetSides(config);
  const [, , c3, c4, c5] = config.channels as [number, number, number, number, number];
  return {
    fc7: config.fc7,
    fc6: config.fc6,
    conv5: pool5 * pool5 * c5,
    conv4: pool2 * pool2 * c4,
    conv3: pool2 * pool2 * c3,
  };
}

/** The layers in the order in which they run. */
export function summariseNetwork(config: MotionSegmentationConfig): readonly LayerSummary[] {
  const { channels, conv1Kernel, fc6, fc7, headChannels, imageSize, maskSize, trunk } = config;
  if (trunk === 'caffenet') {
    return [
      ...summariseConvolutions(config),
      denseLayer('fc6', [fc6], { inputs: caffenetSides(config)[3] ** 2 * channels[4]! }),
      denseLayer('fc7', [fc7], { inputs: fc6 }),
      denseLayer('mask', [maskSize * maskSize], { inputs: fc7 }),
    ];
  }
  const [c1, c2, c3, c4] = channels as [number, number, number, number];
  const { conv1, pool1, pool2, pool3 } = plainSides(config);
  const square = (side: number, features: number) => [side, side, features];
  const pool = (name: string, side: number, features: number) => plainLayer(name, 'pooling', square(side, features), 8);
  return [
    plainLayer('data', 'input', square(imageSize, 3), 2),
    convolutionLayer('conv1', square(conv1, c1), { inputs: 3, size: conv1Kernel }),
    pool('pool1', pool1, c1),
    convolutionLayer('conv2', square(pool1, c2), { inputs: c1, size: 3 }),
    pool('pool2', pool2, c2),
    convolutionLayer('conv3', square(pool2, c3), { inputs: c2, size: 3 }),
    pool('pool3', pool3, c3),
    convolutionLayer('conv4', square(pool3, c4), { inputs: c3, size: 3 }),
    convolutionLayer('squeeze', square(pool3, headChannels), { inputs: c4, size: 1 }),
    convolutionLayer('mask', square(pool3, 1), { inputs: headChannels, size: 1 }),
    plainLayer('enlarge', 'enlargement', square(maskSize, 1), 2 * pool3 * pool3),
  ];
}
