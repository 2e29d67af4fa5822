import { plainLayer, type LayerSummary } from '../../engine/index.js';
import { kernelOf, planBackbone, type Unit } from './backbone.js';
import type { SvgLpConfig } from './config.js';
import { planModel } from './plan.js';
import { planRecurrent } from './shapes.js';

/**
 * Every layer on one clip, in the order in which they run, with time as the first axis: the encoder sees every frame once, all
 * others one frame fewer. Operations are those of the layers as the paper has them; sharing skip connections and enlarging within
 * the convolution take fewer.
 */
export function summarizeLayers(config: SvgLpConfig): readonly LayerSummary[] {
  const plan = planModel(config);
  const { encoder, pools, code, first, decoder } = planBackbone(plan);
  const frames = plan.observes + plan.predicts;
  const encoding = encoder.flatMap((level, i) => {
    const { side, outputs } = level.at(-1)!;
    const pooled = plainLayer(`encoder.pool${i + 1}`, 'pooling', [frames, side / 2, side / 2, outputs], 4);
    return [...level.flatMap((unit) => summarizeUnit(unit, frames)), ...(pools ? [pooled] : [])];
  });
  const decoding = [first, ...decoder.flat()].flatMap((unit) => summarizeUnit(unit, frames - 1));
  const recurrent = [...planRecurrent(plan)]
    .reverse() // prior and posterior come before the predictor
    .flatMap(({ name, inputs, layers, heads }) => {
      const hidden = plan.hiddenSize;
      const lstm = (layer: number): LayerSummary => ({
        name: `${name}.lstm${layer}`,
        kind: 'LSTM',
        output: [frames - 1, hidden],
        parameters: 8 * hidden * hidden + (plan.lstmBias === 'double' ? 8 : 4) * hidden,
        flops: (frames - 1) * (16 * hidden * hidden + 4 * hidden + 9 * hidden),
      });
      return [
        denseOf(`${name}.embed`, [frames - 1, hidden], inputs),
        ...Array.from({ length: layers }, (_, i) => lstm(i + 1)),
        ...Object.entries(heads).map(([head, outputs]) => denseOf(`${name}.${head}`, [frames - 1, outputs], hidden)),
      ];
    });
  return [...encoding, ...summarizeUnit(code, frames), ...recurrent, ...decoding];
}

function summarizeUnit(unit: Unit, frames: number): readonly LayerSummary[] {
  const { name, kind, inputs, outputs, side, activation } = unit;
  const output = [frames, side, side, outputs];
  const count = frames * side * side * outputs;
  // inputs that meet in one number: a transposed kernel of 4 at step 2 has 2 by 2 of its taps there
  const taps = { down: 16, plain: 9, enlarged: 9, last: 9, code: 16, first: 1, up: 4 }[kind];
  const convolution = {
    name,
    kind: kind === 'up' || kind === 'first' || kind === 'last' ? 'transposed convolution' : 'convolution',
    output,
    parameters: outputs * (kernelOf(unit) * kernelOf(unit) * inputs + 1),
    flops: count * (2 * taps * inputs + 1),
  };
  if (activation === 'sigmoid') return [convolution];
  const norm = { name: `${name}_bn`, kind: 'batch normalisation', output, parameters: 2 * outputs, flops: count * 3 };
  return [convolution, norm];
}

function denseOf(name: string, output: readonly [number, number], inputs: number): LayerSummary {
  const [steps, outputs] = output;
  return { name, kind: 'dense', output, parameters: outputs * (inputs + 1), flops: steps * outputs * (2 * inputs + 1) };
}
