import { join } from 'node:path';
import { ConfigError, encodeSafetensors, writeFileWhole } from '../../core/index.js';
import type { Trainer } from '../trainer.js';
import { recordEncoder } from './encoder-graph.js';
import { toOnnx } from './onnx.js';
import { toGraphModel } from './tfjs.js';

/** Formats that a trained network is written in. */
export const encoderFormats = ['onnx', 'tfjs', 'safetensors'] as const;

/** One of them. */
export type EncoderFormat = (typeof encoderFormats)[number];

/** What `exportEncoder` takes. */
export interface ExportEncoderOptions {
  readonly trainer: Pick<Trainer, 'encoder' | 'variables'>;
  readonly format: EncoderFormat;
  /** Folder. */
  readonly out: string;
  /** Of the encoder; default its first. Weights are written whole whatever it is. */
  readonly layer?: string | undefined;
  /** Texts kept in the file: what it was made from. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes an encoder for other programs: `encoder.onnx`; `model.json` and its shards for TensorFlow.js; or all weights as
 * `weights.safetensors`, under their reference names and in our layout. Both graphs take `images`, float32 [batch, height, width, 3]
 * RGB in 0–255, for any batch size, and give `features`, float32 [batch, features].
 *
 * @returns paths of the files.
 * @throws ConfigError for a layer that there is not, BackendError for a graph on another engine than TensorFlow, TypeError
 * naming an operation that the format has not.
 */
export function exportEncoder({ trainer, format, out, layer, metadata = {} }: ExportEncoderOptions): string[] {
  const files = makers[format]({ trainer, layer: layer ?? firstLayer(trainer), metadata });
  return Object.entries(files).map(([name, data]) => {
    const path = join(out, name);
    writeFileWhole(path, data);
    return path;
  });
}

type Maker = (options: {
  readonly trainer: ExportEncoderOptions['trainer'];
  readonly layer: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}) => Readonly<Record<string, Uint8Array | string>>;

const makers: Readonly<Record<EncoderFormat, Maker>> = {
  onnx({ trainer, layer, metadata }) {
    const asked = requireLayer(layer);
    const graph = recordEncoder(trainer, { layer: asked, kernels: 'tensorflow' });
    return { 'encoder.onnx': toOnnx(graph, { ...metadata, layer: asked }) };
  },
  tfjs({ trainer, layer, metadata }) {
    const asked = requireLayer(layer);
    const graph = recordEncoder(trainer, { layer: asked, kernels: 'plain' });
    const { json, shards } = toGraphModel(graph, { ...metadata, layer: asked });
    return {
      ...Object.fromEntries(shards.map(({ name, data }) => [name, data])),
      'model.json': `${JSON.stringify(json)}\n`, // last: a folder with it is whole
    };
  },
  safetensors({ trainer, metadata }) {
    const layout =
      'convolution [height, width, in / groups, out]; dense [in, out], pictures flattened as height, width, channel';
    const arrays = [...trainer.variables].map(([name, variable]) => {
      const data = variable.dataSync<'float32'>();
      return [name, { dtype: 'float32', shape: variable.shape, data }] as const;
    });
    return { 'weights.safetensors': encodeSafetensors(Object.fromEntries(arrays), { ...metadata, layout }) };
  },
};

function firstLayer({ encoder }: ExportEncoderOptions['trainer']): string | null {
  return encoder ? (Object.keys(encoder.layers)[0] ?? null) : null;
}

function requireLayer(layer: string | null): string {
  if (layer === null)
    throw new ConfigError('The task has no encoder: only its weights can be exported, as safetensors.');
  return layer;
}
