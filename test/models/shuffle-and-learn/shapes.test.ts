import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom, packageRoot } from '../../../src/core/index.js';
import type { Initializer } from '../../../src/engine/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import { caffenetSides, pooledSide } from '../../../src/models/layers/caffenet.js';
import type { ShuffleAndLearnConfig } from '../../../src/models/shuffle-and-learn/config.js';
import task from '../../../src/models/shuffle-and-learn/index.js';
import { countParameters, planWeights } from '../../../src/models/shuffle-and-learn/shapes.js';

const config = (...set: string[]) => resolveTaskConfig(task, { set }).config as ShuffleAndLearnConfig;

describe('the paper preset', () => {
  it('has the layer sizes of the released prototxt', () => {
    expect(caffenetSides(config('preset=paper'))).toEqual([55, 27, 13, 6]);
  });

  it('has 56,892,802 parameters, as the table counts them', () => {
    const plan = planWeights(config('preset=paper'));
    const sum = (...names: string[]) =>
      names
        .flatMap((name) =>
          ['weight', 'bias'].map((part) => plan.get(`${name}.${part}`)!.shape.reduce((a, b) => a * b, 1)),
        )
        .reduce((a, b) => a + b, 0);
    expect(sum('conv1', 'conv2', 'conv3', 'conv4', 'conv5')).toBe(2_334_080);
    expect(sum('fc6')).toBe(37_752_832);
    expect(sum('fc7')).toBe(16_781_312);
    expect(sum('fc8')).toBe(24_578);
    expect(countParameters(config('preset=paper'))).toBe(56_892_802);
  });

  it('starts, learns and decays as the released prototxt says', () => {
    const plan = planWeights(config('preset=paper'));
    expect(
      ['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'fc6', 'fc7'].map((name) => plan.get(`${name}.bias`)!.init),
    ).toEqual([0, 1, 0, 1, 1, 1, 1]);
    const spread = (name: string) => {
      const values = (plan.get(name)!.init as Exclude<Initializer, number>)([100, 200], createRandom(1));
      return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    };
    expect(spread('conv1.weight')).toBeCloseTo(0.01, 3);
    expect(spread('fc7.weight')).toBeCloseTo(0.005, 3);
    expect(spread('fc8.weight')).toBeCloseTo(1 / Math.sqrt(100), 2); // uniform in ±√(3 / inputs)
    for (const [name, { learningRateScale, decays }] of plan) {
      const expected = name.endsWith('.bias') ? [2, false] : name.includes('_bn.') ? [0, false] : [1, true];
      expect([learningRateScale, decays], name).toEqual(expected);
    }
  });
});

describe('the README', () => {
  it('names the parameters of every preset as they are', () => {
    const readme = readFileSync(join(packageRoot(), 'src/models/shuffle-and-learn/README.md'), 'utf8');
    for (const preset of ['paper', 'small', 'tiny']) {
      expect(readme).toContain(` ${countParameters(config(`preset=${preset}`)).toLocaleString('en-US')} |`);
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
    expect(() => caffenetSides(config('imageSize=24'))).toThrow(/imageSize 24/);
  });
});
