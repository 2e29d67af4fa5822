import { z } from 'zod';
import {
  channelOrder,
  count,
  droppedRate,
  dropoutShare,
  imageSide,
  mirrored,
  momentumSettings,
  pixelSettings,
  publishedPixels,
  publishedTrunk,
  statisticsDecay,
  taskSettings,
  trunkSettings,
} from '../layers/settings.js';

/** Settings of ambient sound. Every default is that of `small`. */
export const ambientSoundConfig = z.strictObject({
  ...taskSettings({ steps: 300, batchSize: 48, batchMeaning: 'Frames in one batch.' }),
  ...droppedRate(0.02, [0.7, 0.9]),
  ...momentumSettings(2e-3, 'biases and normalisation are left alone'),
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
  imageSize: imageSide(96),
  crop: z
    .number()
    .gt(0)
    .max(1)
    .default(0.875)
    .describe('Share of the picture, each way, that is shown; where it lies is drawn while learning.'),
  mirror: mirrored(),
  colour: channelOrder,
  ...pixelSettings,
  channels: z
    .array(count())
    .min(4)
    .max(5)
    .default([32, 64, 96, 128])
    .describe(
      "Features of the convolutions: five are CaffeNet's, of which three work in two groups and are even; four are pooled each.",
    ),
  ...trunkSettings({ conv1Kernel: 7, conv1Stride: 2, fc6: 256, fc7: 128 }),
  dropout: dropoutShare(0.3),
  statisticsDecay,
});

/** Checked settings of ambient sound. */
export type AmbientSoundConfig = z.infer<typeof ambientSoundConfig>;

/** Values of the presets; a key that is not named has the schema's default. */
export const ambientSoundPresets: Readonly<Record<AmbientSoundConfig['preset'], Partial<AmbientSoundConfig>>> = {
  paper: {
    ...publishedTrunk,
    ...publishedPixels,
    steps: 320_000,
    batchSize: 256,
    learningRate: 0.01,
    learningRateDrops: [0.3125, 0.625, 0.9375], // every 100,000 steps
    weightDecay: 5e-4,
    checkpointEverySteps: 1000,
    crop: 227 / 256,
    colour: 'bgr',
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
