import { describe, expect, it } from 'vitest';
import { shotBudget } from '../../../src/mining/temporal-order/budget.js';
import { temporalOrderConfig } from '../../../src/mining/temporal-order/config.js';
import { movingReel, sourceOf } from '../fakes.js';

const config = temporalOrderConfig.parse({});

function budgets(frames: number, cuts: readonly number[], settings = config): number[] {
  const source = sourceOf(movingReel('film', { frames, cuts }));
  return source.shots.map((shot) => shotBudget(source, shot, settings));
}

describe('shotBudget', () => {
  it('gives a single shot all of it', () => {
    expect(budgets(200, [])).toEqual([16]);
  });

  it('shares by length and leaves out shots that are too short', () => {
    expect(budgets(400, [100])).toEqual([4, 12]);
    expect(budgets(405, [5, 105])).toEqual([0, 4, 12]);
    expect(budgets(400, [60, 160], { ...config, policy: 'exact' })).toEqual([0, 5, 11]);
  });

  it('always shares out exactly the whole, however many shots there are', () => {
    for (const shots of [3, 7, 16, 17, 40]) {
      const cuts = Array.from({ length: shots - 1 }, (_, i) => 50 * (i + 1));
      const shares = budgets(50 * shots, cuts);
      expect(shares.reduce((a, b) => a + b, 0)).toBe(16);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    }
  });
});
