import type { Random } from '../../core/index.js';
import { gaussian, type Initializer } from '../../engine/index.js';
import { countLearned, type WeightPlan } from '../layers/weight-plan.js';
import { isTransposed, kernelOf, listUnits, planBackbone } from './backbone.js';
import type { SvgLpConfig } from './config.js';
import { planModel, type SvgLpPlan } from './plan.js';

/** A recurrent net: a dense layer, LSTMs, and dense layers that read the last of them. */
export interface RecurrentPlan {
  readonly name: 'posterior' | 'prior' | 'predictor';
  readonly inputs: number;
  readonly layers: number;
  /** Features of what it gives, by name. */
  readonly heads: Readonly<Record<string, number>>;
}

/** The recurrent nets of a model. */
export function planRecurrent(plan: SvgLpPlan): readonly RecurrentPlan[] {
  const { codeSize, latentSize, predictorLayers, prior } = plan;
  const heads = { mean: latentSize, logVariance: latentSize };
  const drawn = prior === 'none' ? 0 : latentSize;
  return [
    { name: 'predictor', inputs: codeSize + drawn, layers: predictorLayers, heads: { output: codeSize } },
    ...(prior === 'none' ? [] : [{ name: 'posterior', inputs: codeSize, layers: 1, heads } as const]),
    ...(prior === 'learned' ? [{ name: 'prior', inputs: codeSize, layers: 1, heads } as const] : []),
  ];
}

/**
 * Every weight. Convolutions are [height, width, inputs, outputs], transposed ones [height, width, outputs, inputs], dense layers
 * [inputs, outputs], LSTMs [inputs, 4 · hidden] with the gates input, forget, cell, output side by side.
 *
 * Convolutions and dense layers start from N(0, 0.02) and scales of batch normalisation from N(1, 0.02), all biases from 0; LSTMs
 * from ±1/sqrt(hidden), biases too, and none that favours remembering.
 *
 * Source: edenton/svg, utils.py, `init_weights`, which does not reach the LSTMs: they keep PyTorch's start.
 */
export function planWeights(config: SvgLpConfig): ReadonlyMap<string, WeightPlan> {
  const plan = planModel(config);
  const weights = new Map<string, WeightPlan>();
  const add = (name: string, shape: readonly number[], init: Initializer, isLearned = true) =>
    weights.set(name, { shape, init, learningRateScale: isLearned ? 1 : 0, decays: false });

  for (const unit of listUnits(planBackbone(plan))) {
    const { name, inputs, outputs, activation } = unit;
    const size = kernelOf(unit);
    add(
      `${name}.weight`,
      [size, size, ...(isTransposed(unit) ? [outputs, inputs] : [inputs, outputs])],
      gaussian(0.02),
    );
    add(`${name}.bias`, [outputs], 0);
    if (activation === 'sigmoid') continue;
    add(`${name}_bn.scale`, [outputs], normalAroundOne);
    add(`${name}_bn.offset`, [outputs], 0);
    add(`${name}_bn.mean`, [outputs], 0, false);
    add(`${name}_bn.variance`, [outputs], 1, false);
  }
  const { hiddenSize: hidden } = plan;
  const spread = uniform(1 / Math.sqrt(hidden));
  for (const { name, inputs, layers, heads } of planRecurrent(plan)) {
    add(`${name}.embed.weight`, [inputs, hidden], gaussian(0.02));
    add(`${name}.embed.bias`, [hidden], 0);
    for (let layer = 1; layer <= layers; layer++) {
      add(`${name}.lstm${layer}.input`, [hidden, 4 * hidden], spread);
      add(`${name}.lstm${layer}.hidden`, [hidden, 4 * hidden], spread);
      add(`${name}.lstm${layer}.bias`, [4 * hidden], spread);
      if (plan.lstmBias === 'double') add(`${name}.lstm${layer}.hiddenBias`, [4 * hidden], spread);
    }
    for (const [head, outputs] of Object.entries(heads)) {
      add(`${name}.${head}.weight`, [hidden, outputs], gaussian(0.02));
      add(`${name}.${head}.bias`, [outputs], 0);
    }
  }
  return weights;
}

/** Learned numbers: 12,614,057 for `paper` on Stochastic Moving MNIST, 22,831,747 on BAIR. */
export function countParameters(config: SvgLpConfig): number {
  return countLearned(planWeights(config));
}

function uniform(limit: number): Initializer {
  return (shape, random) =>
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => limit * (2 * random.float() - 1));
}

function normalAroundOne([features]: readonly number[], random: Random): Float32Array {
  return Float32Array.from({ length: features! }, () => 1 + 0.02 * random.normal());
}
