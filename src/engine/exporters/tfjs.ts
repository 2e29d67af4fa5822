import { attributeKinds, type Attribute } from '../ops/native.js';
import { reshapeTarget, type EncoderGraph, type FoldedConstant } from './encoder-graph.js';

/** A graph model of TensorFlow.js: `model.json` and the files of its weights. */
export interface GraphModel {
  readonly json: Readonly<Record<string, unknown>>;
  readonly shards: readonly { readonly name: string; readonly data: Uint8Array }[];
}

type Json = Readonly<Record<string, unknown>>;

const shardBytes = 4 * 1024 * 1024;
const typeNames: Readonly<Record<number, string>> = { 1: 'DT_FLOAT', 3: 'DT_INT32', 10: 'DT_BOOL' };
const dtypeNames = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' } as const;

/**
 * An encoder, recorded with the kernels that TensorFlow.js knows, as what `tf.loadGraphModel` loads: input `images`, float32
 * [batch, height, width, 3] RGB in 0–255, output `features`, float32 [batch, features].
 *
 * @throws TypeError naming an operation that depends on the batch size in a way that cannot be written.
 */
export function toGraphModel(graph: EncoderGraph, metadata: Readonly<Record<string, string>> = {}): GraphModel {
  const rename = (source: string) => {
    const name = graph.constants.get(source)?.name;
    return name ?? (source === graph.input ? 'images' : source);
  };
  const constants = [...graph.constants].map(([source, constant]) => ({
    ...constant,
    data: freeBatch(constant, source, graph),
  }));
  const shape = (lengths: readonly (number | null)[]) => ({
    dim: lengths.map((length) => ({ size: String(length ?? -1) })),
  });
  const node: Json[] = [
    {
      name: 'images',
      op: 'Placeholder',
      attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: shape(graph.inputShape) } },
    },
    ...constants.map(({ name, dtype, shape: lengths }) => {
      const type = dtypeNames[dtype];
      return {
        name,
        op: 'Const',
        attr: { dtype: { type }, value: { tensor: { dtype: type, tensorShape: shape(lengths) } } },
      };
    }),
    ...graph.nodes.map(({ name, op, inputs, attributes }) => ({
      name,
      op,
      input: inputs.map(rename),
      attr: Object.fromEntries(attributes.map((attribute) => [attribute.name, encodeAttribute(attribute)])),
    })),
    { name: 'features', op: 'Identity', input: [rename(graph.output)], attr: { T: { type: 'DT_FLOAT' } } },
  ];
  const shards = divide(constants.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
  const end = (name: string, lengths: readonly (number | null)[]) => ({
    [name]: { name: `${name}:0`, dtype: 'DT_FLOAT', tensorShape: shape(lengths) },
  });
  const json = {
    format: 'graph-model',
    generatedBy: 'reelmine',
    convertedBy: 'reelmine',
    userDefinedMetadata: metadata,
    signature: { inputs: end('images', graph.inputShape), outputs: end('features', [null, graph.features]) },
    modelTopology: { node, library: {}, versions: { producer: 1900 } },
    weightsManifest: [
      {
        paths: shards.map(({ name }) => name),
        weights: constants.map(({ name, dtype, shape: lengths }) => ({ name, shape: lengths, dtype })),
      },
    ],
  };
  return { json, shards };
}

/** Puts -1, that is whatever is left, where a number is the batch size or a multiple of it. */
function freeBatch(constant: FoldedConstant, source: string, { nodes }: EncoderGraph): FoldedConstant['data'] {
  const { data, batchPlaces } = constant;
  if (batchPlaces.length === 0) return data;
  const freed = nodes
    .filter(({ inputs }) => inputs.includes(source))
    .map((node) => {
      const values =
        node.op === 'Reshape'
          ? reshapeTarget(node, constant)
          : node.op === 'Slice' && node.inputs[2] === source
            ? Array.from(data, (value, i) => (batchPlaces.includes(i) ? -1 : value))
            : null;
      if (!values)
        throw new TypeError(
          `The encoder cannot be exported to tfjs: its operation ${node.op} depends on the batch size.`,
        );
      return values;
    });
  return Int32Array.from(freed[0]!);
}

function encodeAttribute({ type, value }: Attribute): Json {
  const kinds = attributeKinds();
  const one = (single: unknown): [string, unknown] => {
    switch (type) {
      case kinds.text:
        return ['s', Buffer.from(single as string).toString('base64')];
      case kinds.int:
        return ['i', String(single)];
      case kinds.float:
        return ['f', single];
      case kinds.bool:
        return ['b', Boolean(single)];
      case kinds.type:
        return ['type', typeNames[single as number]];
      default:
        return ['shape', { dim: (single as number[]).map((size) => ({ size: String(size) })) }];
    }
  };
  if (!Array.isArray(value) || type === kinds.shape) return Object.fromEntries([one(value)]);
  const values = value.map(one);
  return { list: values.length === 0 ? {} : { [values[0]![0]]: values.map(([, each]) => each) } };
}

/** One long run of bytes in files of a size that browsers keep. */
function divide(parts: readonly Uint8Array[]): { name: string; data: Uint8Array }[] {
  const all = Buffer.concat(parts);
  const count = Math.max(1, Math.ceil(all.length / shardBytes));
  return Array.from({ length: count }, (_, i) => ({
    name: `weights-${String(i + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.bin`,
    data: all.subarray(i * shardBytes, (i + 1) * shardBytes),
  }));
}
