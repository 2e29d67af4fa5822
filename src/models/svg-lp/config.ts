import { z } from 'zod';
import { adamSettings, count, taskSettings } from '../layers/settings.js';

const byDataset = 'null: as the dataset has it.';

/** Settings of stochastic video generation. Every default is that of `small`. */
export const svgLpConfig = z.strictObject({
  ...taskSettings({
    steps: 2000,
    batchSize: 32,
    batchMeaning: 'Clips in one batch.',
    leastBatch: 2,
    logEverySteps: 20,
    checkpointEverySteps: 500,
  }),
  dataset: z
    .enum(['sm-mnist', 'kth', 'bair'])
    .default('sm-mnist')
    .describe("Whose published values the keys have that are null: Stochastic Moving MNIST, KTH or BAIR's robot."),
  learningRate: z
    .number()
    .positive()
    .default(0.002)
    .describe('Step size of Adam; the published runs keep it to the end.'),
  ...adamSettings,
  prior: z
    .enum(['learned', 'fixed', 'none'])
    .default('learned')
    .describe('Where the noise of a prediction comes from: SVG-LP, SVG-FP, or none at all, the deterministic rival.'),
  backbone: z
    .enum(['dcgan', 'vgg'])
    .nullable()
    .default(null)
    .describe(`Convolutions of encoder and decoder; ${byDataset}`),
  imageSize: z
    .union([z.literal(16), z.literal(32), z.literal(64), z.literal(128)])
    .default(32)
    .describe('Side of the square frames, pixels; the weight of KL against a sum over pixels changes with it.'),
  channels: z
    .union([z.literal(1), z.literal(3)])
    .nullable()
    .default(null)
    .describe(`Grey or RGB; ${byDataset}`),
  width: count()
    .default(16)
    .describe('Features of the first level; each further one has twice as many, up to eight times.'),
  codeSize: count().default(64).describe("Features of a frame's code: g."),
  latentSize: count().nullable().default(null).describe(`Numbers that are drawn for a frame: z; ${byDataset}`),
  hiddenSize: count().default(128).describe('Features of every LSTM.'),
  predictorLayers: count().default(2).describe('LSTMs of the predictor; posterior and prior have one.'),
  lstmBias: z
    .enum(['single', 'double'])
    .default('single')
    .describe('Biases of an LSTM: one, or two that are added, as in PyTorch; that changes only the count.'),
  klWeight: z.number().nonnegative().nullable().default(null).describe(`Weight of KL in the loss: beta; ${byDataset}`),
  klWarmUpSteps: z.int().nonnegative().default(0).describe('Updates over which that weight rises from 0.'),
  observes: count().nullable().default(null).describe(`Frames that are seen before the first prediction; ${byDataset}`),
  predicts: count().nullable().default(null).describe(`Frames that are predicted in training; ${byDataset}`),
  start: z
    .enum(['random', 'first'])
    .default('random')
    .describe('Where in a longer clip training starts; BAIR was trained on its first frames only.'),
  skipMode: z
    .enum(['lastGroundTruth', 'anchor', 'everyFrame'])
    .default('lastGroundTruth')
    .describe(
      'Frame whose feature maps the decoder is given: the last true one, the one before it as the released code has it, or always the last input.',
    ),
  bnScope: z
    .enum(['step', 'sequence'])
    .default('sequence')
    .describe('What batch statistics are of: one frame of all clips, as released, or all frames of all clips.'),
  bnEval: z
    .enum(['running', 'batch'])
    .default('running')
    .describe(
      'Statistics of a prediction: those kept in training, or those of its own batch, as the released LP script.',
    ),
});

/** Checked settings of stochastic video generation. */
export type SvgLpConfig = z.infer<typeof svgLpConfig>;

/** Values of the presets; a key that is not named has the schema's default. */
export const svgLpPresets: Readonly<Record<SvgLpConfig['preset'], Partial<SvgLpConfig>>> = {
  paper: {
    steps: 180_000,
    batchSize: 100,
    checkpointEverySteps: 600,
    imageSize: 64,
    width: 64,
    codeSize: 128,
    hiddenSize: 256,
    lstmBias: 'double',
    bnScope: 'step',
  },
  small: { schedule: 'cosine' },
  tiny: {
    steps: 20,
    batchSize: 4,
    logEverySteps: 5,
    checkpointEverySteps: 10,
    imageSize: 16,
    width: 4,
    codeSize: 8,
    latentSize: 2,
    hiddenSize: 8,
    observes: 2,
    predicts: 3,
  },
};
