import { z } from 'zod';
import {
  count,
  droppedRate,
  dropoutShare,
  pixelSettings,
  presetMeaning,
  share,
  taskSettings,
} from '../layers/settings.js';

/** Settings of Deep3D and of its successor with left-right consistency. Every default is that of `small`. */
export const deep3dConfig = z.strictObject({
  ...taskSettings({ steps: 600, batchSize: 8, batchMeaning: 'Pairs in one batch.' }),
  preset: z.enum(['paper', 'small', 'tiny', 'left-right', 'small-left-right']).default('small').describe(presetMeaning),
  ...droppedRate(1e-3, [0.7, 0.9], '`dropFactor`'),
  dropFactor: z.number().min(1).default(10).describe('What the learning rate is divided by at each drop.'),
  optimizer: z
    .enum(['adam', 'sgd'])
    .default('adam')
    .describe('adam on the mean error, or momentum on the sum over the pixels of a pair, as released.'),
  momentum: share().default(0.9).describe('Share of the last update that sgd keeps.'),
  method: z
    .enum(['shifts', 'left-right'])
    .default('shifts')
    .describe('A distribution over whole shifts for the right eye, or one disparity for every pixel of both eyes.'),
  width: z
    .int()
    .min(32)
    .default(128)
    .describe('Width of the eyes that the network sees; divisible by 2 once for each level.'),
  height: z.int().min(32).default(64).describe('Height of the eyes, likewise.'),
  crop: z
    .number()
    .gt(0)
    .max(1)
    .default(0.9)
    .describe(
      'Share of the eyes, each way, that is shown; where it lies is drawn while learning, alike for both; 1: all.',
    ),
  mirror: z.boolean().default(true).describe('Mirror half of the pairs and swap their eyes.'),
  ...pixelSettings,
  reach: count().default(4).describe('Shifts go from minus this many pixels to as many.'),
  emptyChannel: z
    .boolean()
    .default(false)
    .describe(
      'As released: the first channel multiplies no pixel and takes the place of the lowest shift, so that the picture darkens.',
    ),
  channels: z
    .array(count())
    .min(2)
    .default([16, 32, 48, 64, 64])
    .describe('Features of the levels, each half as large as the one before.'),
  convolutions: z.array(count()).min(2).default([1, 1, 2, 2, 2]).describe('Convolutions of the levels.'),
  features: count().default(128).describe('Features of the two dense layers.'),
  dropout: dropoutShare(0.2),
  initialisation: z
    .enum(['he', 'uniform'])
    .default('he')
    .describe('Spread of the first weights: by the number of inputs, or ±0.01 as released.'),
  kernels: z
    .array(count())
    .default([])
    .describe('left-right: sides of the kernels of the levels; 3 where the list ends.'),
  decoder: z.array(count()).default([]).describe('left-right: features of the way back up, from the deepest level on.'),
  sign: z
    .enum(['both', 'positive'])
    .default('both')
    .describe(
      'left-right: films have disparities of both signs; positive is the published range, which fails on them.',
    ),
  mostDisparity: z
    .number()
    .gt(0)
    .max(0.3)
    .default(0.05)
    .describe('left-right: greatest disparity, as a share of the width.'),
  similarityWeight: share()
    .default(0.85)
    .describe('left-right: share of structural similarity in the error of a picture.'),
  smoothness: z
    .number()
    .nonnegative()
    .default(0.1)
    .describe('left-right: weight of the disparity’s slope where the picture has none.'),
  consistency: z
    .number()
    .nonnegative()
    .default(1)
    .describe('left-right: weight of the difference of both eyes’ disparities.'),
});

/** Checked settings of the task. */
export type Deep3dConfig = z.infer<typeof deep3dConfig>;

const leftRight = {
  method: 'left-right',
  crop: 1,
  mean: [0, 0, 0],
  scale: 255,
  learningRateDrops: [0.6, 0.8],
  dropFactor: 2,
  learningRate: 1e-4,
} satisfies Partial<Deep3dConfig>;

/** Values of the presets; a key that is not named has the schema's default. */
export const deep3dPresets: Readonly<Record<Deep3dConfig['preset'], Partial<Deep3dConfig>>> = {
  paper: {
    steps: 100_000,
    batchSize: 64,
    learningRate: 1e-4, // the released rate does not carry over: how its framework sums the error differs by version
    learningRateDrops: [0.2, 0.4, 0.6, 0.8],
    checkpointEverySteps: 1000,
    width: 384,
    height: 160,
    crop: 8 / 9, // of 432×180
    mirror: false,
    scale: 1,
    reach: 16,
    channels: [64, 128, 256, 512, 512],
    features: 512,
    dropout: 0.5,
    initialisation: 'uniform',
  },
  small: {},
  tiny: {
    steps: 20,
    batchSize: 4,
    checkpointEverySteps: 10,
    logEverySteps: 5,
    width: 32,
    height: 32,
    reach: 2,
    channels: [4, 6, 8],
    convolutions: [1, 1, 2],
    features: 16,
  },
  'left-right': {
    ...leftRight,
    steps: 200_000,
    batchSize: 8,
    checkpointEverySteps: 1000,
    width: 512,
    height: 256,
    channels: [32, 64, 128, 256, 512, 512, 512],
    convolutions: [2, 2, 2, 2, 2, 2, 2],
    kernels: [7, 5],
    decoder: [512, 512, 256, 128, 64, 32, 16],
  },
  'small-left-right': {
    ...leftRight,
    learningRate: 1e-3,
    channels: [16, 32, 48, 64],
    convolutions: [2, 2, 2, 2],
    kernels: [7, 5],
    decoder: [64, 48, 32, 16],
  },
};
