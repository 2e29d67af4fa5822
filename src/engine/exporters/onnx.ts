import type { EncoderGraph } from './encoder-graph.js';
import { OnnxBuilder, unsupported } from './onnx-builder.js';
import { onnxRules } from './onnx-operations.js';
import { encodeOnnx } from './onnx-writer.js';

/**
 * An encoder as an ONNX model of one input and one output: `images`, float32 [batch, height, width, 3] RGB in 0–255, and
 * `features`, float32 [batch, features].
 *
 * @param metadata texts kept in the file.
 * @throws TypeError naming an operation that has no counterpart here.
 */
export function toOnnx(graph: EncoderGraph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const builder = new OnnxBuilder(graph);
  for (const node of graph.nodes) {
    if (builder.isAbsorbed(node)) continue;
    const rule = onnxRules[node.op];
    if (!rule) throw unsupported(node);
    rule(node, builder);
  }
  const features = 'features';
  builder.nodes.push({ op: 'Identity', inputs: [builder.last(graph.output)], outputs: [features], attributes: {} });
  const [, height, width, colours] = graph.inputShape;
  return encodeOnnx({
    nodes: builder.nodes,
    constants: builder.constants,
    input: { name: 'images', shape: ['batch', height, width, colours] },
    output: { name: features, shape: ['batch', graph.features] },
    metadata,
  });
}
