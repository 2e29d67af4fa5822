import { audioClusterSample } from '../../mining/audio-clusters/sample.js';
import { definePretextTask } from '../define-pretext-task.js';
import { mapCaffenet } from '../layers/published-caffenet.js';
import { ambientSoundConfig, ambientSoundPresets } from './config.js';
import { createAmbientSoundTrainer } from './trainer.js';

const paper = 'Owens et al., ECCV 2016, from memory';

/**
 * Learns to tell from a frame which cluster the sound around it is in, or the bits of its code.
 *
 * Source: Owens, Wu, McDermott, Freeman and Torralba, "Ambient Sound Provides Supervision for Visual Learning", ECCV 2016.
 * Differs: see README.md beside this file.
 */
export default definePretextTask({
  name: 'ambient-sound',
  version: 1,
  signal: 'audio-clusters',
  sample: audioClusterSample,
  config: ambientSoundConfig,
  presets: ambientSoundPresets,
  prepare: 'models/ambient-sound/prepare',
  createTrainer: createAmbientSoundTrainer,
  learningRate: ({ learningRate, learningRateDrops, steps }, step) =>
    learningRateDrops.reduce((rate, share) => (step >= share * steps ? rate / 10 : rate), learningRate),
  publishedWeights: ({ channels, colour, mean, scale }) =>
    mapCaffenet({ dense: ['fc6', 'fc7', 'fc8'], pool5Channels: channels.at(-1)!, input: { colour, mean, scale } }),
  figures: [
    { name: 'voc2007 classification, linear SVM on pool5, clusters', value: 45.8, unit: '% mAP', source: paper },
    { name: 'voc2007 classification, linear SVM on pool5, bits', value: 46.7, unit: '% mAP', source: paper },
    { name: 'voc2007 classification, linear SVM on pool5, spectrum alone', value: 44.0, unit: '% mAP', source: paper },
  ],
});
