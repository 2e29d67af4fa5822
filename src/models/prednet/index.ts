import { clipSample } from '../../mining/clips/sample.js';
import { definePretextTask } from '../define-pretext-task.js';
import { predNetConfig, predNetPresets } from './config.js';
import { mapPublishedWeights } from './published.js';
import { createPredNetTrainer } from './trainer.js';

const paper = 'Lotter, Kreiman and Cox, ICLR 2017';
const caltech = { unit: 'mean over t + 1, trained on KITTI', source: `${paper}, table 2` };

/**
 * Learns to predict the next frame of a video, each layer the activity of the one below that it did not expect.
 *
 * Source: Lotter, Kreiman and Cox, "Deep Predictive Coding Networks for Video Prediction and Unsupervised Learning", ICLR 2017.
 * Differs: see README.md beside this file.
 */
export default definePretextTask({
  name: 'prednet',
  version: 1,
  signal: 'clips',
  sample: clipSample,
  config: predNetConfig,
  presets: predNetPresets,
  prepare: 'models/prednet/prepare',
  createTrainer: createPredNetTrainer,
  learningRate: ({ learningRate, learningRateDrops, steps }, step) =>
    learningRateDrops.reduce((rate, share) => (step >= share * steps ? rate / 10 : rate), learningRate),
  publishedWeights: mapPublishedWeights,
  figures: [
    { name: 'caltech pedestrian mse', value: 3.13e-3, ...caltech },
    { name: 'caltech pedestrian ssim', value: 0.884, ...caltech },
    { name: 'caltech pedestrian mse, copy last', value: 7.95e-3, ...caltech },
    { name: 'caltech pedestrian ssim, copy last', value: 0.762, ...caltech },
  ],
});
