import { z } from 'zod';
import {
  caffenetChannels,
  channelOrder,
  count,
  droppedRate,
  imageSide,
  initialisation,
  mirrored,
  momentumSettings,
  pixelSettings,
  publishedPixels,
  publishedTrunk,
  taskSettings,
  trunkSettings,
} from '../layers/settings.js';

/** Settings of Wang and Gupta's siamese triplet network. Every default is that of `small`. */
export const wangGuptaConfig = z.strictObject({
  ...taskSettings({
    steps: 400,
    batchSize: 32,
    batchMeaning: 'Pairs in one update, each of two patches of one track.',
  }),
  ...droppedRate(0.02, [0.7, 0.9]),
  ...momentumSettings(2e-3),
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
  imageSize: imageSide(64),
  crop: z
    .number()
    .gt(0)
    .max(1)
    .default(0.9)
    .describe('Share of a patch, each way, that is shown; where it lies is drawn while learning; 1: all of it.'),
  mirror: mirrored(', for each patch by itself'),
  colour: channelOrder,
  ...pixelSettings,
  channels: caffenetChannels,
  ...trunkSettings({ conv1Kernel: 7, conv1Stride: 3, fc6: 512, fc7: 128 }),
  lastRelu: z
    .boolean()
    .default(false)
    .describe('Cut the embedding off at zero, as released: then no distance is greater than 1.'),
  initialisation,
});

/** Checked settings of the task. */
export type WangGuptaConfig = z.infer<typeof wangGuptaConfig>;

/** Values of the presets; a key that is not named has the schema's default. */
export const wangGuptaPresets: Readonly<Record<WangGuptaConfig['preset'], Partial<WangGuptaConfig>>> = {
  paper: {
    ...publishedTrunk,
    ...publishedPixels,
    steps: 400_000,
    batchSize: 50,
    learningRate: 0.001,
    learningRateDrops: [0.25, 0.5, 0.75],
    weightDecay: 5e-4,
    hardShare: 1,
    lastRelu: true,
    checkpointEverySteps: 1000,
    randomPhase: 0.375, // 150,000 of 400,000 steps
    crop: 1,
    colour: 'bgr',
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
