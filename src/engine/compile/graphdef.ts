import { attributeKinds, type Attribute } from '../ops/native.js';
import { encodeMessage, field, type Field } from './protobuf.js';
import type { ConstantValue, GraphInput, GraphNode } from './recording.js';

/** Version of TensorFlow's graph format that we write: what an operation without an attribute means may depend on it. */
const producer = 1900;

/**
 * A recorded step as TensorFlow's `GraphDef`: a Placeholder for each input, the nodes, and an Identity for each output.
 *
 * @param outputs sources of what the function gives, with TensorFlow's number of their type.
 * @returns `outputs` are the names of the Identity nodes, in order.
 *
 * Source: tensorflow/core/framework, graph.proto, node_def.proto, attr_value.proto and tensor.proto.
 */
export function encodeGraph(
  inputs: readonly GraphInput[],
  nodes: readonly GraphNode[],
  outputs: readonly { readonly source: string; readonly type: number }[],
): { readonly bytes: Uint8Array; readonly outputs: readonly string[] } {
  const placeholders = inputs.map(({ name, type, shape }) =>
    encodeNode({ name, op: 'Placeholder', inputs: [] }, [typeAttribute('dtype', type), shapeAttribute('shape', shape)]),
  );
  const body = nodes.map((node) =>
    node.constant
      ? encodeNode(node, [typeAttribute('dtype', node.constant.type), tensorAttribute('value', node.constant)])
      : encodeNode(node, node.attributes.map(encodeAttribute)),
  );
  const names = outputs.map((_, i) => `output${i}`);
  const ends = outputs.map(({ source, type }, i) =>
    encodeNode({ name: names[i]!, op: 'Identity', inputs: [source] }, [typeAttribute('T', type)]),
  );
  const bytes = encodeMessage([...placeholders, ...body, ...ends, field.message(4, [field.int(1, producer)])]);
  return { bytes, outputs: names };
}

function encodeNode(
  { name, op, inputs }: { readonly name: string; readonly op: string; readonly inputs: readonly string[] },
  attributes: readonly Field[],
): Field {
  return field.message(1, [
    field.text(1, name),
    field.text(2, op),
    ...inputs.map((input) => field.text(3, input)),
    ...attributes,
  ]);
}

/** An attribute as the addon takes it: a list of values is a list attribute, except for a shape. */
function encodeAttribute({ name, type, value }: Attribute): Field {
  const kinds = attributeKinds();
  if (type === kinds.shape) return shapeAttribute(name, value as readonly number[]);
  const put = (one: unknown): Field => {
    switch (type) {
      case kinds.text:
        return field.text(2, one as string);
      case kinds.int:
        return field.int(3, one as number);
      case kinds.float:
        return field.float(4, one as number);
      case kinds.bool:
        return field.bool(5, Boolean(one));
      case kinds.type:
        return field.int(6, one as number);
      default:
        throw new TypeError(`Attribute ${name} is of a kind that a graph cannot hold: ${type}.`);
    }
  };
  return entry(name, Array.isArray(value) ? [field.message(1, value.map(put))] : [put(value)]);
}

function typeAttribute(name: string, type: number): Field {
  return entry(name, [field.int(6, type)]);
}

function shapeAttribute(name: string, shape: readonly number[]): Field {
  return entry(name, [field.message(7, encodeShape(shape))]);
}

function tensorAttribute(name: string, { type, shape, bytes }: ConstantValue): Field {
  return entry(name, [
    field.message(8, [field.int(1, type), field.message(2, encodeShape(shape)), field.bytes(4, bytes)]),
  ]);
}

function encodeShape(shape: readonly number[]): Field[] {
  return shape.map((length) => field.message(2, [field.int(1, length)]));
}

function entry(name: string, value: readonly Field[]): Field {
  return field.message(5, [field.text(1, name), field.message(2, value)]);
}
