import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runJob, type Metric } from '../../../src/core/index.js';
import { evaluateMining } from '../../../src/index.js';
import { testData } from '../../fixtures/test-data.js';

const data = testData();
const valueOf = (list: readonly Metric[], name: string) => list.find((metric) => metric.name === name)!.value;

describe.skipIf(data === null)('masks of five sequences of DAVIS', () => {
  it('reach what the specification asks, of all frames and of those that would be kept, far above the ellipse', async () => {
    const { metrics, rivals } = await runJob(
      evaluateMining({ signal: 'motion-masks', truth: `davis:${join(data!, 'davis')}` }),
    );
    const [j, f, kept, share] = ['J', 'F', 'JKept', 'keptShare'].map((name) => valueOf(metrics, name)) as [
      number,
      number,
      number,
      number,
    ];
    expect(j).toBeGreaterThanOrEqual(0.58);
    expect(f).toBeGreaterThanOrEqual(0.48);
    expect(kept).toBeGreaterThanOrEqual(Math.max(0.66, j + 0.05));
    expect(share).toBeGreaterThanOrEqual(0.25);
    expect(share).toBeLessThanOrEqual(0.7);
    const ellipse = rivals.find(({ name }) => name === 'ellipse')!;
    expect(valueOf(ellipse.metrics, 'J')).toBeCloseTo(0.195, 2);
  });
});
