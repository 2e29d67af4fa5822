import type { Tensor } from '@tensorflow/tfjs-core';
import { attribute, isNative, runOp } from '../ops/native.js';
import { tf } from '../tf.js';
import { encodeGraph } from './graphdef.js';
import type { GraphInput, GraphNode, GraphOutput } from './recording.js';

/** What our own C++ adds to tfjs-node's addon. */
interface FunctionBinding {
  defineFunction?(name: string, graph: Uint8Array, inputs: readonly string[], outputs: readonly string[]): void;
  removeFunction?(name: string): void;
}

/** A function of TensorFlow's. */
export interface DefinedFunction {
  /** One run, on inputs in the graph's order. */
  run(inputs: readonly Tensor[], options: { readonly isXla: boolean }): Tensor[];
  dispose(): void;
}

let serial = 0;

/** True where a graph can be made a function: on TensorFlow, with the addon that `reelmine setup` built. */
export function canDefineFunctions(): boolean {
  return isNative() && typeof binding().defineFunction === 'function';
}

/**
 * Makes a graph a function.
 *
 * @throws Error of TensorFlow's, naming the node that it does not take.
 */
export function defineFunction(
  label: string,
  graph: {
    readonly inputs: readonly GraphInput[];
    readonly nodes: readonly GraphNode[];
    readonly outputs: readonly GraphOutput[];
  },
): DefinedFunction {
  const name = `reelmine_${label.replace(/\W/g, '_')}_${serial++}`;
  const { bytes, outputs } = encodeGraph(graph.inputs, graph.nodes, graph.outputs);
  const names = graph.inputs.map((input) => input.name);
  const addon = binding();
  addon.defineFunction?.(name, bytes, names, outputs);
  const compiled = [attribute.bool('_XlaMustCompile', true)];
  return {
    run: (inputs, { isXla }) => runOp(name, isXla ? compiled : [], inputs, outputs.length),
    dispose: () => addon.removeFunction?.(name),
  };
}

function binding(): FunctionBinding {
  return (tf.backend() as unknown as { readonly binding: FunctionBinding }).binding;
}
