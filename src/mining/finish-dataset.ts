import { createRandom, type DatasetStage, type Sample } from '../core/index.js';
import type { AnyMiner, MinerDefinition } from './define-miner.js';

/**
 * What a signal's stage over the whole dataset gives; null where it has none. The same for a dataset that was mined at once and for one
 * that was merged from parts.
 *
 * @param samples all of them, in key order.
 * @param name of the signal's dataset.
 */
export async function finishSignal(
  samples: AsyncIterable<Sample>,
  {
    miner,
    name,
    config,
    seed,
  }: { readonly miner: AnyMiner; readonly name: string; readonly config: unknown; readonly seed: number },
): Promise<DatasetStage | null> {
  const random = createRandom(seed).fork(name, 'finish-dataset');
  return (await (miner as MinerDefinition).finishDataset?.(samples, config, { random })) ?? null;
}
