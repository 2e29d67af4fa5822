import type { Tensor, TensorInfo, Variable } from '@tensorflow/tfjs-core';
import { attributeKinds, runOp, type Attribute } from '../ops/native.js';
import { tf } from '../tf.js';
import { nodeBackend, withHooks, type DataId, type TensorMetadata, type Values } from './hooks.js';
import {
  CaptureError,
  nodeOf,
  type ConstantValue,
  type GraphInput,
  type GraphNode,
  type GraphOutput,
  type Recording,
} from './recording.js';
import type { KnownInput, StandIns } from './stand-ins.js';
import { flattenTree, runTidily, type TensorTree } from './tree.js';

/**
 * Runs a step once, on TensorFlow's engine, and writes down every operation on the way. What the step does is done: variables are assigned.
 * With stand-ins only the shapes of the float32 tensors that it makes, of its results and of what it assigns are true.
 *
 * @throws CaptureError where the step reads a tensor back or does what a graph cannot hold; whatever the step throws.
 */
export function record<R extends TensorTree>(
  step: (...args: Tensor[]) => R,
  args: readonly Tensor[],
  standIns: StandIns | null = null,
): Recording<R> {
  return new Recorder(standIns).run(step, args);
}

/** All live variables. */
export function liveVariables(): Variable[] {
  const { registeredVariables } = tf.engine().state;
  return Object.values(registeredVariables).filter((variable) => !variable.isDisposed);
}

class Recorder {
  readonly #backend = nodeBackend();
  readonly #binding = this.#backend.binding;
  readonly #nodes: GraphNode[] = [];
  readonly #inputs: (Omit<GraphInput, 'from'> & { readonly from: GraphInput['from'] | TensorInfo })[] = [];
  /** By the addon's numbers of tensors, which it never gives twice. */
  readonly #sources = new Map<number, string>();
  readonly #constants = new Map<number, ConstantValue>();
  readonly #infos = new Map<number, TensorInfo>();
  readonly #types = new Map<string, GraphNode['outputs'][number]>();
  /** Made by the step: from JavaScript's numbers, or by an operation, which is named. */
  readonly #made = new Map<DataId, string>();
  readonly #kernels: string[] = [];
  readonly #standIns: StandIns | null;
  #refusal: CaptureError | null = null;

  constructor(standIns: StandIns | null) {
    this.#standIns = standIns;
  }

  run<R extends TensorTree>(step: (...args: Tensor[]) => R, args: readonly Tensor[]): Recording<R> {
    const variables = liveVariables();
    separate(variables);
    const own = args.map(copyOf); // what the step holds besides its arguments is told from them, also where it is the same tensor
    own.forEach((argument, i) => this.#addInput(`argument${i}`, argument, i));
    variables.forEach((variable, i) => this.#addInput(`variable${i}`, variable, variable));
    const before = variables.map((variable) => variable.dataId);
    let results: R;
    try {
      results = this.#watch(() => runTidily(step, own));
      this.#realize(results);
    } finally {
      tf.dispose(own);
    }
    try {
      if (this.#refusal) throw this.#refusal; // the step may have caught it
      const outputs = flattenTree(results).map((tensor) => this.#end(tensor));
      const states = variables
        .filter((variable, i) => variable.dataId !== before[i])
        .map((variable) => ({ variable, ...this.#end(variable) }));
      const survivors = this.#survivors(results);
      const { nodes, inputs } = this.#prune([...outputs, ...states], survivors);
      const known = new Set(variables);
      const madeVariables = liveVariables().some((variable) => !known.has(variable));
      return { inputs, nodes, results, outputs, states, survivors, madeVariables };
    } catch (error) {
      tf.dispose(results as Tensor);
      throw error;
    }
  }

  #watch<T>(work: () => T): T {
    return withHooks(
      {
        executeOp: (op, attributes, inputs, outputs) => this.#execute(op, attributes, inputs, outputs),
        createTensor: (shape, type, values) => this.#createTensor(shape, type, values),
        onInput: (tensor) => this.#noteInput(tensor),
        onOutput: (dataId, id) => this.#made.set(dataId, this.#sources.get(id) ?? ''),
        onNumbers: (dataId) => this.#made.set(dataId, ''),
        onRead: (dataId) => this.#checkRead(dataId),
        kernels: this.#kernels,
      },
      work,
    );
  }

  #execute(op: string, attributes: readonly Attribute[], ids: readonly number[], count: number): TensorMetadata[] {
    const inputs = ids.map((id) => this.#source(id));
    const given = this.#standIns
      ? this.#standIns.execute(op, attributes, ids, { count, describe: (id) => this.#describe(id) })
      : this.#binding.executeOp(op, attributes, ids, count);
    const name = `n${this.#nodes.length}`;
    const outputs = given.map(({ dtype, shape }) => ({ type: dtype, shape: [...shape] }));
    const complete = completeAttributes(op, attributes, () => this.#types.get(inputs[0] ?? '')?.type ?? 1);
    this.#nodes.push({ name, op, inputs, attributes: complete, outputs, constant: null });
    given.forEach(({ id }, i) => this.#define(id, i === 0 ? name : `${name}:${i}`, outputs[i]!));
    return given;
  }

  #describe(id: number): KnownInput {
    return { ...this.#types.get(this.#source(id))!, bytes: this.#constants.get(id)?.bytes ?? null };
  }

  /** Results and variables get tensors of their own in place of stand-ins; nothing else that is stood in for may outlive the step. */
  #realize(results: TensorTree): void {
    const ends = new Set<DataId>([...flattenTree(results), ...liveVariables()].map(({ dataId }) => dataId));
    for (const [dataId, source] of this.#standIns ? this.#made : []) {
      const info = this.#backend.tensorMap.has(dataId) ? this.#backend.tensorMap.get(dataId) : null;
      if (!info || !this.#standIns!.isStoodInFor(info.id)) continue;
      if (!ends.has(dataId))
        throw new Error(`A step that is recorded for its shapes keeps ${source}, which has no numbers.`);
      const type = { name: 'T', type: attributeKinds().type, value: info.dtype };
      const real = this.#standIns!.realOf(info.id);
      const [{ id }] = this.#binding.executeOp('Identity', [type], [real], 1) as [TensorMetadata];
      this.#sources.set(id, this.#sources.get(info.id)!);
      info.id = id;
    }
  }

  #createTensor(shape: readonly number[], type: number, values: Values): number {
    const id = this.#binding.createTensor(shape, type, values);
    if (!ArrayBuffer.isView(values)) throw this.#refuse(`it makes a tensor of texts in JavaScript`);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
    this.#constants.set(id, { type, shape: [...shape], bytes });
    return id;
  }

  /** Tensors from outside whose numbers still wait in JavaScript go to TensorFlow first, so that they are no constants of the step. */
  #noteInput(tensor: TensorInfo): void {
    if (!this.#backend.tensorMap.has(tensor.dataId)) return;
    const info = this.#backend.tensorMap.get(tensor.dataId);
    if (info.values !== null && !this.#made.has(tensor.dataId)) {
      info.id = this.#binding.createTensor(info.shape, info.dtype, info.values);
      info.values = null;
    }
    if (info.values === null) this.#infos.set(info.id, tensor);
  }

  #source(id: number): string {
    const known = this.#sources.get(id);
    if (known !== undefined) return known;
    const constant = this.#constants.get(id);
    if (constant) {
      const name = `c${this.#nodes.length}`;
      const output = { type: constant.type, shape: constant.shape };
      this.#nodes.push({ name, op: 'Const', inputs: [], attributes: [], outputs: [output], constant });
      return this.#define(id, name, output);
    }
    const tensor = this.#infos.get(id);
    if (!tensor) throw this.#refuse('it uses a tensor that TensorFlow.js does not know');
    return this.#addInput(`captured${id}`, tensor, tensor);
  }

  #addInput(name: string, tensor: TensorInfo, from: GraphInput['from'] | TensorInfo): string {
    const [id] = this.#backend.getInputTensorIds([tensor]) as [number];
    const { dtype: type } = this.#backend.tensorMap.get(tensor.dataId);
    this.#inputs.push({ name, type, shape: [...tensor.shape], from });
    return this.#define(id, name, { type, shape: tensor.shape });
  }

  #define(id: number, source: string, output: GraphNode['outputs'][number]): string {
    this.#sources.set(id, source);
    this.#types.set(source, output);
    return source;
  }

  #end(tensor: Tensor): GraphOutput {
    const [id] = this.#backend.getInputTensorIds([tensor]) as [number];
    let source = this.#sources.get(id);
    if (source === undefined) {
      // made of JavaScript's numbers, and used by no operation
      const info = this.#backend.tensorMap.get(tensor.dataId);
      const values = this.#binding.tensorDataSync(id) as ArrayBufferView;
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
      this.#constants.set(id, this.#constants.get(id) ?? { type: info.dtype, shape: [...info.shape], bytes });
      source = this.#source(id);
    }
    return { source, type: this.#types.get(source)!.type };
  }

  #checkRead(dataId: DataId): void {
    const made = this.#made.get(dataId);
    if (made === '') return; // JavaScript's own numbers: a constant
    const kernel = this.#kernels.at(-1);
    const who = kernel === undefined ? 'it' : `its operation ${kernel}`;
    const node = made === undefined ? undefined : this.#nodes.find(({ name }) => name === made.split(':')[0]);
    throw this.#refuse(`${who} reads back ${node ? `what ${node.op} gave` : 'a tensor from outside'}`);
  }

  #refuse(why: string): CaptureError {
    return (this.#refusal ??= new CaptureError(`The step cannot be captured: ${why}.`));
  }

  /** Leaves out the nodes that no output needs; arguments and variables keep their places. */
  #prune(ends: readonly GraphOutput[], survivors: readonly string[]): { nodes: GraphNode[]; inputs: GraphInput[] } {
    const byName = new Map(this.#nodes.map((node) => [node.name, node]));
    const live = new Set<string>();
    const waiting = ends.map(({ source }) => nodeOf(source));
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (live.has(name)) continue;
      live.add(name);
      for (const input of byName.get(name)?.inputs ?? []) waiting.push(nodeOf(input));
    }
    const inputs = this.#inputs
      .filter(({ name }) => live.has(name))
      .map((input): GraphInput => {
        const { from } = input;
        const isCaptured = typeof from !== 'number' && !(from instanceof tf.Variable);
        return { ...input, from: isCaptured ? this.#hold(from, survivors) : from };
      });
    return { nodes: this.#nodes.filter(({ name }) => live.has(name)), inputs };
  }

  /** A second tensor on the same data, which keeps it alive. */
  #hold({ dataId, shape, dtype }: TensorInfo, survivors: readonly string[]): Tensor {
    if (!this.#backend.tensorMap.has(dataId)) {
      const instead = survivors[0] === undefined ? '' : `, and ${survivors[0]} outlives it`;
      throw this.#refuse(`it disposes of a tensor from outside that it used${instead}`);
    }
    this.#backend.incRef(dataId);
    return tf.keep(tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype }));
  }

  #survivors(results: TensorTree): string[] {
    const known = new Set<DataId>([...flattenTree(results), ...liveVariables()].map(({ dataId }) => dataId));
    const left = [...this.#made].filter(([dataId]) => !known.has(dataId) && this.#backend.tensorMap.has(dataId));
    return left.map(([, source]) => {
      const node = this.#nodes.find(({ name }) => name === nodeOf(source));
      return node ? `what ${node.op} gave` : "a tensor of JavaScript's numbers";
    });
  }
}

/** A tensor of its own on the same numbers. */
function copyOf(tensor: Tensor): Tensor {
  const { dtype: value } = nodeBackend().tensorMap.get(tensor.dataId);
  return runOp('Identity', [{ name: 'T', type: attributeKinds().type, value }], [tensor])[0]!;
}

/** Variables that share their numbers get each their own tensor, so that they can be told apart. */
function separate(variables: readonly Variable[]): void {
  const seen = new Set<DataId>();
  for (const variable of variables) {
    if (seen.has(variable.dataId)) {
      const copy = copyOf(variable);
      variable.assign(copy);
      copy.dispose();
    }
    seen.add(variable.dataId);
  }
}

/** TensorFlow's eager mode works out what a kernel leaves out; a graph must say it. */
function completeAttributes(op: string, attributes: readonly Attribute[], typeOfInput: () => number): Attribute[] {
  const lacksType = op === 'ExpandDims' && !attributes.some(({ name }) => name === 'T');
  return lacksType
    ? [...attributes, { name: 'T', type: attributeKinds().type, value: typeOfInput() }]
    : [...attributes];
}
