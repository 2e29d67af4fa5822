import { defineRegistry } from '../core/index.js';
import type { AnyMiner } from './define-miner.js';

export type * from './abilities.js';
export { defineMiner } from './define-miner.js';
export type { AnyMiner, MineContext, MinedSample, MinerDefinition } from './define-miner.js';
export { finishSignal } from './finish-dataset.js';
export { mine } from './mine.js';
export type { MineOptions, MineResult, SignalRequest } from './mine.js';
export { mineVideo, unitedViews } from './mine-video.js';
export type { MineVideoOptions, MiningSignal, SignalUnit, UnitId } from './mine-video.js';
export { partOf, selectSources } from './select-sources.js';
export type { SelectedSources, SourceSelection } from './select-sources.js';

export { drawTuples, formatAuthors, keyOf, parseAuthors, tuplesOf, uniteTuples } from './temporal-order/exchange.js';
export type { ExchangeQuintuple, ExchangeTuple, UnitedTuples } from './temporal-order/exchange.js';
export { namesOf, quintuplesOf, readTuples, type GivenTuples } from './temporal-order/given-tuples.js';

/** The miners: one line each. */
export const miners = defineRegistry<AnyMiner>('signal', {
  'audio-clusters': () => import('./audio-clusters/index.js'),
  clips: () => import('./clips/index.js'),
  'motion-masks': () => import('./motion-masks/index.js'),
  'patch-triplets': () => import('./patch-triplets/index.js'),
  'stereo-pairs': () => import('./stereo-pairs/index.js'),
  'temporal-order': () => import('./temporal-order/index.js'),
});

/** The miner that makes temporal-order records of given tuples, and its compiled module for the workers. */
export const tupleImport = {
  module: 'mining/temporal-order/import-miner',
  load: async (): Promise<AnyMiner> => (await import('./temporal-order/import-miner.js')).default,
} as const;
