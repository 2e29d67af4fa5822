import type { GraphNode } from '../compile/recording.js';
import type { EncoderGraph, FoldedConstant } from './encoder-graph.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from './onnx-writer.js';

/** Where one tensor of the graph is found in the ONNX graph: as TensorFlow lays it out, with channels second, or both. */
interface Place {
  last?: string;
  second?: string;
  readonly shape: readonly number[];
}

/** Writes an ONNX graph operation by operation. Pictures stay with channels second as long as nothing needs them otherwise. */
export class OnnxBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly constants: OnnxTensor[] = [];
  readonly #graph: EncoderGraph;
  readonly #places = new Map<string, Place>();
  readonly #constantNames = new Set<string>();
  readonly #absorbed = new Set<string>();

  constructor(graph: EncoderGraph) {
    this.#graph = graph;
    this.#places.set(graph.input, { last: 'images', shape: [2, ...graph.inputShape.slice(1)] as number[] });
  }

  /** The constant that a source is, or null. */
  constantOf(source: string): FoldedConstant | null {
    return this.#graph.constants.get(source) ?? null;
  }

  /** Name of the constant that a source is. */
  nameOf(source: string): string {
    return this.#graph.constants.get(source)?.name ?? source;
  }

  /**
   * Whole numbers that a node takes, such as a shape.
   *
   * @throws TypeError where they depend on the batch size or the pictures.
   */
  wholeNumbers(node: GraphNode, input: number): number[] {
    const constant = this.constantOf(node.inputs[input]!);
    if (!constant || constant.batchPlaces.length > 0)
      throw unsupported(node, 'with numbers that depend on the pictures');
    return [...constant.data];
  }

  /** Shape of a source, for a batch of 2. */
  shapeOf(source: string): readonly number[] {
    return this.constantOf(source)?.shape ?? this.#placeOf(source).shape;
  }

  /** True where a source is at hand with channels second alone. */
  isChannelsSecond(source: string): boolean {
    return this.#places.has(source) && this.#placeOf(source).last === undefined;
  }

  /** Name of a source as TensorFlow lays it out. */
  last(source: string): string {
    const constant = this.#graph.constants.get(source);
    if (constant) return this.constant(constant.name, constant.shape, constant.data);
    const place = this.#placeOf(source);
    return (place.last ??= this.add('Transpose', [place.second!], { perm: [0, 2, 3, 1] }));
  }

  /** Name of a source of rank 4 with channels second. */
  second(source: string): string {
    const place = this.#placeOf(source);
    return (place.second ??= this.add('Transpose', [place.last!], { perm: [0, 3, 1, 2] }));
  }

  /** Adds a constant once, and gives its name. */
  constant(name: string, shape: readonly number[], data: OnnxTensor['data']): string {
    if (!this.#constantNames.has(name)) {
      this.#constantNames.add(name);
      this.constants.push({ name, shape, data });
    }
    return name;
  }

  /** Whole numbers as ONNX takes them: int64. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    const name = `integers_${values.join('_').replaceAll('-', 'm')}_of_${shape.length}`;
    return this.constant(name, shape, BigInt64Array.from(values, BigInt));
  }

  /** One number. */
  number(value: number): string {
    return this.constant(`number_${String(value)}`, [], Float32Array.of(value));
  }

  /** Adds an operation, and gives the name of its first output. */
  add(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    outputs = 1,
  ): string {
    const name = `${op.toLowerCase()}_${this.nodes.length}`;
    const names = Array.from({ length: outputs }, (_, i) => (i === 0 ? name : `${name}_${i}`));
    this.nodes.push({ op, inputs, outputs: names, attributes });
    return name;
  }

  /** Says where an output of a node is found. */
  define(node: GraphNode, name: string, { isChannelsSecond = false, output = 0 } = {}): void {
    const source = output === 0 ? node.name : `${node.name}:${output}`;
    const { shape } = node.outputs[output]!;
    this.#places.set(source, isChannelsSecond ? { second: name, shape } : { last: name, shape });
  }

  /** The one node that takes a source, or null where there are several or it is the result. */
  onlyTaker(source: string): GraphNode | null {
    const takers = this.#graph.nodes.filter(({ inputs }) => inputs.includes(source));
    return takers.length === 1 && this.#graph.output !== source ? takers[0]! : null;
  }

  /** A node has been written together with one before it. */
  absorb(node: GraphNode): void {
    this.#absorbed.add(node.name);
  }

  isAbsorbed(node: GraphNode): boolean {
    return this.#absorbed.has(node.name);
  }

  #placeOf(source: string): Place {
    const place = this.#places.get(source);
    if (!place) throw new TypeError(`Nothing gives ${source}.`);
    return place;
  }
}

/** Value of an attribute of a recorded node. */
export function attributeOf<T>({ attributes }: GraphNode, name: string, fallback?: T): T {
  const found = attributes.find((attribute) => attribute.name === name);
  return (found ? found.value : fallback) as T;
}

/** An operation that cannot be written as ONNX. */
export function unsupported({ op }: GraphNode, how = ''): TypeError {
  return new TypeError(
    `The encoder cannot be exported to ONNX: it has the operation ${op}${how === '' ? '' : ` ${how}`}.`,
  );
}
