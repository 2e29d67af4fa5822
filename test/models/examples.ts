import type { Sample, SampleBatch } from '../../src/core/index.js';
import type { BatchSource } from '../../src/engine/index.js';
import type { TaskConfig } from '../../src/models/index.js';
import * as ambientSound from './ambient-sound/records.js';
import * as motionSegmentation from './motion-segmentation/records.js';
import * as deep3d from './deep3d/records.js';
import * as prednet from './prednet/records.js';
import * as shuffleAndLearn from './shuffle-and-learn/records.js';
import * as svgLp from './svg-lp/records.js';
import * as wangGupta from './wang-gupta/records.js';

/** What the contract needs of a task: records made in the test, and batches of them. */
export interface TaskExamples {
  readonly makeRecord: (seed: number) => Promise<Sample>;
  readonly makeBatch: (
    records: readonly Sample[],
    config: TaskConfig,
    options?: { readonly mode?: 'train' | 'evaluate' },
  ) => Promise<SampleBatch>;
  readonly makeSource: (records: readonly Sample[], config: TaskConfig) => BatchSource;
}

/** By task; the builders are in `test/models/<task>/records.ts`. */
export const examples: Readonly<Record<string, TaskExamples>> = {
  'ambient-sound': ambientSound as unknown as TaskExamples,
  'motion-segmentation': motionSegmentation as unknown as TaskExamples,
  deep3d: deep3d as unknown as TaskExamples,
  prednet: prednet as unknown as TaskExamples,
  'shuffle-and-learn': shuffleAndLearn as unknown as TaskExamples,
  'svg-lp': svgLp as unknown as TaskExamples,
  'wang-gupta': wangGupta as unknown as TaskExamples,
};
