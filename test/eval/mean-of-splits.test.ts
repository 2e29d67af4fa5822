import { describe, expect, it } from 'vitest';
import { meanOfSplits, planOfSplits, type EvaluationResult } from '../../src/eval/index.js';

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

describe('the plan of several splits', () => {
  it('adds up what is done one after another, and asks for no more room than the largest needs', () => {
    const plan = (videos: number, scratch: number) => ({
      ...{ unit: 'videos', units: videos, seconds: videos / 2, notes: [`${videos} videos`] },
      bytes: { media: 10 * videos, scratch, features: 3 * videos },
    });
    expect(planOfSplits([{ split: 2, plan: plan(8, 5) }])).toEqual(plan(8, 5));
    expect(planOfSplits([{ split: 1, plan: plan(8, 5) }, { split: 3, plan: plan(6, 9) }])).toEqual({
      ...{ unit: 'videos', units: 14, seconds: 7 },
      bytes: { media: 140, scratch: 9, features: 24 },
      notes: ['split 1: 8 videos', 'split 3: 6 videos'],
    }); // prettier-ignore
    const bare = { unit: 'frames', units: 1, seconds: 1, notes: [] };
    expect(planOfSplits([1, 2].map((split) => ({ split, plan: bare })))).toEqual({ ...bare, units: 2, seconds: 2 });
    expect(() => planOfSplits([])).toThrow(/no plan/);
  });
});
