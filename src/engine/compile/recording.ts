import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { Attribute } from '../ops/native.js';
import { tf } from '../tf.js';
import type { TensorTree } from './tree.js';

/** A constant of a graph. */
export interface ConstantValue {
  /** TensorFlow's number of the element type. */
  readonly type: number;
  readonly shape: readonly number[];
  /** Little-endian. */
  readonly bytes: Uint8Array;
}

/** One operation of a recorded step. Sources are `name` for a first output, else `name:1` and so on, or the name of an input. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: readonly Attribute[];
  readonly outputs: readonly { readonly type: number; readonly shape: readonly number[] }[];
  /** What a `Const` holds, else null. */
  readonly constant: ConstantValue | null;
}

/** Something that a step takes from outside. */
export interface GraphInput {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  /** Position of an argument; the variable; or a tensor made outside, which the graph always reads anew. */
  readonly from: number | Variable | Tensor;
}

/** A tensor that leaves a step. */
export interface GraphOutput {
  readonly source: string;
  readonly type: number;
}

/** A step as it ran once. */
export interface Recording<R extends TensorTree = TensorTree> {
  /** Arguments, all variables, then what else was used. */
  readonly inputs: readonly GraphInput[];
  readonly nodes: readonly GraphNode[];
  /** What the step gave: true tensors, to be disposed of. */
  readonly results: R;
  /** Of `results`, in the order of `flattenTree`. */
  readonly outputs: readonly GraphOutput[];
  readonly states: readonly (GraphOutput & { readonly variable: Variable })[];
  /** Operations whose outputs outlive the step without being results or variables. */
  readonly survivors: readonly string[];
  /** It made variables that were not there before. */
  readonly madeVariables: boolean;
}

/** A step cannot be captured; the message names the operation and says why. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
}

/** The node of a source. */
export function nodeOf(source: string): string {
  const colon = source.indexOf(':');
  return colon < 0 ? source : source.slice(0, colon);
}

/** Lets go of the tensors from outside that a recording holds. */
export function disposeCaptured(inputs: readonly GraphInput[]): void {
  for (const { from } of inputs) if (typeof from !== 'number' && !(from instanceof tf.Variable)) from.dispose();
}
