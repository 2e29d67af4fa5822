import { defineRegistry } from '../core/index.js';
import type { AnyEvaluator } from './define-evaluator.js';

export * from './benchmarks/roles.js';
export * from './define-evaluator.js';
export * from './evaluate.js';
export { meanOfSplits, planOfSplits } from './mean-of-splits.js';
export * from './metrics/index.js';
export * from './mining/index.js';
export { forecast, type ForecastOptions, type Futures } from './prediction/forecast.js';
export { createPredictionRival, predictionRivals } from './prediction/rivals/index.js';
export { frameAt } from './prediction/sequences.js';
export * from './probe/index.js';
export { publishedFigures, type PublishedQuestion } from './published.js';
export * from './sampling.js';
export {
  cutMap,
  relativeLevel,
  segmentPicture,
  usualWindows,
  type SegmentOptions,
  type VoteMap,
} from './segmentation/segment.js';

/** All evaluation protocols, by name. */
export const evaluators = defineRegistry<AnyEvaluator>('protocol', {
  'action-recognition': () => import('./action-recognition/index.js'),
  prediction: () => import('./prediction/index.js'),
  retrieval: () => import('./retrieval/index.js'),
  sound: () => import('./sound/index.js'),
  segmentation: () => import('./segmentation/index.js'),
  stereo: () => import('./stereo/index.js'),
  'temporal-order': () => import('./temporal-order/index.js'),
  'track-retrieval': () => import('./track-retrieval/index.js'),
  'voc-classification': () => import('./voc-classification/index.js'),
});
