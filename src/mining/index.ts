import { defineRegistry } from '../core/index.js';
import type { AnyMiner } from './define-miner.js';

export { defineMiner } from './define-miner.js';
export type { AnyMiner, DrawnPicture, MineContext, MinedSample, MinerDefinition } from './define-miner.js';
export { mine } from './mine.js';
export type { MineOptions, MineResult, SignalRequest } from './mine.js';
export { mineVideo, unitedViews } from './mine-video.js';
export type { MineVideoOptions, MiningSignal, SignalUnit, UnitId } from './mine-video.js';
export { partOf, selectSources } from './select-sources.js';
export type { SelectedSources, SourceSelection } from './select-sources.js';

/** The miners: one line each. */
export const miners = defineRegistry<AnyMiner>('signal', {
  'temporal-order': () => import('./temporal-order/index.js'),
});
