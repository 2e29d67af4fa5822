import { z } from 'zod';
import { loopSettings } from '../../engine/index.js';

const count = () => z.int().positive();

/** Settings of Wang and Gupta's siamese triplet network. Every default is that of `small`. */
export const wangGuptaConfig = z.strictObject({
  ...loopSettings,
  preset: z
    .enum(['paper', 'small', 'tiny'])
    .default('small')
    .describe('Which set of values the other keys start from.'),
  steps: z.int().nonnegative().default(400).describe('Updates of the weights.'),
  batchSize: count().default(32).describe('Pairs in one update, each of two patches of one track.'),
  learningRate: z.number().positive().default(0.02).describe('Step size before any drop.'),
  learningRateDrops: z
    .array(z.number().min(0).max(1))
    .default([0.7, 0.9])
    .describe('Shares of the steps after which the learning rate is divided by ten.'),
  momentum: z.number().min(0).max(1).default(0.9).describe('Share of the last update that is kept.'),
  weightDecay: z
    .number()
    .nonnegative()
    .default(2e-3)
    .describe('Pull of the weights towards zero; biases are left alone.'),
  logEverySteps: count().default(10).describe('How often the loss is read and logged.'),
  checkpointEverySteps: count().default(100).describe('How often a checkpoint is written.'),
  margin: z
    .number()
    .positive()
    .max(2)
    .default(0.5)
    .describe(
      'By how much a negative must be farther away than the positive; distances reach from 0 to 1, or to 2 without lastRelu.',
    ),
  negatives: count().default(4).describe('Negatives of each pair: K.'),
  selection: z
    .enum(['paper', 'released'])
    .default('paper')
    .describe(
      'Hardest patches of other videos, or the released layer: some of the K hardest and some of the rest of those that violate the margin, each compared with both patches of the pair.',
    ),
  hardShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Share of the negatives that are hard ones once the random phase is over; the others stay random.'),
  randomPhase: z
    .number()
    .min(0)
    .max(1)
    .default(0.4)
    .describe('Share of the steps, at the beginning, in which all negatives are random.'),
  imageSize: z.int().min(24).default(64).describe('Side of the square patches that the network sees, pixels.'),
  crop: z
    .number()
    .gt(0)
    .max(1)
    .default(0.9)
    .describe('Share of a patch, each way, that is shown; where it lies is drawn while learning; 1: all of it.'),
  mirror: z.boolean().default(true).describe('Swap left and right, for each patch by itself, half of the time.'),
  colour: z.enum(['rgb', 'bgr']).default('rgb').describe('Channel order.'),
  mean: z
    .array(z.number())
    .length(3)
    .default([123.68, 116.779, 103.939])
    .describe('First value of the mean picture, which is subtracted, by channel in their order.'),
  scale: z.number().positive().default(64).describe('Divides the pixels after the mean is subtracted.'),
  channels: z
    .array(count())
    .length(5)
    .default([48, 128, 192, 192, 128])
    .describe('Features of the five convolutions; even, because three of them work in two groups.'),
  conv1Kernel: z.int().min(3).default(7).describe('Side of the first kernel, pixels.'),
  conv1Stride: count().default(3).describe('Step of the first kernel, pixels.'),
  fc6: count().default(512).describe('Features of the first dense layer.'),
  fc7: count().default(128).describe('Features of the embedding.'),
  lastRelu: z
    .boolean()
    .default(false)
    .describe('Cut the embedding off at zero, as released: then no distance is greater than 1.'),
  initialisation: z
    .enum(['caffe', 'he'])
    .default('he')
    .describe('Spread of the first weights: fixed, as released, or by the number of inputs.'),
});

/** Checked settings of the task. */
export type WangGuptaConfig = z.infer<typeof wangGuptaConfig>;

/** Values of the presets; a key that is not named has the schema's default. */
export const wangGuptaPresets: Readonly<Record<WangGuptaConfig['preset'], Partial<WangGuptaConfig>>> = {
  paper: {
    steps: 400_000,
    batchSize: 50,
    learningRate: 0.001,
    learningRateDrops: [0.25, 0.5, 0.75],
    weightDecay: 5e-4,
    hardShare: 1,
    lastRelu: true,
    checkpointEverySteps: 1000,
    randomPhase: 0.375, // 150,000 of 400,000 steps
    imageSize: 227,
    crop: 1,
    colour: 'bgr',
    mean: [103.939, 116.779, 123.68],
    scale: 1,
    channels: [96, 256, 384, 384, 256],
    conv1Kernel: 11,
    conv1Stride: 4,
    fc6: 4096,
    fc7: 1024,
    initialisation: 'caffe',
  },
  small: {},
  tiny: {
    steps: 20,
    batchSize: 4,
    hardShare: 1,
    lastRelu: true,
    weightDecay: 5e-4,
    checkpointEverySteps: 10,
    logEverySteps: 5,
    imageSize: 32,
    channels: [8, 8, 8, 8, 8],
    conv1Kernel: 5,
    conv1Stride: 1,
    fc6: 32,
    fc7: 16,
  },
};
