import { temporalOrderSample } from '../../mining/temporal-order/sample.js';
import { definePretextTask } from '../define-pretext-task.js';
import { mapCaffenet } from '../layers/published-caffenet.js';
import { shuffleAndLearnConfig, shuffleAndLearnPresets } from './config.js';
import { createShuffleAndLearnTrainer } from './trainer.js';

const readme = 'imisra/shuffle-tuple, README.md';
const fineTuned = { unit: '% of videos, whole network fine-tuned', source: readme };

/**
 * Learns to tell whether the middle of three frames was filmed between the others.
 *
 * Source: Misra, Zitnick and Hebert, "Shuffle and Learn: Unsupervised Learning using Temporal Order Verification", ECCV 2016.
 * Differs: see README.md beside this file.
 */
export default definePretextTask({
  name: 'shuffle-and-learn',
  version: 1,
  signal: 'temporal-order',
  sample: temporalOrderSample,
  config: shuffleAndLearnConfig,
  presets: shuffleAndLearnPresets,
  prepare: 'models/shuffle-and-learn/prepare',
  createTrainer: createShuffleAndLearnTrainer,
  learningRate: ({ learningRate, learningRateDrops, steps }, step) =>
    learningRateDrops.reduce((rate, share) => (step >= share * steps ? rate / 10 : rate), learningRate),
  publishedWeights: ({ channels, colour, mean, scale }) =>
    mapCaffenet({
      dense: ['fc6', 'fc7', 'fc8'],
      pool5Channels: channels[4]!,
      normalised: ['conv3', 'conv4', 'conv5', 'fc6', 'fc7'],
      input: { colour: colour === 'bgr' ? 'bgr' : 'rgb', mean, scale },
    }),
  figures: [
    { name: 'ucf101 top1, split 1', value: 50.9, ...fineTuned },
    { name: 'ucf101 top1, mean of 3 splits', value: 50.2, ...fineTuned },
    { name: 'hmdb51 top1, split 1', value: 19.8, ...fineTuned },
    { name: 'hmdb51 top1, mean of 3 splits', value: 18.1, ...fineTuned },
  ],
});
