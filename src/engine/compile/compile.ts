import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';
import { capture, type Captured } from './capture.js';
import { canDefineFunctions } from './define.js';
import { CaptureError } from './recording.js';
import { runTidily, type TensorTree } from './tree.js';

/** How a compiled step runs, and why not better. */
export interface CompileStatus {
  /**
   * `recording` until the first step is done; then for good `function` (one call of TensorFlow), `xla` (the same, compiled), or
   * `eager` (operation by operation).
   */
  readonly mode: 'eager' | 'recording' | 'function' | 'xla';
  /** What stands against a better mode: for `eager` why the step was not captured, for `function` why XLA was not taken. */
  readonly reason: string | null;
}

/** How to compile a step. */
export interface CompileOptions {
  /** `auto`, the default, takes XLA where it is measured to be faster. */
  readonly jit?: 'off' | 'on' | 'auto';
  /** Of the functions in TensorFlow's messages. */
  readonly name?: string;
  /**
   * Default true: the step may make variables the first time it runs. Where it is known not to, recording computes shapes only: it takes a fraction of
   * the memory and time.
   */
  readonly makesVariables?: boolean;
}

/** A step that runs as one call where it can. */
export interface CompiledStep<A extends readonly Tensor[], R extends TensorTree> {
  /** The caller disposes of the results. */
  (...args: A): R;
  /** Of the last call; before that, of what is to come. */
  readonly status: CompileStatus;
  /** Frees its functions. */
  dispose(): void;
}

/**
 * A step that is recorded at its first call and from then on runs as one TensorFlow function. All variables that it assigns are
 * its state; what else changes from step to step must be an argument. Every call gives a true result: recording runs twice on
 * variables that are put back afterwards, and where the two differ, or the engine has no functions, the step stays eager and
 * `status.reason` says why. A step that makes variables (an optimizer's slots) runs eagerly once before it is recorded.
 *
 * Functions are kept by the shapes and dtypes of the arguments. A result that the step gave is a tensor of its own.
 *
 * @param step pure but for its assignments; reads nothing back.
 */
export function compile<A extends readonly Tensor[], R extends TensorTree>(
  step: (...args: A) => R,
  { jit = 'auto', name = 'step', makesVariables = true }: CompileOptions = {},
): CompiledStep<A, R> {
  const plans = new Map<string, { status: CompileStatus; captured: Captured | null }>();
  const unable = (): CompileStatus | null =>
    canDefineFunctions() ? null : { mode: 'eager', reason: `the engine ${tf.getBackend()} has no functions` };
  let status: CompileStatus = unable() ?? { mode: 'recording', reason: null };
  const anyStep = step as unknown as (...args: Tensor[]) => TensorTree;

  const run = (...args: Tensor[]): TensorTree => {
    const impossible = unable();
    if (impossible) {
      status = impossible;
      return runTidily(anyStep, args);
    }
    const key = args.map(({ shape, dtype }) => `${dtype}[${shape.join()}]`).join(' ');
    let plan = plans.get(key);
    if (!plan) {
      const made = makePlan(args);
      if ('results' in made) return made.results;
      plans.set(key, (plan = made));
    }
    status = plan.status;
    return plan.captured ? plan.captured.run(args) : runTidily(anyStep, args);
  };

  const makePlan = (args: Tensor[]) => {
    try {
      const captured = capture(anyStep, args, { jit, name, makesVariables });
      if ('results' in captured) return captured;
      return { captured, status: { mode: captured.isXla ? 'xla' : 'function', reason: captured.reason } as const };
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      return { captured: null, status: { mode: 'eager', reason: error.message } as const };
    }
  };

  return Object.defineProperty(
    Object.assign(run, {
      dispose() {
        for (const { captured } of plans.values()) captured?.dispose();
        plans.clear();
      },
    }),
    'status',
    { get: () => status },
  ) as unknown as CompiledStep<A, R>;
}
