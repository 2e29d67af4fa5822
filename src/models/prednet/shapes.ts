import { ConfigError } from '../../core/index.js';
import { convolutionLayer, plainLayer, type Initializer, type LayerSummary } from '../../engine/index.js';
import { countLearned, type WeightPlan } from '../layers/weight-plan.js';
import type { PredNetConfig } from './config.js';

/** Gates of a ConvLSTM in the order in which they lie side by side once united. */
export const gates = ['i', 'f', 'o', 'c'] as const;

/** One layer of the stack. */
export interface LayerSize {
  readonly height: number;
  readonly width: number;
  /** Features of target A and prediction Ahat; the errors E have twice as many. */
  readonly targets: number;
  /** Features of representation R and cell C. */
  readonly states: number;
  /** Features of R in the layer above, 0 at the top. */
  readonly above: number;
}

type Sizes = Pick<PredNetConfig, 'width' | 'height' | 'channels' | 'targetChannels' | 'stateChannels'>;

/**
 * The layers from the first on.
 *
 * @throws ConfigError if a layer's features are missing, or a side cannot be halved often enough.
 */
export function layerSizes({ width, height, channels, targetChannels, stateChannels }: Sizes): readonly LayerSize[] {
  const targets = [channels, ...targetChannels];
  if (stateChannels.length !== targets.length)
    throw new ConfigError(
      `stateChannels must have ${targets.length} numbers, one more than targetChannels, got ${stateChannels.length}.`,
      { context: { targetChannels, stateChannels } },
    );
  const divisor = 2 ** (targets.length - 1);
  if (width % divisor !== 0 || height % divisor !== 0)
    throw new ConfigError(
      `width and height must be divisible by ${divisor} for ${targets.length} layers, got ${width}×${height}.`,
      { context: { width, height, divisor } },
    );
  return targets.map((count, l) => ({
    height: height / 2 ** l,
    width: width / 2 ** l,
    targets: count,
    states: stateChannels[l]!,
    above: stateChannels[l + 1] ?? 0,
  }));
}

/**
 * Every weight, in the order of the reference: groups a, ahat, c, f, i, o, and in a group by layer. Convolutions are [3, 3, inputs, outputs];
 * the inputs of the gates are R, both halves of E (what was predicted too high first), and R of the layer above.
 *
 * Source: coxlab/prednet, prednet.py, `build`; for R as wide as A its counts are these.
 */
export function planWeights(config: PredNetConfig): ReadonlyMap<string, WeightPlan> {
  const sizes = layerSizes(config);
  const plan = new Map<string, WeightPlan>();
  const learns = { learningRateScale: 1, decays: false } as const;
  const add = (name: string, inputs: number, outputs: number, bias = 0) => {
    plan.set(`${name}.weight`, { shape: [3, 3, inputs, outputs], init: glorotUniform, ...learns });
    plan.set(`${name}.bias`, { shape: [outputs], init: bias, ...learns });
  };
  sizes.slice(1).forEach(({ targets }, l) => add(`a_${l}`, 2 * sizes[l]!.targets, targets));
  sizes.forEach(({ states, targets }, l) => add(`ahat_${l}`, states, targets, l === 0 ? config.pixelBias : 0));
  for (const gate of [...gates].sort())
    sizes.forEach(({ targets, states, above }, l) => add(`${gate}_${l}`, states + 2 * targets + above, states));
  return plan;
}

/** Learned numbers: 6,915,948 for `paper`. */
export function countParameters(config: PredNetConfig): number {
  return countLearned(planWeights(config));
}

/**
 * The layers on one clip, in the order in which each frame runs through them, counted as the reference computes them: every convolution at every
 * frame. What is computed here is less, see README.md.
 */
export function summarizeLayers(config: PredNetConfig): readonly LayerSummary[] {
  const sizes = layerSizes(config);
  const { frames } = config;
  const shape = ({ height, width }: LayerSize, features: number) => [frames, height, width, features];
  const down = sizes.map((size, l) => {
    const inputs = size.states + 2 * size.targets + size.above;
    return [
      ...gates.map((gate) => convolutionLayer(`${gate}_${l}`, shape(size, size.states), { inputs, size: 3 })),
      plainLayer(`r_${l}`, 'convolutional LSTM', shape(size, size.states), 14),
    ];
  });
  const up = sizes.flatMap((size, l) => [
    convolutionLayer(`ahat_${l}`, shape(size, size.targets), { inputs: size.states, size: 3 }),
    plainLayer(`e_${l}`, 'error', shape(size, 2 * size.targets), 2),
    ...(l + 1 < sizes.length
      ? [
          convolutionLayer(`a_${l}`, shape(size, sizes[l + 1]!.targets), { inputs: 2 * size.targets, size: 3 }),
          plainLayer(`pool_${l}`, 'max-pooling, relu', shape(sizes[l + 1]!, sizes[l + 1]!.targets), 5),
        ]
      : []),
  ]);
  return [...down.reverse().flat(), ...up];
}

/** Uniform in ±sqrt(6 / (inputs + outputs)) of one kernel: each gate has its own, so that uniting them does not narrow it. */
const glorotUniform: Exclude<Initializer, number> = (shape, random) => {
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  const limit = Math.sqrt(6 / (height * width * (inputs + outputs)));
  return Float32Array.from({ length: height * width * inputs * outputs }, () => limit * (2 * random.float() - 1));
};
