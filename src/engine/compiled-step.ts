import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { LoopSettings } from './loop-settings.js';
import { tf } from './tf.js';

/** How a step is computed: operation by operation, as one TensorFlow function, or as one that XLA compiled. */
export type StepMode = 'eager' | 'function' | 'xla';

/** A step that runs in one call where the engine can do that. */
export interface RunnableStep<A extends Tensor[], R> {
  (...args: A): R;
  readonly mode: StepMode;
  /** Why it is not what was asked for, else null. */
  readonly reason: string | null;
  dispose(): void;
}

/** A step on its way to the mode in which it will be counted. */
export interface PendingStep<A extends Tensor[], R> {
  (...args: A): R;
  readonly status: { readonly mode: StepMode | 'recording'; readonly reason: string | null };
  dispose(): void;
}

/** Recording takes a few calls, and measuring XLA some more. */
const mostTrials = 40;

/** A step as it is: what `compile` gives where nothing can be captured. */
export function eagerStep<A extends Tensor[], R>(step: (...args: A) => R, reason: string | null): PendingStep<A, R> {
  return Object.assign((...args: A) => tf.tidy(() => step(...args) as never) as R, {
    status: { mode: 'eager' as const, reason },
    dispose: () => {},
  });
}

/**
 * Runs a step on throw-away copies of the variables until it has found the mode in which it stays, so that every counted
 * step is computed alike.
 *
 * @param variables all that the step may assign.
 */
export function settleStep<A extends Tensor[], R extends Readonly<Record<string, Tensor>>>(
  step: PendingStep<A, R>,
  args: A,
  variables: readonly Variable[],
): RunnableStep<A, R> {
  if (step.status.mode === 'recording') {
    onCopies(variables, () => {
      for (let trial = 0; trial < mostTrials && step.status.mode === 'recording'; trial++) tf.dispose(step(...args));
    });
  }
  const { mode, reason } = step.status;
  if (mode === 'recording') throw new Error(`A step was still being recorded after ${mostTrials} calls.`);
  return Object.assign((...given: A) => step(...given), { mode, reason, dispose: () => step.dispose() });
}

/** Does something and gives all variables back the values that they had before. */
export function onCopies<T>(variables: readonly Variable[], work: () => T): T {
  const before = variables.map((variable) => variable.clone()); // shares the memory
  try {
    return work();
  } finally {
    variables.forEach((variable, i) => variable.assign(before[i]!));
    tf.dispose(before);
  }
}

/**
 * Whether XLA is to be used, for each setting. On a CPU `auto` does not measure: two runs of the same seed would differ in their
 * last bits where the measurements do.
 */
export function jitOf(setting: Exclude<LoopSettings['compile'], 'off'>): 'off' | 'on' | 'auto' {
  if (setting === 'xla') return 'on';
  if (setting === 'fastest') return 'auto';
  const isOnGpu = (tf.backend() as unknown as { readonly isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
  return setting === 'auto' && isOnGpu ? 'auto' : 'off';
}
