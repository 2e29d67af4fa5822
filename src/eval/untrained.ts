import { ConfigError } from '../core/index.js';
import type { Abilities, EvaluateContext } from './define-evaluator.js';

/**
 * The untrained network of each seed; the caller disposes them.
 *
 * @throws ConfigError for fewer seeds than `least`.
 */
export async function openUntrained<A extends keyof Abilities>(
  { untrained, seeds }: EvaluateContext<A>,
  least = 0,
): Promise<(Abilities[A] & { dispose(): void })[]> {
  if (seeds < least) throw new ConfigError(`seeds must be at least ${least}, got ${seeds}.`);
  const models: (Abilities[A] & { dispose(): void })[] = [];
  try {
    for (let seed = 0; seed < seeds; seed++) models.push(await untrained(seed));
    return models;
  } catch (error) {
    models.forEach((model) => model.dispose());
    throw error;
  }
}
