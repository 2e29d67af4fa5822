import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SafeTensor } from '../../../src/core/index.js';
import { selectBackend, tf } from '../../../src/engine/index.js';
import { createLpips } from '../../../src/eval/prediction/lpips.js';
import { sineFrame } from '../metrics/frame-cases.js';

const { lpips } = JSON.parse(
  readFileSync(new URL('../../golden/prediction-metrics.json', import.meta.url), 'utf8'),
) as { readonly lpips: readonly number[] };

beforeAll(async () => {
  await selectBackend('auto');
});

/** The weights of the golden values: sines of their flat index. */
function makeWeights(): Record<string, SafeTensor> {
  const convolutions = [
    ['features.0', 3, 64, 11],
    ['features.3', 64, 192, 5],
    ['features.6', 192, 384, 3],
    ['features.8', 384, 256, 3],
    ['features.10', 256, 256, 3],
  ] as const;
  const tensors: Record<string, SafeTensor> = {};
  let k = 0;
  const add = (name: string, shape: readonly number[], scale: number, positive = false) => {
    const size = shape.reduce((a, b) => a * b);
    const place = k++;
    const wave = (n: number) => scale * Math.sin(1.3 * n + 0.7 * place + 0.1);
    const data = Float32Array.from({ length: size }, (_, n) => (positive ? Math.abs(wave(n)) : wave(n)));
    tensors[name] = { data, dtype: 'float32', shape };
  };
  convolutions.forEach(([name, input, output, kernel], i) => {
    add(`${name}.weight`, [output, input, kernel, kernel], 3 / Math.sqrt(input * kernel * kernel));
    add(`${name}.bias`, [output], 0.1);
    add(`lin${i}.model.1.weight`, [1, output, 1, 1], 0.5, true);
  });
  return tensors;
}

describe('LPIPS', () => {
  it('equals PyTorch on weights and pictures made of sines, and frees all', () => {
    const before = tf.memory().numTensors;
    const distance = createLpips({ path: 'w', hash: 'abcdef12', tensors: makeWeights() });
    expect(distance).toMatchObject({ name: 'lpips', variant: 'alex.abcdef12', direction: 'lower' });
    const size = { height: 72, width: 64, channels: 3 };
    const truth = [0.3, 1.1].flatMap((phase) => [...sineFrame(size, phase).data]);
    const predicted = Float32Array.from([0.3, 1.1].flatMap((phase) => [...sineFrame(size, phase, 0.9).data]));
    const clips = tf.tensor(truth, [2, 1, 72, 64, 3]);
    const values = distance.measure(clips, predicted, { first: 0, count: 1 });
    lpips.forEach((value, i) => expect(values[i]).toBeCloseTo(value, 5));
    const same = distance.measure(clips, Float32Array.from(truth), { first: 0, count: 1 });
    expect(Math.max(...same)).toBeLessThan(1e-9);
    clips.dispose();
    distance.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says which weight is missing or of another shape', () => {
    const before = tf.memory().numTensors;
    const others = makeWeights();
    delete others['features.8.bias'];
    expect(() => createLpips({ path: 'w.safetensors', hash: 'x', tensors: others })).toThrow(
      /w\.safetensors has no weight features\.8\.bias/,
    );
    const wrong = {
      ...makeWeights(),
      'features.0.bias': { data: new Float32Array(3), dtype: 'float32', shape: [3] } as const,
    };
    expect(() => createLpips({ path: 'w', hash: 'x', tensors: wrong })).toThrow(/not float32 \[64\]/);
    expect(tf.memory().numTensors).toBe(before);
  });
});
