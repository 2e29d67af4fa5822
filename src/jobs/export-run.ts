import { z } from 'zod';
import { exportEncoder, selectBackend, type EncoderFormat } from '../engine/index.js';
import { loadRun } from './load-run.js';
import type { ExportFormat } from './exchange.js';

const graphConfig = z.strictObject({
  layer: z.string().default('').describe("Layer of the encoder whose features are given; empty: the encoder's first."),
});

/** A run's encoder up to one layer, as `encoder.onnx`. */
export const onnx: ExportFormat<z.infer<typeof graphConfig>> = {
  name: 'onnx',
  config: graphConfig,
  write: ({ dir, out, seed }, { layer }) => exportRun({ dir, out, seed, format: 'onnx', layer }),
};

/** A run's encoder up to one layer, as what `tf.loadGraphModel` loads in a browser: `model.json` and its weights. */
export const tfjs: ExportFormat<z.infer<typeof graphConfig>> = {
  name: 'tfjs',
  config: graphConfig,
  write: ({ dir, out, seed }, { layer }) => exportRun({ dir, out, seed, format: 'tfjs', layer }),
};

/** A run's weights under their reference names, as `weights.safetensors`. */
export const safetensors: ExportFormat<Record<string, never>> = {
  name: 'safetensors',
  config: z.strictObject({}),
  write: ({ dir, out, seed }) => exportRun({ dir, out, seed, format: 'safetensors', layer: '' }),
};

/** Writes what a run has learned, from its newest checkpoint. */
async function exportRun({
  dir,
  out,
  seed = 1,
  format,
  layer,
}: {
  readonly dir: string;
  readonly out: string;
  readonly seed?: number | undefined;
  readonly format: EncoderFormat;
  readonly layer: string;
}) {
  await selectBackend(format === 'safetensors' ? 'auto' : 'tensorflow');
  const run = await loadRun(dir, seed);
  const { evaluated } = run;
  const trainer = run.create();
  try {
    const metadata = {
      task: evaluated.task,
      step: String(evaluated.step ?? 0),
      weightsSha256: evaluated.weightsSha256 ?? '',
    };
    const outputs = exportEncoder({ trainer, format, out, metadata, ...(layer === '' ? {} : { layer }) });
    const text = `${evaluated.task} at step ${metadata.step} as ${format}: ${outputs.join(', ')}`;
    return { counts: { done: outputs.length, skipped: 0, failed: 0 }, outputs, text };
  } finally {
    trainer.dispose();
  }
}
