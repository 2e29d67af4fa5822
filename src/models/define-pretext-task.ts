import type { z } from 'zod';
import type { Random, SampleSpec } from '../core/index.js';
import type { LoopSettings, Trainer, WeightMapping } from '../engine/index.js';

/** Settings that every task has: `z.strictObject({ ...loopSettings, … })` with `loopSettings` of the engine. */
export interface TaskConfig extends LoopSettings {
  readonly preset: string;
  readonly steps: number;
  /** Samples of one batch; an update takes `accumulateSteps` of them. */
  readonly batchSize: number;
  readonly learningRate: number;
  readonly logEverySteps: number;
  readonly checkpointEverySteps: number;
}

/** What a pretext task declares. */
export interface PretextTaskDefinition<S extends SampleSpec = SampleSpec, C extends TaskConfig = TaskConfig> {
  readonly name: string;
  readonly version: number;
  /** The signal whose samples it eats. */
  readonly signal: string;
  readonly sample: S;
  /** `resolve` fills in the preset's values before this schema checks them. */
  readonly config: z.ZodType<C>;
  /** Values of each preset, by name; what the user sets wins. */
  readonly presets: Readonly<Record<string, Partial<C>>>;
  /** Path below `src`, without extension, of a `PrepareModule` that runs in the loader's workers. */
  readonly prepare: string;
  createTrainer(config: C, random: Random): Trainer;
  /** Learning rate at a 0-based step, as the task has it: `scheduleOf` may put another in its place. */
  learningRate(config: C, step: number): number;
  /** Where its weights stand in files of other programs, for `--init FILE.safetensors`. */
  publishedWeights?(config: C): WeightMapping;
  /** Published figures that a result may be set beside. */
  readonly figures?: readonly {
    readonly name: string;
    readonly value: number;
    readonly unit: string;
    readonly source: string;
  }[];
}

/** A task of any sample and configuration, as registries hold it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- config is contravariant; the registry checks it by schema
export type AnyPretextTask = PretextTaskDefinition<any, any>;

/** Declares a pretext task; the default export of its folder. */
export function definePretextTask<S extends SampleSpec, C extends TaskConfig>(
  task: PretextTaskDefinition<S, C>,
): PretextTaskDefinition<S, C> {
  return task;
}
