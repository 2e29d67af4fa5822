import { z } from 'zod';
import { frameMetricNames } from './frame-metrics.js';

/** Settings of the prediction protocol. */
export const predictionConfig = z.strictObject({
  observe: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Frames that are seen; null: as many as the model was trained to see.'),
  predict: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Frames that are predicted after them; null: as many as the model was trained to predict.'),
  mode: z
    .enum(['both', 'multi-step', 'one-step'])
    .default('both')
    .describe(
      'multi-step: the model goes on from its own frames; one-step: it sees the truth after each frame, as in the PredNet paper.',
    ),
  windows: z
    .enum(['first', 'all'])
    .default('first')
    .describe('What is taken of a clip that is longer: its first frames, or every window after the other.'),
  samples: z.int().positive().default(20).describe('Futures drawn of each sequence, of a model that can draw several.'),
  bestOf: z
    .array(z.int().positive())
    .default([1, 2, 5, 10, 20, 50, 100])
    .describe('Numbers of samples of which the best is taken, up to samples.'),
  metrics: z
    .array(z.enum([...frameMetricNames, 'psnr.pooled']))
    .min(1)
    .default(['mse.mean', 'psnr.frame', 'ssim.gauss11', 'sharpness.paper', 'psnr.moving'])
    .describe(
      'What is measured of each frame, by name and variant; the first is the main one. psnr.pooled is of the mean error over everything.',
    ),
  clipFeatures: z
    .enum(['none', 'random'])
    .default('none')
    .describe('random: Fréchet distance of clips by features of random convolutions, fvd-rand; not FVD.'),
  i3d: z
    .string()
    .default('')
    .describe('Weights of the Kinetics I3D as .safetensors, for FVD; empty: FVD is not measured.'),
  lpips: z.string().default('').describe('Weights of LPIPS (AlexNet) as .safetensors; empty: it is not measured.'),
  featureRun: z
    .string()
    .default('')
    .describe('Run whose encoder measures featdist; the number holds within one report only. Empty: not measured.'),
  batchSize: z.int().positive().default(16).describe('Sequences predicted at once.'),
  bootstrapDraws: z.int().positive().default(2000).describe('Draws behind the interval of the skill.'),
});

/** Checked settings of the prediction protocol. */
export type PredictionConfig = z.infer<typeof predictionConfig>;
