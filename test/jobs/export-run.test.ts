import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createRandom, decodeSafetensors, encodeSafetensors, runJob, tensorflowParts } from '../../src/core/index.js';
import { selectBackend, tf } from '../../src/engine/index.js';
import { exportFrom } from '../../src/jobs/exchange.js';
import { resolveTaskConfig, tasks } from '../../src/models/index.js';

const root = mkdtempSync(join(tmpdir(), 'reelmine-export-run-'));
const run = join(root, 'run');
let weights: Buffer;

/** A run as training leaves it: settings and a checkpoint. */
beforeAll(async () => {
  await selectBackend('cpu');
  const task = await tasks.load('shuffle-and-learn');
  const { config } = resolveTaskConfig(task, { set: ['preset=tiny'] });
  const trainer = task.createTrainer(config, createRandom(9));
  const arrays = [...trainer.variables].map(([name, variable]) => {
    const data = variable.dataSync<'float32'>();
    return [name, { dtype: 'float32', shape: variable.shape, data }] as const;
  });
  weights = Buffer.from(encodeSafetensors(Object.fromEntries(arrays)));
  const folder = join(run, 'checkpoints', 'step-00000007');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(run, 'config.yaml'), stringify({ schema: 1, task: task.name, config }));
  writeFileSync(join(run, 'checkpoints', 'latest'), 'step-00000007\n');
  writeFileSync(join(folder, 'weights.safetensors'), weights);
  writeFileSync(join(folder, 'state.json'), JSON.stringify({ schema: 1, step: 7 }));
  trainer.dispose();
});
afterAll(() => rmSync(root, { recursive: true }));

const write = (format: string, set: readonly string[] = []) =>
  runJob(exportFrom({ dir: run, format, out: join(root, format), set }), () => {});

describe('exporting a run', () => {
  it('writes its weights as they are, with where they are from', async () => {
    const { outputs, counts, text } = await write('safetensors');
    expect(outputs).toEqual([join(root, 'safetensors', 'weights.safetensors')]);
    expect(counts).toMatchObject({ done: 1, failed: 0 });
    expect(text).toContain('shuffle-and-learn at step 7');
    const [given, wanted] = [decodeSafetensors(readFileSync(outputs[0]!)), decodeSafetensors(weights)];
    expect(given.metadata).toMatchObject({ task: 'shuffle-and-learn', step: '7' });
    expect(given.metadata['weightsSha256']).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.keys(given.tensors)).toEqual(Object.keys(wanted.tensors));
    for (const [name, { data }] of Object.entries(wanted.tensors)) {
      expect(Buffer.compare(Buffer.from(given.tensors[name]!.data.buffer), Buffer.from(data.buffer)), name).toBe(0);
    }
  });

  it.skipIf(tensorflowParts() === null)(
    'writes its encoder up to the layer that is asked for, and frees all (needs reelmine setup)',
    async () => {
      await selectBackend('tensorflow');
      const before = tf.memory().numTensors;
      const { outputs } = await write('onnx', ['layer=conv5']);
      expect(readFileSync(outputs[0]!).toString('latin1')).toContain('conv5');
      const model = await write('tfjs');
      const json = JSON.parse(readFileSync(model.outputs.at(-1)!, 'utf8')) as {
        format: string;
        userDefinedMetadata: unknown;
      };
      expect(json).toMatchObject({ format: 'graph-model', userDefinedMetadata: { layer: 'fc6', step: '7' } });
      expect(model.outputs.every((file) => existsSync(file))).toBe(true);
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('refuses a folder that is no run, an unknown format, and a setting that the format has not', async () => {
    await expect(
      runJob(exportFrom({ dir: root, format: 'safetensors', out: join(root, 'x') }), () => {}),
    ).rejects.toThrow(/is not the folder of a run/);
    await expect(write('onx')).rejects.toThrow(/onnx/);
    await expect(write('safetensors', ['layer=fc6'])).rejects.toThrow(/layer/);
  });
});
