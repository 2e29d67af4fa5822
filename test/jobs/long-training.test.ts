import { describe, expect, it } from 'vitest';
import { describeLongTraining } from '../../src/jobs/long-training.js';
import { resolveTaskConfig } from '../../src/models/index.js';
import type { PredNetConfig } from '../../src/models/prednet/config.js';
import task from '../../src/models/prednet/index.js';
import { summarizeLayers } from '../../src/models/prednet/shapes.js';

const describeFor = (steps: number, ...set: string[]) => {
  const { config } = resolveTaskConfig(task, { set });
  return describeLongTraining({ network: summarizeLayers(config as PredNetConfig) }, config, steps);
};

describe('a long training', () => {
  it('is told of beforehand: 31e15 operations of PredNet at 1e11 a second are 86 hours', () => {
    expect(describeFor(18_750, 'preset=paper')).toMatch(
      /^18750 steps are 3\.1e\+16 operations, about 4 days on a CPU .* preset=small/,
    );
    expect(describeFor(6000, 'preset=paper')).toMatch(/about a day on a CPU/);
    expect(describeFor(1500, 'preset=paper', 'accumulateSteps=4')).toMatch(/about a day on a CPU/);
  });

  it('is none of less than a day, and none is known of layers that are not listed', () => {
    expect(describeFor(5000, 'preset=paper')).toBeNull();
    expect(describeFor(1000)).toBeNull();
    expect(describeLongTraining({}, { batchSize: 1e6, accumulateSteps: 1 }, 1e9)).toBeNull();
  });
});
