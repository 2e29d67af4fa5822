import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { sumLayers } from '../../../src/engine/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { PredNetConfig } from '../../../src/models/prednet/config.js';
import task from '../../../src/models/prednet/index.js';
import { countParameters, layerSizes, planWeights, summarizeLayers } from '../../../src/models/prednet/shapes.js';

const configOf = (...set: string[]) => resolveTaskConfig(task, { set }).config as PredNetConfig;

/** A preset with other features, R as wide as A. */
const wide = (channels: number, ...above: number[]) =>
  configOf(
    'preset=paper',
    `channels=${channels}`,
    `targetChannels=${JSON.stringify(above)}`,
    `stateChannels=${JSON.stringify([channels, ...above])}`,
  );

describe('the weights of prednet', () => {
  it.each([
    [[3, 48, 96, 192], 6_915_948],
    [[1, 32, 64, 128, 256], 12_510_842],
    [[3, 32, 64, 128, 256], 12_515_244],
    [[1, 32, 64, 128], 3_072_122],
    [[1, 16, 32], 178_682],
    [[1, 8, 16], 45_050],
    [[1, 2, 3], 2105],
  ])('are as many as the specification says for %j', ([channels, ...above], expected) => {
    expect(countParameters(wide(channels!, ...above))).toBe(expected);
  });

  it('are 6,915,948 in the paper preset, which takes 6.869 billion products a frame', () => {
    const config = configOf('preset=paper');
    expect(countParameters(config)).toBe(6_915_948);
    const { parameters, flops } = sumLayers(summarizeLayers(config).filter(({ kind }) => kind === 'convolution'));
    expect(parameters).toBe(6_915_948);
    const biases = summarizeLayers(config).reduce(
      (sum, { kind, output }) => sum + (kind === 'convolution' ? output.reduce((a, b) => a * b, 1) : 0),
      0,
    );
    expect((flops - biases) / 2 / config.frames / 1e9).toBeCloseTo(6.869, 3);
  });

  it('come in the groups of the reference, each by layer, kernel before bias', () => {
    const names = [...planWeights(configOf('preset=paper')).keys()];
    const groups = ['a', 'ahat', 'c', 'f', 'i', 'o'];
    const expected = groups.flatMap((group) =>
      Array.from({ length: group === 'a' ? 3 : 4 }, (_, l) => [`${group}_${l}.weight`, `${group}_${l}.bias`]).flat(),
    );
    expect(names).toEqual(expected);
    const shapes = Object.fromEntries([...planWeights(configOf('preset=paper'))].map(([name, { shape }]) => [name, shape])); // prettier-ignore
    expect(shapes['i_1.weight']).toEqual([3, 3, 240, 48]);
    expect(shapes['o_3.weight']).toEqual([3, 3, 576, 192]);
    expect(shapes['ahat_2.weight']).toEqual([3, 3, 96, 96]);
    expect(shapes['a_0.weight']).toEqual([3, 3, 6, 48]);
  });

  it('start uniform by the fan-out of one gate, not of four, with biases of 0', () => {
    const plan = planWeights(configOf('preset=paper'));
    const { init, shape } = plan.get('f_2.weight')!;
    if (typeof init === 'number') throw new TypeError('it is drawn');
    const values = init(shape, createRandom(1));
    const limit = Math.sqrt(6 / (9 * (480 + 96)));
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest).toBeLessThanOrEqual(limit);
    expect(largest).toBeGreaterThan(0.999 * limit);
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(variance / ((limit * limit) / 3)).toBeCloseTo(1, 2);
    expect(plan.get('f_2.bias')!.init).toBe(0); // the forget gate starts at a half
    expect(planWeights(configOf('preset=paper', 'pixelBias=0.2')).get('ahat_0.bias')!.init).toBe(0.2);
  });

  it('need a frame that can be halved as often as there are layers, and a representation for each', () => {
    expect(() => layerSizes(configOf('preset=paper', 'width=164'))).toThrow(/divisible by 8 for 4 layers, got 164×128/);
    expect(() => layerSizes(configOf('preset=paper', 'stateChannels=[3,48]'))).toThrow(/stateChannels must have 4/);
    expect(layerSizes(configOf('preset=paper'))[3]).toEqual({
      height: 16,
      width: 20,
      targets: 192,
      states: 192,
      above: 0,
    });
  });
});
