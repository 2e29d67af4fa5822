import { z } from 'zod';
import {
  caffenetChannels,
  droppedRate,
  dropoutShare,
  imageSide,
  initialisation,
  mirrored,
  momentumSettings,
  pixelSettings,
  publishedPixels,
  publishedTrunk,
  statisticsDecay,
  taskSettings,
  trunkSettings,
} from '../layers/settings.js';

/** Settings of Shuffle and Learn. Every default is that of `small`. */
export const shuffleAndLearnConfig = z.strictObject({
  ...taskSettings({ steps: 300, batchSize: 64, batchMeaning: 'Tuples in one batch.' }),
  ...droppedRate(0.01, [0.7, 0.9]),
  ...momentumSettings(5e-4),
  negativeShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.75)
    .describe('Share of each batch whose middle frame is a wrong one.'),
  imageSize: imageSide(80),
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
  mirror: mirrored(' of whole tuples'),
  colour: z
    .enum(['rgb', 'bgr', 'split'])
    .default('rgb')
    .describe('Channel order, or one random channel for the whole tuple copied to all three.'),
  ...pixelSettings,
  channels: caffenetChannels,
  ...trunkSettings({ conv1Kernel: 11, conv1Stride: 4, fc6: 1024, fc7: 512 }),
  join: z
    .enum(['fc7', 'fc8', 'differences'])
    .default('differences')
    .describe(
      'Where the three frames meet: side by side before fc7 or fc8, or as the distances of each two before fc7.',
    ),
  dropout: dropoutShare(0.5),
  initialisation,
  statisticsDecay,
});

/** Checked settings of Shuffle and Learn. */
export type ShuffleAndLearnConfig = z.infer<typeof shuffleAndLearnConfig>;

/** Values of the presets; a key that is not named has the schema's default. */
export const shuffleAndLearnPresets: Readonly<Record<ShuffleAndLearnConfig['preset'], Partial<ShuffleAndLearnConfig>>> =
  {
    paper: {
      ...publishedTrunk,
      ...publishedPixels,
      steps: 100_000,
      batchSize: 32,
      accumulateSteps: 4,
      learningRate: 0.001,
      learningRateDrops: [0.8],
      checkpointEverySteps: 1000,
      crop: 'whole',
      jitter: 0,
      mirror: false,
      colour: 'bgr',
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
