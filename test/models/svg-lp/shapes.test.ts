import { describe, expect, it } from 'vitest';
import { sumLayers } from '../../../src/engine/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { SvgLpConfig } from '../../../src/models/svg-lp/config.js';
import { planModel } from '../../../src/models/svg-lp/plan.js';
import task from '../../../src/models/svg-lp/index.js';
import { summarizeLayers } from '../../../src/models/svg-lp/layer-table.js';
import { lastSkip } from '../../../src/models/svg-lp/network.js';
import { countParameters, planWeights } from '../../../src/models/svg-lp/shapes.js';

const configOf = (...set: string[]) => resolveTaskConfig(task, { set }).config as SvgLpConfig;
const paper = (...set: string[]) => configOf('preset=paper', ...set);

/** Learned numbers of one part of the model. */
function countOf(config: SvgLpConfig, part: string): number {
  return summarizeLayers(config)
    .filter(({ name }) => name.startsWith(`${part}.`))
    .reduce((sum, { parameters }) => sum + parameters, 0);
}

describe('the sizes of the model', () => {
  it.each([
    [['dataset=sm-mnist'], 12_614_057],
    [['dataset=sm-mnist', 'lstmBias=single'], 12_609_961],
    [['dataset=sm-mnist', 'prior=fixed'], 12_049_557],
    [['dataset=sm-mnist', 'prior=fixed', 'lstmBias=single'], 12_046_485],
    [['dataset=bair'], 22_831_747],
    [['dataset=bair', 'lstmBias=single'], 22_827_651],
    [['dataset=bair', 'prior=fixed'], 22_239_491],
    [['dataset=bair', 'prior=fixed', 'lstmBias=single'], 22_236_419],
    [['dataset=kth'], 22_788_353],
    [['dataset=kth', 'lstmBias=single'], 22_784_257],
    [['dataset=kth', 'latentSize=24'], 22_778_081],
    [['dataset=kth', 'latentSize=24', 'lstmBias=single'], 22_773_985],
    [['dataset=kth', 'prior=fixed'], 22_212_545],
    [['dataset=kth', 'prior=fixed', 'lstmBias=single'], 22_209_473],
    [['dataset=kth', 'prior=fixed', 'latentSize=24'], 22_206_385],
    [['dataset=kth', 'prior=fixed', 'latentSize=24', 'lstmBias=single'], 22_203_313],
  ])('are those of the authors with %j: %i', (set, expected) => {
    expect(countParameters(paper(...set))).toBe(expected);
    expect(sumLayers(summarizeLayers(paper(...set))).parameters).toBe(expected);
  });

  it('are those of the authors in every part', () => {
    const parts = (...set: string[]) => ['encoder', 'decoder'].map((part) => countOf(paper(...set), part));
    expect(parts()).toEqual([3_805_376, 6_558_529]);
    expect(parts('channels=3')).toEqual([3_807_424, 6_562_627]);
    expect(parts('dataset=kth')).toEqual([8_688_448, 11_821_505]);
    expect(parts('dataset=bair')).toEqual([8_689_600, 11_822_659]);
    expect(parts('imageSize=128')).toEqual([8_001_216, 14_948_673]);
    expect(parts('dataset=kth', 'imageSize=128')).toEqual([15_770_944, 21_263_297]);
    const recurrent = (latentSize: number) =>
      ['predictor', 'posterior', 'prior'].map((part) => countOf(paper(`latentSize=${latentSize}`), part));
    expect(recurrent(10)).toEqual([1_121_152, 564_500, 564_500]);
    expect(recurrent(24)).toEqual([1_124_736, 571_696, 571_696]);
    expect(recurrent(32)).toEqual([1_126_784, 575_808, 575_808]);
    expect(recurrent(64)).toEqual([1_134_976, 592_256, 592_256]);
    expect(countParameters(configOf('latentSize=4', 'codeSize=32', 'hiddenSize=64'))).toBe(331_761); // the specification's small model
    expect(countParameters(configOf('preset=tiny', 'prior=none'))).toBeLessThan(
      countParameters(configOf('preset=tiny')),
    );
  });

  it('take the products that the specification counts', () => {
    const perFrame = (part: string, frames: number, ...set: string[]) =>
      summarizeLayers(paper(...set))
        .filter(({ name, kind }) => name.startsWith(`${part}.`) && kind.endsWith('convolution'))
        .reduce((sum, { flops, output }) => sum + flops - output.reduce((a, b) => a * b), 0) /
      (2e6 * frames);
    expect(perFrame('encoder', 15)).toBeCloseTo(102.8, 1);
    expect(perFrame('decoder', 14)).toBeCloseTo(204.5, 1);
    expect(perFrame('encoder', 12, 'dataset=bair')).toBeCloseTo(1140.6, 1);
    expect(perFrame('decoder', 11, 'dataset=bair')).toBeCloseTo(1744.6, 1);
    const step = (...set: string[]) => (300 * sumLayers(summarizeLayers(paper(...set))).flops) / 1e12;
    expect(step()).toBeCloseTo(2.64, 1);
    expect(step('dataset=bair')).toBeCloseTo(19.7, 0);
    expect(step('dataset=kth')).toBeCloseTo(33.5, 0);
  });

  it('has the layers of DCGAN and VGG in their order', () => {
    const outputs = (...set: string[]) =>
      summarizeLayers(paper(...set))
        .filter(({ kind }) => kind.endsWith('convolution'))
        .map(({ name, output }) => `${name} ${output.slice(1).join('x')}`);
    expect(outputs()).toEqual([
      'encoder.c1 32x32x64',
      'encoder.c2 16x16x128',
      'encoder.c3 8x8x256',
      'encoder.c4 4x4x512',
      'encoder.c5 1x1x128',
      'decoder.u1 4x4x512',
      'decoder.u2 8x8x256',
      'decoder.u3 16x16x128',
      'decoder.u4 32x32x64',
      'decoder.u5 64x64x1',
    ]);
    expect(outputs('dataset=bair').slice(-11)).toEqual([
      'decoder.u1 4x4x512',
      'decoder.u2_1 8x8x512',
      'decoder.u2_2 8x8x512',
      'decoder.u2_3 8x8x256',
      'decoder.u3_1 16x16x256',
      'decoder.u3_2 16x16x256',
      'decoder.u3_3 16x16x128',
      'decoder.u4_1 32x32x128',
      'decoder.u4_2 32x32x64',
      'decoder.u5_1 64x64x64',
      'decoder.u5_2 64x64x3',
    ]);
  });

  it("takes the dataset's values where nothing else is said", () => {
    const values = (...set: string[]) => {
      const { backbone, channels, latentSize, klWeight, observes, predicts } = planModel(paper(...set));
      return [backbone, channels, latentSize, klWeight, observes, predicts];
    };
    expect(values()).toEqual(['dcgan', 1, 10, 1e-4, 5, 10]);
    expect(values('dataset=kth')).toEqual(['vgg', 1, 32, 1e-6, 10, 10]);
    expect(values('dataset=bair', 'latentSize=8', 'klWeight=0')).toEqual(['vgg', 3, 8, 0, 2, 10]);
  });

  it('gives the decoder the last true frame, not the one before it as the released code does', () => {
    const last = (...set: string[]) => lastSkip(planModel(paper(...set)), 14);
    expect([last(), last('skipMode=anchor'), last('skipMode=everyFrame')]).toEqual([4, 3, 13]);
    const bair = (mode: string) => lastSkip(planModel(paper('dataset=bair', `skipMode=${mode}`)), 11);
    expect([bair('lastGroundTruth'), bair('anchor')]).toEqual([1, 0]);
  });

  it('starts convolutions and dense layers from a narrow spread, and LSTMs as PyTorch does', async () => {
    const { createRandom } = await import('../../../src/core/index.js');
    const plan = planWeights(paper());
    const first = (name: string) => {
      const { shape, init } = plan.get(name)!;
      return typeof init === 'number' ? [init] : [...init(shape, createRandom(name))];
    };
    const spread = (values: readonly number[], middle: number) =>
      Math.sqrt(values.reduce((sum, value) => sum + (value - middle) * (value - middle), 0) / values.length);
    expect(spread(first('encoder.c2.weight'), 0)).toBeCloseTo(0.02, 3);
    expect(spread(first('predictor.embed.weight'), 0)).toBeCloseTo(0.02, 3);
    expect(spread(first('encoder.c4_bn.scale'), 1)).toBeCloseTo(0.02, 2);
    const lstm = first('prior.lstm1.bias');
    expect(Math.max(...lstm.map(Math.abs))).toBeLessThanOrEqual(1 / 16);
    expect(spread(lstm, 0)).toBeCloseTo(1 / 16 / Math.sqrt(3), 2);
  });
});
