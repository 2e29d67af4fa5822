import type { Random } from '../../core/index.js';
import { createVariable, type Initializer, type Parameter, type Trainer } from '../../engine/index.js';

/** Shape of one weight and how it starts and learns. */
export interface WeightPlan {
  readonly shape: readonly number[];
  readonly init: Initializer;
  /** Times the learning rate; 0: not learned, such as running statistics, which the optimizer leaves alone. */
  readonly learningRateScale: number;
  readonly decays: boolean;
}

/** A network's weights, by reference name, and those of them that an optimizer moves, in the plan's order. */
export interface PlannedWeights {
  readonly variables: Trainer['variables'];
  readonly learned: readonly Parameter[];
}

/** Makes every weight of a plan; each draws its first values from a stream of its own. */
export function createWeights(plan: ReadonlyMap<string, WeightPlan>, random: Random): PlannedWeights {
  const variables: Trainer['variables'] = new Map(
    [...plan].map(([name, { shape, init, learningRateScale }]) => [
      name,
      createVariable(name, shape, { init, random, trainable: learningRateScale > 0 }),
    ]),
  );
  const learned = [...plan]
    .filter(([, { learningRateScale }]) => learningRateScale > 0)
    .map(([name, { learningRateScale, decays }]) => ({
      name,
      variable: variables.get(name)!,
      learningRateMultiplier: learningRateScale,
      decayMultiplier: decays ? 1 : 0,
    }));
  return { variables, learned };
}

/** Learned numbers of a plan, weights and biases. */
export function countLearned(plan: ReadonlyMap<string, WeightPlan>): number {
  let count = 0;
  for (const { shape, learningRateScale } of plan.values()) {
    if (learningRateScale > 0) count += shape.reduce((product, length) => product * length, 1);
  }
  return count;
}
