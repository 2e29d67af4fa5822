import type { Predictor } from '../../../engine/index.js';
import { blockMotion } from './block-motion.js';
import { copyLast } from './copy-last.js';
import { linear } from './linear.js';
import { mean } from './mean.js';
import { createRival, type RivalRule, type RivalSize } from './rival.js';
import { zero } from './zero.js';

export type { RivalSize } from './rival.js';

const rules: Readonly<Record<string, RivalRule>> = {
  'copy-last': copyLast,
  mean,
  linear,
  'block-motion': blockMotion,
  zero,
};

/** Names of the rivals that every prediction is set beside; the first is the one that skill is measured against. */
export const predictionRivals: readonly string[] = Object.keys(rules);

/**
 * A rival as a predictor of frames of this size.
 *
 * @throws RangeError for a name that is none of `predictionRivals`.
 */
export function createPredictionRival(name: string, size: RivalSize): Predictor {
  const rule = rules[name];
  if (!rule) throw new RangeError(`There is no rival ${JSON.stringify(name)}: ${predictionRivals.join(', ')}.`);
  return createRival(size, rule);
}
