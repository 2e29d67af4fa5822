import { ConfigError, type Random } from '../../core/index.js';
import {
  convolutionLayer,
  denseLayer,
  heNormal,
  plainLayer,
  type Initializer,
  type LayerSummary,
} from '../../engine/index.js';
import type { WeightPlan } from '../layers/weight-plan.js';
import type { Deep3dConfig } from './config.js';

/** A convolution of the network, or one that enlarges. */
export interface ConvolutionShape {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly size: number;
  /** Of what it gives. */
  readonly height: number;
  readonly width: number;
  /** How many times it enlarges; absent: it does not. */
  readonly enlarges?: number;
}

/** Channels of the distribution over shifts. */
export function shiftCount({ reach }: Pick<Deep3dConfig, 'reach'>): number {
  return 2 * reach + 1;
}

/**
 * The shift of every channel; null: it multiplies no pixel. A shift of j shows what lies j pixels to the left, so the disparity is -j.
 *
 * Source: piiswrong/deep3d, operators/depth_dot.cu, for the empty channel.
 */
export function shiftsOf({
  reach,
  emptyChannel,
}: Pick<Deep3dConfig, 'reach' | 'emptyChannel'>): readonly (number | null)[] {
  return Array.from({ length: 2 * reach + 1 }, (_, k) => (emptyChannel && k === 0 ? null : k - reach));
}

/** Height and width of a level's map after its pooling, the first level being 0. */
export function levelSize({ width, height }: Pick<Deep3dConfig, 'width' | 'height'>, level: number): [number, number] {
  const factor = 2 ** (level + 1);
  return [height / factor, width / factor];
}

/** Checks that the sizes divide evenly and the lists are of one length. */
function checkShapes(config: Deep3dConfig): void {
  const { width, height, channels, convolutions, decoder, method } = config;
  const factor = 2 ** channels.length;
  const context = { width, height, channels, convolutions, decoder };
  if (width % factor !== 0 || height % factor !== 0)
    throw new ConfigError(`width and height must be divisible by ${factor}, got ${width} and ${height}.`, { context });
  if (convolutions.length !== channels.length)
    throw new ConfigError(`convolutions must have ${channels.length} numbers, as channels has.`, { context });
  if (method === 'left-right' && decoder.length !== channels.length)
    throw new ConfigError(`decoder must have ${channels.length} numbers, as channels has.`, { context });
}

/** The trunk's convolutions, level by level: `conv3_2` is the second of the third level. */
function trunkShapes(config: Deep3dConfig): readonly ConvolutionShape[] {
  let inputs = 3;
  return config.channels.flatMap((outputs, level) =>
    Array.from({ length: config.convolutions[level]! }, (_, n) => {
      const [height, width] = levelSize(config, level - 1);
      const shape = { name: `conv${level + 1}_${n + 1}`, inputs, outputs, size: 3, height, width };
      inputs = outputs;
      return shape;
    }),
  );
}

/** Convolutions that read a level's map, those that enlarge it, and what comes after their sum. */
export function headShapes(config: Deep3dConfig): {
  readonly branches: readonly ConvolutionShape[];
  readonly enlarging: readonly ConvolutionShape[];
  readonly fused: ConvolutionShape;
  readonly last: ConvolutionShape;
} {
  const { channels, width, height } = config;
  const outputs = shiftCount(config);
  const [halfHeight, halfWidth] = levelSize(config, 0);
  const branches = channels.slice(0, -1).map((inputs, level): ConvolutionShape => {
    const [h, w] = levelSize(config, level);
    return { name: `branch${level + 1}`, inputs, outputs, size: 3, height: h, width: w };
  });
  const enlarging = channels.map((_, level): ConvolutionShape => {
    const enlarges = 2 ** level;
    const size = level === 0 ? 1 : 2 * enlarges;
    return { name: `up${level + 1}`, inputs: outputs, outputs, size, enlarges, height: halfHeight, width: halfWidth };
  });
  return {
    branches,
    enlarging,
    fused: { name: 'up', inputs: outputs, outputs, size: 4, enlarges: 2, height, width },
    last: { name: 'last', inputs: outputs, outputs, size: 3, height, width },
  };
}

/** Features of the dense layers, from the flattened deepest map on. */
function denseShapes(
  config: Deep3dConfig,
): readonly { readonly name: string; readonly inputs: number; readonly outputs: number }[] {
  const [height, width] = levelSize(config, config.channels.length - 1);
  const { features } = config;
  return [
    { name: 'fc6', inputs: height * width * config.channels.at(-1)!, outputs: features },
    { name: 'fc7', inputs: features, outputs: features },
    { name: 'fc8', inputs: features, outputs: height * width * shiftCount(config) },
  ];
}

/**
 * Every weight of the network. Convolutions are [height, width, inputs, outputs], enlarging ones [height, width, outputs, inputs], dense layers
 * [inputs, outputs] and read and give [height, width, channels]: the reference's arrays, with channels last.
 */
export function planWeights(config: Deep3dConfig): ReadonlyMap<string, WeightPlan> {
  checkShapes(config);
  const plan = new Map<string, WeightPlan>();
  const init: Initializer = config.initialisation === 'uniform' ? uniform(0.01) : heNormal();
  const learned = { learningRateScale: 1, decays: false };
  const convolution = ({ name, inputs, outputs, size, enlarges }: ConvolutionShape, first = init) => {
    const shape = enlarges === undefined ? [size, size, inputs, outputs] : [size, size, outputs, inputs];
    plan.set(`${name}.weight`, { shape, init: enlarges === undefined ? first : bilinear, ...learned });
    plan.set(`${name}.bias`, { shape: [outputs], init: 0, ...learned });
  };
  if (config.method === 'left-right') {
    // Disparities of both signs begin near zero: where the tanh is flat, nothing leads back.
    const small = config.sign === 'both' ? uniform(0.01) : init;
    for (const shape of leftRightShapes(config)) convolution(shape, shape.name.startsWith('disparity') ? small : init);
    return plan;
  }
  trunkShapes(config).forEach((shape) => convolution(shape));
  for (const { name, inputs, outputs } of denseShapes(config)) {
    plan.set(`${name}.weight`, { shape: [inputs, outputs], init, ...learned });
    plan.set(`${name}.bias`, { shape: [outputs], init: 0, ...learned });
  }
  const { branches, enlarging, fused, last } = headShapes(config);
  for (const branch of branches) {
    const part = (name: string, value: number, learningRateScale: number) =>
      plan.set(`${branch.name}_bn.${name}`, { shape: [branch.inputs], init: value, learningRateScale, decays: false });
    part('scale', 1, 1);
    part('offset', 0, 1);
    part('mean', 0, 0);
    part('variance', 1, 0);
    convolution(branch);
  }
  for (const shape of [...enlarging, fused]) convolution(shape);
  convolution(last);
  return plan;
}

/** The convolutions of the network with left-right consistency: `conv` down, `up` and `merge` back, and four `disparity` heads. */
function leftRightShapes(config: Deep3dConfig): readonly ConvolutionShape[] {
  const { channels, convolutions, kernels, decoder } = config;
  const depth = channels.length;
  const shapes: ConvolutionShape[] = [];
  let inputs = 3;
  channels.forEach((outputs, level) => {
    for (let n = 0; n < convolutions[level]!; n++) {
      const isLast = n === convolutions[level]! - 1;
      const [height, width] = levelSize(config, isLast ? level : level - 1);
      shapes.push({ name: `conv${level + 1}_${n + 1}`, inputs, outputs, size: kernels[level] ?? 3, height, width });
      inputs = outputs;
    }
  });
  decoder.forEach((outputs, n) => {
    const level = depth - 1 - n; // what comes out has the size of the map before this level
    const [height, width] = levelSize(config, level - 1);
    const skip = level > 0 ? channels[level - 1]! : 0;
    const fromHead = level + 1 < headCount(config) ? 2 : 0;
    shapes.push({ name: `up${level + 1}`, inputs, outputs, size: 3, height, width });
    shapes.push({ name: `merge${level + 1}`, inputs: outputs + skip + fromHead, outputs, size: 3, height, width });
    if (level < headCount(config))
      shapes.push({ name: `disparity${level + 1}`, inputs: outputs, outputs: 2, size: 3, height, width });
    inputs = outputs;
  });
  return shapes;
}

/** Sizes at which disparities are given, the picture's own first. */
export function headCount({ channels }: Pick<Deep3dConfig, 'channels'>): number {
  return Math.min(4, channels.length);
}

/** The layers in the order in which they run. */
export function summariseNetwork(config: Deep3dConfig): readonly LayerSummary[] {
  const { width, height } = config;
  const conv = ({ name, inputs, outputs, size, enlarges = 1, height: h, width: w }: ConvolutionShape): LayerSummary => {
    const layer = convolutionLayer(name, [h, w, outputs], { inputs, size });
    // Every input number, not every output number, meets the whole kernel.
    return enlarges === 1
      ? layer
      : {
          ...layer,
          kind: 'transposed convolution',
          flops: (layer.flops - h * w * outputs) / (enlarges * enlarges) + h * w * outputs,
        };
  };
  const input = plainLayer('data', 'input', [height, width, 3], 2);
  if (config.method === 'left-right') return [input, ...leftRightShapes(config).map(conv)];
  const { branches, enlarging, fused, last } = headShapes(config);
  const dense = denseShapes(config).map(({ name, inputs, outputs }) => denseLayer(name, [outputs], { inputs }));
  const norms = branches.map(({ name, inputs, height: h, width: w }): LayerSummary => ({
    name: `${name}_bn`,
    kind: 'batch normalisation',
    output: [h, w, inputs],
    parameters: 2 * inputs,
    flops: 4 * h * w * inputs,
  }));
  const shifts = shiftCount(config);
  return [
    input,
    ...trunkShapes(config).map(conv),
    ...dense,
    ...norms,
    ...[...branches, ...enlarging, fused, last].map(conv),
    plainLayer('softmax', 'softmax', [height, width, shifts], 3),
    plainLayer('select', 'selection', [height, width, 3], 2 * shifts),
  ];
}

/** Enlarging by straight lines, each channel by itself. */
const bilinear: Initializer = (shape) => {
  const [size, , outputs, inputs] = shape as [number, number, number, number];
  const out = new Float32Array(size * size * outputs * inputs);
  const factor = Math.ceil(size / 2);
  const centre = (2 * factor - 1 - (factor % 2)) / (2 * factor);
  const weight = (i: number): number => (size === 1 ? 1 : 1 - Math.abs(i / factor - centre));
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      for (let c = 0; c < Math.min(inputs, outputs); c++)
        out[((y * size + x) * outputs + c) * inputs + c] = weight(y) * weight(x);
    }
  }
  return out;
};

function uniform(most: number): Initializer {
  return (shape: readonly number[], random: Random) =>
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => most * (2 * random.float() - 1));
}
