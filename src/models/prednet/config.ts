import { z } from 'zod';
import { adamSettings, count, droppedRate, taskSettings } from '../layers/settings.js';

/** Settings of PredNet. Every default is that of `small`. */
export const predNetConfig = z.strictObject({
  ...taskSettings({ steps: 1000, batchSize: 8, batchMeaning: 'Clips in one batch.' }),
  ...droppedRate(0.001, [0.8]),
  ...adamSettings,
  epsilon: z.number().positive().default(1e-7).describe("Adam's smallest divisor."),
  width: count().default(64).describe('Width of the frames; divisible by 2 once for each layer above the first.'),
  height: count().default(64).describe('Height of the frames, likewise.'),
  channels: z.literal([1, 3]).default(1).describe('1: brightness, 3: RGB.'),
  frames: z.int().min(2).default(10).describe('Frames of one clip.'),
  crop: z
    .enum(['middle', 'random'])
    .default('random')
    .describe('Where clips of another aspect are cut while learning; middle is what testing takes.'),
  mirror: z.boolean().default(true).describe('Swap left and right of whole clips, half of the time.'),
  zoom: z
    .number()
    .min(1)
    .default(2)
    .describe('Most by which clips are enlarged while learning, drawn for each: a smaller part of them is shown.'),
  exposure: z
    .number()
    .min(0)
    .lt(1)
    .default(0.4)
    .describe('Share by which contrast and brightness of whole clips are changed at most while learning.'),
  still: z
    .number()
    .min(0)
    .max(1)
    .default(0.15)
    .describe(
      'Share of the clips of which one frame is shown all the time while learning: films in which little moves.',
    ),
  targetChannels: z
    .array(count())
    .min(1)
    .default([16, 32])
    .describe('Features of the targets A of the layers above the first, whose target is the frame.'),
  stateChannels: z
    .array(count())
    .min(2)
    .default([8, 16, 32])
    .describe('Features of the representations R, one for each layer from the first on.'),
  passes: z
    .enum(['errors', 'targets'])
    .default('errors')
    .describe(
      "What a layer hands to the one above and to the next frame: errors E, or targets A, the paper's control that does not predict its own layers (CNN-LSTM).",
    ),
  layers: z
    .enum(['L0', 'Lall'])
    .default('L0')
    .describe("Which layers' errors make the loss: the first's, or a tenth of each other's too."),
  objective: z
    .enum(['errors', 'pixels', 'errors-then-pixels'])
    .default('errors')
    .describe(
      "What is made small: the error units; the difference of prediction and truth; or the first while frames are seen and the second after extrapolateFrom. For extrapolation the second, since error units then compare with the network's own frames.",
    ),
  pixelLoss: z
    .enum(['l1', 'l2'])
    .default('l1')
    .describe('How pixels are compared: half the absolute difference, or the squared one.'),
  extrapolateFrom: z
    .int()
    .nonnegative()
    .default(0)
    .describe('From this frame on, counted from 0, the network sees its own predictions; 0: it always sees the truth.'),
  pixels: z
    .enum(['relu', 'softplus', 'straight'])
    .default('straight')
    .describe(
      'What keeps predicted pixels in range: a relu, whose channels can die; softplus; or nothing inside the network, and a cut to 0–1 outside it.',
    ),
  pixelBias: z
    .number()
    .default(0)
    .describe('First bias of the predicted pixels; a small positive one keeps a relu alive.'),
  encoderFrames: z.int().min(2).default(4).describe('How often a still picture is shown before its features are read.'),
});

/** Checked settings of PredNet. */
export type PredNetConfig = z.infer<typeof predNetConfig>;

/** Values of the presets; a key that is not named has the schema's default. */
export const predNetPresets: Readonly<Record<PredNetConfig['preset'], Partial<PredNetConfig>>> = {
  paper: {
    steps: 18_750, // 150 epochs of 500 clips
    batchSize: 4,
    learningRateDrops: [0.5],
    checkpointEverySteps: 500,
    width: 160,
    height: 128,
    channels: 3,
    crop: 'middle',
    mirror: false,
    zoom: 1,
    exposure: 0,
    still: 0,
    targetChannels: [48, 96, 192],
    stateChannels: [3, 48, 96, 192],
    pixels: 'relu',
  },
  small: {},
  tiny: {
    steps: 20,
    batchSize: 4,
    checkpointEverySteps: 10,
    logEverySteps: 5,
    width: 16,
    height: 8,
    frames: 4,
    zoom: 1,
    exposure: 0,
    still: 0,
    targetChannels: [4, 6],
    stateChannels: [2, 4, 6],
    pixelBias: 0.1,
    encoderFrames: 2,
  },
};
