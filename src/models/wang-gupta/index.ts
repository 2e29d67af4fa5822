import { patchTripletsSample } from '../../mining/patch-triplets/sample.js';
import { definePretextTask } from '../define-pretext-task.js';
import { mapCaffenet } from '../layers/published-caffenet.js';
import { wangGuptaConfig, wangGuptaPresets } from './config.js';
import { meanName } from './shapes.js';
import { createWangGuptaTrainer } from './trainer.js';

const splitBrain = 'Zhang, Isola and Efros, "Split-Brain Autoencoders", CVPR 2017, table 4';

/**
 * Learns features in which the first and the last patch of a track are nearer to each other than to a patch of another video.
 *
 * Source: Wang and Gupta, "Unsupervised Learning of Visual Representations using Videos", ICCV 2015.
 * Differs: see README.md beside this file.
 */
export default definePretextTask({
  name: 'wang-gupta',
  version: 1,
  signal: 'patch-triplets',
  sample: patchTripletsSample,
  config: wangGuptaConfig,
  presets: wangGuptaPresets,
  prepare: 'models/wang-gupta/prepare',
  createTrainer: createWangGuptaTrainer,
  learningRate: ({ learningRate, learningRateDrops, steps }, step) =>
    learningRateDrops.reduce((rate, share) => (step >= share * steps ? rate / 10 : rate), learningRate),
  publishedWeights: ({ channels, colour, mean, scale }) =>
    mapCaffenet({
      dense: ['fc6', 'fc7'],
      pool5Channels: channels[4]!,
      input: { colour, mean, scale },
      meanPicture: meanName,
    }),
  figures: [
    { name: 'voc2007 classification, all layers tuned, as released', value: 62.8, unit: '% mAP', source: splitBrain },
    { name: 'voc2007 classification, all layers tuned, rescaled', value: 63.1, unit: '% mAP', source: splitBrain },
    { name: 'voc2007 detection, as released', value: 47.4, unit: '% mAP', source: splitBrain },
    { name: 'voc2007 detection, rescaled', value: 47.2, unit: '% mAP', source: splitBrain },
  ],
});
