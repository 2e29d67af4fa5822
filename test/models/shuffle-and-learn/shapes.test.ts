import { describe, expect, it } from 'vitest';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { ShuffleAndLearnConfig } from '../../../src/models/shuffle-and-learn/config.js';
import task from '../../../src/models/shuffle-and-learn/index.js';
import { countParameters, planWeights, pooledSide, sides } from '../../../src/models/shuffle-and-learn/shapes.js';

const config = (...set: string[]) => resolveTaskConfig(task, { set }).config as ShuffleAndLearnConfig;

describe('the paper preset', () => {
  it('has the layer sizes of the released prototxt', () => {
    expect(sides(config('preset=paper'))).toEqual([55, 27, 13, 6]);
  });

  it('has 56,892,802 parameters, as the table counts them', () => {
    const plan = planWeights(config('preset=paper'));
    const sum = (...names: string[]) =>
      names.flatMap((name) => ['weight', 'bias'].map((part) => plan.get(`${name}.${part}`)!.shape.reduce((a, b) => a * b, 1))).reduce((a, b) => a + b, 0);
    expect(sum('conv1', 'conv2', 'conv3', 'conv4', 'conv5')).toBe(2_334_080);
    expect(sum('fc6')).toBe(37_752_832);
    expect(sum('fc7')).toBe(16_781_312);
    expect(sum('fc8')).toBe(24_578);
    expect(countParameters(config('preset=paper'))).toBe(56_892_802);
  });

  it('starts, learns and decays as the released prototxt says', () => {
    const plan = planWeights(config('preset=paper'));
    expect(['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'fc6', 'fc7'].map((name) => plan.get(`${name}.bias`)!.start)).toEqual(
      [0, 1, 0, 1, 1, 1, 1].map((constant) => ({ constant })),
    );
    expect(plan.get('conv1.weight')!.start).toEqual({ normal: 0.01 });
    expect(plan.get('fc7.weight')!.start).toEqual({ normal: 0.005 });
    for (const [name, { learningRateScale, decays }] of plan) {
      const expected = name.endsWith('.bias') ? [2, false] : name.includes('_bn.') ? [0, false] : [1, true];
      expect([learningRateScale, decays], name).toEqual(expected);
    }
  });
});

describe('pooledSide', () => {
  it('rounds up as Caffe does', () => {
    expect([18, 9, 4].map(pooledSide)).toEqual([9, 4, 2]);
    expect([55, 27, 13].map(pooledSide)).toEqual([27, 13, 6]);
  });
});

describe('sides', () => {
  it('refuses pictures of which nothing is left', () => {
    expect(() => sides(config('imageSize=24'))).toThrow(/imageSize 24/);
  });
});
