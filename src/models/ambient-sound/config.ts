import { z } from 'zod';
import { loopSettings } from '../../engine/index.js';

const count = () => z.int().positive();

/** Settings of ambient sound. Every default is that of `small`. */
export const ambientSoundConfig = z.strictObject({
  ...loopSettings,
  preset: z
    .enum(['paper', 'small', 'tiny'])
    .default('small')
    .describe('Which set of values the other keys start from.'),
  steps: z.int().nonnegative().default(300).describe('Updates of the weights.'),
  batchSize: count().default(48).describe('Frames in one batch.'),
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
    .describe('Pull of the weights towards zero; biases and normalisation are left alone.'),
  logEverySteps: count().default(10).describe('How often the loss is read and logged.'),
  checkpointEverySteps: count().default(100).describe('How often a checkpoint is written.'),
  target: z
    .enum(['clusters', 'bits'])
    .default('clusters')
    .describe('What is told from a frame: the cluster of its sound, or the bits of its code, each by itself.'),
  outputs: z
    .int()
    .min(2)
    .max(1024)
    .default(30)
    .describe('Clusters of the dataset, or bits of its code that are used; more than it has does no harm.'),
  weighting: z
    .enum(['none', 'even'])
    .default('none')
    .describe('Count every frame once, or frames of rare clusters more, by the weights of the dataset.'),
  imageSize: z.int().min(24).default(96).describe('Side of the square pictures that the network sees, pixels.'),
  crop: z
    .number()
    .gt(0)
    .max(1)
    .default(0.875)
    .describe('Share of the picture, each way, that is shown; where it lies is drawn while learning.'),
  mirror: z.boolean().default(true).describe('Swap left and right, half of the time.'),
  colour: z.enum(['rgb', 'bgr']).default('rgb').describe('Channel order.'),
  mean: z
    .array(z.number())
    .length(3)
    .default([123.68, 116.779, 103.939])
    .describe('Subtracted from the channels, in their order.'),
  scale: z.number().positive().default(64).describe('Divides the pixels after the mean is subtracted.'),
  channels: z
    .array(count())
    .min(4)
    .max(5)
    .default([32, 64, 96, 128])
    .describe(
      "Features of the convolutions: five are CaffeNet's, of which three work in two groups and are even; four are pooled each.",
    ),
  conv1Kernel: z.int().min(3).default(7).describe('Side of the first kernel, pixels.'),
  conv1Stride: count().default(2).describe('Step of the first kernel, pixels.'),
  fc6: count().default(256).describe('Features of the first dense layer.'),
  fc7: count().default(128).describe('Features of the second dense layer.'),
  dropout: z.number().min(0).lt(1).default(0.3).describe('Share of dense features that are dropped while learning.'),
  statisticsDecay: z
    .number()
    .min(0)
    .lt(1)
    .default(0.95)
    .describe('Share of the running batch statistics that each step keeps.'),
});

/** Checked settings of ambient sound. */
export type AmbientSoundConfig = z.infer<typeof ambientSoundConfig>;

/** Values of the presets; a key that is not named has the schema's default. */
export const ambientSoundPresets: Readonly<Record<AmbientSoundConfig['preset'], Partial<AmbientSoundConfig>>> = {
  paper: {
    steps: 320_000,
    batchSize: 256,
    learningRate: 0.01,
    learningRateDrops: [0.3125, 0.625, 0.9375], // every 100,000 steps
    weightDecay: 5e-4,
    checkpointEverySteps: 1000,
    imageSize: 227,
    crop: 227 / 256,
    colour: 'bgr',
    mean: [103.939, 116.779, 123.68],
    scale: 1,
    channels: [96, 256, 384, 384, 256],
    conv1Kernel: 11,
    conv1Stride: 4,
    fc6: 4096,
    fc7: 4096,
    dropout: 0,
    statisticsDecay: 0.999,
  },
  small: {},
  tiny: {
    steps: 20,
    batchSize: 4,
    checkpointEverySteps: 10,
    logEverySteps: 5,
    imageSize: 32,
    channels: [8, 8, 8, 8],
    conv1Kernel: 5,
    conv1Stride: 1,
    fc6: 32,
    fc7: 16,
    statisticsDecay: 0.9,
  },
};
