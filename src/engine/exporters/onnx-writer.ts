import { encodeMessage, field, type Field } from '../compile/protobuf.js';

/** A value of an ONNX node's attribute: a text, whole numbers, or one number with a fraction. */
export type OnnxAttribute = string | { readonly int: number } | { readonly float: number } | readonly number[];

/** One operation of an ONNX graph. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A constant of an ONNX graph. */
export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** A Uint8Array holds booleans. */
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

/** A tensor that enters or leaves; a text is the name of a length that is not fixed. */
interface OnnxEnd {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/** What an ONNX file holds. */
export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  /** float32. */
  readonly input: OnnxEnd;
  /** float32. */
  readonly output: OnnxEnd;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Version of ONNX's operations that we write, and of the format around them. */
const [opset, irVersion] = [21, 10];
const float = 1;

/**
 * The bytes of an ONNX file.
 *
 * Source: onnx/onnx.proto, IR version 10.
 */
export function encodeOnnx({ nodes, constants, input, output, metadata }: OnnxModel): Uint8Array {
  return encodeMessage([
    field.int(1, irVersion),
    field.text(2, 'reelmine'),
    field.message(7, [
      ...nodes.map(encodeNode),
      field.text(2, 'encoder'),
      ...constants.map((constant) => field.message(5, encodeTensor(constant))),
      field.message(11, encodeEnd(input)),
      field.message(12, encodeEnd(output)),
    ]),
    field.message(8, [field.text(1, ''), field.int(2, opset)]),
    ...Object.entries(metadata).map(([key, value]) => field.message(14, [field.text(1, key), field.text(2, value)])),
  ]);
}

function encodeNode({ op, inputs, outputs, attributes }: OnnxNode): Field {
  return field.message(1, [
    ...inputs.map((name) => field.text(1, name)),
    ...outputs.map((name) => field.text(2, name)),
    field.text(3, outputs[0]!),
    field.text(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      field.message(5, [field.text(1, name), ...encodeAttribute(value)]),
    ),
  ]);
}

function encodeAttribute(value: OnnxAttribute): Field[] {
  if (typeof value === 'string') return [field.text(4, value), field.int(20, 3)];
  if ('int' in value) return [field.int(3, value.int), field.int(20, 2)];
  if ('float' in value) return [field.float(2, value.float), field.int(20, 1)];
  return [...value.map((one) => field.int(8, one)), field.int(20, 7)];
}

function encodeTensor({ name, shape, data }: OnnxTensor): Field[] {
  const type =
    data instanceof Float32Array ? float : data instanceof Int32Array ? 6 : data instanceof BigInt64Array ? 7 : 9;
  return [
    ...shape.map((length) => field.int(1, length)),
    field.int(2, type),
    field.text(8, name),
    field.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

function encodeEnd({ name, shape }: OnnxEnd): Field[] {
  const lengths = shape.map((length) =>
    field.message(1, [typeof length === 'string' ? field.text(2, length) : field.int(1, length)]),
  );
  return [field.text(1, name), field.message(2, [field.message(1, [field.int(1, float), field.message(2, lengths)])])];
}
