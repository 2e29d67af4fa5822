import { z } from 'zod';
import { loopSettings } from '../../engine/index.js';

const count = () => z.int().positive();

/** Settings of Shuffle and Learn. Every default is that of `small`. */
export const shuffleAndLearnConfig = z.strictObject({
  preset: z
    .enum(['paper', 'small', 'tiny'])
    .default('small')
    .describe('Which set of values the other keys start from.'),
  steps: z.int().nonnegative().default(300).describe('Updates of the weights.'),
  batchSize: count().default(64).describe('Tuples in one batch.'),
  learningRate: z.number().positive().default(0.01).describe('Step size before any drop.'),
  learningRateDrops: z
    .array(z.number().min(0).max(1))
    .default([0.7, 0.9])
    .describe('Shares of the steps after which the learning rate is divided by ten.'),
  momentum: z.number().min(0).max(1).default(0.9).describe('Share of the last update that is kept.'),
  weightDecay: z
    .number()
    .nonnegative()
    .default(5e-4)
    .describe('Pull of the weights towards zero; biases are left alone.'),
  ...loopSettings,
  logEverySteps: count().default(10).describe('How often the loss is read and logged.'),
  checkpointEverySteps: count().default(100).describe('How often a checkpoint is written.'),
  negativeShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.75)
    .describe('Share of each batch whose middle frame is a wrong one.'),
  imageSize: z.int().min(24).default(80).describe('Side of the square pictures that the network sees, pixels.'),
  crop: z
    .enum(['whole', 'patch'])
    .default('whole')
    .describe(
      'Take the whole picture, or the moving place that the record names; its mean colour then gives some order away.',
    ),
  jitter: z
    .number()
    .min(0)
    .default(2)
    .describe('Largest shift of each single frame of a tuple, in pixels of imageSize; 0: none.'),
  mirror: z.boolean().default(true).describe('Swap left and right of whole tuples, half of the time.'),
  colour: z
    .enum(['rgb', 'bgr', 'split'])
    .default('rgb')
    .describe('Channel order, or one random channel for the whole tuple copied to all three.'),
  mean: z
    .array(z.number())
    .length(3)
    .default([123.68, 116.779, 103.939])
    .describe('Subtracted from the channels, in their order.'),
  scale: z.number().positive().default(64).describe('Divides the pixels after the mean is subtracted.'),
  channels: z
    .array(count())
    .length(5)
    .default([48, 128, 192, 192, 128])
    .describe('Features of the five convolutions; even, because three of them work in two groups.'),
  conv1Kernel: z.int().min(3).default(11).describe('Side of the first kernel, pixels.'),
  conv1Stride: count().default(4).describe('Step of the first kernel, pixels.'),
  fc6: count().default(1024).describe('Features of the first dense layer.'),
  fc7: count().default(512).describe('Features of the second dense layer.'),
  join: z
    .enum(['fc7', 'fc8', 'differences'])
    .default('differences')
    .describe(
      'Where the three frames meet: side by side before fc7 or fc8, or as the distances of each two before fc7.',
    ),
  dropout: z.number().min(0).lt(1).default(0.5).describe('Share of dense features that are dropped while learning.'),
  initialisation: z
    .enum(['caffe', 'he'])
    .default('he')
    .describe('Spread of the first weights: fixed, as released, or by the number of inputs.'),
  statisticsDecay: z
    .number()
    .min(0)
    .lt(1)
    .default(0.95)
    .describe('Share of the running batch statistics that each step keeps.'),
});

/** Checked settings of Shuffle and Learn. */
export type ShuffleAndLearnConfig = z.infer<typeof shuffleAndLearnConfig>;

/** Values of the presets; a key that is not named has the schema's default. */
export const shuffleAndLearnPresets: Readonly<Record<ShuffleAndLearnConfig['preset'], Partial<ShuffleAndLearnConfig>>> =
  {
    paper: {
      steps: 100_000,
      batchSize: 32,
      accumulateSteps: 4,
      learningRate: 0.001,
      learningRateDrops: [0.8],
      checkpointEverySteps: 1000,
      imageSize: 227,
      crop: 'whole',
      jitter: 0,
      mirror: false,
      colour: 'bgr',
      mean: [103.939, 116.779, 123.68],
      scale: 1,
      channels: [96, 256, 384, 384, 256],
      fc6: 4096,
      fc7: 4096,
      join: 'fc8',
      initialisation: 'caffe',
      statisticsDecay: 0.999,
    },
    small: {},
    tiny: {
      steps: 20,
      batchSize: 4,
      checkpointEverySteps: 10,
      logEverySteps: 5,
      imageSize: 32,
      channels: [8, 8, 8, 8, 8],
      conv1Kernel: 5,
      conv1Stride: 1,
      fc6: 32,
      fc7: 16,
      statisticsDecay: 0.9,
    },
  };
