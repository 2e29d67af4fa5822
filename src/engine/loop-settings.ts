import { z } from 'zod';
import { cosineRate, polyRate, withWarmUp, type Schedule } from './schedules.js';

/**
 * Settings of the training loop, the same in every task: `z.strictObject({ ...loopSettings, … })`. A preset may give them
 * other values.
 */
export const loopSettings = {
  accumulateSteps: z
    .int()
    .positive()
    .default(1)
    .describe('Batches whose mean gradient makes one update; each has its own batch statistics.'),
  clipNorm: z
    .number()
    .nonnegative()
    .default(0)
    .describe('Largest length that all gradients together may have, after which they are scaled down; 0: any.'),
  emaDecay: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      'Share that a running average of the weights keeps at each update; it is what is validated and encoded with. 0: no average.',
    ),
  schedule: z
    .enum(['task', 'constant', 'cosine', 'poly'])
    .default('task')
    .describe('How the learning rate falls: as the task has it, not at all, or to 0 along half a cosine or a line.'),
  warmUpSteps: z.int().nonnegative().default(0).describe('Updates over which the learning rate first rises.'),
  validationShare: z
    .number()
    .min(0)
    .lt(1)
    .default(0.1)
    .describe('Share of the groups of sources that is held out to validate on; unused with --val or below 10 sources.'),
  balance: z
    .string()
    .default('none')
    .describe(
      'Which samples come equally often: none (each of them once an epoch), source (those of every source), or the name of a field or label, whose values do.',
    ),
  part: z
    .string()
    .regex(/^[1-9]\d*\/[1-9]\d*$/, 'takes I/N')
    .default('1/1')
    .describe(
      'For several trainers side by side: this one takes part I of each batch of N × batchSize samples, so that all of them together see what one would. --part sets it.',
    ),
  patience: z
    .int()
    .nonnegative()
    .default(0)
    .describe('Training ends after so many validations in a row without a new best; 0: never before its last step.'),
  keepCheckpoints: z
    .int()
    .positive()
    .default(3)
    .describe('How many of the newest checkpoints are kept; the best is too.'),
  pictures: z
    .int()
    .nonnegative()
    .default(8)
    .describe('Input pictures, and nearest neighbours of them, that TensorBoard is shown with each checkpoint.'),
  compile: z
    .enum(['auto', 'off', 'function', 'xla', 'fastest'])
    .default('auto')
    .describe(
      'Run a step operation by operation (off), as one TensorFlow function, as one compiled by XLA, or as whichever of these two is measured to be fastest; auto: a function on a CPU, the fastest on a GPU, and off where there is neither.',
    ),
  engineThreads: z.int().nonnegative().default(0).describe('Threads of one operation on a CPU; 0: one for each core.'),
  profile: z
    .boolean()
    .default(false)
    .describe('Measure forward, backward and update apart, once, after the tenth step.'),
};

/** Checked settings of the loop. */
export type LoopSettings = z.infer<z.ZodObject<typeof loopSettings>>;

/** The settings of a task that the loop reads; those of `loopSettings` that are missing have their defaults. */
export interface LoopConfig extends Partial<LoopSettings> {
  readonly steps: number;
  readonly batchSize: number;
  readonly logEverySteps: number;
  readonly checkpointEverySteps: number;
}

/** All settings of the loop, defaults filled in. */
export function completeSettings(config: LoopConfig): LoopSettings & LoopConfig {
  const given = Object.fromEntries(Object.keys(loopSettings).map((name) => [name, config[name as keyof LoopSettings]]));
  return { ...config, ...z.object(loopSettings).parse(given) };
}

/**
 * The learning rate at each 0-based step: the schedule that the settings name, after their warm-up.
 *
 * @param task the task's own schedule.
 */
export function scheduleOf(
  { schedule = 'task', warmUpSteps = 0, steps, learningRate }: LoopConfig & { readonly learningRate: number },
  task: Schedule,
): Schedule {
  const base = {
    task,
    constant: () => learningRate,
    cosine: cosineRate(learningRate, { steps }),
    poly: polyRate(learningRate, { steps }),
  }[schedule];
  return warmUpSteps === 0 ? base : withWarmUp(base, warmUpSteps);
}
