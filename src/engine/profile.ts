import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { compile } from './compile/compile.js';
import { eagerStep, onCopies, type StepMode } from './compiled-step.js';
import { tf } from './tf.js';
import type { Trainer } from './trainer.js';
import type { StepInput } from './update-step.js';

/** Median milliseconds of the parts of one batch's step. */
export interface StepProfile {
  readonly forwardMs: number;
  /** Forward and backward, less forward. */
  readonly backwardMs: number;
  /** A whole step, less forward and backward. */
  readonly updateMs: number;
  readonly mode: StepMode;
}

/**
 * Times the parts of a step on throw-away copies of the variables, in the mode in which the run computes. A captured forward pass
 * is the step's own without what only gradients need; an eager one is `evaluate`.
 * `variables` are all that the trainer may assign; `clock` gives milliseconds.
 */
export function profileStep(
  trainer: Trainer,
  { batch, scalars }: StepInput,
  {
    mode,
    variables,
    clock,
    rounds = 5,
  }: {
    readonly mode: StepMode;
    readonly variables: readonly Variable[];
    readonly clock: () => number;
    readonly rounds?: number;
  },
): StepProfile {
  const names = Object.keys(batch.tensors);
  const batchOf = (args: readonly Tensor[]) => ({
    keys: [],
    tensors: Object.fromEntries(names.map((name, i) => [name, args[i]!])),
  });
  const parts: Readonly<Record<string, (...args: Tensor[]) => Tensor[]>> = {
    forward: (...args) => [
      (mode === 'eager' ? trainer.evaluate(batchOf(args)) : trainer.gradients(batchOf(args), scalars).result).loss,
    ],
    gradients: (...args) => {
      const { result, gradients } = trainer.gradients(batchOf(args), scalars);
      return [result.loss, ...gradients];
    },
    whole: (...args) => {
      const { result, gradients } = trainer.gradients(batchOf(args), scalars);
      trainer.update(gradients, scalars);
      return [result.loss];
    },
  };
  const args = names.map((name) => batch.tensors[name]!);
  const steps = Object.entries(parts).map(([name, part]) =>
    mode === 'eager'
      ? eagerStep(part, null)
      : compile(part, { jit: mode === 'xla' ? 'on' : 'off', name, makesVariables: false }),
  );
  const time = (step: (...given: Tensor[]) => Tensor[]) => {
    const fromMs = clock();
    const results = step(...args);
    results[0]!.dataSync(); // an accelerator answers before it is done
    tf.dispose(results);
    return clock() - fromMs;
  };
  // in turn, so that what else the machine does falls on all parts alike; the first rounds warm up
  const times = onCopies(variables, () => Array.from({ length: rounds + 2 }, () => steps.map(time))).slice(2);
  for (const step of steps) step.dispose();
  const timed = steps.map((_, i) => times.map((round) => round[i]!).sort((a, b) => a - b)[Math.floor(rounds / 2)]!);
  const [forward, gradients, whole] = timed as [number, number, number];
  return {
    forwardMs: forward,
    backwardMs: Math.max(0, gradients - forward),
    updateMs: Math.max(0, whole - gradients),
    mode,
  };
}
