import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { io, Tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { decodeSafetensors, tensorflowParts } from '../../../src/core/index.js';
import { exportEncoder, selectBackend, tf } from '../../../src/engine/index.js';
import { requireTensorflow } from '../../../src/engine/tf.js';
import { difference } from '../engines.js';
import { createEncoder, createShuffleAndLearn, encoderNames, picturesFor, type Exported } from './small-encoders.js';

const folder = mkdtempSync(join(tmpdir(), 'reelmine-tfjs-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface GraphModel {
  predict(images: Tensor): Tensor;
  dispose(): void;
}

const { loadGraphModel } = requireTensorflow('@tensorflow/tfjs-converter') as {
  loadGraphModel: (handler: io.IOHandler) => Promise<GraphModel>;
};

/** Loads a model from its folder, as a browser would from its address. */
function load(dir: string): Promise<GraphModel> {
  return loadGraphModel({
    load: () => {
      const { modelTopology, weightsManifest, ...rest } = JSON.parse(readFileSync(join(dir, 'model.json'), 'utf8')) as {
        modelTopology: object;
        weightsManifest: { paths: string[]; weights: io.WeightsManifestEntry[] }[];
      };
      const data = Buffer.concat(
        weightsManifest.flatMap(({ paths }) => paths.map((path) => readFileSync(join(dir, path)))),
      );
      const weightData = data.buffer.slice(data.byteOffset, data.byteOffset + data.length);
      const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
      return Promise.resolve({ ...rest, modelTopology, weightSpecs, weightData });
    },
  });
}

async function check(name: string, exported: Exported, layer?: string): Promise<void> {
  const dir = join(folder, name);
  const files = exportEncoder({ trainer: exported, format: 'tfjs', out: dir, layer });
  expect(files.at(-1)).toBe(join(dir, 'model.json'));
  const cases = [1, 3].map((count) => {
    const images = picturesFor(exported, count);
    const features = exported.encoder.encode(images, layer ?? Object.keys(exported.encoder.layers)[0]!);
    const numbers = {
      images: images.arraySync(),
      features: features.dataSync<'float32'>().slice(),
      shape: features.shape,
    };
    tf.dispose([images, features]);
    return numbers;
  });
  exported.dispose();
  await selectBackend('wasm');
  const model = await load(dir);
  for (const { images, features, shape } of cases) {
    const given = model.predict(tf.tensor4d(images));
    expect(given.shape).toEqual(shape);
    expect(difference(given.dataSync(), features)).toBeLessThan(1e-4);
  }
  model.dispose();
}

describe.skipIf(tensorflowParts() === null)('encoders as graph models of TensorFlow.js (needs reelmine setup)', () => {
  beforeEach(() => selectBackend('tensorflow'));

  // its own kernels are single-threaded WebAssembly: another implementation than the one that was recorded
  const transposed = 'a picture twice as large';
  it.each(encoderNames.filter((name) => name !== transposed))('%s: loaded back, gives on wasm what it gave', (name) =>
    check(name, createEncoder(name)),
  );

  it.each(['conv5', 'fc6', 'fc7'])('Shuffle and Learn up to %s: the same', async (layer) => {
    await check(`whole ${layer}`, await createShuffleAndLearn('join=fc8', 'colour=bgr'), layer);
  });

  it('are refused where a transposed convolution fixes the batch size', () => {
    const exported = createEncoder(transposed);
    expect(() => exportEncoder({ trainer: exported, format: 'tfjs', out: join(folder, 'none') })).toThrow(
      'Conv2DBackpropInput',
    );
    exported.dispose();
  });

  it('are cut into files of 4 MiB', async () => {
    const exported = await createShuffleAndLearn('fc6=4096', 'channels=[16,64,64,64,64]', 'imageSize=64');
    const files = exportEncoder({ trainer: exported, format: 'tfjs', out: join(folder, 'large') });
    const sizes = files.filter((file) => file.endsWith('.bin')).map((file) => readFileSync(file).length);
    expect(sizes.length).toBeGreaterThan(2);
    expect(new Set(sizes.slice(0, -1))).toEqual(new Set([4 * 1024 * 1024]));
    exported.dispose();
  });
});

describe('weights as safetensors', () => {
  it('are all there under their names, on every engine', async () => {
    await selectBackend('cpu');
    const exported = await createShuffleAndLearn();
    const [file] = exportEncoder({
      trainer: exported,
      format: 'safetensors',
      out: join(folder, 'weights'),
      metadata: { task: 'x' },
    });
    const { tensors, metadata } = decodeSafetensors(readFileSync(file!));
    expect(metadata).toMatchObject({ task: 'x', layout: expect.stringContaining('height, width') });
    expect(Object.keys(tensors)).toEqual([...exported.variables.keys()].sort());
    for (const [name, variable] of exported.variables) {
      expect(tensors[name]!.shape).toEqual(variable.shape);
      expect(difference(tensors[name]!.data as Float32Array, variable.dataSync())).toBe(0);
    }
    exported.dispose();
  });
});
