import { describe, expect, it } from 'vitest';
import { meanOfSplits, type EvaluationResult } from '../../src/eval/index.js';

function resultOf(split: number, top1: number, chance: number): EvaluationResult {
  const metric = (value: number) => ({
    ...{ name: 'top1', unit: 'fraction', direction: 'higher' as const, examples: 10 * split, split: `made ${split}` },
    ...{ value, interval: [0, 1] as const, seeds: [value, value] },
  });
  return {
    ...{
      schema: 1,
      protocol: 'action-recognition',
      version: 2,
      toolVersion: '0',
      config: {},
      split,
      seed: 1,
      seeds: 2,
    },
    evaluated: { task: 'none', run: null, step: null, weightsSha256: null },
    data: { name: 'made', examples: 10 * split, absent: 0, digest: null },
    leak: split === 2 ? 4 : null,
    metrics: [metric(top1), ...(split === 1 ? [{ ...metric(1), name: 'top5' }] : [])],
    rivals: [{ name: 'chance', metrics: [metric(chance)] }, ...(split === 1 ? [{ name: 'other', metrics: [] }] : [])],
  };
}

describe('the mean over official splits', () => {
  it('is that of each metric and rival that all have, with the single values and no interval', () => {
    const mean = meanOfSplits([resultOf(1, 0.5, 0.1), resultOf(2, 0.7, 0.2), resultOf(3, 0.6, 0.3)]);
    const about = { unit: 'fraction', direction: 'higher', examples: 60, split: 'made, mean of splits 1, 2, 3' };
    expect(mean.metrics).toEqual([
      { name: 'top1', ...about, value: expect.closeTo(0.6, 12), perSplit: [0.5, 0.7, 0.6] },
    ]);
    expect(mean.rivals).toEqual([
      {
        name: 'chance',
        metrics: [{ name: 'top1', ...about, value: expect.closeTo(0.2, 12), perSplit: [0.1, 0.2, 0.3] }],
      },
    ]);
    expect(mean).toMatchObject({ split: 1, splits: [1, 2, 3], leak: 4, data: { examples: 60 } });
  });

  it('is refused for results that cannot be compared', () => {
    expect(() => meanOfSplits([])).toThrow(/no result/);
    expect(() => meanOfSplits([resultOf(1, 0.5, 0.1), { ...resultOf(2, 0.5, 0.1), seeds: 5 }])).toThrow(
      /same settings/,
    );
  });
});
