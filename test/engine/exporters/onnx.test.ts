import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { cacheFolder, runProcess, tensorflowParts } from '../../../src/core/index.js';
import { exportEncoder, selectBackend, tf } from '../../../src/engine/index.js';
import { difference } from '../engines.js';
import { createEncoder, createShuffleAndLearn, encoderNames, picturesFor, type Exported } from './small-encoders.js';

/** Runs every model of a folder on the pictures beside it; prints what it is told of each model. */
const program = `
import json, os, sys
import numpy, onnxruntime
told = {}
for name in sorted(os.listdir(sys.argv[1])):
    folder = os.path.join(sys.argv[1], name)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(os.path.join(folder, 'encoder.onnx'), options, providers=['CPUExecutionProvider'])
    [taken], [given] = session.get_inputs(), session.get_outputs()
    told[name] = [taken.name, taken.shape, given.name, given.shape, session.get_modelmeta().custom_metadata_map]
    for count in (1, 4):
        images = numpy.fromfile(os.path.join(folder, f'images-{count}'), '<f4').reshape([count, *taken.shape[1:]])
        session.run(None, {'images': images})[0].astype('<f4').tofile(os.path.join(folder, f'features-{count}'))
json.dump(told, sys.stdout)
`;

const folder = mkdtempSync(join(tmpdir(), 'reelmine-onnx-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(tensorflowParts() === null)('encoders as ONNX (needs reelmine setup)', () => {
  beforeAll(() => selectBackend('tensorflow'));

  it('give in onnxruntime what they give here, for any batch size', { timeout: 240_000 }, async (context) => {
    const python = await preparePython(context);
    const expected = new Map<string, Float32Array>();
    const add = (name: string, exported: Exported, layer?: string) => {
      const out = join(folder, name);
      exportEncoder({ trainer: exported, format: 'onnx', out, layer, metadata: { task: name } });
      for (const count of [1, 4]) {
        const images = picturesFor(exported, count);
        writeFileSync(join(out, `images-${count}`), images.dataSync());
        const features = exported.encoder.encode(images, layer ?? Object.keys(exported.encoder.layers)[0]!);
        expected.set(join(out, `features-${count}`), features.dataSync<'float32'>().slice());
        tf.dispose([images, features]);
      }
      exported.dispose();
    };
    for (const name of encoderNames) add(name, createEncoder(name));
    for (const layer of ['conv5', 'fc6', 'fc7'])
      add(`whole ${layer}`, await createShuffleAndLearn('join=fc8', 'colour=bgr'), layer);
    const { status, stdout, stderr } = await runProcess(python, ['-c', program, folder]);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const told = JSON.parse(stdout) as Record<string, unknown[]>;
    expect(told['whole fc6']).toEqual([
      'images',
      ['batch', 32, 32, 3],
      'features',
      ['batch', 32],
      { layer: 'fc6', task: 'whole fc6' },
    ]);
    expect(Object.keys(told)).toHaveLength(encoderNames.length + 3);
    for (const [file, features] of expected) {
      const bytes = readFileSync(file);
      const given = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      expect(difference(given, features), file).toBeLessThan(1e-4);
    }
  });

  it('leave no tensor behind', () => {
    const before = tf.memory().numTensors;
    const exported = createEncoder('batch normalisation');
    exportEncoder({ trainer: exported, format: 'onnx', out: `${folder}-leak` });
    exported.dispose();
    expect(tf.memory().numTensors).toBe(before);
    rmSync(`${folder}-leak`, { recursive: true });
  });

  it('are refused by the name of an operation that has no counterpart, of a layer that there is not, and on another engine', async () => {
    const exported = createEncoder('convolution');
    const strange = {
      ...exported,
      encoder: {
        ...exported.encoder,
        encode: (x: ReturnType<typeof tf.zeros>) => tf.tidy(() => tf.reshape(tf.cumsum(x, 1), [x.shape[0], -1])),
      },
    };
    const options = { format: 'onnx', out: join(folder, 'none') } as const;
    expect(() => exportEncoder({ ...options, trainer: strange })).toThrow('the operation Cumsum');
    expect(() => exportEncoder({ ...options, trainer: exported, layer: 'fc9' })).toThrow(/"fc9". Known: last/);
    expect(() => exportEncoder({ ...options, trainer: { variables: new Map() } })).toThrow(/no encoder/);
    await selectBackend('cpu');
    expect(() => exportEncoder({ ...options, trainer: exported })).toThrow(/reelmine setup/);
    await selectBackend('tensorflow');
    expect(existsSync(options.out)).toBe(false);
    exported.dispose();
  });
});

/** A Python with onnxruntime, kept for the next run; skips the test where there is none. */
async function preparePython(context: TestContext): Promise<string> {
  const home = join(cacheFolder(), 'python-onnx');
  const python = join(home, 'bin', 'python');
  const packages = ['numpy>=1.26', 'onnxruntime>=1.20'];
  const works = async () =>
    existsSync(python) && (await runProcess(python, ['-c', 'import numpy, onnxruntime'])).status === 0;
  if (await works()) return python;
  try {
    const made = await runProcess('python3', ['-m', 'venv', home]);
    if (made.status !== 0) context.skip(`python3 cannot make a virtual environment: ${made.stderr.slice(-200)}`);
    const got = await runProcess(python, ['-m', 'pip', 'install', '--quiet', ...packages]);
    if (got.status !== 0) context.skip(`pip cannot install ${packages.join(', ')}: ${got.stderr.slice(-200)}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') context.skip('there is no python3');
    throw error;
  }
  return python;
}
