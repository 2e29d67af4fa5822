import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BackendError,
  builtModule,
  ConfigError,
  readEnvironment,
  runProcess,
  tensorflowParts,
  writeEnvironment,
} from '../../src/core/index.js';
import {
  createVariable,
  gaussian,
  heNormal,
  probeBackends,
  selectBackend,
  statelessUniform,
  tf,
  xavier,
} from '../../src/engine/index.js';
import { createRandom } from '../../src/core/index.js';
import { engines } from './engines.js';

const cache = readEnvironment('REELMINE_CACHE') ?? '';
const folders: string[] = [];
afterEach(() => {
  writeEnvironment('REELMINE_CACHE', cache);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('choosing an engine', () => {
  it('refuses an unknown name and lists the known', async () => {
    await expect(selectBackend('gpu')).rejects.toThrow(ConfigError);
    await expect(selectBackend('gpu')).rejects.toThrow(/auto, tensorflow, wasm, cpu/);
  });

  it.each(engines)('gives %s when asked for it, with device and version', async (name) => {
    const engine = await selectBackend(name);
    expect(engine).toMatchObject({ name, passedOver: [], version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(tf.getBackend()).toBe(name);
  });

  it(
    'goes on with wasm where TensorFlow is not set up, says why, and prints nothing',
    { timeout: 60_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'reelmine-engine-'));
      folders.push(folder);
      const program = `const { selectBackend } = await import(${JSON.stringify(builtModule('engine/index'))}); process.stdout.write(JSON.stringify(await selectBackend('auto')))`;
      const child = await runProcess(process.execPath, ['--input-type=module', '-e', program], {
        env: { REELMINE_CACHE: folder },
      });
      expect(child).toMatchObject({ status: 0, stderr: '' });
      expect(JSON.parse(child.stdout)).toMatchObject({
        name: 'wasm',
        passedOver: [{ name: 'tensorflow', reason: expect.stringContaining('reelmine setup') }],
      });
      const demanded = program.replace("'auto'", "'tensorflow'");
      const refused = await runProcess(process.execPath, ['--input-type=module', '-e', demanded], {
        env: { REELMINE_CACHE: folder },
      });
      expect(refused.stderr).toContain(BackendError.name);
    },
  );

  it.skipIf(tensorflowParts() === null)(
    'takes TensorFlow where it is set up (needs reelmine setup), and prints nothing',
    { timeout: 60_000 },
    async () => {
      const program = `const { selectBackend, tf } = await import(${JSON.stringify(builtModule('engine/index'))});
      const engine = await selectBackend(); process.stdout.write(JSON.stringify({ name: engine.name, sum: tf.sum(tf.ones([300, 300])).dataSync()[0] }))`;
      const child = await runProcess(process.execPath, ['--input-type=module', '-e', program]);
      expect(child).toMatchObject({ status: 0, stderr: '', stdout: '{"name":"tensorflow","sum":90000}' });
    },
  );

  it('probes every engine and leaves the fastest in use', async () => {
    const parts = await probeBackends();
    expect(parts.map(({ name }) => name)).toEqual(['engine tensorflow', 'engine wasm', 'engine cpu']);
    expect(parts.filter(({ ok }) => ok)).toHaveLength(engines.length);
    expect(tf.getBackend()).toBe(engines[0]);
  });
});

describe('random numbers on tensors', () => {
  it('are equal bits on every engine, uniform, and other with another seed', async () => {
    const texts = new Set<string>();
    for (const engine of engines) {
      await selectBackend(engine);
      for (const seed of [
        [1, 2],
        [-1, 2147483647],
      ]) {
        const values = tf.tidy(() => statelessUniform([101, 41], tf.tensor1d(seed, 'int32')).dataSync<'float32'>());
        texts.add(Buffer.from(new Uint8Array(values.slice().buffer)).toString('base64'));
        expect(values.reduce((a, b) => a + b) / values.length).toBeCloseTo(0.5, 1.7);
        expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
      }
    }
    expect(texts.size).toBe(2);
  });

  it('match the published outputs of Philox 4x32-10 for keys and counters of zero', async () => {
    // Random123's kat_vectors: philox4x32 10, all zero -> 6627e8d5 e169c58d bc57ac4c 9b00dbd8
    const { philox } = await import('../../src/engine/ops/random.js');
    expect(philox([0, 0, 0, 0], 0, 0).map((word) => (word >>> 0).toString(16))).toEqual([
      '6627e8d5',
      'e169c58d',
      'bc57ac4c',
      '9b00dbd8',
    ]);
    expect(philox([-1, -1, -1, -1], -1, -1).map((word) => (word >>> 0).toString(16))).toEqual([
      '408f276d',
      '41c83b0e',
      'a20bc7c6',
      '6d5451fd',
    ]);
  });
});

describe('first values of weights', () => {
  it('have the spread that their names promise and depend on seed and name alone', async () => {
    await selectBackend('cpu');
    const random = createRandom(5);
    const spread = (init: Parameters<typeof createVariable>[2]['init'], name = 'w') => {
      const variable = createVariable(name, [20, 10, 50], { init, random });
      const values = [...variable.dataSync()];
      variable.dispose();
      return { values, deviation: Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length) };
    };
    expect(spread(gaussian(0.01)).deviation).toBeCloseTo(0.01, 3);
    expect(spread(heNormal()).deviation).toBeCloseTo(Math.sqrt(2 / 200), 2);
    const uniform = spread(xavier());
    expect(uniform.deviation).toBeCloseTo(Math.sqrt(1 / 200), 2);
    expect(Math.max(...uniform.values)).toBeLessThanOrEqual(Math.sqrt(3 / 200));
    expect(spread(0.5).values.every((value) => value === 0.5)).toBe(true);
    expect(spread(gaussian(1)).values).toEqual(spread(gaussian(1)).values);
    expect(spread(gaussian(1)).values).not.toEqual(spread(gaussian(1), 'other').values);
  });
});
