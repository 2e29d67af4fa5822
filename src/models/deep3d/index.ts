import { stereoPairsSample } from '../../mining/stereo-pairs/sample.js';
import { definePretextTask } from '../define-pretext-task.js';
import { deep3dConfig, deep3dPresets } from './config.js';
import { createDeep3dTrainer } from './trainer.js';

const deep3d = 'Xie, Girshick and Farhadi, "Deep3D", ECCV 2016 (as remembered, on films that are not here)';

/**
 * Learns to make what the right eye sees from what the left one does, and depth with it.
 *
 * Source: Xie, Girshick and Farhadi, "Deep3D", ECCV 2016; Godard, Mac Aodha and Brostow, CVPR 2017.
 * Differs: see README.md beside this file.
 */
export default definePretextTask({
  name: 'deep3d',
  version: 1,
  signal: 'stereo-pairs',
  sample: stereoPairsSample,
  config: deep3dConfig,
  presets: deep3dPresets,
  prepare: 'models/deep3d/prepare',
  createTrainer: createDeep3dTrainer,
  learningRate: ({ learningRate, learningRateDrops, dropFactor, steps }, step) =>
    learningRateDrops.reduce((rate, share) => (step >= share * steps ? rate / dropFactor : rate), learningRate),
  figures: [
    { name: 'right eye of 3D films', value: 6.87, unit: 'grey levels', source: deep3d },
    { name: 'one best shift', value: 7.75, unit: 'grey levels', source: deep3d },
  ],
});
