import { motionMasksSample } from '../../mining/motion-masks/sample.js';
import { definePretextTask } from '../define-pretext-task.js';
import { mapCaffenet } from '../layers/published-caffenet.js';
import { motionSegmentationConfig, motionSegmentationPresets } from './config.js';
import { pictureInput } from './network.js';
import { createMotionSegmentationTrainer } from './trainer.js';

const paper = 'Pathak et al., "Learning Features by Watching Objects Move", CVPR 2017';

/**
 * Learns to draw, from one frame, the mask of what moved in the video.
 *
 * Source: Pathak, Girshick, Dollár, Darrell and Hariharan, "Learning Features by Watching Objects Move", CVPR 2017.
 * Differs: see README.md beside this file.
 */
export default definePretextTask({
  name: 'motion-segmentation',
  version: 1,
  signal: 'motion-masks',
  sample: motionMasksSample,
  config: motionSegmentationConfig,
  presets: motionSegmentationPresets,
  prepare: 'models/motion-segmentation/prepare',
  createTrainer: createMotionSegmentationTrainer,
  learningRate: ({ learningRate, learningRateDrops, steps }, step) =>
    learningRateDrops.reduce((rate, share) => (step >= share * steps ? rate / 10 : rate), learningRate),
  publishedWeights: ({ trunk, channels }) =>
    mapCaffenet({
      dense: trunk === 'caffenet' ? ['fc6', 'fc7', 'mask'] : [], // the plain trunk has no dense layers, and its mask is a convolution
      pool5Channels: channels.at(-1)!,
      input: pictureInput,
    }),
  figures: [
    { name: 'voc2007 classification, all layers tuned', value: 61.0, unit: '% mAP', source: paper },
    { name: 'voc2007 detection, Fast R-CNN', value: 52.2, unit: '% mAP', source: paper },
    { name: 'imagenet linear probe, top 1', value: 27.6, unit: '%', source: paper },
  ],
});
