import { describe, expect, it } from 'vitest';
import { sumLayers } from '../../../src/engine/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { ShuffleAndLearnConfig } from '../../../src/models/shuffle-and-learn/config.js';
import task from '../../../src/models/shuffle-and-learn/index.js';
import { summarizeLayers } from '../../../src/models/shuffle-and-learn/layer-table.js';
import { countParameters } from '../../../src/models/shuffle-and-learn/shapes.js';

const config = (...set: string[]) => resolveTaskConfig(task, { set }).config as ShuffleAndLearnConfig;

describe('the table of layers', () => {
  it("has the paper's shapes, its 56,892,802 parameters, and 2.2 billion multiplications a tuple", () => {
    const layers = summarizeLayers(config('preset=paper'));
    const { parameters, flops } = sumLayers(layers);
    expect(parameters).toBe(56_892_802);
    const shapes = Object.fromEntries(layers.map(({ name, output }) => [name, output.join('x')]));
    expect(shapes).toMatchObject({
      conv1: '3x55x55x96',
      pool1: '3x27x27x96',
      conv2: '3x27x27x256',
      pool2: '3x13x13x256',
      conv3: '3x13x13x384',
      conv5: '3x13x13x256',
      pool5: '3x6x6x256',
      fc6: '3x4096',
      fc7: '3x4096',
      fc8: '2',
    });
    // by hand, of one frame: 55² · 96 · 363 + 27² · 256 · 1200 + 13² · (384 · 2304 + 384 · 1728 + 256 · 1728) + 9216 · 4096 + 4096²
    const frame = 105_415_200 + 223_948_800 + 169 * (884_736 + 663_552 + 442_368) + 37_748_736 + 16_777_216;
    const products = layers.filter(({ kind }) => kind === 'convolution' || kind === 'dense');
    const biases = products.reduce((sum, { output }) => sum + output.reduce((a, b) => a * b, 1), 0);
    expect(sumLayers(products).flops - biases).toBe(2 * (3 * frame + 24_576));
    expect(flops / (2 * 3 * 0.72e9)).toBeCloseTo(1, 1);
  });

  it('counts what the network counts, however the frames meet', () => {
    for (const set of [['preset=small'], ['preset=tiny'], ['preset=tiny', 'join=fc7'], ['preset=tiny', 'join=fc8']])
      expect(sumLayers(summarizeLayers(config(...set))).parameters).toBe(countParameters(config(...set)));
  });
});
