import { ConfigError } from '../../core/index.js';
import { miners } from '../../mining/index.js';
import type { MaskSequence } from './mask-truth.js';

/**
 * What stands out by its motion, before anything is voted on: uint8 [height, width] of 0 and 1, found for every so many frames; the others have
 * that of the frame before, null where there is none. Unlike a network that looks at single pictures it sees the frames around each.
 */
export async function salientMasks(
  sequence: MaskSequence,
  everyFrames: number,
): Promise<readonly (Uint8Array | null)[]> {
  const miner = await miners.load('motion-masks');
  const estimator = miner.estimate?.find(({ kind }) => kind === 'mask');
  if (estimator?.kind !== 'mask') throw new ConfigError('motion-masks gives no masks.');
  const config = miner.config.parse({ frameStep: everyFrames }) as unknown;
  const estimates = await estimator.run(sequence.frames(), config);
  let last: Uint8Array | null = null; // repeated pictures are passed over
  return estimates.map((estimate) => (last = estimate?.rivals?.['saliency'] ?? last));
}
