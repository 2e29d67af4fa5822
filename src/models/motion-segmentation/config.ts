import { z } from 'zod';
import {
  count,
  droppedRate,
  dropoutShare,
  imageSide,
  initialisation,
  mirrored,
  momentumSettings,
  publishedTrunk,
  taskSettings,
  trunkSettings,
} from '../layers/settings.js';

/** Settings of motion segmentation. Every default is that of `small`. */
export const motionSegmentationConfig = z.strictObject({
  ...taskSettings({ steps: 300, batchSize: 32, batchMeaning: 'Pictures in one batch.' }),
  ...droppedRate(1e-3, [0.6, 0.85]),
  optimizer: z.enum(['momentum', 'adam']).default('adam').describe('How weights are moved by their gradients.'),
  ...momentumSettings(1e-4),
  trunk: z
    .enum(['caffenet', 'plain'])
    .default('plain')
    .describe(
      'Five convolutions in groups and two dense layers, or four convolutions that look through all of the picture.',
    ),
  imageSize: imageSide(128),
  maskSize: z.int().min(4).default(32).describe('Side of the square mask that it draws.'),
  channels: z
    .array(count())
    .min(4)
    .max(5)
    .default([32, 64, 96, 128])
    .describe('Features of the convolutions: five of `caffenet`, even for its groups, four of `plain`.'),
  ...trunkSettings({ conv1Kernel: 7, conv1Stride: 2, fc6: 512, fc7: 512 }),
  headChannels: count().default(128).describe('Features between the convolutions of `plain` and its mask.'),
  dropout: dropoutShare(0),
  initialisation,
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
  mirror: mirrored(),
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
    ...publishedTrunk,
    steps: 100_000,
    batchSize: 128,
    learningRate: 0.01,
    optimizer: 'momentum',
    weightDecay: 5e-4,
    checkpointEverySteps: 1000,
    trunk: 'caffenet',
    maskSize: 56,
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
