import { z } from 'zod';
import { loopSettings } from '../../engine/index.js';

/** A whole number above zero. */
export const count = () => z.int().positive();

/** A number from 0 to 1. */
export const share = () => z.number().min(0).max(1);

/** What `preset` does, in the words of every task. */
export const presetMeaning = 'Which set of values the other keys start from.';

/** Settings that every pretext task has, with the defaults of its `small`. */
export function taskSettings({
  steps,
  batchSize,
  batchMeaning,
  leastBatch = 1,
  logEverySteps = 10,
  checkpointEverySteps = 100,
}: {
  readonly steps: number;
  readonly batchSize: number;
  readonly batchMeaning: string;
  readonly leastBatch?: number;
  readonly logEverySteps?: number;
  readonly checkpointEverySteps?: number;
}) {
  return {
    ...loopSettings,
    preset: z.enum(['paper', 'small', 'tiny']).default('small').describe(presetMeaning),
    steps: z.int().nonnegative().default(steps).describe('Updates of the weights.'),
    batchSize: z.int().min(leastBatch).default(batchSize).describe(batchMeaning),
    logEverySteps: count().default(logEverySteps).describe('How often the loss is read and logged.'),
    checkpointEverySteps: count().default(checkpointEverySteps).describe('How often a checkpoint is written.'),
  };
}

/** A learning rate that is divided at some shares of the steps. @param divisor the words for what it is divided by. */
export function droppedRate(learningRate: number, drops: readonly number[], divisor = 'ten') {
  return {
    learningRate: z.number().positive().default(learningRate).describe('Step size before any drop.'),
    learningRateDrops: z
      .array(share())
      .default([...drops])
      .describe(`Shares of the steps after which the learning rate is divided by ${divisor}.`),
  };
}

/** Momentum and weight decay of stochastic gradient descent. @param spared the weights that are not pulled. */
export function momentumSettings(weightDecay: number, spared = 'biases are left alone') {
  return {
    momentum: share().default(0.9).describe('Share of the last update that is kept.'),
    weightDecay: z.number().nonnegative().default(weightDecay).describe(`Pull of the weights towards zero; ${spared}.`),
  };
}

/** The running means of Adam. */
export const adamSettings = {
  beta1: z.number().min(0).lt(1).default(0.9).describe("Share of Adam's running mean of gradients that is kept."),
  beta2: z.number().min(0).lt(1).default(0.999).describe("Share of Adam's running mean of squares that is kept."),
};

/** How pixels of 0–255 become numbers around zero. */
export const pixelSettings = {
  mean: z
    .array(z.number())
    .length(3)
    .default([123.68, 116.779, 103.939])
    .describe('Subtracted from the channels, in their order.'),
  scale: z.number().positive().default(64).describe('Divides the pixels after the mean is subtracted.'),
};

/** Side of the square pictures of an encoder. */
export const imageSide = (side: number) =>
  z.int().min(24).default(side).describe('Side of the square pictures that the network sees, pixels.');

/** Whether pictures are mirrored. @param of what is mirrored as one. */
export const mirrored = (of = '') => z.boolean().default(true).describe(`Swap left and right${of}, half of the time.`);

/** The channel orders that a network may read. */
export const channelOrder = z.enum(['rgb', 'bgr']).default('rgb').describe('Channel order.');

/** Share of the dense features that a step leaves out. */
export const dropoutShare = (dropped: number) =>
  z.number().min(0).lt(1).default(dropped).describe('Share of dense features that are dropped while learning.');

/** How much of the running statistics of a batch normalisation each step keeps. */
export const statisticsDecay = z
  .number()
  .min(0)
  .lt(1)
  .default(0.95)
  .describe('Share of the running batch statistics that each step keeps.');

/** First convolution and dense layers of an encoder built as CaffeNet, or smaller. */
export function trunkSettings(of: { conv1Kernel: number; conv1Stride: number; fc6: number; fc7: number }) {
  return {
    conv1Kernel: z.int().min(3).default(of.conv1Kernel).describe('Side of the first kernel, pixels.'),
    conv1Stride: count().default(of.conv1Stride).describe('Step of the first kernel, pixels.'),
    fc6: count().default(of.fc6).describe('Features of the first dense layer.'),
    fc7: count().default(of.fc7).describe('Features of the second dense layer.'),
  };
}

/** Features of CaffeNet's five convolutions. */
export const caffenetChannels = z
  .array(count())
  .length(5)
  .default([48, 128, 192, 192, 128])
  .describe('Features of the five convolutions; even, because three of them work in two groups.');

/** How the first weights are spread. */
export const initialisation = z
  .enum(['caffe', 'he'])
  .default('he')
  .describe('Spread of the first weights: fixed, as released, or by the number of inputs.');

/** Trunk of a published CaffeNet, for the `paper` presets. */
export const publishedTrunk = {
  imageSize: 227,
  channels: [96, 256, 384, 384, 256],
  conv1Kernel: 11,
  conv1Stride: 4,
  fc6: 4096,
  fc7: 4096,
};

/** Pixels as Caffe's networks read them: blue first, minus the mean. */
export const publishedPixels = { mean: [103.939, 116.779, 123.68], scale: 1 };
