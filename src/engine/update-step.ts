import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { ConfigError, type Random, type SampleBatch } from '../core/index.js';
import { averageDecay, type AveragedWeights } from './averaged-weights.js';
import { compile } from './compile/compile.js';
import { eagerStep, jitOf, onCopies, settleStep, type RunnableStep, type StepMode } from './compiled-step.js';
import type { LoopSettings } from './loop-settings.js';
import { disposeBatch, toTensorBatch } from './tensors.js';
import { tf } from './tf.js';
import type { Gradients, StepResult, StepScalars, TensorBatch, Trainer } from './trainer.js';

/** One update of the weights: from one batch, or from the mean gradient of several. */
export interface UpdateStep {
  readonly mode: StepMode;
  /** Why the mode is not what was asked for, else null. */
  readonly reason: string | null;
  /**
   * Takes in one batch; the last of an update moves the weights, and their average.
   *
   * @returns what the batch gave, to be disposed of; with clipping the last has `gradientNorm`, before clipping.
   */
  add(input: StepInput, isLast: boolean): StepResult;
  /** Variables that are neither weights nor slots. */
  dispose(): void;
}

/** A batch and its scalars. */
export interface StepInput {
  readonly batch: TensorBatch;
  readonly scalars: StepScalars;
}

type Settings = Pick<LoopSettings, 'accumulateSteps' | 'clipNorm' | 'compile'>;

/**
 * Puts a trainer's two halves together and finds out how they are computed here. `mode` is the one to be kept, where a run goes on;
 * null: what the settings say.
 *
 * @param trainer whose weights are moved.
 * @param example inputs of the shapes that all later ones have; nothing is learned from them.
 * @throws ConfigError where that mode cannot be had here.
 */
export function createUpdateStep(
  trainer: Trainer,
  example: StepInput,
  {
    settings,
    average,
    mode,
  }: { readonly settings: Settings; readonly average: AveragedWeights | null; readonly mode: StepMode | null },
): UpdateStep {
  const wanted = mode === null ? settings.compile : settingOf[mode];
  const variables = [
    ...trainer.variables.values(),
    ...trainer.slots.values(),
    ...(average ? average.variables.values() : []),
  ];
  const make = settings.accumulateSteps === 1 ? makeWhole : makeAccumulating;
  const build = (setting: Settings['compile']) =>
    make({ trainer, average, example, variables, settings: { ...settings, compile: setting } });
  let step = build(wanted);
  if (new Set(step.modes).size > 1) {
    // both halves in one mode, or a resumed run could not be told which
    const { modes, reason } = step;
    step.dispose();
    step = modes.includes('eager') ? { ...build('off'), reason } : build('function');
  }
  const reached = step.modes[0]!;
  if ((wanted === 'function' || wanted === 'xla') && reached !== wanted) {
    step.dispose();
    const why = step.reason ?? 'the engine has no captured functions';
    throw new ConfigError(
      `This training cannot be computed as ${wanted === 'xla' ? 'an XLA' : 'a TensorFlow'} function here: ${why}.${mode === null ? ' Set compile=auto.' : ' The run was begun that way and goes on exactly only that way.'}`,
      { context: { wanted, reached } },
    );
  }
  return { mode: reached, reason: step.reason, add: step.add, dispose: step.dispose };
}

const settingOf: Readonly<Record<StepMode, Settings['compile']>> = { eager: 'off', function: 'function', xla: 'xla' };

interface Parts {
  readonly trainer: Trainer;
  readonly average: AveragedWeights | null;
  readonly example: StepInput;
  readonly variables: readonly Variable[];
  readonly settings: Settings;
}

type MadeStep = Omit<UpdateStep, 'mode'> & { readonly modes: readonly StepMode[] };

/** Gradients, clipping, update and average of one batch as one step. */
function makeWhole({ trainer, average, example, variables, settings }: Parts): MadeStep {
  const step = build(
    ({ batch, scalars }) => {
      const { result, gradients } = trainer.gradients(batch, scalars);
      return { ...result, ...moveWeights(gradients, scalars, { trainer, average, clipNorm: settings.clipNorm }) };
    },
    { example, variables, setting: settings.compile, name: 'update' },
  );
  return { modes: [step.mode], reason: step.reason, add: (input) => step.run(input), dispose: step.dispose };
}

/** Two steps: one adds a batch's gradients to the sums, the other moves the weights by the mean. */
function makeAccumulating({ trainer, average, example, variables, settings }: Parts): MadeStep {
  const sums = onCopies(variables, () =>
    tf.tidy(() =>
      trainer.gradients(example.batch, example.scalars).gradients.map((one) => tf.variable(tf.zerosLike(one), false)),
    ),
  );
  const shared = { example, variables: [...variables, ...sums], setting: settings.compile };
  const add = build(
    ({ batch, scalars }) => {
      const { result, gradients } = trainer.gradients(batch, scalars);
      gradients.forEach((gradient, i) => sums[i]!.assign(tf.add(sums[i]!, gradient)));
      return result;
    },
    { ...shared, name: 'accumulate' },
  );
  const finish = build(
    ({ scalars }) => {
      const mean = sums.map((sum) => tf.div(sum, settings.accumulateSteps));
      const extra = moveWeights(mean, scalars, { trainer, average, clipNorm: settings.clipNorm });
      for (const sum of sums) sum.assign(tf.zerosLike(sum));
      return extra;
    },
    { ...shared, example: { ...example, batch: { keys: [], tensors: {} } }, name: 'update' },
  );
  return {
    modes: [add.mode, finish.mode],
    reason: (finish.mode === 'eager' ? finish : add).reason ?? finish.reason,
    add(input, isLast) {
      const result = add.run(input);
      return isLast
        ? { ...result, ...finish.run({ batch: { keys: [], tensors: {} }, scalars: input.scalars }) }
        : result;
    },
    dispose() {
      add.dispose();
      finish.dispose();
      tf.dispose(sums);
    },
  };
}

/** Clips, lets the optimizer step, and moves the average; gives the gradients' length where it was looked at. */
function moveWeights(
  gradients: Gradients,
  scalars: StepScalars,
  {
    trainer,
    average,
    clipNorm,
  }: { readonly trainer: Trainer; readonly average: AveragedWeights | null; readonly clipNorm: number },
): Readonly<Record<string, Tensor>> {
  const clipped = clipNorm > 0 ? clipByGlobalNorm(gradients, clipNorm) : null;
  trainer.update(clipped?.gradients ?? gradients, scalars);
  average?.update(scalars['averageDecay']!);
  return clipped ? { gradientNorm: clipped.norm } : {};
}

/**
 * All gradients scaled by one factor, so that together they are at most so long: `g * most / max(most, |g|)`.
 *
 * @returns `norm` is their length before, float32 [].
 *
 * Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013, algorithm 1.
 */
export function clipByGlobalNorm(
  gradients: Gradients,
  most: number,
): { readonly gradients: Gradients; readonly norm: Tensor } {
  const norm = tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))));
  const factor = tf.div(most, tf.maximum(norm, most));
  return { gradients: gradients.map((gradient) => tf.mul(gradient, factor)), norm };
}

interface BuildOptions {
  readonly example: StepInput;
  readonly variables: readonly Variable[];
  readonly setting: Settings['compile'];
  readonly name: string;
}

/** A step over batches and scalars as one over a list of tensors, settled. */
function build(
  body: (input: StepInput) => Readonly<Record<string, Tensor>>,
  { example, variables, setting, name }: BuildOptions,
): Pick<RunnableStep<Tensor[], never>, 'mode' | 'reason' | 'dispose'> & { run(input: StepInput): StepResult } {
  const arrays = Object.keys(example.batch.tensors).sort();
  const numbers = Object.keys(example.scalars).sort();
  const list = ({ batch, scalars }: StepInput) => [
    ...arrays.map((array) => batch.tensors[array]!),
    ...numbers.map((number) => scalars[number]!),
  ];
  const onList = (...args: Tensor[]) => {
    const pick = (names: readonly string[], from: number) =>
      Object.fromEntries(names.map((key, i) => [key, args[from + i]!]));
    // a captured step would keep the keys of the batch that it was recorded with
    const batch = { keys: [], tensors: pick(arrays, 0) };
    return body({ batch, scalars: pick(numbers, arrays.length) as StepScalars & Record<string, Tensor> });
  };
  const pending =
    setting === 'off' ? eagerStep(onList, null) : compile(onList, { jit: jitOf(setting), name, makesVariables: false });
  const step: RunnableStep<Tensor[], Readonly<Record<string, Tensor>>> = settleStep(pending, list(example), variables);
  const { mode, reason } = step;
  return { mode, reason, dispose: () => step.dispose(), run: (input) => step(...list(input)) as StepResult };
}

/** The scalars of one batch of a step, to be disposed of. */
export function makeScalars(
  step: number,
  {
    learningRate,
    seed,
    emaDecay,
    more,
  }: {
    readonly learningRate: number;
    readonly seed: readonly [number, number];
    readonly emaDecay: number;
    readonly more: Readonly<Record<string, number>>;
  },
): StepScalars {
  const named = emaDecay > 0 ? { ...more, averageDecay: averageDecay(emaDecay, step) } : more;
  return {
    ...Object.fromEntries(Object.entries(named).map(([name, value]) => [name, tf.scalar(value, 'float32')])),
    learningRate: tf.scalar(learningRate, 'float32'),
    seed: tf.tensor1d([...seed], 'int32'),
  };
}

/** A batch of a 0-based step and its scalars as tensors; the loader has its buffers back. */
export function toStepInput(
  batch: SampleBatch,
  {
    trainer,
    step,
    learningRate,
    emaDecay,
    random,
  }: {
    readonly trainer: Trainer;
    readonly step: number;
    readonly learningRate: (step: number) => number;
    readonly emaDecay: number;
    readonly random: Random;
  },
): StepInput {
  const scalars = makeScalars(step, {
    learningRate: learningRate(step),
    seed: [random.seed() | 0, random.seed() | 0],
    emaDecay,
    more: trainer.scalars?.(step) ?? {},
  });
  const input = { batch: toTensorBatch(batch), scalars };
  batch.release();
  return input;
}

/** Gives the tensors of a batch and of its scalars back. */
export function disposeInput({ batch, scalars }: StepInput): void {
  disposeBatch(batch);
  tf.dispose(Object.values(scalars));
}
