import type { GraphNode } from '../compile/recording.js';
import { reshapeTarget } from './encoder-graph.js';
import { convolve, convolveTransposed, pool } from './onnx-windows.js';
import { attributeOf, unsupported, type OnnxBuilder } from './onnx-builder.js';

/** Writes one recorded operation. */
export type OnnxRule = (node: GraphNode, to: OnnxBuilder) => void;

/** By TensorFlow's name of the operation. */
export const onnxRules: Readonly<Record<string, OnnxRule>> = {
  ...each(
    ['Relu', 'Sigmoid', 'Tanh', 'Abs', 'Neg', 'Exp', 'Log', 'Sqrt', 'Floor', 'Ceil', 'Round', 'Sign', 'Erf'],
    (op) => pointwise((to, x) => to.add(op, [x])),
  ),
  ...each(['Softplus', 'Elu', 'Selu', 'Sin', 'Cos', 'Reciprocal', 'Identity'], (op) =>
    pointwise((to, x) => to.add(op, [x])),
  ),
  Square: pointwise((to, x) => to.add('Mul', [x, x])),
  Rsqrt: pointwise((to, x) => to.add('Reciprocal', [to.add('Sqrt', [x])])),
  Relu6: pointwise((to, x) => to.add('Clip', [x, to.number(0), to.number(6)])),
  LeakyRelu: pointwise((to, x, node) =>
    to.add('LeakyRelu', [x], { alpha: { float: attributeOf(node, 'alpha', 0.2) } }),
  ),
  Cast: pointwise((to, x, node) =>
    to.add('Cast', [x], { to: { int: onnxTypes[attributeOf<number>(node, 'DstT')] ?? refuse(node) } }),
  ),
  Add: binary('Add'),
  AddV2: binary('Add'),
  BiasAdd: binary('Add'),
  Sub: binary('Sub'),
  Mul: binary('Mul'),
  Div: binary('Div'),
  RealDiv: binary('Div'),
  AddN: plain((to, take, { inputs }) =>
    to.add(
      'Sum',
      inputs.map((_, i) => take(i)),
    ),
  ),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: binary('Pow'),
  Equal: binary('Equal'),
  Greater: binary('Greater'),
  GreaterEqual: binary('GreaterOrEqual'),
  Less: binary('Less'),
  LessEqual: binary('LessOrEqual'),
  Conv2D: convolve,
  DepthwiseConv2dNative: convolve,
  Conv2DBackpropInput: convolveTransposed,
  MaxPool: pool('MaxPool'),
  AvgPool: pool('AveragePool'),
  MatMul: product('transpose_a', 'transpose_b'),
  BatchMatMulV2: product('adj_x', 'adj_y'),
  Reshape(node, to) {
    const shape = reshapeTarget(node, to.constantOf(node.inputs[1]!) ?? refuse(node)) ?? refuse(node);
    to.define(node, to.add('Reshape', [to.last(node.inputs[0]!), to.integers(shape)]));
  },
  Transpose: plain((to, take, node) => to.add('Transpose', [take(0)], { perm: to.wholeNumbers(node, 1) })),
  ExpandDims: plain((to, take, node) => to.add('Unsqueeze', [take(0), to.integers([to.wholeNumbers(node, 1)[0]!])])),
  Squeeze: plain((to, take, node) =>
    to.add('Squeeze', [take(0), to.integers(attributeOf<number[]>(node, 'squeeze_dims', []))]),
  ),
  ...each(['Sum', 'Mean', 'Max', 'Min', 'Prod'], (op) =>
    plain((to, take, node) =>
      to.add(`Reduce${op}`, [take(0), to.integers(to.wholeNumbers(node, 1))], {
        keepdims: { int: Number(attributeOf(node, 'keep_dims', false)) },
      }),
    ),
  ),
  Softmax: plain((to, take) => to.add('Softmax', [take(0)], { axis: { int: -1 } })),
  LogSoftmax: plain((to, take) => to.add('LogSoftmax', [take(0)], { axis: { int: -1 } })),
  GatherV2: plain((to, take, node) => {
    if (attributeOf<number>(node, 'batch_dims', 0) !== 0) throw unsupported(node, 'over batches');
    return to.add('Gather', [take(0), take(1)], { axis: { int: to.wholeNumbers(node, 2)[0]! } });
  }),
  Select: plain((to, take) => to.add('Where', [take(0), take(1), take(2)])),
  SelectV2: plain((to, take) => to.add('Where', [take(0), take(1), take(2)])),
  ReverseV2: plain((to, take, node) => {
    const axes = to.wholeNumbers(node, 1);
    const all = (value: number) => to.integers(axes.map(() => value));
    return to.add('Slice', [take(0), all(-1), all(-(2 ** 31)), to.integers(axes), all(-1)]);
  }),
  Slice: plain((to, take, node) => {
    const begin = to.wholeNumbers(node, 1);
    const size = to.constantOf(node.inputs[2]!) ?? refuse(node);
    const end = begin.map((start, i) =>
      size.data[i] === -1 || size.batchPlaces.includes(i) ? 2 ** 31 - 1 : start + size.data[i]!,
    );
    return to.add('Slice', [take(0), to.integers(begin), to.integers(end)]);
  }),
  ConcatV2(node, to) {
    const axis = to.wholeNumbers(node, node.inputs.length - 1)[0]!;
    const parts = node.inputs.slice(0, -1);
    const { rank, isSecond } = layoutOf(parts, to);
    const inputs = parts.map((part) => (isSecond ? to.second(part) : to.last(part)));
    const to4 = isSecond ? channelsSecondAxis(axis, rank) : axis;
    to.define(node, to.add('Concat', inputs, { axis: { int: to4 } }), { isChannelsSecond: isSecond });
  },
  Split: (node, to) => split(node, to, node.inputs[1]!, to.wholeNumbers(node, 0)[0]!, null),
  SplitV: (node, to) => split(node, to, node.inputs[0]!, to.wholeNumbers(node, 2)[0]!, to.wholeNumbers(node, 1)),
  Pack(node, to) {
    const axis = attributeOf(node, 'axis', 0);
    const parts = node.inputs.map((part) => to.add('Unsqueeze', [to.last(part), to.integers([axis])]));
    to.define(node, to.add('Concat', parts, { axis: { int: axis } }));
  },
  Pad: (node, to) => pad(node, to, 0),
  PadV2: (node, to) => pad(node, to, to.constantOf(node.inputs[2]!)?.data[0] ?? refuse(node)),
};

/** ONNX's numbers of TensorFlow's element types. */
const onnxTypes: Readonly<Record<number, number>> = { 1: 1, 3: 6, 10: 9 };

function refuse(node: GraphNode): never {
  throw unsupported(node, 'with settings that ONNX has not');
}

function each(ops: readonly string[], make: (op: string) => OnnxRule): Record<string, OnnxRule> {
  return Object.fromEntries(ops.map((op) => [op, make(op)]));
}

/** Value by value: in whatever layout there is. */
function pointwise(write: (to: OnnxBuilder, x: string, node: GraphNode) => string): OnnxRule {
  return (node, to) => {
    const [x] = node.inputs as [string];
    const isChannelsSecond = to.isChannelsSecond(x);
    to.define(node, write(to, isChannelsSecond ? to.second(x) : to.last(x), node), { isChannelsSecond });
  };
}

/** On the layout of TensorFlow; `take` gives the name of an input. */
function plain(write: (to: OnnxBuilder, take: (input: number) => string, node: GraphNode) => string): OnnxRule {
  return (node, to) =>
    to.define(
      node,
      write(to, (input) => to.last(node.inputs[input]!), node),
    );
}

function binary(op: string): OnnxRule {
  return (node, to) => {
    const inputs = node.inputs as [string, string];
    const { isSecond } = layoutOf(
      inputs.filter((input) => !to.constantOf(input)),
      to,
    );
    const rank4 = (source: string) => {
      const constant = to.constantOf(source);
      if (!constant) return to.second(source);
      const { shape, data } = constant;
      if (shape.length === 0) return to.last(source);
      const name = `${to.last(source)}_channels_second`;
      return to.constant(name, [shape.at(-1)!, 1, 1], data);
    };
    const fits = inputs.every((input) => {
      const constant = to.constantOf(input);
      if (!constant) return to.shapeOf(input).length === 4;
      return constant.shape.slice(0, -1).every((length) => length === 1) && constant.shape.length <= 4;
    });
    const isChannelsSecond = isSecond && fits;
    const names = inputs.map((input) => (isChannelsSecond ? rank4(input) : to.last(input)));
    to.define(node, to.add(op, names), { isChannelsSecond });
  };
}

function product(first: string, second: string): OnnxRule {
  return (node, to) => {
    const factor = (source: string, isTurned: boolean) => {
      const { length } = to.shapeOf(source);
      const order = Array.from({ length }, (_, axis) => (axis < length - 2 ? axis : 2 * length - 3 - axis));
      return isTurned ? to.add('Transpose', [to.last(source)], { perm: order }) : to.last(source);
    };
    const [a, b] = node.inputs as [string, string];
    const factors = [factor(a, attributeOf(node, first, false)), factor(b, attributeOf(node, second, false))];
    to.define(node, to.add('MatMul', factors));
  };
}

function split(node: GraphNode, to: OnnxBuilder, x: string, axis: number, sizes: readonly number[] | null): void {
  const isChannelsSecond = to.isChannelsSecond(x);
  const at = isChannelsSecond ? channelsSecondAxis(axis, 4) : axis;
  const count = node.outputs.length;
  const input = isChannelsSecond ? to.second(x) : to.last(x);
  const name = sizes
    ? to.add('Split', [input, to.integers(sizes)], { axis: { int: at } }, count)
    : to.add('Split', [input], { axis: { int: at }, num_outputs: { int: count } }, count);
  node.outputs.forEach((_, output) =>
    to.define(node, output === 0 ? name : `${name}_${output}`, { isChannelsSecond, output }),
  );
}

function pad(node: GraphNode, to: OnnxBuilder, value: number): void {
  const [x] = node.inputs as [string];
  const pairs = to.wholeNumbers(node, 1);
  const isChannelsSecond = to.isChannelsSecond(x);
  const axes = isChannelsSecond ? [0, 3, 1, 2] : pairs.slice(0, pairs.length / 2).map((_, axis) => axis);
  const pads = [0, 1].flatMap((end) => axes.map((axis) => pairs[2 * axis + end]!));
  const input = isChannelsSecond ? to.second(x) : to.last(x);
  to.define(node, to.add('Pad', [input, to.integers(pads), to.number(value)]), { isChannelsSecond });
}

/** Whether some inputs of one rank are best taken with channels second: where the first of them is at hand only so. */
function layoutOf(sources: readonly string[], to: OnnxBuilder): { readonly rank: number; readonly isSecond: boolean } {
  const rank = sources[0] === undefined ? 0 : to.shapeOf(sources[0]).length;
  const all = sources.every((source) => !to.constantOf(source) && to.shapeOf(source).length === 4);
  return { rank, isSecond: all && sources[0] !== undefined && to.isChannelsSecond(sources[0]) };
}

/** Where an axis of a picture lies once channels are second. */
function channelsSecondAxis(axis: number, rank: number): number {
  return [0, 2, 3, 1][axis < 0 ? axis + rank : axis]!;
}
