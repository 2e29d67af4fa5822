import { beforeAll, describe, expect, it } from 'vitest';
import { runJob, type Sample } from '../../../src/core/index.js';
import { selectBackend, tf, type StereoModel } from '../../../src/engine/index.js';
import { evaluate, type EvaluationDataset, type EvaluationResult } from '../../../src/eval/index.js';
import protocol from '../../../src/eval/stereo/index.js';
import type { Deep3dConfig } from '../../../src/models/deep3d/config.js';
import task from '../../../src/models/deep3d/index.js';
import { shownSize } from '../../../src/models/deep3d/prepare.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import { makeBatch, makeRecord } from '../../models/deep3d/records.js';

beforeAll(() => selectBackend('auto'));

const configOf = (...set: string[]) => resolveTaskConfig(task, { set: ['preset=tiny', ...set] }).config as Deep3dConfig;

/** Adds so many grey levels to every left eye. */
function brighten(config: Deep3dConfig, levels: number): StereoModel & { dispose(): void } {
  return {
    width: config.width,
    height: config.height,
    shownOf: (eye) => shownSize(eye, config),
    seeRight: (left) => ({
      right: tf.add(left, levels),
      disparity: tf.zeros([left.shape[0], config.height, config.width]),
    }),
    dispose: () => {},
  };
}

function run(config: Deep3dConfig, records: readonly Sample[], seeds: number): Promise<EvaluationResult> {
  const dataset: EvaluationDataset = {
    signal: 'stereo-pairs',
    digest: 'made in a test',
    samples: records.length,
    sources: records.map(({ provenance }) => provenance.source),
    async *batches() {
      yield makeBatch(records, config, { mode: 'evaluate' });
    },
    async *stored() {
      yield* records;
    },
  };
  return runJob(
    evaluate({
      evaluator: protocol,
      config: protocol.config.parse({ reach: 0.2 }),
      model: brighten(config, 0),
      untrained: async (seed: number) => brighten(config, 10 * seed),
      evaluated: { task: task.name, run: null, step: null, weightsSha256: null },
      dataset,
      seed: 1,
      seeds,
    }),
  );
}

const maeOf = ({ rivals, metrics }: EvaluationResult, rival?: string) =>
  (rival ? rivals.find(({ name }) => name === rival)!.metrics : metrics).find(({ name }) => name === 'mae')!.value;

describe('eval stereo', () => {
  it('moves the left eye by the mean disparity of what is shown, which is wider than in all of the eye', async () => {
    // Everything lies three of 48 pixels before the screen; of the middle half, drawn 32 wide, these are four.
    const config = configOf('crop=0.5');
    const records = await Promise.all([1, 2, 3].map((seed) => makeRecord(seed, { near: 3, far: 3 })));
    const result = await run(config, records, 1);
    const mean = maeOf(result, 'mean-disparity');
    expect(mean).toBeCloseTo(maeOf(result, 'best-shift-film'), 1);
    expect(mean).toBeLessThan(0.4 * maeOf(result, 'copy-left'));
  });

  it('sets a model beside the left eye as it is, and beside the untrained networks of all seeds', async () => {
    const records = await Promise.all([1, 2].map((seed) => makeRecord(seed)));
    const config = configOf();
    const result = await run(config, records, 3);
    expect(maeOf(result)).toBe(maeOf(result, 'copy-left'));
    const each = await Promise.all(
      [0, 10, 20].map(async (levels) => {
        const { left, right } = (await makeBatch(records, config, { mode: 'evaluate' })).arrays;
        const [a, b] = [left!.data as Uint8Array, right!.data as Uint8Array];
        return a.reduce((sum, value, i) => sum + Math.abs(value + levels - b[i]!), 0) / a.length;
      }),
    );
    expect(maeOf(result, 'untrained')).toBeCloseTo((each[0]! + each[1]! + each[2]!) / 3, 6);
  });
});

describe('what is shown of an eye', () => {
  it('is the largest part of the aspect, times the crop', () => {
    const config = { width: 128, height: 64, crop: 0.9 };
    expect(shownSize({ width: 432, height: 180 }, config)).toEqual({ width: 324, height: 162 });
    expect(shownSize({ width: 432, height: 244 }, config)).toEqual({ width: 389, height: 194 });
    expect(shownSize({ width: 432, height: 180 }, { width: 384, height: 160, crop: 8 / 9 })).toEqual({
      width: 384,
      height: 160,
    });
  });
});
