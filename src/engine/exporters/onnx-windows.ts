import type { GraphNode } from '../compile/recording.js';
import { attributeOf, unsupported, type OnnxBuilder } from './onnx-builder.js';
import type { OnnxAttribute } from './onnx-writer.js';

type Attributes = Record<string, OnnxAttribute>;

/** Writes a convolution, of groups or depthwise too, together with a bias that follows it. */
export function convolve(node: GraphNode, to: OnnxBuilder): void {
  const [x, filter] = node.inputs as [string, string];
  const constant = to.constantOf(filter);
  if (!constant || !(constant.data instanceof Float32Array)) throw unsupported(node, 'with a filter that is computed');
  const isDepthwise = node.op === 'DepthwiseConv2dNative';
  const [height, width, inner, outer] = constant.shape as [number, number, number, number];
  const channels = to.shapeOf(x).at(-1)!;
  const outputs = isDepthwise ? inner * outer : outer;
  const group = isDepthwise ? inner : channels / inner;
  const turned = isDepthwise
    ? turn(constant.data, [height * width, inner * outer], [1, 0])
    : turn(constant.data, [height * width, inner, outer], [2, 1, 0]);
  const name = to.constant(`${to.nameOf(filter)}_for_onnx`, [outputs, isDepthwise ? 1 : inner, height, width], turned);
  const inputs = [to.second(x), name];
  let end = node;
  const next = to.onlyTaker(node.name);
  const bias =
    next && ['BiasAdd', 'Add', 'AddV2'].includes(next.op) && next.inputs[0] === node.name ? next.inputs[1]! : null;
  if (next && bias !== null && to.constantOf(bias)?.shape.join() === String(outputs)) {
    inputs.push(to.last(bias));
    to.absorb(next);
    end = next;
  }
  const attributes: Attributes = { ...windowOf(node, to.shapeOf(x), [height, width]), group: { int: group } };
  to.define(end, to.add('Conv', inputs, attributes), { isChannelsSecond: true });
}

/** Writes a transposed convolution. */
export function convolveTransposed(node: GraphNode, to: OnnxBuilder): void {
  const [, filter, dy] = node.inputs as [string, string, string];
  const constant = to.constantOf(filter);
  if (!constant || !(constant.data instanceof Float32Array)) throw unsupported(node, 'with a filter that is computed');
  const [height, width, inner, outer] = constant.shape as [number, number, number, number];
  if (to.shapeOf(dy).at(-1) !== outer) throw unsupported(node, 'of groups');
  const turned = turn(constant.data, [height * width, inner, outer], [2, 1, 0]);
  const name = to.constant(`${to.nameOf(filter)}_for_onnx`, [outer, inner, height, width], turned);
  const { strides, dilations, pads } = windowOf(node, node.outputs[0]!.shape, [height, width]);
  const { shape } = node.outputs[0]!;
  const begin = pads as readonly number[];
  const extra = [0, 1].map((axis) => {
    const covered = (to.shapeOf(dy)[axis + 1]! - 1) * (strides as number[])[axis]! + [height, width][axis]!;
    return shape[axis + 1]! + begin[axis]! + begin[axis + 2]! - covered;
  });
  const attributes: Attributes = { strides: strides!, dilations: dilations!, pads: pads!, output_padding: extra };
  to.define(node, to.add('ConvTranspose', [to.second(dy), name], attributes), { isChannelsSecond: true });
}

/** Writes pooling; what lies outside counts for neither maximum nor mean. */
export function pool(op: 'MaxPool' | 'AveragePool'): (node: GraphNode, to: OnnxBuilder) => void {
  return (node, to) => {
    const [x] = node.inputs as [string];
    const [, height, width] = attributeOf<number[]>(node, 'ksize') as [number, number, number];
    const { strides, pads } = windowOf(node, to.shapeOf(x), [height, width]);
    const attributes: Attributes = { kernel_shape: [height, width], strides: strides!, pads: pads! };
    to.define(node, to.add(op, [to.second(x)], attributes), { isChannelsSecond: true });
  };
}

/** Strides, dilations and zeros around, from TensorFlow's attributes and the shape of the larger side. */
function windowOf(node: GraphNode, shape: readonly number[], size: readonly [number, number]): Attributes {
  if (attributeOf<string>(node, 'data_format', 'NHWC') !== 'NHWC') throw unsupported(node, 'with channels second');
  const strides = attributeOf<number[]>(node, 'strides').slice(1, 3);
  const dilations = attributeOf(node, 'dilations', [1, 1, 1, 1]).slice(1, 3);
  const padding = attributeOf<string>(node, 'padding');
  const explicit = attributeOf<number[]>(node, 'explicit_paddings', []);
  const pairs = [0, 1].map((axis) => {
    if (padding === 'VALID') return [0, 0] as const;
    if (padding === 'EXPLICIT') return [explicit[2 * axis + 2]!, explicit[2 * axis + 3]!] as const;
    const [length, stride] = [shape[axis + 1]!, strides[axis]!];
    const reach = (size[axis]! - 1) * dilations[axis]! + 1;
    const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + reach - length);
    return [Math.floor(total / 2), Math.ceil(total / 2)] as const;
  });
  return { strides, dilations, pads: [0, 1].flatMap((end) => pairs.map((pair) => pair[end]!)) };
}

/** An array with its axes in another order. */
function turn(data: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  const lengths = [...order.map((axis) => shape[axis]!), 1, 1].slice(0, 3) as [number, number, number];
  const steps = [...order.map((axis) => strides[axis]!), 0, 0].slice(0, 3) as [number, number, number];
  const out = new Float32Array(data.length);
  let at = 0;
  for (let i = 0; i < lengths[0]; i++) {
    for (let j = 0; j < lengths[1]; j++) {
      for (let k = 0; k < lengths[2]; k++) out[at++] = data[i * steps[0] + j * steps[1] + k * steps[2]]!;
    }
  }
  return out;
}
