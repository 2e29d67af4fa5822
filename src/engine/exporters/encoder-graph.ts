import type { Tensor } from '@tensorflow/tfjs-core';
import { BackendError, ConfigError } from '../../core/index.js';
import { canDefineFunctions, defineFunction } from '../compile/define.js';
import { record } from '../compile/record.js';
import { disposeCaptured, nodeOf, type GraphNode, type Recording } from '../compile/recording.js';
import { withKernels } from '../ops/native.js';
import { tf } from '../tf.js';
import type { Trainer } from '../trainer.js';

/** Numbers that do not depend on the pictures. */
export interface FoldedConstant {
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
  /** Places whose number is a multiple of the batch size: here that of a batch of 2. */
  readonly batchPlaces: readonly number[];
}

/** An encoder up to one layer as a graph of operations that all depend on the pictures. */
export interface EncoderGraph {
  /** Name of the source that the pictures are: float32 [batch, height, width, 3]. */
  readonly input: string;
  readonly inputShape: readonly [null, number, number, 3];
  /** In the order in which they run; shapes are those of a batch of 2. */
  readonly nodes: readonly GraphNode[];
  /** By source, named as the trainer's weights where they are such. */
  readonly constants: ReadonlyMap<string, FoldedConstant & { readonly name: string }>;
  readonly output: string;
  readonly features: number;
}

const dtypes: Readonly<Record<number, FoldedConstant['dtype']>> = { 1: 'float32', 3: 'int32', 10: 'bool' };

/**
 * Records an encoder with batches of 2 and of 3, so that what depends on the batch size is told from what does not, and
 * computes all that depends on the weights alone.
 *
 * @param kernels `tensorflow` for TensorFlow's own operations, `plain` for those that TensorFlow.js knows.
 * @throws BackendError on another engine than TensorFlow; ConfigError for a trainer without an encoder, or another layer.
 */
export function recordEncoder(
  { encoder, variables }: Pick<Trainer, 'encoder' | 'variables'>,
  { layer, kernels }: { readonly layer: string; readonly kernels: 'plain' | 'tensorflow' },
): EncoderGraph {
  if (!canDefineFunctions())
    throw new BackendError('Exporting a graph needs the engine tensorflow: run reelmine setup.');
  if (!encoder) throw new ConfigError('The task has no encoder to export.');
  const features = encoder.layers[layer];
  if (features === undefined) {
    const known = Object.keys(encoder.layers).join(', ');
    throw new ConfigError(`The encoder has no layer ${JSON.stringify(layer)}. Known: ${known}.`);
  }
  const { width, height } = encoder;
  const take = (batch: number): Recording => {
    const images = tf.zeros([batch, height, width, 3]);
    const recording = withKernels(kernels, () => record((x) => encoder.encode(x, layer), [images]));
    tf.dispose([images, recording.results]);
    return recording;
  };
  const [two, three] = [take(2), take(3)];
  try {
    const { source } = two.outputs[0]!;
    const { nodes, outside } = divide(two.nodes);
    const names = new Map([...variables].map(([name, variable]) => [variable as Tensor, name]));
    const constants = fold(two, three, outside, names);
    return { input: 'argument0', inputShape: [null, height, width, 3], nodes, constants, output: source, features };
  } finally {
    disposeCaptured(two.inputs);
    disposeCaptured(three.inputs);
  }
}

/** The shape that a recorded reshape asks for, with -1 for whatever depends on the batch size; null where that is more than one length. */
export function reshapeTarget(
  { outputs }: GraphNode,
  { data, batchPlaces }: Pick<FoldedConstant, 'data' | 'batchPlaces'>,
): number[] | null {
  if (batchPlaces.length === 0) return [...data];
  if (batchPlaces.length > 1) return null;
  return Array.from(data, (length, i) =>
    batchPlaces.includes(i) ? -1 : length === -1 ? outputs[0]!.shape[i]! : length,
  );
}

/** The nodes that depend on the pictures, and the sources that they take from elsewhere. */
function divide(all: readonly GraphNode[]): { nodes: GraphNode[]; outside: string[] } {
  const dependent = new Set(['argument0']);
  const nodes = all.filter(({ name, inputs }) => {
    const depends = inputs.some((input) => dependent.has(nodeOf(input)));
    if (depends) dependent.add(name);
    return depends;
  });
  const taken = nodes.flatMap(({ inputs }) => inputs).filter((input) => !dependent.has(nodeOf(input)));
  return { nodes, outside: [...new Set(taken)] };
}

function fold(
  two: Recording,
  three: Recording,
  sources: readonly string[],
  names: ReadonlyMap<Tensor, string>,
): EncoderGraph['constants'] {
  const [values, others] = [evaluate(two, sources), evaluate(three, sources)];
  const constants = new Map<string, FoldedConstant & { readonly name: string }>();
  sources.forEach((source, i) => {
    const [a, b] = [values[i]!, others[i]!];
    const input = two.inputs.find(({ name }) => name === source);
    const weight = input && typeof input.from !== 'number' ? names.get(input.from) : undefined;
    constants.set(source, {
      ...a,
      name: weight ?? source.replace(':', '_'),
      batchPlaces: findBatch(a, b, source, two),
    });
  });
  return constants;
}

/** Runs the part of a graph that depends on weights alone. */
function evaluate(
  { nodes, inputs }: Recording,
  sources: readonly string[],
): (Pick<FoldedConstant, 'dtype' | 'shape'> & { readonly data: FoldedConstant['data'] })[] {
  if (sources.length === 0) return [];
  const typeOf = (source: string) => {
    const node = nodes.find(({ name }) => name === nodeOf(source));
    if (node) return node.outputs[Number(source.split(':')[1] ?? 0)]!.type;
    return inputs.find(({ name }) => name === source)!.type;
  };
  const needed = needs(nodes, sources);
  const graph = {
    inputs: inputs.filter(({ name, from }) => needed.has(name) && typeof from !== 'number'),
    nodes: nodes.filter(({ name }) => needed.has(name)),
    outputs: sources.map((source) => ({ source, type: typeOf(source) })),
  };
  const defined = defineFunction('fold', graph);
  const tensors = defined.run(
    graph.inputs.map(({ from }) => from as Tensor),
    { isXla: false },
  );
  const values = tensors.map((tensor, i) => {
    const dtype = dtypes[graph.outputs[i]!.type];
    if (!dtype) throw new TypeError(`A constant of type ${tensor.dtype} cannot be exported.`);
    return { dtype, shape: [...tensor.shape], data: tensor.dataSync<'float32' | 'int32' | 'bool'>().slice() };
  });
  tf.dispose(tensors);
  defined.dispose();
  return values;
}

function needs(nodes: readonly GraphNode[], sources: readonly string[]): Set<string> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const found = new Set<string>();
  const waiting = sources.map(nodeOf);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    waiting.push(...(byName.get(name)?.inputs ?? []).map(nodeOf));
  }
  return found;
}

/** Where a number is twice something in a batch of 2 and three times it in one of 3. */
function findBatch(
  a: Pick<FoldedConstant, 'dtype' | 'shape' | 'data'>,
  b: Pick<FoldedConstant, 'shape' | 'data'>,
  source: string,
  { nodes }: Recording,
): number[] {
  const places: number[] = [];
  let isSame = a.shape.join() === b.shape.join();
  for (let i = 0; isSame && i < a.data.length; i++) {
    const [x, y] = [a.data[i]!, b.data[i]!];
    if (x === y) continue;
    isSame = a.dtype === 'int32' && x * 3 === y * 2;
    places.push(i);
  }
  if (isSame) return places;
  const taker = nodes.find(({ inputs }) => inputs.includes(source));
  throw new TypeError(
    `The encoder cannot be exported: ${taker?.op ?? 'its result'} takes numbers that depend on the batch size.`,
  );
}
