import { z } from 'zod';
import { loopSettings } from '../../engine/index.js';

const count = () => z.int().positive();

/** Settings of motion segmentation. Every default is that of `small`. */
export const motionSegmentationConfig = z.strictObject({
  ...loopSettings,
  preset: z
    .enum(['paper', 'small', 'tiny'])
    .default('small')
    .describe('Which set of values the other keys start from.'),
  steps: z.int().nonnegative().default(300).describe('Updates of the weights.'),
  batchSize: count().default(32).describe('Pictures in one batch.'),
  learningRate: z.number().positive().default(1e-3).describe('Step size before any drop.'),
  learningRateDrops: z
    .array(z.number().min(0).max(1))
    .default([0.6, 0.85])
    .describe('Shares of the steps after which the learning rate is divided by ten.'),
  optimizer: z.enum(['momentum', 'adam']).default('adam').describe('How weights are moved by their gradients.'),
  momentum: z.number().min(0).max(1).default(0.9).describe('Share of the last update that is kept; of `momentum`.'),
  weightDecay: z
    .number()
    .nonnegative()
    .default(1e-4)
    .describe('Pull of the weights towards zero; biases are left alone.'),
  logEverySteps: count().default(10).describe('How often the loss is read and logged.'),
  checkpointEverySteps: count().default(100).describe('How often a checkpoint is written.'),
  trunk: z
    .enum(['caffenet', 'plain'])
    .default('plain')
    .describe(
      'Five convolutions in groups and two dense layers, or four convolutions that look through all of the picture.',
    ),
  imageSize: z.int().min(24).default(128).describe('Side of the square pictures that the network sees, pixels.'),
  maskSize: z.int().min(4).default(32).describe('Side of the square mask that it draws.'),
  channels: z
    .array(count())
    .min(4)
    .max(5)
    .default([32, 64, 96, 128])
    .describe('Features of the convolutions: five of `caffenet`, even for its groups, four of `plain`.'),
  conv1Kernel: z.int().min(3).default(7).describe('Side of the first kernel, pixels.'),
  conv1Stride: count().default(2).describe('Step of the first kernel, pixels.'),
  fc6: count().default(512).describe('Features of the first dense layer of `caffenet`.'),
  fc7: count().default(512).describe('Features of the second dense layer of `caffenet`.'),
  headChannels: count().default(128).describe('Features between the convolutions of `plain` and its mask.'),
  dropout: z.number().min(0).lt(1).default(0).describe('Share of the dense features that is dropped while learning.'),
  initialisation: z
    .enum(['caffe', 'he'])
    .default('he')
    .describe('Spread of the first weights: fixed, or by the number of inputs.'),
  objectShare: z
    .number()
    .gt(0)
    .max(1)
    .default(128 / 224)
    .describe('Longer side of the thing over that of the window around it.'),
  jitterScale: z
    .number()
    .nonnegative()
    .max(2)
    .default(0.5)
    .describe(
      'The window is up to so many octaves smaller or larger while learning; 0 with jitterShift 0: the net learns the middle.',
    ),
  jitterShift: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.15)
    .describe('The window is moved by up to this share of its side while learning.'),
  jitterColour: z.number().min(0).lt(1).default(0.3).describe('Brightness and contrast change by up to this share.'),
  mirror: z.boolean().default(true).describe('Swap left and right, half of the time.'),
  ignoreUnknown: z
    .boolean()
    .default(true)
    .describe('Leave places out of the loss where the miner was not sure; else they count as background.'),
});

/** Checked settings of the task. */
export type MotionSegmentationConfig = z.infer<typeof motionSegmentationConfig>;

/** Values of the presets; a key that is not named has the schema's default. */
export const motionSegmentationPresets: Readonly<
  Record<MotionSegmentationConfig['preset'], Partial<MotionSegmentationConfig>>
> = {
  paper: {
    steps: 100_000,
    batchSize: 128,
    learningRate: 0.01,
    optimizer: 'momentum',
    weightDecay: 5e-4,
    checkpointEverySteps: 1000,
    trunk: 'caffenet',
    imageSize: 227,
    maskSize: 56,
    channels: [96, 256, 384, 384, 256],
    conv1Kernel: 11,
    conv1Stride: 4,
    fc6: 4096,
    fc7: 4096,
    dropout: 0.5,
    jitterScale: 0.25,
    jitterShift: 16 / 227,
    jitterColour: 0,
  },
  small: {},
  tiny: {
    steps: 20,
    batchSize: 4,
    checkpointEverySteps: 10,
    logEverySteps: 5,
    imageSize: 32,
    maskSize: 8,
    channels: [8, 8, 8, 8],
    conv1Kernel: 5,
    conv1Stride: 1,
    headChannels: 8,
  },
};
