import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { sumLayers, type Initializer } from '../../../src/engine/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import { caffenetSides } from '../../../src/models/layers/caffenet.js';
import { countLearned } from '../../../src/models/layers/weight-plan.js';
import type { WangGuptaConfig } from '../../../src/models/wang-gupta/config.js';
import task from '../../../src/models/wang-gupta/index.js';
import { featureCounts, meanName, planWeights, summariseNetwork } from '../../../src/models/wang-gupta/shapes.js';

const config = (...set: string[]) => resolveTaskConfig(task, { set }).config as WangGuptaConfig;
const paper = config('preset=paper');

describe('the paper preset of wang-gupta', () => {
  it('has 44,282,240 parameters, layer by layer as the released prototxt has them', () => {
    const plan = planWeights(paper);
    const sum = (name: string) =>
      ['weight', 'bias'].reduce((all, part) => all + plan.get(`${name}.${part}`)!.shape.reduce((a, b) => a * b, 1), 0);
    const table = {
      conv1: 34_944,
      conv2: 307_456,
      conv3: 885_120,
      conv4: 663_936,
      conv5: 442_624,
      fc6: 37_752_832,
      fc7: 4_195_328,
    };
    expect(Object.fromEntries(Object.keys(table).map((name) => [name, sum(name)]))).toEqual(table);
    expect(countLearned(plan)).toBe(44_282_240);
    expect(caffenetSides(paper)).toEqual([55, 27, 13, 6]);
  });

  it('starts, learns and decays as the released prototxt says', () => {
    const plan = planWeights(paper);
    const layers = ['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'fc6', 'fc7'];
    expect(layers.map((name) => plan.get(`${name}.bias`)!.init)).toEqual([0, 1, 0, 1, 1, 1, 1]);
    const spread = (name: string) => {
      const draw = plan.get(`${name}.weight`)!.init as Exclude<Initializer, number>;
      const values = draw([100, 200], createRandom(1));
      return Math.sqrt(values.reduce((all, value) => all + value * value, 0) / values.length);
    };
    for (const name of layers) {
      expect(spread(name)).toBeCloseTo(name.startsWith('fc') ? 0.005 : 0.01, 4);
      expect([plan.get(`${name}.weight`)!, plan.get(`${name}.bias`)!]).toMatchObject([
        { learningRateScale: 1, decays: true },
        { learningRateScale: 2, decays: false },
      ]);
    }
    expect(plan.get(meanName)).toMatchObject({ shape: [227, 227, 3], learningRateScale: 0 });
  });

  it('falls in four equal parts, with random negatives for the first 150,000 steps', () => {
    const rates = [0, 99_999, 100_000, 200_000, 399_999].map((step) => task.learningRate(paper, step));
    expect(rates).toEqual([1e-3, 1e-3, 1e-4, 1e-5, 1e-6].map((rate) => expect.closeTo(rate, 12) as number));
    expect(paper.randomPhase * paper.steps).toBe(150_000);
    expect(paper).toMatchObject({
      margin: 0.5,
      negatives: 4,
      hardShare: 1,
      batchSize: 50,
      momentum: 0.9,
      weightDecay: 5e-4,
    });
  });
});

describe('the table of layers', () => {
  it.each(['paper', 'small', 'tiny'])('counts what the plan counts, and ends where the features end: %s', (preset) => {
    const own = config(`preset=${preset}`);
    const layers = summariseNetwork(own);
    expect(sumLayers(layers).parameters).toBe(countLearned(planWeights(own)));
    const features = featureCounts(own);
    const sizeOf = (name: string) => layers.find((layer) => layer.name === name)!.output.reduce((a, b) => a * b, 1);
    expect(sizeOf('pool5')).toBe(features.conv5);
    expect(sizeOf('conv4')).toBe(features.conv4);
    expect(sizeOf('conv3')).toBe(features.conv3);
    expect(sizeOf('fc6')).toBe(features.fc6);
    expect(sizeOf('norm7')).toBe(features.embedding);
  });

  it('has the multiplications of AlexNet: 105, 224, 150, 112 and 75 million in the convolutions', () => {
    const layers = summariseNetwork(paper);
    const millions = ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'].map((name) =>
      Math.round(layers.find((layer) => layer.name === name)!.flops / 2e6),
    );
    expect(millions).toEqual([106, 224, 150, 112, 75]);
  });
});

describe('planWeights', () => {
  it('refuses odd channels, and pictures of which nothing would be left', () => {
    expect(() => planWeights(config('channels=[3, 8, 8, 8, 8]'))).toThrow(/channels must be even/);
    expect(() => planWeights(config('imageSize=24', 'conv1Kernel=11', 'conv1Stride=4'))).toThrow(/imageSize 24/);
  });
});
