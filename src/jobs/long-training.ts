import { sumLayers, type Trainer } from '../engine/index.js';
import type { TaskConfig } from '../models/index.js';

/** Operations a second of a few cores used well. */
const ofCores = 1e11;
const longSeconds = 24 * 3600;

/**
 * What to say before a training that takes a CPU more than a day; null for a shorter one, and for a task that does not list its layers.
 *
 * @param steps that are left.
 */
export function describeLongTraining(
  { network }: Pick<Trainer, 'network'>,
  { batchSize, accumulateSteps }: Pick<TaskConfig, 'batchSize' | 'accumulateSteps'>,
  steps: number,
): string | null {
  if (!network) return null;
  const operations = 3 * sumLayers(network).flops * batchSize * accumulateSteps * steps; // the way back is twice the way forth
  const seconds = operations / ofCores;
  if (seconds < longSeconds) return null;
  const days = Math.round(seconds / 24 / 3600);
  return `${steps} steps are ${operations.toExponential(1)} operations, about ${days === 1 ? 'a day' : `${days} days`} on a CPU of a few cores: --plan measures how long they take here, and preset=small is made for a CPU.`;
}
