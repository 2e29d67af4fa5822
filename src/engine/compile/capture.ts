import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { withKernels } from '../ops/native.js';
import { tf } from '../tf.js';
import { assertSameGraph } from './compare.js';
import { defineFunction, type DefinedFunction } from './define.js';
import { liveVariables, record } from './record.js';
import { nodeBackend } from './hooks.js';
import { CaptureError, disposeCaptured, type GraphInput, type Recording } from './recording.js';
import { StandIns } from './stand-ins.js';
import { fillTree, type TensorTree } from './tree.js';

/** A step as one call. */
export interface Captured {
  readonly isXla: boolean;
  /** Why XLA is not taken, or null. */
  readonly reason: string | null;
  run(args: readonly Tensor[]): TensorTree;
  dispose(): void;
}

/** How a step is captured. */
export interface CaptureOptions {
  readonly jit: 'off' | 'on' | 'auto';
  readonly name: string;
  /** Whether it may make variables, such as an optimizer's slots; where not, nothing but shapes is computed while it is recorded. */
  readonly makesVariables: boolean;
}

type Step = (...args: Tensor[]) => TensorTree;

/**
 * Records a step twice and makes it a function. No variable has changed afterwards, unless the step made new ones: then it has
 * been run once, and its results are what is given.
 *
 * @throws CaptureError where that cannot be done; whatever the step throws.
 */
export function capture(
  step: Step,
  args: readonly Tensor[],
  options: CaptureOptions,
): Captured | { readonly results: TensorTree } {
  if (options.makesVariables) return captureWith(step, args, options, null);
  const standIns = new StandIns(nodeBackend().binding);
  try {
    return captureWith(step, args, options, standIns);
  } catch (error) {
    // an operation that looks at its numbers does not take those of a stand-in
    if (!(error instanceof Error && error.message.startsWith('Invalid TF_Status'))) throw error;
    return captureWith(step, args, options, null);
  } finally {
    standIns.dispose();
  }
}

function captureWith(
  step: Step,
  args: readonly Tensor[],
  { jit, name }: Pick<CaptureOptions, 'jit' | 'name'>,
  standIns: StandIns | null,
): Captured | { readonly results: TensorTree } {
  const snapshot = takeSnapshot();
  const taken: Recording[] = [];
  const take = () => {
    // without oneDNN's own operations: a graph's optimizer puts them in itself, fused, and XLA does not know them
    const recording = withKernels('tensorflow', () => record(step, args, standIns));
    taken.push(recording);
    return recording;
  };
  try {
    let first = take();
    if (first.madeVariables) {
      if (standIns) throw new Error('A step that was said to make no variables made some.');
      snapshot.forget();
      return { results: taken.pop()!.results };
    }
    snapshot.putBack();
    if (first.survivors.length > 0) {
      first = take(); // it may keep something for good that it makes once
      snapshot.putBack();
    }
    const second = take();
    snapshot.putBack();
    if (second.survivors.length > 0) {
      throw new CaptureError(
        `The step cannot be captured: ${second.survivors[0]!} outlives it without being a result or a tf.Variable.`,
      );
    }
    assertSameGraph(first, second);
    taken.pop();
    tf.dispose(second.results as Tensor);
    standIns?.dispose(); // before the function's first run needs the memory
    return define(second, args, { jit, name });
  } finally {
    snapshot.putBack();
    snapshot.forget();
    for (const { results, inputs } of taken) {
      tf.dispose(results as Tensor);
      disposeCaptured(inputs);
    }
  }
}

function define(
  { inputs, nodes, outputs, states, results }: Recording,
  args: readonly Tensor[],
  { jit, name }: Pick<CaptureOptions, 'jit' | 'name'>,
): Captured {
  let defined: DefinedFunction;
  try {
    defined = defineFunction(name, { inputs, nodes, outputs: [...outputs, ...states] });
    trial(defined, gather(inputs, args), false);
  } catch (error) {
    disposeCaptured(inputs);
    throw new CaptureError(`The step cannot be captured: ${gist(error)}`, { cause: error });
  }
  const { isXla, reason } = chooseJit(defined, gather(inputs, args), jit);
  return {
    isXla,
    reason,
    run(given) {
      const tensors = defined.run(gather(inputs, given), { isXla });
      states.forEach(({ variable }, i) => {
        const next = tensors[outputs.length + i]!;
        variable.assign(next); // frees the old numbers
        next.dispose();
      });
      return fillTree(results, tensors.slice(0, outputs.length));
    },
    dispose() {
      defined.dispose();
      disposeCaptured(inputs);
    },
  };
}

/** Whether XLA is to be used: for `auto` where it takes less time on these inputs. Nothing is assigned. */
function chooseJit(
  defined: DefinedFunction,
  inputs: readonly Tensor[],
  jit: 'off' | 'on' | 'auto',
): { readonly isXla: boolean; readonly reason: string | null } {
  if (jit === 'off') return { isXla: false, reason: null };
  try {
    trial(defined, inputs, true);
  } catch (error) {
    return { isXla: false, reason: `XLA does not take it: ${gist(error)}` };
  }
  if (jit === 'on') return { isXla: true, reason: null };
  return decideJit([0, 1, 2].map(() => [trial(defined, inputs, false), trial(defined, inputs, true)] as const));
}

/**
 * Whether XLA was faster, by the best of several rounds, and else what speaks against it.
 *
 * @param rounds milliseconds as a plain function and compiled, taken in turn.
 */
export function decideJit(rounds: readonly (readonly [number, number])[]): {
  readonly isXla: boolean;
  readonly reason: string | null;
} {
  const [plain, compiled] = [0, 1].map((mode) => Math.min(...rounds.map((round) => round[mode]!))) as [number, number];
  if (compiled < plain) return { isXla: true, reason: null };
  return { isXla: false, reason: `XLA is not faster: ${compiled.toPrecision(3)} ms against ${plain.toPrecision(3)}` };
}

/** Runs a function for nothing, to its end; milliseconds. */
function trial(defined: DefinedFunction, inputs: readonly Tensor[], isXla: boolean): number {
  const start = performance.now();
  const outputs = defined.run(inputs, { isXla });
  const smallest = outputs.reduce((least, tensor) => (tensor.size < least.size ? tensor : least));
  smallest.dataSync(); // a GPU has only been told so far
  const milliseconds = performance.now() - start;
  tf.dispose(outputs);
  return milliseconds;
}

function gather(inputs: readonly GraphInput[], args: readonly Tensor[]): Tensor[] {
  return inputs.map(({ from }) => (typeof from === 'number' ? args[from]! : from));
}

/** Holds the numbers of all variables, without a copy: a tensor's numbers never change, a variable gets others. */
function takeSnapshot(): { putBack(): void; forget(): void } {
  const held = new Map<Variable, Tensor>(
    liveVariables().map((variable) => [variable, tf.keep(tf.clone(variable as Tensor))]),
  );
  return {
    putBack() {
      for (const [variable, tensor] of held) if (!variable.isDisposed) variable.assign(tensor);
    },
    forget() {
      tf.dispose([...held.values()]);
      held.clear();
    },
  };
}

/** The gist of what TensorFlow says, which is pages where XLA refuses. */
function gist(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
  const unsupported = [...text.matchAll(/(\w+) \(No registered/g)].map(([, op]) => op);
  if (unsupported.length > 0) return `it has no ${[...new Set(unsupported)].join(', ')}`;
  return text.replace(/^Invalid TF_Status: \d+ Message: /, '').slice(0, 300);
}
