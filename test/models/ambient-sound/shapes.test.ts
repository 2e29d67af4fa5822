import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/core/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { AmbientSoundConfig } from '../../../src/models/ambient-sound/config.js';
import task from '../../../src/models/ambient-sound/index.js';
import { countParameters, planWeights, trunkLayers } from '../../../src/models/ambient-sound/shapes.js';

const config = (...set: string[]) => resolveTaskConfig(task, { set }).config as AmbientSoundConfig;

describe('the paper preset', () => {
  it('has the parameters of the specification: the grouped trunk, 30 outputs, and the normalisation', () => {
    const plan = planWeights(config('preset=paper'));
    const sum = (matches: (name: string) => boolean) =>
      [...plan]
        .filter(([name, { learningRateScale }]) => learningRateScale > 0 && matches(name))
        .reduce((total, [, { shape }]) => total + shape.reduce((a, b) => a * b, 1), 0);
    expect(sum((name) => !name.includes('_bn') && !name.startsWith('fc8'))).toBe(56_868_224);
    expect(sum((name) => name.startsWith('fc8'))).toBe(122_910);
    expect(sum((name) => name.includes('_bn'))).toBe(2 * (96 + 256 + 384 + 384 + 256 + 4096 + 4096));
    expect(countParameters(config('preset=paper'))).toBe(57_010_270);
  });

  it('has the sides of CaffeNet', () => {
    expect(trunkLayers(config('preset=paper')).map(({ side, pooled }) => [side, pooled])).toEqual([
      [55, 27],
      [27, 13],
      [13, null],
      [13, null],
      [13, 6],
    ]);
  });

  it('divides its rate by ten every 100,000 steps', () => {
    const paper = config('preset=paper');
    const rates = [0, 99_999, 100_000, 200_000, 300_000].map((step) => task.learningRate(paper, step));
    [0.01, 0.01, 0.001, 0.0001, 0.00001].forEach((rate, i) => expect(rates[i]! / rate).toBeCloseTo(1, 9));
  });
});

describe('the README', () => {
  it('names the parameters of every preset as they are', () => {
    const readme = readFileSync(join(packageRoot(), 'src/models/ambient-sound/README.md'), 'utf8');
    for (const preset of ['paper', 'small', 'tiny'])
      expect(readme).toContain(` ${countParameters(config(`preset=${preset}`)).toLocaleString('en-US')} |`);
  });
});

it('refuses pictures of which nothing is left, and groups of odd sizes', () => {
  expect(() => trunkLayers(config('imageSize=24', 'conv1Kernel=21'))).toThrow(/imageSize 24/);
  expect(() => trunkLayers(config('channels=[8,8,7,8,8]'))).toThrow(/even/);
});
